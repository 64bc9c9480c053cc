"""Rules on plans, progress reports and authorisations: what their cases cannot say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from audit.engine import audit, chosen_rules
from audit.facts.reference import load_facts
from audit.grains import Prepared
from audit.intake import Batch, read
from audit.model import FINDING_COLUMNS, TABLES
from audit.rules import rule_book
from audit.rules.cases import judge
from audit.tables import Tables, check

DEMO = Path(__file__).parents[1] / "data" / "demo"
CODES = [code for code in rule_book() if code.startswith("DOC-")]
FIRST = date(2026, 1, 5)


@cache
def demo() -> Tables:
    tables, _ = check(read([DEMO]))
    return tables


def made(**rows: list[dict[str, str]]) -> Tables:
    """Checked tables of rows that say only what matters."""

    def frame(name: str) -> pd.DataFrame:
        numbered = [{**row, "source_file": "test", "source_row": str(n)} for n, row in enumerate(rows[name], 2)]
        return pd.DataFrame(numbered, columns=[*TABLES[name].names, "source_file", "source_row"], dtype="str").fillna(
            ""
        )

    tables, refusals = check(Batch({name: frame(name) for name in rows}))
    assert not refusals
    return tables


def line(claim: str, day: date, patient: str = "P1", code: str = "97530") -> dict[str, str]:
    common = {"line_number": "1", "payer_id": "medicare-b", "rendering_npi": "1234567893", "units": "1"}
    return {**common, "claim_id": claim, "patient_id": patient, "service_date": str(day), "procedure_code": code}


def note(number: int, day: date, kind: str, credential: str = "OTR/L", patient: str = "P1") -> dict[str, str]:
    said = {
        "note_id": f"N{number}",
        "note_type": kind,
        "author_credential": credential,
        "total_treatment_minutes": "30",
    }
    return {**said, "patient_id": patient, "service_date": str(day), "discipline": "OT"}


@cache
def nothing() -> Prepared:
    return Prepared(Tables.empty(), load_facts())


@cache
def of_claims_alone() -> pd.DataFrame:
    claims = demo().claims.assign(prior_authorization="")
    alone = replace(Tables.empty(), claims=claims, payers=demo().payers, providers=demo().providers)
    return audit(alone, rules=chosen_rules(CODES))


@pytest.mark.parametrize("code", [code for code in CODES if rule_book()[code].grain not in ("day", "service")])
def test_nothing_on_file_is_nothing_found(code):
    found = rule_book()[code].run(nothing())
    assert list(found.columns) == list(FINDING_COLUMNS)
    assert found.empty


@pytest.mark.parametrize("code", CODES)
def test_claims_alone_never_raise_and_give_no_more_than_untestable(code):
    found = of_claims_alone()
    assert "ENGINE" not in set(found["rule"])
    assert set(found.loc[found["rule"] == code, "severity"]) <= ({"error"} if code == "DOC-01" else {"untestable"})


@pytest.mark.parametrize("without", ["plans_of_care", "authorizations", "notes", "payers"])
def test_a_missing_table_leaves_no_rule_broken(without):
    lacking = {without: getattr(Tables.empty(), without)}
    if without == "notes":
        lacking["note_services"] = Tables.empty().note_services
    found = audit(replace(demo(), **lacking), rules=chosen_rules(CODES))
    assert "ENGINE" not in set(found["rule"])


def test_no_plans_make_every_medicare_treatment_untestable():
    found = audit(replace(demo(), plans_of_care=Tables.empty().plans_of_care), rules=chosen_rules(["DOC-06"]))
    claims = demo().claims
    assert set(found["claim_id"]) == set(claims.loc[claims["payer_id"] == "MEDICARE", "claim_id"])
    assert set(found["severity"]) == {"untestable"}


def test_findings_do_not_depend_on_how_patients_are_divided():
    """One patient's claims are newer than another's: that tells nothing about the other's certification."""
    start = date(2026, 3, 2)
    claims = [line("C1", start, "P1", "97166"), line("C2", start + timedelta(days=90), "P2", "97166")]
    plans = [
        {"plan_id": "A", "patient_id": "P1", "start_date": "2026-03-02", "end_date": "2026-05-31"},
        {"plan_id": "B", "patient_id": "P2", "start_date": "2026-05-31", "end_date": "2026-08-29"},
    ]
    tables = made(claims=claims, plans_of_care=plans)
    rules = chosen_rules(["DOC-05", "DOC-06", "DOC-08"])
    whole = audit(tables, rules=rules)
    assert list(whole["severity"]) == ["untestable", "untestable"]
    pd.testing.assert_frame_equal(audit(tables, rules=rules, split="buckets", buckets=4), whole, check_dtype=False)


def history(seed: int) -> list[tuple[date, str, str]]:
    """Random treatment days: date, type of note ("missing": there is none), credential of its author."""
    rng = Random(seed)
    kinds = ["daily"] * 12 + ["progress", "re-evaluation", "recertification", "evaluation", "", "missing"]
    days, day = [], FIRST
    for _ in range(40):
        days.append((day, rng.choice(kinds), rng.choice(["OTR/L", "OTR/L", "OTR/L", "COTA/L", ""])))
        day += timedelta(days=rng.randrange(1, 4))
    return days


def counted(days: list[tuple[date, str, str]], *, doubtful: bool) -> list[int]:
    """Treatment days since the last report, one day after the other; `doubtful`: what may be a report is one."""
    reports, counts, since = ("progress", "re-evaluation", "recertification"), [], 0
    for _, kind, credential in days:
        since = 1 if kind == "evaluation" else since + 1
        counts.append(since)
        may_be = kind in ("", "missing") or (kind in reports and credential == "")
        if (kind in reports and credential == "OTR/L") or (doubtful and may_be):
            since = 0
    return counts


@pytest.mark.parametrize("seed", range(12))
def test_days_since_the_last_report_are_those_counted_one_by_one(seed):
    days = history(seed)
    claims = [line(f"C{n:02d}", day) for n, (day, _, _) in enumerate(days)]
    notes = [note(n, day, kind, who) for n, (day, kind, who) in enumerate(days) if kind != "missing"]
    rows = Prepared(made(claims=claims, notes=notes), load_facts()).episode_day.sort_values("service_date")
    assert rows["since_report"].tolist() == counted(days, doubtful=False)
    assert rows["since_report_at_least"].tolist() == counted(days, doubtful=True)


def test_a_limit_that_is_no_longer_in_force_is_not_used():
    facts = load_facts()
    limits = facts["thresholds"].copy()
    ends = limits["parameter"] == "PROGRESS_REPORT_TREATMENT_DAYS"
    limits.loc[ends, "effective_to"] = pd.Timestamp("2025-12-31")
    changed = replace(facts, tables={**facts.tables, "thresholds": limits})
    found = audit(demo(), changed, rules=chosen_rules(["DOC-09"]))
    assert found["because"].str.contains("is not on file").all()
    assert set(found["severity"]) == {"untestable"}


def test_what_rests_on_recalled_facts_says_so():
    for code, unchecked in (("DOC-04", True), ("DOC-06", False), ("DOC-08", True), ("DOC-14", True)):
        found = pd.concat(judge(rule_book()[code]).values())
        assert (found["facts_unchecked"] == unchecked).all(), code
    found = pd.concat(judge(rule_book()["DOC-09"]).values())
    assert (found["facts_unchecked"] == (found["severity"] == "warning")).all()


def test_the_units_of_an_authorisation_are_used_up_in_order_of_date():
    authorization = {"number": "A1", "payer_id": "medicare-b", "patient_id": "P1", "units": "20", "visits": "15"}
    days = [FIRST + timedelta(days=n) for n in range(25)]
    shuffled = Random(3).sample(days, len(days))
    claims = [line(f"C{n:02d}", day) for n, day in enumerate(shuffled)]
    tables = made(claims=claims, authorizations=[authorization])
    found = audit(tables, rules=chosen_rules(["DOC-14"]))
    assert sorted(found["service_date"].dt.date) == days[15:]
    found = audit(
        replace(tables, authorizations=tables.authorizations.assign(visits=pd.array([None], dtype="Int64"))),
        rules=chosen_rules(["DOC-14"]),
    )
    assert sorted(found["service_date"].dt.date) == days[20:]

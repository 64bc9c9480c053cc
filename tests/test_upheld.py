"""Dollars of a sample: what reviewers upheld, priced, projected, taken home and checked."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine

from audit import sampling
from audit.auditing import audits, running
from audit.figures import dossier, results, upheld
from audit.loading import arrivals
from audit.reviewing import review
from audit.store.database import read
from tests.handed_in import as_csv, claim
from tests.reviewing import leases, review_all, review_claim, sign_off, who
from tests.stored import NOW, on_sqlite
from tests.test_dossier import SEED, drawn, part, write

pytest_plugins = ["tests.databases", "tests.reviewing"]


def sampled(engine: Engine, people: dict[str, int], run_id: int, plan: str, n: int) -> int:
    make = {"compliance": sampling.compliance_plan, "dollars": sampling.dollars_plan}[plan]
    by = {"account_id": people["max"], "at": NOW}
    with read(engine) as connection:
        made = make(audits.frame_of(connection, run_id, plan), n)
    audit_id = audits.open_audit(engine, run_id, name="March", plan=made, **by)
    audits.draw_seed(engine, audit_id, seed=SEED, **by)
    return audit_id


def test_every_claim_reviewed_projects_the_dollars_of_the_findings(
    engine: Engine, people: dict[str, int], run_id: int
) -> None:
    audit_id = sampled(engine, people, run_id, "compliance", 24)
    before = results.results(engine, audit_id)
    assert before.dollars is None
    assert "over" not in before.claims
    review_all(engine, drawn(engine, audit_id), people["rita"])
    now = results.results(engine, audit_id)
    wrong = now.claims[now.claims["in_error"]]
    assert len(wrong) == 6
    assert len(set(wrong["over"])) == 1, "each bills two units of 97530 too many"
    assert wrong["over"].min() > 0
    assert now.dollars.over.total == pytest.approx(float(wrong["over"].sum()))
    assert now.dollars.over.lower == now.dollars.over.upper == now.dollars.over.total, "the whole frame is reviewed"
    assert (now.dollars.under.total, now.dollars.unpriced) == (0, 0)
    assert "never netted. Every upheld error has its price." in now.dollars.sentence
    assert "above your limit of 5" in now.sentence


@on_sqlite
def test_a_dismissed_finding_costs_nothing_and_a_correction_counts_as_corrected(
    engine: Engine, people: dict[str, int], run_id: int
) -> None:
    audit_id = sampled(engine, people, run_id, "compliance", 24)
    ids = results.results(engine, audit_id).claims.set_index("claim_id")["claim_version_id"]
    by = people["rita"]
    review_claim(engine, int(ids["C01"]), by, kind=review.DISMISS)
    leases.take(engine, int(ids["C02"]), account_id=by, at=NOW)
    with read(engine) as connection:
        found = review.findings_of(connection, int(ids["C02"]), by)
    right = [review.LineCorrection(1, "97530", 3, ("GO",))]  # one unit too many, not two as the rule says
    for finding in found.loc[found["severity"] != "untestable", "id"]:
        review.decide(engine, int(finding), kind=review.CORRECT, corrected=right, account_id=by, at=NOW)
    sign_off.sign_reviewed(engine, int(ids["C02"]), **who(by))
    review_all(engine, [one for name, one in ids.items() if name not in ("C01", "C02")], by)
    over = results.results(engine, audit_id).claims.set_index("claim_id")["over"]
    assert over["C01"] == 0
    assert over["C02"] * 2 == over["C03"] > 0


@on_sqlite
def test_an_error_no_rule_found_and_a_missing_record_are_told_as_unpriced(
    engine: Engine, people: dict[str, int], run_id: int
) -> None:
    audit_id = sampled(engine, people, run_id, "compliance", 20)
    claims = results.results(engine, audit_id).claims
    by, first = people["rita"], int(claims["claim_version_id"].iloc[0])
    gone = claims["claim_id"].iloc[-1]
    number = int(gone[1:])
    newer = as_csv([claim(number, units=4 if number <= 6 else 2, charge_amount="99.00")])
    arrivals.take_in(engine, [("claims.csv", newer)], account_id=by, at=NOW)
    leases.take(engine, first, account_id=by, at=NOW)
    review.report_missed(engine, first, text="Another therapist wrote the note", account_id=by, at=NOW)
    review_all(engine, claims["claim_version_id"].iloc[:-1], by)
    now = results.results(engine, audit_id)
    told = now.claims.set_index("claim_id")["unpriced"]
    assert told[gone]
    assert told[claims["claim_id"].iloc[0]]
    assert now.dollars.unpriced == told.sum() == 2
    assert "2 reviewed claims hold an error without a price" in now.dollars.sentence
    assert "lower limit of a one-sided 90 % interval" in now.dollars.sentence


@on_sqlite
def test_a_claim_corrected_since_keeps_the_price_of_the_version_that_was_drawn(
    engine: Engine, people: dict[str, int], run_id: int
) -> None:
    audit_id = sampled(engine, people, run_id, "compliance", 24)
    review_all(engine, drawn(engine, audit_id), people["rita"])
    before = results.results(engine, audit_id)
    arrivals.take_in(engine, [("claims.csv", as_csv([claim(1, units=2)]))], account_id=people["rita"], at=NOW)
    after = results.results(engine, audit_id)
    assert after.claims["over"].tolist() == before.claims["over"].tolist()
    assert after.dollars == before.dollars


@on_sqlite
def test_another_screening_of_reviewed_claims_takes_no_dollars_away(
    engine: Engine, people: dict[str, int], run_id: int
) -> None:
    audit_id = sampled(engine, people, run_id, "compliance", 24)
    review_all(engine, drawn(engine, audit_id), people["rita"])
    before = results.results(engine, audit_id)
    running.screen(engine, account_id=people["rita"], at=NOW)
    assert results.results(engine, audit_id).dollars == before.dollars


@on_sqlite
def test_a_draw_by_dollars_gives_dollars_and_no_rate_and_is_verified(
    engine: Engine, people: dict[str, int], run_id: int, tmp_path: Path
) -> None:
    audit_id = sampled(engine, people, run_id, "dollars", 12)
    review_all(engine, drawn(engine, audit_id), people["rita"])
    now = results.results(engine, audit_id)
    assert now.estimate is None
    assert now.interval == ""
    assert now.question == "How many dollars are billed in error?"
    assert now.sentence == now.dollars.sentence
    assert "in 100 have a billing error" not in now.sentence
    some = now.claims["over"].astype(float)
    assert now.dollars.over.total == pytest.approx(some.sum() * 2), "all charges alike: each chance is 12 / 24"
    path = write(engine, audit_id, tmp_path / "it.zip")
    assert dossier.verify(path) == []
    told = json.loads(part(path, "dossier.json"))["results"]["dollars"]
    assert told["over"]["total"] == round(now.dollars.over.total, 2)
    assert told["under"] == {"total": 0.0, "lower": None, "upper": None, "confidence": 0.9}
    sample = part(path, "sample.csv")
    cents = str(now.claims["over"].max())
    changed = write(engine, audit_id, tmp_path / "other.zip", sample_csv=sample.replace(cents, "99999.00", 1))
    assert dossier.verify(changed)[0].startswith("dollars: the reviews give")


def test_corrected_lines_are_told_as_a_change_of_units() -> None:
    change = upheld._difference
    assert change([("97530", 4, False)], [("97530", 3, False)]) == "97530 -1"
    assert change([("97530", 4, False)], [("97110", 4, False)]) == "97110 +4; 97530 -4"
    assert change([("97530", 2, False)], [("97530", 1, False), ("97530", 1, True)]) == "97530 CO +1"
    assert change([("97530", 1, True), ("97530", 2, False)], [("97530", 2, False)]) == "97530 -1"
    assert change([("97530", 1, False)], [("97530", 1, False)]) == ""


def test_a_change_whose_day_is_not_known_is_never_counted_as_zero_in_silence() -> None:
    days = pd.to_datetime(["2026-03-01", "2026-03-02", "2026-03-03"])
    billed = pd.DataFrame({"claim_id": ["C1", "C1", "C2"], "service_date": days})
    cases = [("C1", days[0], 1, "97530 -1", False), ("C1", days[0], None, "97530 -1", True),
             ("C1", days[0], None, "", False), ("C2", days[2], None, "97530 -1", False),
             ("C2", days[0], 1, "97530 -1", True), ("C3", days[0], 1, "97530 -1", True)]  # fmt: skip
    found = pd.DataFrame(cases, columns=["claim_id", "service_date", "line_number", "change", "lost"])
    assert upheld._without_day(found, billed).tolist() == found["lost"].tolist()

"""KX: the running totals of a year against plain arithmetic, and findings that no order or split changes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from audit.engine import audit, chosen_rules
from audit.facts.reference import load_facts
from audit.grains import Prepared
from audit.model import TABLES
from audit.tables import Tables, typed

FACTS = load_facts()
RULES = chosen_rules(["MOD-08", "MOD-09", "MOD-16"])
CENTS = {"97530": (3507, 2505), "97535": (3240, 2388), "97110": (2906, 2221), "97129": (2238, 2238)}
"""2026, national: one unit in full and reduced, as the worked day of the rule book; 97129 is never reduced."""
RANK = {"97530": 3, "97535": 2, "97110": 1}
"""By practice expense: the first of a day under the reduction is paid in full."""
LIMIT = 248_000
few = settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
lines = st.fixed_dictionaries(
    {
        "patient": st.integers(0, 5),
        "day": st.integers(0, 40),
        "code": st.sampled_from(sorted(CENTS)),
        "units": st.integers(1, 9),
        "kx": st.booleans(),
    }
)


def tables_of(claims: list[dict]) -> Tables:
    payer = {"payer_id": "MED", "unit_method": "total", "therapy_modifier": "required", "medicare": "yes",
             "assistant_modifier": "required", "pair_edits": "medicare", "effective_from": "2000-01-01"}  # fmt: skip
    rows = [
        {"claim_id": f"C{n:04d}", "line_number": 1, "patient_id": f"P{one['patient']}", "payer_id": "MED",
         "rendering_npi": "1234567893", "service_date": date(2026, 1, 5) + timedelta(days=one["day"]),
         "procedure_code": one["code"], "units": one["units"], "modifier_1": "GO",
         "modifier_2": "KX" if one["kx"] else ""}
        for n, one in enumerate(claims)
    ]  # fmt: skip
    frames = {"claims": rows, "payers": [payer]}
    return replace(
        Tables.empty(), **{name: typed(pd.DataFrame(r).astype("str"), TABLES[name]) for name, r in frames.items()}
    )


def totals(claims: list[dict]) -> dict[str, int]:
    """Claim -> cents of its patient's year up to it; within a day, lines without KX first."""
    days: dict[tuple[int, int], list[tuple[str, dict]]] = defaultdict(list)
    for n, one in enumerate(claims):
        days[one["patient"], one["day"]].append((f"C{n:04d}", one))
    running: dict[int, int] = defaultdict(int)
    found = {}
    for (patient, _), of_day in sorted(days.items()):
        reduced = {claim: CENTS[one["code"]][1] * one["units"] for claim, one in of_day}
        under = [(RANK[one["code"]], claim) for claim, one in of_day if one["code"] in RANK]
        if under:
            best = max(rank for rank, _ in under)
            first = min(claim for rank, claim in under if rank == best)
            full, less = next(CENTS[one["code"]] for claim, one in of_day if claim == first)
            reduced[first] += full - less
        for claim, _ in sorted(of_day, key=lambda pair: (pair[1]["kx"], pair[0])):
            running[patient] += reduced[claim]
            found[claim] = running[patient]
    return found


@few
@given(st.lists(lines, min_size=60, max_size=150))
def test_totals_and_kx_follow_plain_arithmetic(claims):
    tables = tables_of(claims)
    rows = Prepared(tables, FACTS).patient_year
    told, wanted = dict(zip(rows["claim_id"], rows["total"], strict=True)), totals(claims)
    assert {claim: int(total) for claim, total in told.items()} == wanted
    found = audit(tables, rules=chosen_rules(["MOD-08"]))
    said = dict(zip(found["claim_id"], found["severity"], strict=True))
    for n, one in enumerate(claims):
        total = wanted[f"C{n:04d}"]
        if total > LIMIT:
            expected = None if one["kx"] else "error"
        else:
            expected = "warning" if one["kx"] and total < LIMIT // 2 else "untestable"
        assert said.get(f"C{n:04d}") == expected, (one, total)


@pytest.mark.parametrize(("notice", "rules"), [("GA", {"MOD-16"}), ("", {"MOD-08", "MOD-09"})])
def test_lines_of_a_year_without_amounts_alone_are_untestable(notice, rules):
    tables = tables_of([{"patient": 0, "day": 0, "code": "97530", "units": 1, "kx": True}])
    claims = tables.claims.assign(service_date=pd.Timestamp("2028-01-03"), modifier_3=notice)
    found = audit(replace(tables, claims=claims), rules=RULES)
    assert set(found["rule"]) == rules
    assert set(found["severity"]) == {"untestable"}


@few
@given(st.lists(lines, min_size=60, max_size=150))
def test_neither_the_order_of_lines_nor_buckets_change_what_is_found(claims):
    tables = tables_of(claims)
    whole = audit(tables, rules=RULES)
    shuffled = replace(tables, claims=tables.claims.sample(frac=1, random_state=5, ignore_index=True))
    pd.testing.assert_frame_equal(whole, audit(shuffled, rules=RULES))
    pd.testing.assert_frame_equal(whole, audit(tables, rules=RULES, split="buckets", buckets=3), check_dtype=False)


@few
@given(st.lists(lines, min_size=20, max_size=60), st.integers(1, 5))
def test_another_unit_never_takes_the_need_for_kx_away(claims, more):
    claims = [{**one, "kx": False, "patient": 0} for one in claims]
    added = [*claims[:-1], {**claims[-1], "units": claims[-1]["units"] + more}]
    one, two = (audit(tables_of(rows), rules=chosen_rules(["MOD-08"])) for rows in (claims, added))
    due = [set(found.loc[found["severity"] == "error", "claim_id"]) for found in (one, two)]
    assert due[0] <= due[1]

"""Whole claims against the whole book: each scenario finds what it says and nothing else, all in one run."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
import yaml

from audit.engine import audit
from audit.model import TABLES
from audit.rules import cases

SCENARIOS = yaml.load((Path(__file__).parent / "files" / "scenarios.yaml").read_text(encoding="utf-8"), cases.LOADER)  # noqa: S506
CHECKED_ON = date(2026, 11, 25)
BILLING = "1234567893"
PERSON = {"patient_name": "Ana Mustermann", "patient_birth_date": "1950-02-03"}
FORM = {"billing_npi": BILLING, "place_of_service": "11", "diagnosis_codes": "M25.511", "diagnosis_pointers": "1"}
BOTH_NAMED = "Seen by A. Therapist OTR and B. Helper, assistant."


def npi(number: int) -> str:
    """An NPI with its check digit: each scenario has practitioners of its own, who meet nobody else's patients."""
    base = f"1{number:08d}"
    digits = [int(digit) for digit in reversed("80840" + base)]
    total = sum(sum(divmod(2 * digit, 10)) for digit in digits[::2]) + sum(digits[1::2])
    return f"{base}{-total % 10}"


def rows_of(number: int, scenario: dict) -> cases.Rows:
    """The scenario's rows with all that a clean claim has besides: names, form, and a certified plan."""
    rows = cases._rows(scenario | {"finds": []})
    people = {cases.NPI: npi(2 * number), "PTNPI": npi(2 * number + 1)}
    rows["claims"] = [FORM | PERSON | row for row in rows["claims"]]
    rows["notes"] = [PERSON | row for row in rows["notes"]]
    for row in rows["claims"] + rows["notes"]:
        row["rendering_npi"] = people.get(row["rendering_npi"], row["rendering_npi"])
    for row in rows["notes"]:
        row["author_name"] += f" {number}"
        row["text"] = BOTH_NAMED if row["text"] == cases.NOTE["text"] else row["text"]
    rows["plans_of_care"] = rows["plans_of_care"] or list(plans(rows["claims"]))
    return rows


def plans(claims: list[dict[str, str]]):
    for patient in {row["patient_id"] for row in claims}:
        first = min(date.fromisoformat(row["service_date"]) for row in claims if row["patient_id"] == patient)
        dates = zip(("start_date", "certified_on", "end_date"), (-5, -4, 60), strict=True)
        told = {name: str(first + timedelta(days)) for name, days in dates}
        for discipline in ("OT", "PT"):
            own = {"plan_id": f"{patient} {discipline}", "patient_id": patient, "discipline": discipline}
            yield cases.PLAN | own | told


@cache
def judged():
    rows: cases.Rows = {name: [] for name in TABLES}
    for number, scenario in enumerate(SCENARIOS.values()):
        for name, listed in cases._with_mark(rows_of(number, scenario), f"{number}~").items():
            rows[name] += listed
    return audit(cases._checked(rows), as_of=CHECKED_ON)


def says(finding: dict, wanted: str) -> bool:
    head, *parts = wanted.split("|")
    rule, severity, *place = head.split()
    where = place[0] if place else ""
    expected, observed, dollars = (part for part, _ in zip(parts + 3 * [""], range(3), strict=False))
    return (
        (finding["rule"], finding["severity"]) == (rule, severity)
        and where in ("", finding["claim_id"], str(finding["line_number"]))
        and expected in finding["expected"]
        and observed in finding["observed"]
        and dollars in ("", str(finding["dollars_at_risk"]))
    )


@pytest.mark.parametrize(("number", "name"), list(enumerate(SCENARIOS)))
def test_scenario(number, name):
    every = judged()
    found = cases._without_marks(every[every["claim_id"].str.startswith(f"{number}~")])
    told = found[found["severity"] != "untestable"].to_dict("records")
    wanted = SCENARIOS[name]["finds"]
    filed = any(one.startswith("FMT-04") for one in wanted)
    left = [one for one in told if filed or one["rule"] != "FMT-04"]  # old dates are filed late on CHECKED_ON
    for one in wanted:
        hit = next((finding for finding in left if says(finding, one)), None)
        assert hit is not None, f"{one} is missing: {[(f['rule'], f['expected'], f['observed']) for f in left]}"
        left.remove(hit)
    assert not left, [(f["rule"], f["severity"], f["because"]) for f in left]
    unjudged = set(found.loc[found["severity"] == "untestable", "rule"])
    assert set(SCENARIOS[name].get("open", ())) <= unjudged

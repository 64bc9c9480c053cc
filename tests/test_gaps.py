"""What could not be tested is listed by the input that would make it testable."""

from __future__ import annotations

import pandas as pd

from audit.gaps import wanted_inputs
from audit.model import FINDING_COLUMNS
from audit.reports import gap_lines


def finding(rule: str, claim: str, wanted: str, severity: str = "untestable") -> dict[str, str]:
    empty = dict.fromkeys(FINDING_COLUMNS, "")
    return {**empty, "rule": rule, "claim_id": claim, "expected": wanted, "severity": severity, "because": f"{rule}?"}


def test_inputs_are_grouped_with_the_rules_that_want_them():
    plans, payer = "Load plans_of_care with certified_on", "Load payers with medicare (yes or no)"
    found = pd.DataFrame(
        [
            finding("DOC-06", "C1", payer),
            finding("DOC-08", "C2", plans),
            finding("DOC-06", "C2", plans),
            finding("DOC-06", "C1", plans),
            finding("UNIT-01", "C1", "3 units", "error"),
        ]
    )
    gaps = wanted_inputs(found)
    assert gaps["wanted"].tolist() == [plans, payer]
    assert gaps["rules"].tolist() == ["DOC-06, DOC-08", "DOC-06"]
    assert gaps["claims"].tolist() == [2, 1]
    assert gaps["findings"].tolist() == [3, 1]
    assert list(gap_lines(found))[1] == f"  {plans}: DOC-06, DOC-08 on 2 claims."


def test_where_all_was_tested_nothing_is_listed():
    assert list(gap_lines(pd.DataFrame(columns=list(FINDING_COLUMNS)))) == []
    assert wanted_inputs(pd.DataFrame([finding("UNIT-01", "C1", "3 units", "error")])).empty

from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable

FACILITIES = ["19", "21", "22", "23", "31", "61", "62"]
"""Places of hospitals, skilled nursing and rehabilitation facilities."""


@rule("MOD-10", grain="pair", severity="error", sources=["ncci-2024q3", "ncci-manual-59"], of_modifiers="missed")
def pair_without_modifier(pairs: pd.DataFrame) -> list[pd.DataFrame]:
    """Two services that Medicare pays together only when they were separate are billed without saying so.

    Why it matters: without 59 or one of XE, XP, XS, XU the second code of the pair is denied.
    What to do: when the note shows separate time or body parts, add the modifier; else remove the second code.
    """
    return judged(
        pairs[pairs["indicator"].isin(["1", ""]) & ~pairs["separated"]],
        expected="59 or XE, XP, XS, XU on {procedure_code} or {column_1}",
        observed="none of them on either line",
        because="{procedure_code} is the second code of a pair with {column_1}, billed the same day; neither line "
        "says that they were separate.",
    )


def judged(pairs: pd.DataFrame, *, expected: str, observed: str, because: str) -> list[pd.DataFrame]:
    """Findings on pairs, one a line and code of column 1: errors within the dates of the table, warnings after
    them and in facilities, untestable before."""
    rows = pairs.drop_duplicates(["claim_id", "line_number", "column_1"])
    strange, rows = rows[rows["indicator"] == ""], rows[rows["indicator"] != ""]
    listed = rows[rows["list_known"]]
    told, before = listed[listed["coverage"] != "before"], listed[listed["coverage"] == "before"]
    severity = pd.Series("error", index=told.index, dtype="str").mask(told["coverage"] == "after", "warning")
    severity = severity.mask(told["place_of_service"].isin(FACILITIES), "warning")
    return [
        findings(
            told.assign(age=age(told)),
            expected=expected,
            observed=observed,
            because=because + "{age}",
            severity=severity,
            change="{procedure_code} -{units}",
        ),
        untestable(
            before,
            "The pair table on file is that of {table_period} and does not reach back to this date ({column_1} with "
            "{procedure_code}).|Load facts (ncci_pairs) with the pair table of this date",
        ),
        untestable(
            rows[~rows["list_known"] & ~rows["pair_edits"].isin(["", "none"])],
            "The pair table that this payer follows ({pair_edits}) is not on file ({column_1} with "
            "{procedure_code}).|Load facts (ncci_pairs) with --list {pair_edits}",
        ),
        untestable(
            rows[rows["pair_edits"] == ""],
            "Whether this payer follows Medicare's pairs is not on file ({column_1} with {procedure_code})."
            "|Load payers with pair_edits for this payer and date",
        ),
        untestable(
            strange[strange["pair_edits"] != "none"],
            "The pair table on file knows nothing of {procedure_code}, billed on the day of {column_1}."
            "|Load facts (ncci_pairs) with the codes of this day",
        ),
    ]


def age(rows: pd.DataFrame) -> pd.Series[str]:
    """What to bear in mind: for dates after those of the pair table, which table was looked at; for places of
    facilities, that their own bills are judged by another table. "" for neither."""
    old = " The pair table on file is that of " + rows["table_period"] + ": look the pair up in the current one."
    place = " Place " + rows["place_of_service"] + " is a facility's: if the facility bills the service, the table for "
    place += "outpatient hospitals holds, which was not looked at."
    old = old.where(rows["coverage"] == "after", "")
    return old + place.where(rows["place_of_service"].isin(FACILITIES), "")

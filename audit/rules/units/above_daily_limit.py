from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable

SAYS = {
    "1": "Each claim line is held against this limit.",
    "2": "The limit is absolute: no appeal pays more on one day.",
    "3": "The limit holds for the day; more is paid only on appeal, with the record.",
}
"""What Medicare does with units above the limit, by adjudication indicator."""


@rule("UNIT-11", grain="limit", severity="error", sources=["mue-2024q3"])
def above_daily_limit(limits: pd.DataFrame) -> list[pd.DataFrame]:
    """More units of a code are billed than Medicare takes of it from one practice for one patient and day (MUE).

    Why it matters: units above the limit are denied, whatever the minutes say.
    What to do: look for a slip of the pen or a line billed twice; bill no more than the limit, or have the record
    ready where the limit may be appealed.
    """
    medicare = limits[limits["pair_edits"] == "medicare"]
    before, told = medicare[medicare["coverage"] == "before"], medicare[medicare["coverage"] != "before"]
    over = told[(told["counted"] > told["most"]).fillna(False)]
    over = over.assign(
        excess=over["counted"] - over["most"],
        says=over["adjudication"].map(SAYS).fillna("").astype("str"),
        age=_age(over),
    )
    absolute = (over["adjudication"] == "2") & (over["coverage"] == "within")
    return [
        findings(
            over,
            expected="{most:unit} at most",
            observed="{counted:unit}",
            because="Billed: {counted:unit} of {procedure_code}; Medicare's limit is {most}. {says}{age}",
            change="{procedure_code} -{excess}",
            severity=pd.Series("warning", index=over.index, dtype="str").mask(absolute, "error"),
        ),
        untestable(
            before,
            "The table of daily limits on file is that of {table_period} and does not reach back to this date."
            "|Load facts (mue) with the limits of this date",
        ),
        untestable(
            told[told["most"].isna()],
            "The table of daily limits on file has no row for {procedure_code} on this date."
            "|Load facts (mue) with the limits of this date",
        ),
        untestable(
            limits[limits["pair_edits"] == "medicaid"],
            "Medicaid has a table of daily limits of its own, which is not on file."
            "|Load facts (mue) with the Medicaid limits",
        ),
        untestable(
            limits[limits["pair_edits"] == ""],
            "Whether this payer follows Medicare's daily limits is not on file."
            "|Load payers with pair_edits for this payer and date",
        ),
    ]


def _age(rows: pd.DataFrame) -> pd.Series[str]:
    """For dates after those of the table: which table was looked at, and how old it is on the date of service."""
    ended = pd.to_datetime(rows["table_period"].str[-10:])
    days = (rows["service_date"] - ended).dt.days
    late = days.astype("str") + (" day" + pd.Series("s", index=rows.index).where(days != 1, ""))
    says = " The table on file is that of " + rows["table_period"] + ", which ended " + late + " before this date"
    return (says + ": look the limit up in the current one.").where(rows["coverage"] == "after", "")

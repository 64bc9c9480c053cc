from __future__ import annotations

import pandas as pd

from audit.rules import findings, once, rule, untestable
from audit.texts import once_each

DISCIPLINES = {
    "OT": "occupational therapy",
    "PT_SLP": "physical therapy and speech-language pathology together",
}
NO_AMOUNT = (
    "The yearly amount above which KX is due is not on file for {year}."
    "|Load facts (thresholds) with the amounts of that year"
)
NO_FEE = (
    "{unpriced} has no fee on file in {year}, so the charges of the year so far cannot be added up: they come to "
    "{dollars} or more of {yearly}."
    "|Load facts (fees) with {unpriced} on this date"
)


@rule("MOD-08", grain="patient_year", severity="error", of_modifiers="missed", sources=[
    "noridian-je-per-beneficiary-kx-thresholds", "kx-well-below", "42-cfr-414.22"])  # fmt: skip
def threshold_modifier_missing(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """The line has no KX though the patient's year of therapy is past Medicare's amount, or has it far below.

    Why it matters: past the amount, a line without KX is denied; KX where it is far off says something untrue.
    Only the claims loaded here are added up, at national rates: what other practices billed comes on top, so a total
    below the amount proves nothing, and without KX it is called untestable.
    What to do: add KX to the lines beyond the amount when the record shows that the service is needed. Below it,
    look up the patient's yearly total with Medicare before you add or remove KX.
    """
    rows = lines[~lines["not_covered"]]
    rows = rows[rows["medicare"] == "yes"]
    known = rows[rows["limit"].notna()]
    past = (known["total"] > known["limit"]).astype("bool")
    below, unpriced = known[~past], known["unpriced"] != ""
    open_total = below[unpriced[~past]]
    priced = below[~unpriced[~past]]
    early = priced["has_kx"] & (priced["total"] < priced["well_below"]).fillna(False).astype("bool")
    return [
        findings(
            in_dollars(known[past & ~known["has_kx"]]),
            expected="KX",
            observed="{modifiers}",
            because="By this practice's claims alone, at national rates, {of} of {year} comes to {dollars} with this "
            "line, past the {yearly} above which KX is due.",
        ),
        findings(
            in_dollars(priced[early]),
            expected="no KX, or a yearly total that other practices' claims bring past {yearly}",
            observed="{modifiers}",
            because="The line has KX, and by this practice's claims, at national rates, {of} of {year} comes to "
            "{dollars} with it, less than {percent} of the {yearly} above which KX is due.",
            severity="warning",
        ),
        untestable(
            in_dollars(once(priced[~early])),
            "By this practice's claims alone, at national rates, {of} of {year} comes to {dollars} of {yearly}: "
            "whether KX is due depends on what other practices billed, which is not on file."
            "|Load claims of other practices too, or let a person look up the yearly total with Medicare",
        ),
        untestable(in_dollars(once(open_total)), NO_FEE),
        untestable(in_dollars(once(rows[rows["limit"].isna()])), NO_AMOUNT),
        untestable(
            lines[lines["medicare"] == ""],
            "Whether this payer is Medicare, which asks for KX past a yearly amount, is not on file."
            "|Load payers with medicare for this payer and date",
        ),
    ]


def in_dollars(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of a patient's year with `dollars` (the total), `yearly`, `review` and `percent` as people write them,
    and `of`: the discipline."""
    return rows.assign(
        dollars=_written(rows["total"]),
        yearly=_written(rows["limit"]),
        review=_written(rows["review_at"]),
        percent=_percent(rows["well_below"] * 100 // rows["limit"]),
        of=rows["bucket"].map(DISCIPLINES),
    )


@once_each
def _written(cents: pd.Series[int]) -> pd.Series[str]:
    said = ["" if pd.isna(one) else f"${one / 100:,.2f}" for one in cents.tolist()]
    return pd.Series(said, index=cents.index, dtype="str")


@once_each
def _percent(share: pd.Series[int]) -> pd.Series[str]:
    return share.astype("Int64").astype("str") + " %"

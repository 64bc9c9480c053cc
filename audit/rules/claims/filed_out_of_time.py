from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable

CORRECTS = ("7", "8")
"""Frequency codes of a claim that takes the place of one filed before."""


@rule("FMT-04", grain="filing", severity="error", sources=["42-cfr-424-44"])
def filed_out_of_time(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """The service lies in the future, or Medicare's year to file the claim has run out.

    Why it matters: a service that was not yet given cannot be billed; Medicare denies what is filed later than one
    calendar year after the service, and the patient may not be billed for it.
    What to do: mend the date. For a late claim, look for an exception (Medicare's own error, Medicare granted later)
    and keep its proof; else write it off.
    """
    future = lines[lines["service_date"] > lines["as_of"]]
    late = lines[lines["as_of"] > lines["filing_limit"]]
    medicare = late[late["medicare"] == "yes"]
    told = medicare[medicare["as_of_told"]]
    corrects = told["frequency_code"].isin(CORRECTS)
    no_limit = lines[lines["filing_limit"].isna() & (lines["medicare"] == "yes")]
    because = "Medicare takes this claim until {filing_limit:%Y-%m-%d}; it is checked on {as_of:%Y-%m-%d}."
    return [
        findings(
            future,
            expected="a date up to {as_of:%Y-%m-%d}",
            observed="{service_date:%Y-%m-%d}",
            because="The service is dated {service_date:%Y-%m-%d}, after the day of checking, {as_of:%Y-%m-%d}.",
        ),
        findings(
            told[~corrects],
            expected="filed by {filing_limit:%Y-%m-%d}",
            observed="{as_of:%Y-%m-%d}",
            because=because,
            facts_unchecked=True,
        ),
        findings(
            told[corrects],
            expected="filed by {filing_limit:%Y-%m-%d}, or reopened",
            observed="{as_of:%Y-%m-%d}",
            because=because + " It corrects an earlier claim (frequency code {frequency_code}): ask for a reopening.",
            severity="warning",
            facts_unchecked=True,
        ),
        untestable(
            medicare[~medicare["as_of_told"]],
            "Medicare takes this claim until {filing_limit:%Y-%m-%d}; whether it was filed by then is not known."
            "|Load the claims with --as-of, the day on which they are filed",
        ),
        untestable(
            late[late["medicare"] == ""],
            "The service is more than a year old, and how long this payer takes claims is not on file."
            "|Load payers with medicare (yes or no) for this payer",
        ),
        untestable(
            no_limit,
            "How long Medicare took claims of this date is not on file.|Load facts (thresholds) of this date",
        ),
    ]

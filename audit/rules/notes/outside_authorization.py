from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule, untestable

SOURCES = ["payer-authorizations", "pub-100-02-ch-15-s220-3-d-discharge"]


@rule("DOC-14", grain="authorized_line", severity="error", sources=SOURCES)
def outside_authorization(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """The service lies outside of the payer's authorisation (dates, codes, units, visits), or comes after discharge.

    Why it matters: a payer that authorises services pays for those and no others; the rest is denied, and the
    patient often may not be asked to pay. A discharge note ends the episode: what follows needs a new evaluation or
    plan of care.
    What to do: ask the payer for a newer or wider authorisation and load it, or do not bill the service. After a
    discharge load the new evaluation or plan, or have the note's type corrected.
    """
    on_file, named = lines["number"] != "", lines["prior_authorization"] != ""
    discharged = lines[lines["discharged_on"].notna()].sort_values(["claim_id", "line_number"])
    rows = lines[on_file].assign(period=_period(lines[on_file]))
    covered = rows["in_dates"] & rows["in_codes"]
    sure = covered & ~rows["several"]
    too_late = sure & _above(rows["visits_surely_used"], rows["authorized_visits"])
    too_many = sure & ~too_late & _above(rows["units_surely_used"], rows["authorized_units"])
    maybe = _above(rows["visits_used"], rows["authorized_visits"]) | _above(
        rows["units_used"], rows["authorized_units"]
    )
    maybe &= covered & ~too_late & ~too_many
    return [
        _found(
            rows[~rows["in_dates"]],
            expected="services {period}",
            observed="a service of {service_date:%Y-%m-%d}",
            says="covers services {period}; {procedure_code} was given on {service_date:%Y-%m-%d}.",
        ),
        _found(
            rows[rows["in_dates"] & ~rows["in_codes"]],
            expected="one of {procedure_codes}",
            observed="{procedure_code}",
            says="covers {procedure_codes}, not {procedure_code}.",
        ),
        _found(
            rows[too_late],
            expected="at most {authorized_visits:visit}",
            observed="visit {visits_surely_used}",
            says="covers {authorized_visits:visit}; {service_date:%Y-%m-%d} is visit {visits_surely_used} on file.",
        ),
        _found(
            rows[too_many],
            expected="at most {authorized_units:unit}",
            observed="{units_surely_used:unit}",
            says="covers {authorized_units:unit}; with {procedure_code} of {service_date:%Y-%m-%d} "
            "{units_surely_used:unit} are used.",
        ),
        findings(
            discharged.drop_duplicates(["claim_id", "day"]),
            expected="no service after discharge",
            observed="discharged on {discharged_on:%Y-%m-%d}",
            because="The patient was discharged from {discipline} on {discharged_on:%Y-%m-%d}; {service_date:%Y-%m-%d} "
            "is later, and no new evaluation or plan of care since is on file.",
            severity="warning",
        ),
        untestable(
            lines[~on_file & named],
            "The claim names authorisation {prior_authorization}, which is not on file for this patient and payer."
            "|Load authorizations with {prior_authorization}: its codes, units, visits and dates",
        ),
        untestable(
            rows[maybe],
            "Authorisation {number} would be used up if all services that it covers were given under it; another one "
            "covers some of them too, and the claims do not say which was used.|Load claims with prior_authorization",
        ),
        untestable(
            lines[lines["refused_row"] != ""],
            "The row of authorisation {number} was refused when it was loaded, so what it covers is not known."
            "|Mend the refused row of this authorisation and load it again",
        ),
    ]


def _found(rows: pd.DataFrame, *, expected: str, observed: str, says: str) -> pd.DataFrame:
    return findings(rows, expected=expected, observed=observed, because="Authorisation {number} " + says)


def _above(used: pd.Series[int], most: pd.Series[int]) -> pd.Series[bool]:
    """An authorisation that names no number sets no limit."""
    return (used > most).fillna(False).astype("bool")


def _period(rows: pd.DataFrame) -> pd.Series[str]:
    first = "from " + rows["from_date"].dt.strftime("%Y-%m-%d")
    last = "to " + rows["to_date"].dt.strftime("%Y-%m-%d")
    both: pd.Series[str] = (first.fillna("") + " " + last.fillna("")).str.strip()
    return both

from __future__ import annotations

import pandas as pd

from audit.rules import findings, rule
from audit.texts import once_each

RECORD = ["claim_id", "day", "author_name", "rendering_npi"]
"""One person's notes of one day; what is signed later without services of its own is an addendum."""


@rule("DOC-04", grain="note", severity="warning", sources=["cms-100-08-ch3-3.3.2.4"])
def signed_late(notes: pd.DataFrame) -> list[pd.DataFrame]:
    """The note was signed long after the service, before it, or after the claim.

    Why it matters: a signature long after the service makes a reviewer doubt that the note was written from memory of
    the visit; one before it signs for something that had not happened; a claim stands on notes that are signed. A
    missing signature is DOC-02's matter. Claims do not say when they were filed: that is judged where the user names
    the day (--as-of), and nothing is said of it elsewhere, for it would be said of every claim.
    What to do: ask the author when the note was written; a late one may be explained by a dated addendum, the date of
    dictation counts (tables do not hold it). A note signed before the service has to be corrected by its author.
    """
    rows = notes.assign(signed_on=_date(notes["signed_at"]))
    rows["delay"] = (rows["signed_on"] - rows["service_date"]).dt.days.astype("Int64")
    addendum = _addendum(rows)
    late = (rows["delay"] > rows["sign_within"]).fillna(False).astype("bool") & ~addendum
    after = (rows["signed_on"] > rows["as_of"]) & ~addendum
    early = rows[(rows["delay"] < 0).fillna(False).astype("bool")]
    return [
        findings(
            rows[late & ~after],
            expected="a signature by {sign_within:day} after the service",
            observed="signed {delay:day} after it",
            because="The note of {service_date:%Y-%m-%d} was signed on {signed_on:%Y-%m-%d}, {delay:day} after the "
            "service; more than {sign_within:day} calls for an explanation.",
        ),
        findings(
            rows[after],
            expected="a signature by {as_of:%Y-%m-%d}",
            observed="signed on {signed_on:%Y-%m-%d}",
            because="The note of {service_date:%Y-%m-%d} was signed on {signed_on:%Y-%m-%d}; the claim was checked or "
            "filed on {as_of:%Y-%m-%d}, without a signed note.",
            severity="error",
        ),
        findings(
            early.assign(delay=-early["delay"]),
            expected="a signature on or after {service_date:%Y-%m-%d}",
            observed="signed on {signed_on:%Y-%m-%d}",
            because="The note of {service_date:%Y-%m-%d} was signed on {signed_on:%Y-%m-%d}, {delay:day} before the "
            "service.",
            severity="error",
        ),
    ]


def _addendum(rows: pd.DataFrame) -> pd.Series[bool]:
    if not rows.duplicated(RECORD).any():
        return pd.Series(False, index=rows.index)
    ordered = rows.sort_values([*RECORD, "signed_at", "note_id"])
    listed = ordered["service_count"] > 0
    others = listed.groupby([ordered[name] for name in RECORD]).transform("any")
    return (~listed & (others | ordered.duplicated(RECORD))).reindex(rows.index)


@once_each
def _date(moment: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    return pd.to_datetime(moment.str[:10], errors="coerce")

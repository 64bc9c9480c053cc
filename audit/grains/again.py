"""Lines that tell of a service once more, which must not be added up twice: those of a claim that a later one
replaces or voids, and the copy of a claim that goes to a second payer."""

from __future__ import annotations

import pandas as pd

from audit.shared_text import for_all
from audit.texts import once_each

REPLACES = ("7", "8")
"""Frequency codes of a claim that replaces (7) or voids (8) an earlier one."""
VOIDS = "8"
BILLED_TO = ["patient_id", "payer_id", "service_date"]
VISIT = [*BILLED_TO, "rendering_npi", "procedure_code"]
SERVICE = ["patient_id", "rendering_npi", "service_date", "procedure_code", "services"]
ASKED_BY_PAYERS = ("GO", "GP", "GN", "CO", "CQ", "KX", "GA", "GX", "GY", "GZ", "96", "97")
"""Modifiers that one payer wants and another refuses; the others tell services apart."""
REPLACED, SECOND_PAYER = "replaced", "second payer"


def told_again(lines: pd.DataFrame) -> pd.Series[str]:
    """REPLACED, SECOND_PAYER, or "" for a line that counts, in the order of `lines`.

    A claim is replaced when a claim that replaces an earlier one names its id, or when it is the only one of its
    patient and payer that shares a date with it (a correction may change code and practitioner), or of several the only
    one that shares practitioner and code too: of two, nobody can tell which is meant, and both count. A line goes to a
    second payer when a whole claim like it, service by service, went to another and was not taken back.
    """
    gone = lines["claim_id"].isin(_replaced(lines))
    copied = lines["claim_id"].isin(_copies(lines[~gone]))
    return for_all("", lines).mask(copied, SECOND_PAYER).mask(gone, REPLACED)


def _replaced(lines: pd.DataFrame) -> set[str]:
    """The claims that are replaced or voided, and those that only void."""
    later = lines["frequency_code"].isin(REPLACES)
    if not later.any():
        return set()
    named, told = _named(lines, later), lines[[*VISIT, "claim_id"]]
    before, new = told[~later], told[later & ~told["claim_id"].isin(named.index)]
    void = lines.loc[lines["frequency_code"] == VOIDS, "claim_id"]
    return {*named, *_only(before, new, BILLED_TO), *_only(before, new, VISIT), *void}


def _only(before: pd.DataFrame, new: pd.DataFrame, key: list[str]) -> pd.Series[str]:
    """The claims that are the only one `before` which shares `key` with a line of a `new` claim."""
    asked = new[[*key, "claim_id"]].drop_duplicates()
    both = before[[*key, "claim_id"]].drop_duplicates().merge(asked, on=key, suffixes=("", "_new"))
    meant = both.groupby("claim_id_new")["claim_id"].agg(["first", "nunique"])
    return meant.loc[meant["nunique"] == 1, "first"]


def _named(lines: pd.DataFrame, later: pd.Series[bool]) -> pd.Series[str]:
    """By id of a later claim, that of the other claim of its patient and payer which it names as the one it replaces:
    the first one, or one that replaced it before. Payers' own numbers (ICN) name no claim here."""
    who = ["patient_id", "payer_id", "claim_id"]
    named = lines[who].drop_duplicates().rename(columns={"claim_id": "original_reference"})
    new = lines.loc[later, [*who, "original_reference"]].drop_duplicates()
    both = new[new["claim_id"] != new["original_reference"]].merge(named, on=[*who[:2], "original_reference"])
    return both.set_index("claim_id")["original_reference"]


def _copies(lines: pd.DataFrame) -> set[str]:
    """The claims of which another claim, to another payer and before them in order, has every service, with as
    many units in all: a payer that wants CO has them on two lines, another on one. Medicare's claim comes first, for
    its modifiers count; else the one whose id does."""
    payers = lines[["patient_id", "payer_id"]].drop_duplicates()
    several = lines["patient_id"].isin(payers.loc[payers["patient_id"].duplicated(), "patient_id"])
    wanted = lines[several].assign(services=_telling(lines.loc[several, "modifiers"]))
    wanted["place"] = (wanted["medicare"] == "yes").map({True: "0", False: "1"}) + wanted["claim_id"].astype("str")
    of_claim = [*SERVICE, "payer_id", "claim_id", "place"]
    each = wanted.groupby(of_claim, dropna=False, sort=False)["units"].sum().reset_index()
    again = each[each.duplicated([*SERVICE, "units"], keep=False)]
    if again.empty:
        return set()
    one = again.reset_index().merge(again, on=[*SERVICE, "units"], suffixes=("", "_other"))
    other = one[(one["payer_id"] != one["payer_id_other"]) & (one["place_other"] < one["place"])]
    shared = other.groupby(["claim_id", "claim_id_other"])["index"].nunique().rename("shared").reset_index()
    size = each.groupby("claim_id").size()
    shared["whole"] = shared["shared"] == shared["claim_id"].map(size)
    return set(shared.loc[shared["whole"], "claim_id"])


@once_each
def _telling(modifiers: pd.Series[str]) -> pd.Series[str]:
    """The modifiers without those ASKED_BY_PAYERS, in one order: what is left tells services apart."""
    told = [" ".join(sorted({*said.split()} - {*ASKED_BY_PAYERS})) for said in modifiers]
    return pd.Series(told, index=modifiers.index, dtype="str")


def belongs(named: pd.Series[str], claim: pd.Series[str], lines: pd.DataFrame) -> pd.Series[bool]:
    """Whether a note of the day belongs to a claim of it: it names the claim or none; or one of the two claims tells
    of the other's services again."""
    same = (named == claim) | (named == "")
    again = lines.loc[lines["told_again"] != "", "claim_id"].unique()
    return same | named.isin(again) | claim.isin(again) if len(again) else same

"""Lines that tell of a service once more, which must not be added up twice: those of a claim that a later one
replaces or voids, and the copy of a claim that goes to a second payer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from audit.shared_text import SHARED, for_all
from audit.tables import Tables
from audit.texts import once_each, told_of

REPLACES = ("7", "8")
"""Frequency codes of a claim that replaces (7) or voids (8) an earlier one."""
VOIDS = "8"
MOST_WAYS = 10
"""So many other choices are tried."""
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
    one that shares practitioner and code too: of two, nobody can tell which is meant, and both count. Of several
    corrections of one claim (`rivals`) the last by its id counts, and `other_choices` are tried too. A line goes to a
    second payer when a whole claim like it, service by service, went to another and was not taken back.
    """
    gone = lines["claim_id"].isin(_replaced(lines))
    copied = lines["claim_id"].isin(_copies(lines[~gone]))
    return for_all("", lines).mask(copied, SECOND_PAYER).mask(gone, REPLACED)


def _replaced(lines: pd.DataFrame) -> set[str]:
    """The claims that are replaced or voided, those that only void, and rivals of the one that counts."""
    later = lines["frequency_code"].isin(REPLACES)
    if not later.any():
        return set()
    corrections = _Corrections(lines, later)
    gone = {*corrections.meant.values()} | corrections.voids
    return gone | {one for group in corrections.rivals for one in group[:-1]}


class _Corrections:
    """What the claims that replace or void an earlier one (the `later` lines) can mean, by their ids.

    `meant`: the claim that each replaces; `doubtful`: those of which it replaces one, where there are several;
    `rivals`: claims that replace the same one, of which none is replaced or voided itself, in order."""

    def __init__(self, lines: pd.DataFrame, later: pd.Series[bool]) -> None:
        named, told = _named(lines, later), lines[[*VISIT, "claim_id"]]
        before, new = told[~later], told[later & ~told["claim_id"].isin(named.index)]
        shared = [_sharing(before, new, key) for key in (VISIT, BILLED_TO)]
        sole = {claim: one[0] for each in shared for claim, one in each.items() if len(one) == 1}
        self.meant: dict[str, str] = {**sole, **dict(zip(named.index, named, strict=True))}
        several = {**shared[1], **shared[0]}
        self.doubtful = {claim: some for claim, some in several.items() if claim not in self.meant}
        self.voids = {*lines.loc[lines["frequency_code"] == VOIDS, "claim_id"]}
        self.rivals = self._rivals(lines[later])

    def _rivals(self, new: pd.DataFrame) -> list[list[str]]:
        """By the claim that they replace; where that is not on file, by its number."""
        gone, groups = {*self.meant.values()} | self.voids, dict[tuple[str, ...], list[str]]()
        rows = new[["claim_id", *BILLED_TO[:2], "original_reference"]].drop_duplicates("claim_id")
        for claim, *whose, number in rows.sort_values("claim_id").itertuples(index=False):
            which = self.meant.get(claim) or number
            if which not in ("", claim) and claim not in gone:
                groups.setdefault((*whose, which), []).append(claim)
        return [group for group in groups.values() if len(group) > 1]


def _sharing(before: pd.DataFrame, new: pd.DataFrame, key: list[str]) -> dict[str, list[str]]:
    """By `new` claim the claims `before` that share `key` with a line of it."""
    asked = new[[*key, "claim_id"]].drop_duplicates()
    both = before[[*key, "claim_id"]].drop_duplicates().merge(asked, on=key, suffixes=("", "_new"))
    each = both[["claim_id_new", "claim_id"]].drop_duplicates()
    return {str(claim): sorted(some) for claim, some in each.groupby("claim_id_new")["claim_id"]}


def rivals_of(lines: pd.DataFrame) -> pd.Series[str]:
    """For each line of one of several corrections of one claim, all of them in words, the one that is counted last."""
    later = lines["frequency_code"].isin(REPLACES)
    groups = _Corrections(lines, later).rivals if later.any() else []
    said = {one: ", ".join(group[:-1]) + " and " + group[-1] for group in groups for one in group}
    return told_of(lines["claim_id"], pd.Series(said, dtype="str")) if said else for_all("", lines)


def other_choices(tables: Tables) -> Iterator[Tables]:
    """The tables of the patients of whose corrections nobody can tell which one stands, or which claim it replaces, for
    each other way to take them: the corrections name the claims that they then replace."""
    claims = tables.claims
    later = claims["frequency_code"].isin(REPLACES)
    if not later.any():
        return
    corrections = _Corrections(claims, later)
    ways = [[_chain(group, one) for one in group[:-1]] for group in corrections.rivals]
    ways += [[{claim: one} for one in some] for claim, some in corrections.doubtful.items()]
    if not ways:
        return
    patients = claims.loc[claims["claim_id"].isin({one for way in ways for one in way[0]}), "patient_id"]
    own = tables.of_patients(patients)
    for number in range(min(MOST_WAYS, max(map(len, ways)))):
        chosen = dict(pair for way in ways for pair in way[min(number, len(way) - 1)].items())
        names = own.claims["claim_id"].map(chosen)
        kept = own.claims["original_reference"].astype("str").where(names.isna(), names)
        yield replace(own, claims=own.claims.assign(original_reference=kept.astype(SHARED)))


def _chain(group: list[str], last: str) -> dict[str, str]:
    """Each of the group but the first as the correction of the one before it, `last` at the end."""
    order = [*(one for one in group if one != last), last]
    return dict(zip(order[1:], order, strict=False))


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
    if not several.any():
        return set()
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

"""Three accuracies of one sample, never mixed: by claim, by code (claim line) and by dollars, of all or of a part.

Each is a share with its interval by the design of the sample, given at the planned end and not before. Over- and
underbilled dollars are two shares of what is billed, never netted.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

import pandas as pd

from audit.estimates.hundreds import hundreds
from audit.estimates.ratios import Share, Stratum, share_of_dollars, share_of_lines
from audit.estimates.variation import ENOUGH
from audit.figures.differences import TOO_FEW, stratum_of
from audit.figures.drawn_lines import PARTED
from audit.figures.results import Results

COUNTS = {"claim": "By claim", "code": "By code", "dollars": "By dollars"}
WHAT = {
    "claim": "claims in error: a claim counts once, however much of it is wrong",
    "code": "codes in error: each claim line counts, right or wrong",
    "dollars": "dollars in error, of the dollars billed: over and under apart, never netted",
}
"""What each way of counting counts; said wherever one of them is shown."""


@dataclass(frozen=True, slots=True)
class Part:
    """The part of the claims that is looked at; "" and None: all. `rule` narrows what counts as wrong, not what is
    looked at."""

    payer: str = ""
    therapist: str = ""
    code: str = ""
    place: str = ""
    discipline: str = ""
    rule: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def words(self) -> str:
        """ "payer Medicare, place 11"; "" for all claims."""
        said = [f"{one.name} {getattr(self, one.name)}" for one in fields(self) if getattr(self, one.name)]
        return ", ".join(said)


OF_LINE = {"payer": "payer", "therapist": "therapist", "code": "procedure_code", "place": "place",
           "discipline": "discipline"}  # fmt: skip
"""Field of Part -> column of `drawn_lines`."""
FIELDS = (*OF_LINE, "rule")


def inside(lines: pd.DataFrame, part: Part) -> pd.DataFrame:
    """`drawn_lines` with `inside` (is of the part) and `wrong` (is of it, and in error by its rule, if it names one).
    A missing record is wrong by every rule."""
    fits = pd.Series(True, index=lines.index)
    for name, column in OF_LINE.items():
        if getattr(part, name):
            fits &= lines[column] == getattr(part, name)
    days = pd.to_datetime(lines["service_date"])
    if part.since:
        fits &= days >= pd.Timestamp(part.since)
    if part.until:
        fits &= days <= pd.Timestamp(part.until)
    wrong = lines["in_error"].astype("bool")
    if part.rule:
        wrong &= lines["missing"] | lines["rules"].map(lambda rules: part.rule in rules.split(PARTED))
    return lines.assign(inside=fits, wrong=fits & wrong)


def accuracy(now: Results, lines: pd.DataFrame, part: Part, by: str) -> Share | None:
    """The share in error by "claim" or by "code", of a part of the frame. None before the planned end, for plans whose
    claims do not count alike, and where no drawn claim is of the part."""
    return accuracy_of(now, inside(lines, part), by)


def accuracy_of(now: Results, marked: pd.DataFrame, by: str) -> Share | None:
    """`accuracy` of lines that are marked as `inside` marks them."""
    if not now.estimate:
        return None
    return share_of_lines(_strata(now, marked, by), now.estimate.confidence)


def dollar_accuracy(now: Results, priced: pd.DataFrame, lines: pd.DataFrame, part: Part) -> dict[str, Share | None]:
    """The shares "over" and "under" of the dollars billed by the claims of a part. `priced`: `upheld.with_billed`;
    claims without a price for what they bill are left out."""
    if not now.estimate:
        return {}
    of = inside(lines, part).groupby("claim_version_id")["inside"].any()
    counted = priced["billed"].notna() & priced["claim_version_id"].map(of).fillna(False).astype("bool")
    amounts = priced[["over", "under", "billed"]].astype("float64").fillna(0).mul(counted.astype("float64"), axis=0)
    parts = [(size, amounts.loc[at]) for size, at in _drawn(now)]
    level = now.estimate.confidence
    return {side: share_of_dollars([(size, one[side].tolist(), one["billed"].tolist()) for size, one in parts], level)
            for side in ("over", "under")}  # fmt: skip


def groups(now: Results, lines: pd.DataFrame, part: Part, name: str, by: str) -> pd.DataFrame:
    """The part by one field of Part ("payer", "code", "rule" ...), in the order of names: group, reviewed and in_error
    (of what `by` counts, unweighted), rate, lower, upper (weighted; None where too few claims tell), says."""
    if name == "rule":
        upheld = {rule for rules in inside(lines, part)["rules"] for rule in rules.split(PARTED)} - {""}
        parts = [replace(part, rule=rule) for rule in sorted(upheld)]
    else:
        of_part = inside(lines, part)
        names = sorted(of_part.loc[of_part["inside"], OF_LINE[name]].unique())
        parts = [replace(part, **{name: one}) for one in names]
    rows = [_group(now, inside(lines, one), getattr(one, name), by) for one in parts]
    return pd.DataFrame(rows, columns=["group", "reviewed", "in_error", "rate", "lower", "upper", "says"])


def _group(now: Results, marked: pd.DataFrame, name: str, by: str) -> dict[str, Any]:
    counted = _counted(marked, by)
    row = {"group": name, "reviewed": int(counted["inside"].sum()), "in_error": int(counted["wrong"].sum())}
    share = accuracy_of(now, marked, by)
    if share is None or too_few(share):
        return {**row, "rate": None, "lower": None, "upper": None, "says": TOO_FEW}
    return {**row, "rate": share.rate, "lower": share.lower, "upper": share.upper,
            "says": in_words(share, now.limit)}  # fmt: skip


def behind(now: Results, lines: pd.DataFrame, part: Part) -> pd.DataFrame:
    """The drawn claims of a part that are in error, in the order drawn: `Results.claims` with `rules`, those upheld."""
    wrong = inside(lines, part)
    wrong = wrong[wrong["wrong"]]
    rules = wrong.groupby("claim_version_id")["rules"].agg(lambda found: _joined(PARTED.join(found)))
    found = now.claims[now.claims["claim_version_id"].isin(wrong["claim_version_id"])]
    return found.assign(rules=found["claim_version_id"].map(rules))


def _joined(rules: str) -> str:
    return ", ".join(sorted({rule for rule in rules.split(PARTED) if rule}))


def too_few(share: Share) -> str:
    """Why a share is not told; "" when it may be."""
    return TOO_FEW if share.claims < ENOUGH and share.lower != share.upper else ""


def groups_in_words(found: pd.DataFrame, by: str) -> str:
    """What `groups` says in one sentence: the highest rate and how far its interval goes."""
    told = found[found["rate"].notna()]
    if told.empty:
        return f"Too few reviews to tell of any: {ENOUGH} reviewed claims and more are needed for each."
    top = told.sort_values("rate", ascending=False, kind="stable").iloc[0]
    few = len(found) - len(told)
    rest = f" Of {few:,} more, the reviews are too few to tell." if few else ""
    return f"Highest: {top['group']}, {top['says']} {by}s.{rest} Ranges that overlap may differ by chance alone."


def in_words(share: Share, limit: float | None = None, of: str = "") -> str:
    """ "about 8 in 100, reasonably 5 to 14", with the digits of a chart that shows the same limit. `of` is what 100 of
    are meant."""
    rates = [share.rate] if share.lower is None or share.upper is None else [share.rate, share.lower, share.upper]
    rate, *limits = hundreds(rates, limit)
    hundred = f"{rate} in 100{f' {of}' if of else ''}"
    if not limits:
        return f"about {hundred}; no interval is given from zeros"
    if share.lower == share.upper:
        return f"{hundred}: all of them were reviewed"
    return f"about {hundred}, reasonably {limits[0]} to {limits[1]}"


def _counted(marked: pd.DataFrame, by: str) -> pd.DataFrame:
    """`wrong` and `inside` by claim: lines, or 1 for a claim with any."""
    each = marked.groupby("claim_version_id", sort=False)[["wrong", "inside"]]
    return each.sum() if by == "code" else each.any().astype("int64")


def _strata(now: Results, marked: pd.DataFrame, by: str) -> Iterable[Stratum]:
    counted = _counted(marked, by).reindex(now.claims["claim_version_id"]).set_axis(now.claims.index)
    wrong, whole = (counted[name].astype("float64") for name in ("wrong", "inside"))
    return [(size, wrong.loc[at].tolist(), whole.loc[at].tolist()) for size, at in _drawn(now)]


def _drawn(now: Results) -> list[tuple[int, pd.Index[Any]]]:
    """Frame size, and the labels in `now.claims` of the drawn claims, of each stratum with any."""
    sizes: dict[Hashable, int] = dict(zip(now.strata["stratum"], now.strata["frame_size"], strict=True))
    return [(int(sizes[name]), rows.index) for name, rows in now.claims.groupby(stratum_of(now).to_numpy())]

"""Therapists and months beside each other, from a finished random sample: what is more than chance, and what is not.

Each reviewed claim stands for frame size / drawn claims of its stratum, because a sample draws flagged claims more
often than others. A group with few reviews is "too few to tell"; nobody is ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from audit.estimates.hundreds import hundreds
from audit.estimates.variation import (
    ENOUGH,
    INNER,
    WIDEST,
    Chart,
    Prior,
    ewma_chart,
    fitted_prior,
    funnel_limits,
    look_closer,
    overdispersion,
    p_chart,
    shrunk,
    weighted,
)
from audit.figures.results import Results

TOO_FEW = "too few reviews to tell"
MANY = 10
"""Fewest groups from whose spread it is told whether they differ more than chance; of fewer, one far out would hide
itself."""
PULL = 5
LEAST_MONTHS = 4
"""Fewest months in which a chart over time can show more than noise."""
LONG = 8
"""Months from which on a slow drift is looked for."""


@dataclass(frozen=True)
class Groups:
    """`rows`: group, reviewed, in_error (plain counts), rate, size (weighted rate, and claims of the plain sample that
    would tell as much), says (in words), enough (bool), closer (bool: above the limit by more than chance)."""

    rows: pd.DataFrame
    centre: float
    limit: float
    spread: float

    @cached_property
    def told(self) -> pd.DataFrame:
        return self.rows[self.rows["enough"]]

    @property
    def outside(self) -> list[str]:
        """Groups beyond the 99.8 % limits of the funnel."""
        return [row["group"] for row in self.told.to_dict("records") if not self._inside(row["rate"], row["size"])]

    def _inside(self, rate: float, size: float) -> bool:
        low, high = self.limits([round(size)], WIDEST)[0]
        return low - 1e-9 <= rate <= high + 1e-9

    def limits(self, sizes: Sequence[int], level: float = INNER) -> list[tuple[float, float]]:
        """Lowest and highest rate that a group of each size shows with chance `level` if it is like all the others."""
        target = min(max(self.centre, 1e-6), 1 - 1e-6)
        counts = [funnel_limits(target, size, level, self.spread) for size in sizes]
        return [(low / size, high / size) for size, (low, high) in zip(sizes, counts, strict=True)]

    @property
    def sentence(self) -> str:
        """The answer to "does anyone's rate differ by more than chance?"."""
        few = len(self.rows) - len(self.told)
        rest = f" Of {few} more, the reviews are too few to tell." if few else ""
        if self.told.empty:
            return f"Too few reviews to tell: nobody has {ENOUGH} or more. That is normal for a sample of all claims."
        many = f"{len(self.told)} with {ENOUGH} reviews or more"
        closer = self.rows.loc[self.rows["closer"], "group"]
        named = f" Above the limit of {100 * self.limit:g} by more than chance: {', '.join(closer)}."
        above = named if len(closer) else ""
        if not self.outside:
            return f"No: of {many}, none differs from the others by more than chance allows.{above}{rest}"
        lie = "lies" if len(self.outside) == 1 else "lie"
        return f"Of {many}, {', '.join(self.outside)} {lie} outside what chance allows.{above}{rest}"


def by_therapist(now: Results) -> Groups | None:
    """None before the planned end, and for plans whose claims do not count alike."""
    if not now.estimate:
        return None
    names = now.claims["therapist"].fillna("").replace("", "not named")
    return _groups(now, names)


def _groups(now: Results, names: pd.Series[str]) -> Groups:
    assert now.estimate is not None
    found = _weighted(now, names)
    prior = modest(fitted_prior(found["errors"], found["size"]), len(found))
    enough = found["reviewed"] >= ENOUGH
    told = found[enough]
    spread = overdispersion(told["errors"], told["size"]) if len(told) >= MANY else 1.0
    sizes = [round(size) for size in found["size"]]
    errors = [min(round(x), n) for x, n in zip(found["errors"], sizes, strict=True)]
    closer = pd.Series(look_closer(errors, sizes, now.limit), index=found.index) & enough
    says = [_says(row, prior, now.limit) for row in found.to_dict("records")]
    return Groups(found.assign(says=says, enough=enough, closer=closer), now.estimate.rate, now.limit, spread)


def modest(prior: Prior, groups: int) -> Prior:
    """The prior, no stronger than PULL claims for each group it was fitted to: of five therapists that look alike
    nobody knows that they are."""
    part = min(1.0, PULL * groups / sum(prior))
    return prior[0] * part, prior[1] * part


def _says(row: dict[object, object], prior: Prior, limit: float) -> str:
    if int(str(row["reviewed"])) < ENOUGH:
        return TOO_FEW
    one = shrunk(float(str(row["errors"])), float(str(row["size"])), prior, limit=limit)
    return "about {} in 100, reasonably {} to {}".format(*hundreds([one.mean, one.lower, one.upper], limit))


def _weighted(now: Results, group: pd.Series[str]) -> pd.DataFrame:
    """group, reviewed, in_error, rate, size, errors of each group, in the order of its name."""
    weights = weights_of(now)
    rows = []
    for name, part in now.claims.groupby(group.to_numpy()):
        one = weighted(part["in_error"].tolist(), weights[part.index].tolist())
        counted = {"group": name, "reviewed": len(part), "in_error": int(part["in_error"].sum())}
        rows.append({**counted, "rate": one.rate, "size": one.size, "errors": one.errors})
    return pd.DataFrame(rows)


def weights_of(now: Results) -> pd.Series[float]:
    """Claims of the frame that each drawn claim stands for: frame size / drawn of its stratum."""
    strata = now.strata.set_index("stratum")
    each = strata["frame_size"] / strata["drawn"].where(strata["drawn"] > 0)
    return stratum_of(now).map(each).astype("float64")


def stratum_of(now: Results) -> pd.Series[str]:
    """The stratum in `Results.strata` of each drawn claim: the drawn one, or its flag where a plain sample is judged
    by flag."""
    stratum = now.claims["stratum"]
    if set(stratum) <= set(now.strata["stratum"]):
        return stratum
    flags = {row.claim_id: row.stratum for row in now.audit.frame.rows}
    return now.claims["claim_id"].map(flags)


@dataclass(frozen=True)
class Months:
    """Rates by month of service in order: `names` ("Mar 2026"), the chart of single months, and of the drift (None
    where there are too few months)."""

    names: tuple[str, ...]
    chart: Chart
    drift: Chart | None

    @property
    def sentence(self) -> str:
        """The answer to "is the rate moving?"."""
        out = ", ".join(self.names[place] for place in self.chart.outside)
        usual = self.chart.method == "p'"
        kind = "limits that allow for the usual spread (p')" if usual else "limits of chance (p chart)"
        if out:
            return f"{out} lies beyond the {kind}: something was different then."
        if self.drift and self.drift.outside:
            since = self.names[self.drift.outside[0]]
            return f"No single month lies beyond the {kind}, but the rate drifts, seen from {since} on (EWMA)."
        return f"No: every month lies within the {kind}."


def by_month(now: Results) -> Months | None:
    """None before the planned end, and where there are under LEAST_MONTHS months."""
    if not now.estimate:
        return None
    months = pd.to_datetime(now.claims["service_date"]).dt.to_period("M")
    found = _weighted(now, months.astype("str"))
    if len(found) < LEAST_MONTHS or not np.asarray(found["size"] > 0).all():
        return None
    names = tuple(f"{month:%b %Y}" for month in pd.PeriodIndex(found["group"], freq="M"))
    counts = found["errors"], found["size"]
    return Months(names, p_chart(*counts), ewma_chart(*counts) if len(found) >= LONG else None)

"""The grains `provider` and `provider_figures`: what a clinician writes and bills over many visits.

Findings on them are about the clinician and stand on no claim.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from audit.facts.reference import Facts
from audit.grains.limits import with_limits
from audit.units import UNIT

ON_NO_CLAIM: dict[str, Any] = {
    "claim_id": "",
    "line_number": pd.NA,
    "note_id": "",
    "patient_id": "",
    "procedure_code": "",
}
BOUNDARIES = (8, 15, 23, 30, 38, 53)
"""Minutes at which a unit is just reached, or whole quarters and halves of an hour."""
LIMITS = {
    "least_visits": "PATTERN_VISITS",
    "least_entries": "PATTERN_ENTRIES",
    "low_average": "PATTERN_MINUTES_A_UNIT",
    "points": "PATTERN_POINTS_ABOVE_PEERS",
}


def visits(days: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Days of one patient that one clinician alone gave, with minutes known and units billed: `clinician`,
    `service_date`, `minutes_high`, `units`, `short` (minutes above 15 a unit, negative where they fall short)."""
    people = linked.loc[linked["day"].notna(), ["day", "clinician"]].drop_duplicates()
    one = people[~people["day"].duplicated(keep=False) & (people["clinician"] != "")]
    alone = one.set_index("day")["clinician"]
    known = days[(days["minutes_low"] == days["minutes_high"]).fillna(False) & (days["units"] > 0)]
    known = known.drop_duplicates("day")[["day", "service_date", "minutes_high", "units"]]
    known = known.assign(clinician=alone.reindex(known["day"].to_numpy()).to_numpy())
    known = known[known["clinician"].notna()].drop(columns="day")
    known[["minutes_high", "units"]] = known[["minutes_high", "units"]].astype("int64")
    return known.assign(short=known["minutes_high"] - UNIT * known["units"])


def averages(known: pd.DataFrame, providers: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """One row a clinician: `visits` (their number), `minutes` and `units` of these, `average` minutes a unit, `chance`
    of so large a shortfall if they averaged 15 (one-sided t test over the visits; NaN where visits are too few or the
    average is not low), dates `since` and `service_date` (the last).
    """
    rows = known.groupby("clinician").agg(
        visits=("units", "size"),
        minutes=("minutes_high", "sum"),
        units=("units", "sum"),
        since=("service_date", "min"),
        service_date=("service_date", "max"),
    )
    rows = rows.reset_index()
    averages = [round(minutes / units, 1) for minutes, units in zip(rows["minutes"], rows["units"], strict=True)]
    rows = rows.assign(clinician=rows["clinician"].astype("str"), average=averages)
    placed = _placed(rows, providers, facts)
    low = (placed["visits"] >= placed["least_visits"]) & (placed["minutes"] <= placed["low_average"] * placed["units"])
    asked = placed["clinician"][low.fillna(False)]
    chances = [_chance_of_less(known.loc[known["clinician"] == who, "short"]) for who in asked]
    return placed.assign(chance=pd.Series(chances, index=asked.index, dtype="float64"))


def _chance_of_less(values: pd.Series[int]) -> float:
    """One-sided t test that the mean is 0, against less."""
    from scipy.special import stdtr  # noqa: PLC0415  loaded only for clinicians who stand out

    if values.nunique() == 1:
        return 0.0
    told = values.to_numpy(dtype=np.float64)
    return float(stdtr(len(told) - 1, told.mean() / (told.std(ddof=1) / len(told) ** 0.5)))


def _chance_of_more(count: int, of: int, peers_count: int, peers: int) -> float:
    """Fisher's exact test, one-sided: `count` or more of `of`, were the share that of all together."""
    from scipy.special import gammaln  # noqa: PLC0415

    def log_ways(n: int, k: Any) -> Any:
        return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)

    hits, every = count + peers_count, of + peers
    k = np.arange(count, min(of, hits) + 1)
    return float(np.exp(log_ways(of, k) + log_ways(peers, hits - k) - log_ways(every, hits)).sum())


def written(linked: pd.DataFrame, note_services: pd.DataFrame) -> pd.DataFrame:
    """What clinicians wrote down, added up: `clinician`, `entries` (minutes of 15-minute services, else their notes'
    totals), `round` (those at BOUNDARIES), dates `since` and `service_date` (the last)."""
    return (
        _written(linked, note_services)
        .groupby("clinician")
        .agg(
            entries=("minutes", "size"),
            round=("at_boundary", "sum"),
            since=("service_date", "min"),
            service_date=("service_date", "max"),
        )
        .reset_index()
    )


def figures(counts: pd.DataFrame, providers: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """`written`, one row or several a clinician, as one a clinician with `share` in percent, `peers` and `peer_share`
    of all others together, and `chance` of such a share if there were no difference (Fisher's exact test, one-sided),
    times the number of clinicians; NaN where figures are too few or the share is not far above that of the others.
    """
    sums = {"entries": "sum", "round": "sum", "since": "min", "service_date": "max"}
    rows = counts.groupby("clinician").agg(sums).reset_index()
    rows["peers"], peers_round = rows["entries"].sum() - rows["entries"], rows["round"].sum() - rows["round"]
    rows["share"] = (100 * rows["round"] / rows["entries"]).round(1)
    rows["peer_share"] = (100 * peers_round / rows["peers"].where(rows["peers"] > 0)).round(1)
    placed = _placed(rows, providers, facts)
    many = placed[["entries", "peers"]].min(axis=1) >= placed["least_entries"]
    far = many & (placed["share"] - placed["peer_share"] >= placed["points"])
    asked = placed[far.fillna(False)]
    tests = zip(asked["round"], asked["entries"], peers_round[asked.index], asked["peers"], strict=True)
    chances = [_chance_of_more(*map(int, one)) for one in tests]
    return placed.assign(chance=pd.Series(chances, index=asked.index, dtype="float64") * len(placed))


def _written(linked: pd.DataFrame, note_services: pd.DataFrame) -> pd.DataFrame:
    notes = linked[["note", "clinician", "service_date", "total_timed_minutes"]]
    notes = notes[notes["clinician"] != ""]
    timed = (note_services["in_pool"] == "yes") & note_services["minutes"].notna()
    told = note_services.loc[timed, ["note", "minutes"]]
    each = notes.merge(told, on="note")
    totals = notes[~notes["note"].isin(told["note"])].rename(columns={"total_timed_minutes": "minutes"})
    columns = ["clinician", "service_date", "minutes"]
    rows = pd.concat([each[columns], totals[columns]], ignore_index=True)
    rows = rows[(rows["minutes"] > 0).fillna(False)]
    return rows.assign(at_boundary=rows["minutes"].isin(BOUNDARIES))


def _placed(rows: pd.DataFrame, providers: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """With who it is (`named`: name and number), the limits of the last date, and no claim."""
    names = providers.drop_duplicates("npi").set_index("npi")["name"]
    name = rows["clinician"].map(names).astype("object")
    named = name.where(name.notna(), rows["clinician"]).astype("str")
    number = (" (NPI " + rows["clinician"] + ")").where(rows["clinician"].str.fullmatch(r"\d+") & name.notna(), "")
    rows["service_date"] = rows["service_date"].astype("datetime64[us]")
    rows["from_date"] = pd.to_datetime(rows["since"]).dt.strftime("%Y-%m-%d")
    return with_limits(rows.assign(named=named + number, **ON_NO_CLAIM), facts, LIMITS)

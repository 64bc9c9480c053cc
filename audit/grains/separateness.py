"""The grain `parted_pair`: two lines of a pair that a modifier calls separate, with what the day's notes say of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.grains.clock import minute_of_day
from audit.grains.lines import SEPARATE
from audit.shared_text import SHARED

KEY = ["day", "column_1", "procedure_code"]
KINDS = ("XE", "XP", "XS")
"""Modifiers that name the one way in which the services were separate; 59 and XU leave it open."""


def parted_pairs(pairs: pd.DataFrame, services: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Pairs that a modifier may part and 59, XE, XP, XS or XU does (`parted_by`: which), or may, its lines having come
    without a column for modifiers; one row for a line of column 2 and code of column 1, with the evidence of the day's
    notes over both services:

    `clocked`: all their parts have start and end; `overlap`: some part of the one runs into the other; `sessions`: no
    note holds both; `persons`: nobody wrote of both; `regions`: each names a part of the body, none in common;
    `minutes_fit`: each has minutes, and all minutes of the day fit into the total treatment time. `noted`, `lists`,
    `both_listed`: there is a note; it lists services; it lists these two.
    """
    rows = pairs[pairs["indicator"] == "1"]
    if rows.empty:
        return rows
    said = rows["modifiers"] + " " + rows["modifiers_1"]
    for modifier in SEPARATE:
        rows[f"by_{modifier}"] = said.str.contains(rf"\b{modifier}\b", regex=True)
    by = [f"by_{modifier}" for modifier in SEPARATE]
    rows = rows[rows[by].any(axis=1) | (rows["modifiers_told"] == "no")]
    rows = rows.drop_duplicates(["claim_id", "line_number", "column_1"])
    if rows.empty:
        return rows
    open_kind = rows["by_59"] | rows["by_XU"]
    named = [~open_kind & rows[f"by_{kind}"] for kind in KINDS]
    rows["parted_by"] = pd.Series(np.select(named, list(KINDS), default="59"), index=rows.index, dtype=SHARED)
    evidence = _evidence(rows[KEY].drop_duplicates(), services, linked)
    rows = rows.merge(evidence, on=KEY, how="left", validate="m:1")
    rows["noted"] = rows["day"].isin(linked["day"].dropna())
    rows["lists"] = rows["day"].isin(services["day"].dropna())
    rows["both_listed"] = rows["clocked"].notna()
    flags = ["clocked", "overlap", "sessions", "persons", "regions", "minutes_fit"]
    rows[flags] = rows[flags].eq(True)
    return rows


def _evidence(keys: pd.DataFrame, services: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    days = keys["day"]
    parts = _parts(services[services["day"].isin(days)], linked[linked["day"].isin(days)])
    one, two = (keys.merge(parts, left_on=["day", column], right_on=["day", "code"]) for column in KEY[1:])
    both = one.merge(two, on=KEY, suffixes=("", "_2"))
    whole = both[["start", "end", "start_2", "end_2"]].notna().all(axis=1)
    begins, ends = both[["start", "start_2"]].max(axis=1), both[["end", "end_2"]].min(axis=1)
    told = pd.DataFrame(
        {
            "clocked": whole,
            "overlap": whole & (begins < ends),
            "sessions": both["note_id"] != both["note_id_2"],
            "persons": (both["writer"] != both["writer_2"]) & (both["writer"] != "") & (both["writer_2"] != ""),
            "regions": (both["region"] != both["region_2"]) & (both["region"] != "") & (both["region_2"] != ""),
            "minutes_fit": (both["minutes"] > 0) & (both["minutes_2"] > 0) & both["fits"],
        }
    )
    told["minutes_fit"] = told["minutes_fit"].fillna(False).astype("bool")
    by_pair = told.groupby([both[name] for name in KEY])
    result: pd.DataFrame = by_pair.all().assign(overlap=by_pair["overlap"].any()).reset_index()
    return result


def _parts(services: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """The services of the days' notes, with the clock in minutes, and `fits`: the day's minutes fit its total."""
    rows = services[services["day"].notna()]
    notes = linked.drop_duplicates("note_id").set_index("note_id")
    total = linked.groupby("day")["total_treatment_minutes"].sum(min_count=1)
    stated = linked["total_treatment_minutes"].notna().groupby(linked["day"]).all()
    given = rows.groupby("day")["minutes"].sum()
    fits = ~stated.reindex(given.index).eq(True) | (given <= total.reindex(given.index))
    return pd.DataFrame(
        {
            "day": rows["day"],
            "code": rows["procedure_code"],
            "note_id": rows["note_id"],
            "writer": rows["note_id"].map(notes["author_name"]),
            "region": rows["body_region"].str.strip().str.lower(),
            "minutes": rows["minutes"],
            "start": minute_of_day(rows["start_time"]).astype("float64"),
            "end": minute_of_day(rows["end_time"]).astype("float64"),
            "fits": rows["day"].map(fits).astype("bool"),
        }
    )

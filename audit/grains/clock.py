"""Times of day."""

from __future__ import annotations

import pandas as pd

from audit.texts import once_each


@once_each
def minute_of_day(time: pd.Series[str]) -> pd.Series[int]:
    """HH:MM as minutes after midnight (Int64), <NA> where there is none."""
    parts = time.str.extract(r"^(\d\d):(\d\d)").astype("Int64")
    return parts[0] * 60 + parts[1]


def clock(minute: pd.Series[int]) -> pd.Series[str]:
    """Minutes after midnight as HH:MM; the end of the day is 24:00."""
    return (minute // 60).astype("str").str.zfill(2) + ":" + (minute % 60).astype("str").str.zfill(2)

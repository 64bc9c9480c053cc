"""Times of day."""

from __future__ import annotations

import re

import pandas as pd

from audit.texts import once_each

TIME = re.compile(r"(\d\d):(\d\d)")


@once_each
def minute_of_day(time: pd.Series[str]) -> pd.Series[int]:
    """HH:MM as minutes after midnight (Int64), <NA> where there is none."""
    found = [TIME.match(text) for text in time.fillna("")]
    minutes = [int(one[1]) * 60 + int(one[2]) if one else None for one in found]
    return pd.Series(minutes, index=time.index, dtype="Int64")


def clock(minute: pd.Series[int]) -> pd.Series[str]:
    """Minutes after midnight as HH:MM; the end of the day is 24:00."""
    return (minute // 60).astype("str").str.zfill(2) + ":" + (minute % 60).astype("str").str.zfill(2)

"""Shared text says what plain text says, whatever is asked of it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_series_equal

from audit.shared_text import PLAIN, SHARED, SharedText, for_all, in_plain, spread

SAID = ["GO", "", "97110", "GO", "ä", "GO CO", "", "97110"]
ALIKE = pd.Series(SAID, index=[3, 1, 4, 0, 5, 9, 2, 6], dtype="str", name="said")
FEW = ALIKE.iloc[[4, 0]]
"""Fewer rows than texts, when they are chosen from ALIKE."""
LACKING = ALIKE.reindex([3, 99, 1, 98])
Asked = Callable[[Any], Any]
ASKED: dict[str, Asked] = {
    "is": lambda rows: rows == "GO",
    "is nowhere": lambda rows: rows == "never",
    "is not": lambda rows: rows != "",
    "is what is nowhere not": lambda rows: rows != "never",
    "is before": lambda rows: rows < "GO",
    "is from": lambda rows: rows >= "GO",
    "is as itself": lambda rows: rows == rows.copy(),
    "is as reversed": lambda rows: rows == rows[::-1].set_axis(rows.index),
    "is as plain": lambda rows: rows == ALIKE.reindex(rows.index),
    "is one of": lambda rows: rows.isin(["GO", "97110", "never"]),
    "between": lambda rows: rows.between("9", "H"),
    "the first of each": lambda rows: rows.drop_duplicates(),
    "said before": lambda rows: rows.duplicated(),
    "said again": lambda rows: rows.duplicated(keep=False),
    "each": lambda rows: pd.Series(rows.unique()),
    "in order": lambda rows: rows.sort_values(kind="stable"),
    "in reverse order": lambda rows: rows.sort_values(ascending=False, kind="stable"),
    "grouped": lambda rows: rows.groupby(rows).size(),
    "grouped as they come": lambda rows: rows.groupby(rows, sort=False).ngroup(),
    "first of a group": lambda rows: rows.groupby(rows.str.len()).first(),
    "least of a group": lambda rows: rows.groupby(rows.str.len()).min(),
    "one text of a group": lambda rows: rows.groupby(rows.str.len()).agg(", ".join),
    "different in a group": lambda rows: rows.groupby(rows.str.len()).nunique(),
    "the row before": lambda rows: rows.groupby(rows.str.len()).shift(),
    "put in": lambda rows: rows.mask(rows == "GO", "new"),
    "put in a known one": lambda rows: rows.where(rows == "GO", "97110"),
    "put in rows": lambda rows: rows.mask(rows == "GO", rows + "!"),
    "put in nothing": lambda rows: rows.where(rows == "GO"),
    "filled": lambda rows: rows.fillna("none"),
    "is missing": lambda rows: rows.isna(),
    "two in one": lambda rows: rows + rows,
    "with an end": lambda rows: rows + " there",
    "with a beginning": lambda rows: "here " + rows,
    "by name": lambda rows: rows.map({"GO": "go", "": "nothing"}),
    "by a function": lambda rows: rows.map(lambda text: f"{text}."),
    "in capitals": lambda rows: rows.str.upper(),
    "how long": lambda rows: rows.str.len(),
    "part": lambda rows: rows.str[:2],
    "holds": lambda rows: rows.str.contains("[A-Z]", regex=True),
    "begins": lambda rows: rows.str.startswith("9"),
    "replaced": lambda rows: rows.str.replace("G", "g"),
    "taken out": lambda rows: rows.str.extract(r"(\d)", expand=False),
    "taken out twice": lambda rows: rows.str.extract(r"(\d)(\d)")[1],
    "split": lambda rows: rows.str.split(" "),
    "put together": lambda rows: rows.str.cat(rows, sep="-"),
    "by place": lambda rows: rows.iloc[[*range(len(rows))][::-2]],
    "by label": lambda rows: rows.reindex([*rows.index[:1], 1000]),
    "after one another": lambda rows: pd.concat([rows, rows]),
    "before plain ones": lambda rows: pd.concat([rows, ALIKE]),
    "joined": lambda rows: rows.to_frame().merge(rows.to_frame(), on="said")["said"],
    "joined with plain ones": lambda rows: rows.to_frame().merge(ALIKE.to_frame(), on="said", how="left")["said"],
    "as an index": lambda rows: pd.Series(pd.Index(rows.unique()).get_indexer(pd.Index(["97110", "GO", "never"]))),
    "numbered": lambda rows: pd.Series(pd.factorize(rows)[0]),
    "numbered in order": lambda rows: pd.Series(pd.factorize(rows, sort=True)[0]),
    "numbered with what is missing": lambda rows: pd.Series(pd.factorize(rows, use_na_sentinel=False)[0]),
    "number for a machine": pd.util.hash_pandas_object,
    "as written": lambda rows: rows.to_frame().to_csv(),
    "for Arrow": lambda rows: str(pa.Table.from_pandas(rows.to_frame())["said"].to_pylist()),
    "as shown": lambda rows: rows.to_frame().to_string(),
    "kept": lambda rows: pickle.loads(pickle.dumps(rows)),  # noqa: S301  just made here
}


@pytest.mark.parametrize("plain", [ALIKE, FEW, LACKING, ALIKE[:0]], ids=["many", "few", "lacking", "none"])
@pytest.mark.parametrize("asked", ASKED)
def test_it_says_what_plain_text_says(asked: str, plain: pd.Series[str]) -> None:
    held = ALIKE.astype("shared text")
    shared = held.reindex(plain.index) if len(plain) else held[:0]
    assert shared.dtype == SHARED
    wanted, found = ASKED[asked](plain), ASKED[asked](shared)
    if isinstance(wanted, str):
        assert found == wanted
        return
    if found.dtype == SHARED or (
        wanted.dtype == PLAIN and found.dtype == "object"
    ):  # of two kinds pandas makes objects
        found = found.astype(PLAIN)
    found.index = found.index.astype(wanted.index.dtype)
    assert_series_equal(found, wanted, check_dtype=wanted.dtype != "object" and len(wanted) > 0)


def test_a_value_is_put_in_its_row_only() -> None:
    first = pd.Series(SAID, dtype="shared text")
    second = first.copy()
    second[1], second[[2, 3]] = "new", ["GO", "x"]
    assert second.tolist() == ["GO", "new", "GO", "x", *SAID[4:]]
    assert first.tolist() == SAID


def test_a_text_is_held_once() -> None:
    rows = pd.Series(SAID * 1000, dtype="shared text")
    held = rows.array
    assert isinstance(held, SharedText)
    assert (len(held.texts), held.nbytes) == (5, len(rows))
    assert len(pd.concat([rows, rows.mask(rows == "GO", "new")]).array.texts) == 6


def test_more_texts_than_a_small_number_can_count() -> None:
    said = [str(number) for number in range(1000)]
    rows = pd.Series([*said, *said], dtype="shared text")
    rows[0] = "one more"
    assert rows.tolist() == ["one more", *said[1:], *said]
    assert (rows == "999").sum() == 2
    assert not (rows == "1000").any()


def test_asked_of_each_text_once() -> None:
    rows = pd.Series(SAID, dtype="shared text")
    assert spread(pd.array(["a", "b", "a"], dtype="str"), np.array([0, 1, 2, 0])).texts.tolist() == ["a", "b"]
    assert spread(pd.array([7, 8], dtype="Int64"), np.array([1, 0])).tolist() == [8, 7]
    assert for_all("GO", rows.to_frame()).tolist() == ["GO"] * len(rows)


def test_what_leaves_is_plain() -> None:
    rows = pd.DataFrame({"a": pd.Series(["x"], dtype="shared text"), "b": [1]})
    assert in_plain(rows).dtypes.to_dict() == {"a": PLAIN, "b": np.dtype("int64")}


def test_a_part_takes_only_its_own_texts_along() -> None:
    part = pd.Series([str(number) for number in range(1000)], dtype="shared text")[[7, 500, 7]]
    kept = pickle.loads(pickle.dumps(part)).array  # noqa: S301  just made here
    assert (kept.tolist(), kept.texts.tolist()) == (["7", "500", "7"], ["7", "500"])


def test_a_text_without_a_row_is_not_asked() -> None:
    asked: list[str] = []
    rows = pd.Series([str(number) for number in range(1000)], dtype="shared text")
    rows = rows.where(rows == "7", "8")
    assert rows.map({"7": "seven", "8": "eight"}).value_counts().to_dict() == {"eight": 999, "seven": 1}
    assert rows.str.replace(r"\d", lambda found: asked.append(found[0]) or "x", regex=True).eq("x").all()
    assert sorted(asked) == ["7", "8"]

"""A table of a data frame's columns, as plain HTML that a screen reader can read."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd
from pandas.api.types import is_numeric_dtype

from pages.parts.markup import element, show, table


def show_rows(
    rows: pd.DataFrame,
    columns: Mapping[str, str],
    caption: str,
    *,
    whole: Collection[str] = (),
    loose: Collection[str] = (),
    right: Collection[str] = (),
) -> None:
    """`columns`: name in `rows` -> heading; those in `whole` are not broken into lines, those in `loose` anywhere.
    Numbers stand to the right with thousands parted; so does the text of those in `right`."""
    names = list(columns)
    numbers = [n for n, name in enumerate(names) if is_numeric_dtype(rows[name])]
    to_the_right = [n for n, name in enumerate(names) if n in numbers or name in right]
    cells = [
        [
            f"{row[name]:,}"
            if n in numbers
            else _text(row[name], "cs-whole" if name in whole else "cs-loose" if name in loose else "")
            for n, name in enumerate(names)
        ]
        for row in rows[names].to_dict("records")
    ]
    show(table(list(columns.values()), cells, caption=caption, numbers=to_the_right))


def _text(cell: object, name: str) -> str:
    return element("span", str(cell), name=name) if name else str(cell)

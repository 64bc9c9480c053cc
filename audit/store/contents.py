"""Whether every loaded record still is what came: its digest worked out again from the rows that are there.

A claim's digest is over its lines, a note's over its own row and its services, any other record's over its row. A
record that lost a person's values has no digest of what it was; from its removal on it has one of what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table, func, select

from audit import model
from audit.store import schema
from audit.store.cells import Cells, Places
from audit.store.records import KEYS, digests_of, of_lines
from audit.store.rows import among, at_once

PARTS = {
    "claims": ("claim_lines", "claim_version_id", model.CLAIMS.names),
    "notes": ("note_services", "note_version_id", model.NOTE_SERVICES.names),
}
"""Table of records -> the table of their parts, its column that names the record, and those that the digest is over."""
UNLIKE = "unlike its lines"
"""In place of a digest."""
CONTENT = "content of "
"""Before the name of a table: removals of the digest of its records."""
__all__ = ["CONTENT", "KEYS", "differing", "recomputed"]
Tell = Callable[[str, int, int], None]


def differing(
    connection: Connection, removed: Mapping[str, Mapping[int, Any]], tell: Tell | None = None
) -> Iterator[str]:
    """A sentence for each record that is not what came, or not what was left of it. `removed`: by table and row, what
    `retention.removed` found."""
    for name in KEYS:
        gone, left = removed.get(name, {}), removed.get(CONTENT + name, {})
        for one, said, now in recomputed(connection, name, tell=tell):
            if one in gone and one not in left:
                continue  # removed before what is left had a digest
            if (now, said) != ((left[one].now, left[one].was) if one in left else (said, said)):
                yield f"Row {one} of {name} is not as it was loaded: it, or what belongs to it, was changed afterwards."


def recomputed(
    connection: Connection, name: str, ids: Sequence[int] | None = None, tell: Tell | None = None
) -> Iterator[tuple[int, str, str]]:
    """Of each record of a table, or of these: its row's id, the digest it came with, and that of its rows now."""
    table = schema.metadata.tables[name]
    if ids is None:
        ids = list(connection.execute(select(table.c.id).order_by(table.c.id)).scalars())
    for part in at_once(ids):
        rows = connection.execute(select(table).where(among(connection, table.c.id, part)).order_by(table.c.id)).all()
        said = {} if name == "claims" else _cells(rows, model.TABLES[name].names)
        inside, ends = _inside(connection, name, [row.id for row in rows])
        agree = _agree(rows, inside, ends) if name == "claims" else [True] * len(rows)
        for row, now, alike in zip(rows, digests_of(said, inside, ends), agree, strict=True):
            yield row.id, row.content_sha256, now if alike else UNLIKE
        if tell:
            tell(name.replace("_", " "), part[-1], _last(connection, table))


def _inside(connection: Connection, name: str, ids: Sequence[int]) -> tuple[dict[str, Cells], Places]:
    """The parts of these records, in their order, and where those of each end."""
    if name not in PARTS:
        return {}, np.zeros(len(ids) + 1, dtype=np.intp)
    of_parts, owner, names = PARTS[name]
    table = schema.metadata.tables[of_parts]
    order = table.c.line_number if name == "claims" else table.c.position
    query = select(table).where(among(connection, table.c[owner], ids)).order_by(table.c[owner], order)
    rows = connection.execute(query).all()
    number = Counter(getattr(row, owner) for row in rows)
    ends: Places = np.cumsum([0, *[number[one] for one in ids]]).astype(np.intp)
    return _cells(rows, names), ends


def _agree(rows: Sequence[Any], lines: dict[str, Cells], ends: Places) -> list[bool]:
    """Whether each claim's own columns say what its lines say. One that has no lines any more is told by its digest."""
    if not lines or not (np.diff(ends) > 0).all():
        return [True] * len(rows)
    said = {name: cells.each() for name, cells in of_lines(lines, ends).items()}
    return [
        all(row._mapping[name] in (None, told[place]) for name, told in said.items()) for place, row in enumerate(rows)
    ]


def _cells(rows: Sequence[Any], names: Sequence[str]) -> dict[str, Cells]:
    return {name: Cells.of([row._mapping[name] for row in rows]) for name in names} if rows else {}


def _last(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.max(table.c.id))).scalar_one())

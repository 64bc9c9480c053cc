"""Mappings kept in the store under their names: the newest of a name counts, none is ever changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine, func, insert, select

from audit import contract
from audit.access.permission import account_may
from audit.errors import InputError, Refusal, StateError
from audit.intake.foreign.applying import apply
from audit.intake.foreign.mapping import Mapping, from_json, named
from audit.model import OPENERS, TABLES
from audit.refused_rows import without_misread
from audit.store import database, schema, trail

LONGEST = 80
SHOWN = 10
TRIED = 5_000
"""Rows of a file that a mapping is tried on."""


@dataclass(frozen=True)
class Trial:
    """What a mapping makes of the first TRIED rows of a file: SHOWN of them (columns that it fills), how many there
    are, and what would be refused by the contract, in the words of the file. Whole claims and notes that a refusal
    takes with it come on top when the file is loaded."""

    first: pd.DataFrame
    rows: int
    refusals: tuple[Refusal, ...]
    left_out: tuple[str, ...]


def trial(path: Path, mapping: Mapping) -> Trial:
    """Raises InputError when the file cannot be read by the mapping."""
    found, table = apply(path, mapping, TRIED), TABLES[mapping.table]
    rows = contract.normal(without_misread(found.rows, table, found.refusals), table)
    refused = [*found.refusals, *contract.broken(rows, table).refusals]
    told = [replace(one, column=mapping.sources_of(one.column)) for one in refused]
    filled = [name for name in table.names if (rows[name] != "").any()]
    return Trial(rows[filled].head(SHOWN).astype("str"), len(rows), tuple(told), found.left_out)


def save(engine: Engine, mapping: Mapping, *, account_id: int, at: datetime) -> Mapping:
    """Keep a mapping under its name. Raises StateError when it has no name or cannot be used, AccessError for a role
    that does not load."""
    kept = named(mapping, mapping.name)
    problems = kept.problems()
    if not kept.name or len(kept.name) > LONGEST:
        problems = [f"a mapping has a name of up to {LONGEST} characters", *problems]
    if problems:
        raise StateError(problems[0])
    with database.write(engine) as connection:
        account_may(connection, account_id, OPENERS)
        row = {"name": kept.name, "content": kept.to_json(), "account_id": account_id, "at": at}
        made = connection.execute(insert(schema.mappings).values(row).returning(schema.mappings.c.id)).scalar_one()
        details = {"table": kept.table, "columns": len(kept.taken)}
        subject = f"mapping {made}"
        trail.record(connection, kind="mapping saved", subject=subject, account_id=account_id, at=at, details=details)
    return kept


def saved(engine: Engine) -> list[Mapping]:
    """The mappings in use, the newest first. One that this version cannot use any more is left out: its files need a
    mapping again."""
    table = schema.mappings
    newest = select(func.max(table.c.id)).group_by(table.c.name)
    query = select(table.c.name, table.c.content).where(table.c.id.in_(newest)).order_by(table.c.id.desc())
    with database.read(engine) as connection:
        found = connection.execute(query).all()
    return [mapping for _, content in found if (mapping := _usable(content))]


def _usable(content: str) -> Mapping | None:
    try:
        return from_json(content)
    except InputError:
        return None

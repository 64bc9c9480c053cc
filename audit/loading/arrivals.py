"""Files that a person hands in: read and checked together as one batch, then loaded, all of them or nothing.

The files are written to a temporary folder while they are read, and never kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from functools import partial
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine, select

from audit import temporary
from audit.access.permission import demand_now
from audit.errors import InputError, Refusal
from audit.intake import Batch, SourceFile, needs_mapping, originals, read
from audit.intake.foreign.applying import fitting
from audit.intake.foreign.mapping import Mapping
from audit.loading import documents, mappings
from audit.loading.linking import Tied
from audit.model import OPENERS
from audit.store import database, loading, schema
from audit.store.loading import Counts, Loaded
from audit.tables import check
from audit.unsaid import unsaid

STEPS = ("Reading the files", "Checking every row", "Storing what is new")
PARTS, BEGINS = 100, (0, 30, 45)
"""A load in parts of about the same time, and where each of STEPS begins (docs/performance.md)."""
Step = Callable[[int, int], None]
"""Called with the number of PARTS done and of all; raise from it to cancel: then nothing is stored."""
NOUNS = {
    "claims": ("claim", "claims"),
    "lines": ("claim line", "claim lines"),
    "notes": ("note", "notes"),
    "services": ("service in a note", "services in notes"),
    "payers": ("payer", "payers"),
    "plans_of_care": ("plan of care", "plans of care"),
    "authorizations": ("authorisation", "authorisations"),
    "providers": ("provider", "providers"),
    "fees": ("fee of a payer", "fees of payers"),
    "payments": ("payment", "payments"),
    "adjustments": ("adjustment", "adjustments"),
    "835": ("answered claim", "answered claims"),
    "document": ("document", "documents"),
}
_ROWS_OF = {"837P": "lines", "FHIR": "lines", "claims": "lines", "note_services": "services"}
FORMATS = ("837P", "835", "FHIR")
LONGEST_NAME = 60
"""Characters kept of a file's name, from its end."""


@dataclass(frozen=True, slots=True)
class Card:
    """What one file turned out to be, in words, and how many of its rows were refused. `told`: how it was read, and
    which of its rows are no records."""

    file: str
    what: str
    refused: int
    ignored_columns: tuple[str, ...]
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of the files handed in together. `refused_tables`: name and CSV of the refused rows as they stood;
    `unsaid`: what no row says (`audit.unsaid`)."""

    cards: tuple[Card, ...]
    refusals: tuple[Refusal, ...]
    loaded: Loaded
    refused_tables: tuple[tuple[str, str], ...] = ()
    unsaid: tuple[str, ...] = ()


def take_in(
    engine: Engine, files: Iterable[tuple[str, bytes]], *, account_id: int, at: datetime, step: Step | None = None
) -> Arrival:
    """Read, check and load files given as (name, content). Services after the day of `at` are refused.

    Raises AccessError for a role that does not load; InputError, with nothing loaded, when there is no file, two
    have one name, or one cannot be read (MappingNeeded when its columns are not ours and no kept mapping fits).
    """
    with written(list(files)) as paths:
        return take_paths(engine, paths, account_id=account_id, at=at, step=step)


def take_paths(
    engine: Engine, paths: Sequence[Path], *, account_id: int | None, at: datetime, step: Step | None = None
) -> Arrival:
    """As `take_in`, of files on disk; `account_id` None is the command line."""
    demand_now(engine, account_id, OPENERS)
    begin = step or (lambda *_: None)
    begin(BEGINS[0], PARTS)
    batch = read(paths, mappings=mappings.saved(engine))
    tied = documents.settle(engine, batch)
    begin(BEGINS[1], PARTS)
    tables, refusals = check(batch, as_of=at.date())
    begin(BEGINS[2], PARTS)
    name = ", ".join(dict.fromkeys(file.name for file in batch.files))
    refused = originals.refused_tables(paths, batch, refusals)
    with database.write(engine) as connection:
        keep = partial(loading.take, connection, tables, refusals, answered=batch.answered, refused_tables=refused)
        loaded = keep(name=name, sha256=batch.sha256, account_id=account_id, at=at, progress=partial(_stored, begin))
        documents.keep(connection, tied, set(tables.notes["note_id"]), account_id=account_id, at=at)
    in_order = sorted(refusals, key=lambda refusal: (refusal.file, refusal.row or 0))
    return Arrival(_cards(batch, refusals, tied), tuple(in_order), loaded, tuple(refused), tuple(unsaid(tables)))


def _stored(begin: Step, rows: int, whole: int) -> None:
    """Tell how far storing is, but for what comes after the last row."""
    begin(BEGINS[2] + (PARTS - BEGINS[2] - 1) * rows // whole, PARTS)


def step_at(done: int) -> str:
    """Which of STEPS a load is at after so many of PARTS."""
    return STEPS[sum(done >= begins for begins in BEGINS) - 1]


@dataclass(frozen=True, slots=True)
class Looked:
    """What is seen of a file before it is loaded. `mapping` is the kept one that reads it."""

    needs_mapping: bool = False
    mapping: Mapping | None = None


def look(name: str, content: bytes, kept: Sequence[Mapping]) -> Looked:
    """Look at the header alone. A file that cannot be read is told so when it is loaded."""
    with written([(name, content)]) as (path,):
        try:
            if needs_mapping(path, ()):
                found = fitting(path, kept)
                return Looked(mapping=found) if found else Looked(needs_mapping=True)
        except InputError:
            pass
    return Looked()


@contextmanager
def written(files: Sequence[tuple[str, bytes]]) -> Iterator[list[Path]]:
    """The files in a temporary folder, for as long as they are read."""
    names = [_safe(name) for name, _ in files]
    if not files:
        raise InputError("no file was given", do="Choose at least one")
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError("two of the files have this name", where=min(twice), do="Rename one of them, or leave it out")
    with temporary.folder() as folder:
        paths = [folder / name for name in names]
        for path, (_, content) in zip(paths, files, strict=True):
            path.write_bytes(content)
        yield paths


def _safe(name: str) -> str:
    """The name as one that can be written in a folder of ours and nowhere else."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable()).strip(". ")[-LONGEST_NAME:] or "file"


def _cards(batch: Batch, refusals: list[Refusal], tied: list[Tied]) -> tuple[Card, ...]:
    parts: dict[str, list[str]] = {}
    ignored: dict[str, list[str]] = {}
    told: dict[str, list[str]] = {}
    for file in batch.files:
        is_document = file.kind == "document"
        said = documents.card(tied, file.name) if is_document else numbered(file.rows, _kind_of_rows(file.kind))
        parts.setdefault(file.name, []).append(f"{file.kind}, {said}" if file.kind in FORMATS else said)
        ignored.setdefault(file.name, []).extend(file.ignored_columns)
        told.setdefault(file.name, []).extend(_told(file))
    rows = {(refusal.file, refusal.row) for refusal in refusals}
    refused = {name: sum(file == name for file, _ in rows) for name in parts}
    return tuple(
        Card(name, " and ".join(said), refused[name], tuple(ignored[name]), tuple(told[name]))
        for name, said in parts.items()
    )


def _told(file: SourceFile) -> list[str]:
    said = [f"read by the mapping {file.mapping}"] if file.mapping else []
    said += [f"text in the encoding {file.encoding}"] if file.encoding else []
    return [*said, *([f"passed over: {', '.join(file.left_out)}"] if file.left_out else [])]


def _kind_of_rows(kind: str) -> str:
    return _ROWS_OF.get(kind, kind)


def numbered(number: int, table: str) -> str:
    """1 claim line, 2 claim lines."""
    return f"{number:,} {NOUNS[table][number != 1]}"


def fates(counts: Counts) -> pd.DataFrame:
    """What a load's counts say, one row a kind of record that came: what, new, changed, unchanged."""
    rows = [
        {"what": plural, **{fate: counts[table][fate] for fate in ("new", "changed", "unchanged")}}
        for table, (_, plural) in NOUNS.items()
        if any(counts.get(table, {}).values())
    ]
    return pd.DataFrame(rows, columns=["what", "new", "changed", "unchanged"])


def earlier(engine: Engine, most: int = 20) -> pd.DataFrame:
    """The newest loads: id, at, name of the files, by (who, "" when unknown), counts (as in `Loaded`), undone (when,
    None while it stands)."""
    loads, accounts, gone = schema.loads, schema.accounts, schema.withdrawals
    query = (
        select(
            loads.c.id,
            loads.c.at,
            loads.c.name,
            accounts.c.name.label("by"),
            loads.c.counts,
            gone.c.at.label("undone"),
        )
        .outerjoin(accounts, accounts.c.id == loads.c.account_id)
        .outerjoin(gone, gone.c.load_id == loads.c.id)
        .order_by(loads.c.id.desc())
        .limit(most)
    )
    with database.read(engine) as connection:
        found = connection.execute(query)
        rows = pd.DataFrame(found.all(), columns=list(found.keys()))
    undone = [None if pd.isna(at) else at for at in rows["undone"]]
    told = rows.assign(by=rows["by"].fillna(""), counts=rows["counts"].map(json.loads))
    return told.assign(undone=pd.Series(undone, index=told.index, dtype="object"))


def refusals_of(engine: Engine, load_id: int) -> list[Refusal]:
    """The rows that an earlier load refused, in the order of their files."""
    table = schema.refusals
    query = select(*[table.c[field.name] for field in fields(Refusal)]).where(table.c.load_id == load_id)
    with database.read(engine) as connection:
        return [Refusal(*row) for row in connection.execute(query.order_by(table.c.id))]


def refused_tables_of(engine: Engine, load_id: int) -> list[tuple[str, str]]:
    """Name and CSV of the refused rows of an earlier load as they stood."""
    table = schema.refused_tables
    query = select(table.c.name, table.c.csv).where(table.c.load_id == load_id).order_by(table.c.id)
    with database.read(engine) as connection:
        return [(name, csv) for name, csv in connection.execute(query)]

"""Loading a national file into the facts: all of it or nothing, with a report, and never in place of what is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Engine

from audit.access.permission import account_may
from audit.errors import InputError, Refusal
from audit.fact_files import read
from audit.fact_files.reading import Asked, Reading
from audit.facts import fact_loads
from audit.facts.fact_loads import Load
from audit.facts.reference import load_facts, shipped_facts
from audit.grains.pairs import known_codes
from audit.store import trail
from audit.store.database import write

LOADERS = ("administrator",)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one table of a file. `load` is None when nothing was added because it is there already."""

    file: str
    kind: str
    read: int
    kept: int
    first: str
    last: str
    refusals: tuple[Refusal, ...]
    load: Load | None
    before: Load | None = None
    note: str = ""

    @property
    def sentence(self) -> str:
        counts = f"{self.read:,} rows read, {self.kept:,} kept that concern therapy, {len(self.refusals):,} refused"
        fate = f"load {self.load.number}" if self.load else "already loaded, nothing changed"
        return f"{self.file}: {self.kind}, {self.first} to {self.last}; {counts}; {fate}.{self.note}"


def take(
    files: list[tuple[str, bytes]],
    asked: Asked | None = None,
    *,
    by: str = "",
    at: datetime | None = None,
    engine: Engine | None = None,
    account_id: int | None = None,
) -> list[Report]:
    """Read and keep files given as (name, content); `engine`: the store whose trail tells of it.

    Raises InputError, with nothing kept, when one of the files cannot be read or relied on.
    """
    at = at or datetime.now(UTC)
    if engine is not None and account_id is not None:
        with write(engine) as connection:
            account_may(connection, account_id, LOADERS)
    therapy = frozenset(known_codes(shipped_facts()))
    readings = [(one, content) for name, content in files for one in read(name, content, asked or Asked(), therapy)]
    for reading, _ in readings:
        _refuse_older(reading)
    reports = [_keep(reading, content, by, at) for reading, content in readings]
    load_facts()
    if engine is not None:
        _record(engine, reports, account_id, at)
    return reports


def take_paths(paths: list[Path], asked: Asked, *, by: str) -> list[Report]:
    """As `take`, for files on this machine."""
    files = []
    for path in paths:
        try:
            files.append((path.name, path.read_bytes()))
        except OSError as error:
            raise InputError(f"the file cannot be opened ({error.strerror})", where=str(path)) from None
    return take(files, asked, by=by)


def _refuse_older(reading: Reading) -> None:
    """A table of pairs older than the shipped one would never be looked at."""
    shipped = shipped_facts().coverage["ncci_pairs"]
    if reading.kind == "pairs medicare" and shipped.covers_to and reading.last < shipped.covers_to:
        raise InputError(
            f"the table ends {reading.last}, before the one that comes with Countersign ({shipped.covers_to})",
            where=reading.file,
            do="Load a newer quarter",
        )


def _keep(reading: Reading, content: bytes, by: str, at: datetime) -> Report:
    texts = {name: frame.to_csv(index=False, lineterminator="\n") for name, frame in reading.tables.items()}
    where = fact_loads.folder()
    span = {"covers_from": reading.first.isoformat(), "covers_to": reading.last.isoformat()}
    new = Load(
        number=0,
        kind=reading.kind,
        file=reading.file[:200],
        file_sha256=sha256(content).hexdigest(),
        tables={name: len(frame) for name, frame in reading.tables.items()},
        codes_from=reading.codes_from,
        codes_to=reading.codes_to,
        read=reading.read,
        refused=len(reading.refusals),
        by=by,
        at=at.isoformat(timespec="seconds"),
        sha256=fact_loads.digest(texts),
        **span,
    )
    same = ("kind", "sha256", "covers_from", "covers_to", "codes_from", "codes_to")
    before = [one for one in fact_loads.loads(where) if all(getattr(one, n) == getattr(new, n) for n in same)]
    kept = None if before else fact_loads.add(where, new, texts)
    main = next(iter(reading.tables.values()))
    return Report(reading.file, reading.kind, reading.read, len(main), new.covers_from, new.covers_to,
                  tuple(reading.refusals), kept, before[0] if before else None, _note(reading))  # fmt: skip


def _note(reading: Reading) -> str:
    if not reading.kind.startswith("pairs"):
        return ""
    return f" It tells of pairs whose first code is {reading.codes_from} to {reading.codes_to}: load every part."


def _record(engine: Engine, reports: list[Report], account_id: int | None, at: datetime) -> None:
    added = [report.load for report in reports if report.load]
    if not added:
        return
    with write(engine) as connection:
        for load in added:
            details = {"kind": load.kind, "rows": load.tables, "sha256": load.sha256, "covers_to": load.covers_to}
            trail.record(connection, kind="facts loaded", subject=f"facts load {load.number}", account_id=account_id,
                         at=at, details=details)  # fmt: skip

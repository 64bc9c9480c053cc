"""What has to be true after a restart: what was confirmed is there, nothing is half done, the chain is whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, inspect, select, text

from audit import temporary
from audit.backups.manifest import opened
from audit.store import database, schema, verifying

RESTORED = "restored/once"
"""A file that is there once a backup was restored."""
TABLES = ("payers", "plans_of_care", "authorizations", "providers", "fees", "payments", "adjustments")


def wrong_after(engine: Engine, folder: Path, told: list[dict[str, Any]], restored: str = "") -> list[str]:
    """What is wrong, in sentences; `told`: what was confirmed to the client before the kill; `restored`: the address of
    the database that is restored into."""
    temporary.sweep(young=0)
    database.prepare(engine)
    with database.read(engine) as connection:
        found = list(verifying.verify(connection).breaks)
        if connection.dialect.name == "sqlite":
            found += [
                f"file: {said}" for said in connection.execute(text("PRAGMA integrity_check")).scalars() if said != "ok"
            ]
            found += [f"reference: {row}" for row in connection.execute(text("PRAGMA foreign_key_check"))]
        found += [*_half_loads(connection), *_half_runs(connection), *_half_releases(connection)]
        found += [sentence for one in told for sentence in _lost(connection, folder, one)]
    _open_backups(folder)
    return [*found, *(_restored(restored, folder) if restored else [])]


def _count(connection: Connection, column: Any, value: Any) -> int:
    return int(connection.execute(select(func.count()).where(column == value)).scalar_one())


def _half_loads(connection: Connection) -> list[str]:
    """Each load has its event and exactly the rows that its counts tell of."""
    wrong = []
    for row in connection.execute(select(schema.loads.c.id, schema.loads.c.counts)):
        counts = json.loads(row.counts)
        for name in ("claims", "notes", *TABLES):
            of = schema.metadata.tables[name]
            held, said = _count(connection, of.c.load_id, row.id), counts[name]["new"] + counts[name]["changed"]
            wrong += [f"load {row.id}: {held} {name}, told {said}"] if held != said else []
        for parts, of, to, name in (
            ("lines", schema.claim_lines, schema.claims, "claim_version_id"),
            ("services", schema.note_services, schema.notes, "note_version_id"),
        ):
            query = select(func.count()).select_from(of.join(to, of.c[name] == to.c.id)).where(to.c.load_id == row.id)
            held, said = connection.execute(query).scalar_one(), counts[parts]["new"] + counts[parts]["changed"]
            wrong += [f"load {row.id}: {held} {parts}, told {said}"] if held != said else []
    told = _count(connection, schema.events.c.kind, "load")
    loads = connection.execute(select(func.count()).select_from(schema.loads)).scalar_one()
    wrong += [f"{loads} loads, {told} events"] if told != loads else []
    tied = select(schema.notes.c.note_id).where(schema.notes.c.note_id.like("doc-%"))
    kept = select(schema.documents.c.note_id)
    lone = connection.execute(tied.where(schema.notes.c.note_id.not_in(kept))).scalars().all()
    return wrong + [f"note {one} without its document" for one in lone]


def _half_runs(connection: Connection) -> list[str]:
    """A finished run has every claim and finding that its event tells of; another one has none."""
    wrong = []
    ends = {
        row.subject: json.loads(row.details)
        for row in connection.execute(select(schema.events).where(schema.events.c.kind == "run finished"))
    }
    for run in connection.execute(select(schema.runs)):
        claims = _count(connection, schema.run_claims.c.run_id, run.id)
        findings = _count(connection, schema.findings.c.run_id, run.id)
        end = ends.get(f"run {run.id}")
        if (run.state == "finished") != (end is not None):
            wrong.append(f"run {run.id} is {run.state}, and its event says otherwise")
        if end is None and (claims or findings):
            wrong.append(f"run {run.id} is {run.state} with {claims} claims, {findings} findings")
        if end and (claims != run.claim_count or findings != sum(end["findings"].values())):
            wrong.append(f"run {run.id}: {claims} claims, {findings} findings, told {end}")
    return wrong


def _half_releases(connection: Connection) -> list[str]:
    return [
        f"release {one.id} has other claims than it tells"
        for one in connection.execute(select(schema.releases))
        if _count(connection, schema.release_claims.c.release_id, one.id) != one.claim_count
    ]


def _lost(connection: Connection, folder: Path, told: dict[str, Any]) -> list[str]:
    """What a person was told is done, and is not there."""
    kept = {"load": schema.loads, "run": schema.runs, "audit": schema.audits, "signature": schema.signatures}
    kept |= {"release": schema.releases, "decisions": schema.decisions}
    lost = []
    for name, value in told.items():
        ids = value if isinstance(value, list) else [value]
        if name in kept:
            lost += [f"{name} {one} is lost" for one in ids if not _count(connection, kept[name].c.id, one)]
        elif name == "findings":
            lost += ["findings are lost"] if _count(connection, schema.findings.c.run_id, told["run"]) != value else []
        elif name == "session":
            lost += [] if _count(connection, schema.sessions.c.token_sha256, value) else ["a session is lost"]
        elif name == "export":
            of = schema.events.c.details
            query = select(func.count()).where(schema.events.c.kind == "report exported", of.contains(value))
            lost += [] if connection.execute(query).scalar_one() else ["the event of an export is lost"]
        elif name == "backup":
            lost += [] if (folder / "backups" / value).exists() else [f"backup {value} is lost"]
        elif name == "watched":
            lost += [f"{one} is lost" for one in value if not (folder / "inbox" / "done" / one).exists()]
    return lost


def _open_backups(folder: Path) -> None:
    """Backups are whole: one that is not raises."""
    for path in (folder / "backups").glob("*.zip"):
        with opened(path):
            pass


def _restored(url: str, folder: Path) -> list[str]:
    """Once there is a restored database, it is one at every moment."""
    engine = database.connect(url)
    try:
        if not inspect(engine).has_table("events"):
            return ["the restored database is gone"] if (folder / RESTORED).exists() else []
        with database.read(engine) as connection:
            return [f"restored: {one}" for one in verifying.verify(connection).breaks]
    finally:
        engine.dispose()

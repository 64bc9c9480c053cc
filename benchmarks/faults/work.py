"""The work of a clinic in small steps, told through a pipe: `begin STEP`, then `done STEP {what is confirmed}`.

What stands after `done` is what a person at the screen has been told.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, func, select

from audit import backups, exporting, release, watching
from audit.access import sessions
from audit.auditing import audits, running
from audit.loading import arrivals
from audit.reviewing import leases, review, sign_off
from audit.store import database, schema
from benchmarks.faults.sound import RESTORED
from tests.handed_in import as_csv, claim, note, service

Told = dict[str, Any]
STEPS = (
    "load",
    "run",
    "audit",
    "decide",
    "sign",
    "approve",
    "release",
    "export",
    "watch",
    "backup",
    "restore",
    "sign in",
)
CLAIMS = 6


def confirmed(_engine: Engine, _account_id: int, _at: datetime) -> str:
    return "not asked: nobody is there"


class Work:
    """One process at work on `url`, with `folder` for the files it takes and gives; it restores into `restored`. `mark`
    names its claims."""

    def __init__(self, url: str, folder: Path, restored: str, mark: str, say: Callable[[str], None]) -> None:
        self.engine, self.folder, self.mark, self.say = database.connect(url), folder, mark, say
        self.restored = restored
        self.chance = random.Random(mark)  # noqa: S311  only which claim is taken
        with database.read(self.engine) as connection:
            of = schema.accounts.c
            rows = connection.execute(select(of.role, of.id).order_by(of.id.desc()))
            self.people = {row.role: row.id for row in rows}

    def plan(self, step: str) -> list[str]:
        """What has to be done before it."""
        before = {"run": ["load"], "audit": ["load", "run"], "sign": ["decide"], "approve": ["decide", "sign"]}
        before["restore"] = ["backup"]
        return [*before.get(step, []), step]

    def do(self, step: str, statement: int = 0) -> None:
        """A step and what it needs; killed by its own hand before the `statement`th statement of the step itself."""
        for one in self.plan(step):
            self.say(f"begin {one}")
            done = self._counted(statement if one == step else 0)
            told = getattr(self, one.replace(" ", "_"))()
            self.say(f"done {one}: {json.dumps(told)}")
            self.say(f"count {one}: {done()}")

    def _counted(self, statement: int) -> Callable[[], int]:
        """Count statements and commits from now on, in any database: a restore builds one of its own. At the
        `statement`th the process ends itself."""
        number = 0

        def count(*_: Any) -> None:
            nonlocal number
            number += 1
            if number == statement:
                os.kill(os.getpid(), signal.SIGKILL)

        for name in ("before_cursor_execute", "commit"):
            event.listen(Engine, name, count)
        return lambda: number

    def _files(self, mark: str) -> list[tuple[str, bytes]]:
        """Claims of their own patients with notes; every other bills two units too many."""
        numbers = range(1, CLAIMS + 1)
        named = [{"claim_id": f"C{mark}-{n}", "patient_id": f"P{mark}-{n}", "note_id": f"N{mark}-{n}"} for n in numbers]
        claims = [
            claim(n, units=4 if n % 2 else 2) | _of(one, "claim_id", "patient_id")
            for n, one in zip(numbers, named, strict=True)
        ]
        notes = [note(n) | one for n, one in zip(numbers, named, strict=True)]
        services = [service(n) | _of(one, "note_id") for n, one in zip(numbers, named, strict=True)]
        tables = {"claims": claims, "notes": notes, "note_services": services}
        return [(f"{name}.csv", as_csv(rows)) for name, rows in tables.items()]

    def load(self) -> Told:
        head = f"Occupational therapy visit note\nPatient: Ada Quill {self.mark}\n"
        letter = f"{head}Date of service: 03/02/2026\n97530 30 minutes\n"
        files = [*self._files(self.mark), ("letter.txt", letter.encode())]
        loaded = arrivals.take_in(self.engine, files, account_id=self.people["manager"], at=_now()).loaded
        return {"load": loaded.load_id}

    def run(self) -> Told:
        run = running.screen_new(self.engine, account_id=self.people["manager"], at=_now())
        with database.read(self.engine) as connection:
            found = select(func.count()).where(schema.findings.c.run_id == run)
            return {"run": run, "findings": connection.execute(found).scalar_one()}

    def audit(self) -> Told:
        with database.read(self.engine) as connection:
            done = schema.runs.c.state == "finished"
            run = connection.execute(select(func.max(schema.runs.c.id)).where(done)).scalar_one()
        by = {"account_id": self.people["manager"], "at": _now()}
        return {"audit": audits.open_audit(self.engine, run, name=f"Of {self.mark}", plan=None, **by)}

    def _claim(self, state: str) -> int:
        """One of the claims in this state, any of them."""
        table = schema.worklist
        with database.read(self.engine) as connection:
            found = connection.execute(select(table.c.claim_version_id).where(table.c.state == state)).scalars().all()
        return self.chance.choice(list(found))

    def decide(self) -> Told:
        """Every finding of one claim."""
        self.held = self._claim("to_review")
        by, made = self.people["reviewer"], []
        leases.take(self.engine, self.held, account_id=by, at=_now())
        with database.read(self.engine) as connection:
            found = review.findings_of(connection, self.held, by)
        open_ones = found[(found["severity"] != "untestable") & (found["decision"] == "")]
        for finding in open_ones["id"].tolist():
            kind = review.DISMISS
            made.append(review.decide(self.engine, finding, kind=kind, reason="accepted", account_id=by, at=_now()))
        return {"decisions": made}

    def sign(self) -> Told:
        by = {"account_id": self.people["reviewer"], "at": _now(), "confirm": confirmed}
        return {"signature": sign_off.sign_reviewed(self.engine, self.held, **by)}

    def approve(self) -> Told:
        by = {"account_id": self.people["second_reviewer"], "at": _now()}
        leases.take(self.engine, self.held, **by)
        return {"signature": sign_off.approve(self.engine, self.held, **by, confirm=confirmed)}

    def release(self) -> Told:
        approved = release.approved_claims(self.engine)
        if not approved:
            return {}
        return {"release": release.release(self.engine, approved, account_id=self.people["manager"], at=_now()).id}

    def export(self) -> Told:
        by = {"account_id": self.people["manager"], "at": _now()}
        with database.read(self.engine) as connection:
            audit = connection.execute(select(func.min(schema.audits.c.id))).scalar_one()
        return {"export": exporting.export(self.engine, audit, "json", **by).sha256}

    def watch(self) -> Told:
        inbox = self.folder / "inbox"
        for name, content in self._files(f"{self.mark}w"):
            (inbox / f"{self.mark}-{name}").write_bytes(content)
        self.resume()
        return {"watched": [f"{self.mark}-{name}.csv" for name in ("claims", "notes", "note_services")]}

    def resume(self) -> None:
        """Take what lies in the watched folder."""
        watching.watch(self.engine, self.folder / "inbox", every=0, once=True, say=lambda _: None)

    def backup(self) -> Told:
        path = self.folder / "backups" / f"{self.mark}.zip"
        backups.back_up(self.engine, path, self.folder / "facts", at=_now())
        return {"backup": path.name}

    def restore(self) -> Told:
        """The newest backup into a database of its own, which is at each moment the old one or the new one."""
        newest = max((self.folder / "backups").glob("*.zip"), key=lambda path: path.stat().st_mtime)
        other = database.connect(self.restored)
        backups.restore(other, newest, self.folder / "facts", at=_now(), replace=True)
        other.dispose()
        (self.folder / RESTORED).touch()
        return {"restored": hashlib.sha256(newest.read_bytes()).hexdigest()}

    def sign_in(self) -> Told:
        token = sessions.begin(self.engine, self.people["reviewer"], _now())
        return {"session": sessions.sha256(token)}


def _of(row: dict[str, str], *names: str) -> dict[str, str]:
    return {name: row[name] for name in names}


def _now() -> datetime:
    return datetime.now(UTC)

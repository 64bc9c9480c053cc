"""What binds signatures and decisions: digests that a stranger can work out again from the rows.

The digest of a signature covers the claim version, the note versions of its days, the run (code and facts), its
findings, every decision that stood and every signature before it. It is a function of the version, the run and the
newest decision then, so it can be recomputed for ever, whatever came later.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, and_, bindparam, func, select, true

from audit.store import schema
from audit.store.canonical import canonical, sha256
from audit.store.rows import Row
from audit.store.verdicts import standing

_FINDING = ("id", "rule", "severity", "line_number", "note_id", "procedure_code", "expected", "observed", "because")
_DECISION = ("id", "kind", "stage", "review_id", "finding_id", "about_id", "account_id", "reason", "text", "corrected")
_SIGNATURE = ("id", "meaning", "account_id", "printed_name", "reason", "digest")


def seal(
    connection: Connection, claim_version_id: int, run_id: int, decision_id: int | None, signature_id: int | None = None
) -> str:
    """The digest of a signature on this version, SHA-256 in hex.

    `decision_id`: the newest decision then; `signature_id`: of the signature itself, None while it is being made.
    """
    query, version = _queries(), {"version": claim_version_id}
    claim = connection.execute(query["claim"], version).mappings().one()
    run = connection.execute(query["run"], {"run": run_id}).mappings().one()
    found = _rows(connection, query["findings"], {**version, "run": run_id})
    made = _rows(connection, query["decisions"], {**version, "newest": decision_id or 0})
    signed = _rows(connection, query["signatures"], version)
    before = [row for row in signed if signature_id is None or row["id"] < signature_id]
    return sha256(
        f"claim {claim['claim_id']} {claim['version']} {claim['content_sha256']}",
        *notes_seen(connection, claim_version_id, dict(run)),
        f"run {run['id']} {run['code_version']} {run['facts_sha256']}",
        *[f"finding {_of(row, _FINDING)}" for row in found],
        *[f"decision {_of(row, _DECISION)}" for row in standing(made)],
        *[f"signature {_of(row, _SIGNATURE)}" for row in before],
    )


def newest_decision(connection: Connection, claim_version_id: int) -> int | None:
    table = schema.decisions
    query = select(func.max(table.c.id)).where(table.c.claim_version_id == claim_version_id)
    return connection.execute(query).scalar()


def row_digest(row: Mapping[str, Any]) -> str:
    """The digest of one row as it stands in the database; kept in the event that tells of it."""
    return sha256(canonical({name: value for name, value in row.items() if value is not False}))


def stored_digest(connection: Connection, table: Any, row_id: int) -> str:
    """`row_digest` of a row just added, as the database gives it back."""
    return row_digest(dict(connection.execute(select(table).where(table.c.id == row_id)).mappings().one()))


def _of(row: Row, names: tuple[str, ...]) -> str:
    return canonical({name: row[name] for name in names})


def _rows(connection: Connection, query: Select[Any], asked: Row) -> list[Row]:
    return [dict(row) for row in connection.execute(query, asked).mappings()]


def notes_seen(connection: Connection, claim_version_id: int, run: Row) -> list[str]:
    """The note versions of the claim's days that the run saw: neither what came later nor what was undone before."""
    known = run["load_id"] is not None
    asked = {"version": claim_version_id} | ({"load": run["load_id"], "begun": run["started_at"]} if known else {})
    versions = connection.execute(_queries()["notes seen" if known else "notes"], asked)
    newest = {row.note_id: row for row in versions}
    return [f"note {row.note_id} {row.version} {row.content_sha256}" for row in newest.values()]


@cache
def _queries() -> dict[str, Select[Any]]:
    """What `seal` asks. Built once: it takes longer than the database needs to answer."""
    claims, runs, notes, lines = schema.claims, schema.runs, schema.notes, schema.claim_lines
    version = bindparam("version", type_=Integer)
    of_version = {
        table.name: select(table).where(table.c.claim_version_id == version).order_by(table.c.id)
        for table in (schema.findings, schema.decisions, schema.signatures)
    }
    of_days = (notes.c.patient_id == lines.c.patient_id) & (notes.c.service_date == lines.c.service_date)
    begun = bindparam("begun", type_=runs.c.started_at.type)
    undone = select(schema.withdrawals.c.load_id).where(schema.withdrawals.c.at < begun)
    of_run = and_(notes.c.load_id <= bindparam("load", type_=Integer), notes.c.load_id.not_in(undone))

    def versions(known: ColumnElement[bool]) -> Select[Any]:
        seen = select(notes.c.note_id).join(lines, of_days).where(lines.c.claim_version_id == version, known)
        told = select(notes.c.note_id, notes.c.version, notes.c.content_sha256).where(notes.c.note_id.in_(seen), known)
        return told.order_by(notes.c.note_id, notes.c.version)

    return {
        "claim": select(claims).where(claims.c.id == version),
        "run": select(runs).where(runs.c.id == bindparam("run")),
        "findings": of_version["findings"].where(schema.findings.c.run_id == bindparam("run")),
        "decisions": of_version["decisions"].where(schema.decisions.c.id <= bindparam("newest", type_=Integer)),
        "signatures": of_version["signatures"],
        "notes": versions(true()),
        "notes seen": versions(of_run),
    }

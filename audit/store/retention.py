"""Removing what is a patient's from claims that the clinic need not keep any more, so that the trail can still be
verified: that a row was there, what its digest was, and what is left of it.

Rows stay and lose values. For each, `removals` has the digest before and after; the event of the retention has the
digest of them all. A signature whose claim lost values keeps its digest, and gets a second one over what is left.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, bindparam, delete, insert, or_, select, update

from audit.errors import InputError, StateError
from audit.store import contents, database, personal, schema, seal, trail
from audit.store.canonical import canonical, sha256
from audit.store.outlived import Outlived, outlived
from audit.store.rows import Row, among
from audit.store.told import details_of

YEARS = 7
"""Least time that everything is kept: 42 CFR 424.516(f) asks for seven years from the date of service, 45 CFR
164.316(b)(2)(i) and 164.530(j) for six."""
KIND = "personal values removed"
SEALS = "seals"
ALONG = ("claim_lines", "note_services", "document_steps")
"""Tables whose rows go with a claim, a note or a document and have no removal of their own."""


@dataclass(frozen=True, slots=True)
class Removal:
    """Digests of a row before and after."""

    was: str
    now: str


def due(engine: Engine, before: date, today: date) -> Outlived:
    """What would be removed; nothing is. Raises InputError for a day within the last YEARS years."""
    latest = date(today.year - YEARS, today.month, min(today.day, 28))
    if before > latest:
        wrong = f"records are kept for {YEARS} years from the date of service (42 CFR 424.516(f))"
        raise InputError(wrong, where="--before", do=f"Name a day up to {latest}")
    with database.read(engine) as connection:
        return outlived(connection, before, today)


def remove(engine: Engine, before: date, *, claims: int, reason: str, at: datetime) -> dict[str, int]:
    """Remove them; return the number of rows by table. `claims`: how many the dry run counted.

    Raises InputError as `due`, StateError without a reason, when the number differs, or when a signature or row of
    these claims is not as it was made: what was tampered with is kept as evidence.
    """
    due(engine, before, at.date())
    if not reason.strip():
        raise StateError("nothing is removed without a reason", do="Say --reason")
    with database.write(engine) as connection:
        database.alone(connection, "load")
        found = outlived(connection, before, at.date())
        if found.claims != claims or not found.rows:
            raise StateError(f"there are {found.claims} such claims, not {claims}", do="Look at the dry run again")
        counts = _remove(connection, found, before, reason.strip(), at)
    database.forget(engine)
    return counts


def _remove(connection: Connection, found: Outlived, before: date, reason: str, at: datetime) -> dict[str, int]:
    signed, came = _sealed(connection, found.rows), _as_they_came(connection, found.rows)
    row = {"before_on": before, "claim_count": found.claims, "reason": reason, "at": at}
    table = schema.retentions
    number: int = connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one()
    salt = secrets.token_bytes(32)
    for name, ids in found.rows.items():
        _empty(connection, number, schema.metadata.tables[name], ids, salt)
    drafts = schema.drafts
    gone = among(connection, drafts.c.claim_version_id, found.rows.get("claims", []))
    connection.execute(delete(drafts).where(gone))
    _seal_again(connection, number, signed)
    _digest_again(connection, number, came)
    counts = {name: len(ids) for name, ids in found.rows.items()}
    details = {
        "retention": number,
        "row": seal.stored_digest(connection, table, number),
        "removals": _digest(_of(connection, number)),
        "records": counts,
    }
    trail.record(connection, kind=KIND, subject=f"retention {number}", account_id=None, at=at, details=details)
    return counts


def _sealed(connection: Connection, rows: dict[str, list[int]]) -> list[Row]:
    """The signatures that have a digest, of claims or by themselves among these, each of which holds now."""
    table = schema.signatures
    of_rows = or_(
        among(connection, table.c.claim_version_id, rows.get("claims", [])),
        among(connection, table.c.id, rows.get("signatures", [])),
    )
    query = select(table).where(of_rows, table.c.run_id.is_not(None))
    found = [dict(row) for row in connection.execute(query.order_by(table.c.id)).mappings()]
    for row in found:
        if _seal_of(connection, row) != row["digest"]:
            raise StateError(
                f"signature {row['id']} does not hold: what it was given for was changed",
                do="Keep the database as it is and see what countersign verify says",
            )
    return found


def _as_they_came(connection: Connection, rows: dict[str, list[int]]) -> dict[str, dict[int, str]]:
    """By table the digests of these records, each of which is what it came with."""
    found: dict[str, dict[int, str]] = {}
    for name in contents.KEYS:
        for one, said, now in contents.recomputed(connection, name, rows.get(name, [])):
            if said != now:
                raise StateError(
                    f"row {one} of {name} is not as it was loaded",
                    do="Keep the database as it is and see what countersign verify says",
                )
            found.setdefault(name, {})[one] = said
    return found


def _digest_again(connection: Connection, number: int, came: dict[str, dict[int, str]]) -> None:
    """What is left of each record has a digest of its own: that of its row is not over its lines or services."""
    for name, was in came.items():
        left = contents.recomputed(connection, name, list(was))
        rows = [_removal(number, contents.CONTENT + name, one, was[one], now) for one, _, now in left]
        connection.execute(insert(schema.removals), rows)


def _seal_of(connection: Connection, row: Row) -> str:
    return seal.seal(connection, row["claim_version_id"], row["run_id"], row["decision_id"], row["id"])


def _seal_again(connection: Connection, number: int, signed: list[Row]) -> None:
    rows = [_removal(number, SEALS, row["id"], row["digest"], _seal_of(connection, row)) for row in signed]
    if rows:
        connection.execute(insert(schema.removals), rows)


def _removal(number: int, table: str, row_id: int, was: str, now: str) -> Row:
    return {"retention_id": number, "table_name": table, "row_id": row_id, "was_sha256": was, "now_sha256": now}


def _empty(connection: Connection, number: int, table: Table, ids: list[int], salt: bytes) -> None:
    """Write the removals of these rows down, then empty them and the rows that go with them."""
    rows = _rows(connection, table, "id", ids)
    left = {row["id"]: _left(table.name, row, salt) for row in rows}
    written = [
        _removal(number, table.name, row["id"], personal.state_of(row), personal.state_of(row | left[row["id"]]))
        for row in rows
    ]
    connection.execute(insert(schema.removals), written)
    if table.name == "loads":
        _empty_loads(connection, ids)
    else:
        _update(connection, table, rows, left)
    for along in ALONG:
        owner, key = personal.OWNERS[along]
        if owner == table.name:
            _empty_along(connection, schema.metadata.tables[along], key, ids, salt)


def _left(name: str, row: Row, salt: bytes) -> Row:
    return {"name": ""} if name == "loads" else personal.emptied(name, row, salt)


def _update(connection: Connection, table: Table, rows: list[Row], left: dict[int, Row]) -> None:
    values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in personal.PERSONAL[table.name]}
    given = [{f"new_{name}": new for name, new in left[row["id"]].items()} | {"row": row["id"]} for row in rows]
    connection.execute(update(table).where(table.c.id == bindparam("row")).values(values), given)


def _empty_along(connection: Connection, table: Table, key: str, ids: list[int], salt: bytes) -> None:
    """Lines, services and steps: the same for all rows of one owner, for they are of one patient."""
    rows = _rows(connection, table, key, ids)
    values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in personal.PERSONAL[table.name]}
    owners = {row[key]: personal.emptied(table.name, row, salt) for row in rows}
    given = [{f"new_{name}": new for name, new in left.items()} | {"owner": owner} for owner, left in owners.items()]
    if given:
        connection.execute(update(table).where(table.c[key] == bindparam("owner")).values(values), given)


def _empty_loads(connection: Connection, ids: list[int]) -> None:
    """The names of files, the values of refused cells, and the refused rows."""
    loads, refused, whole = schema.loads, schema.refusals, schema.refused_tables
    connection.execute(update(loads).where(among(connection, loads.c.id, ids)).values(name=""))
    nothing = {"file": "", "value": "", "record_id": "", "wrong": ""}
    connection.execute(update(refused).where(among(connection, refused.c.load_id, ids)).values(nothing))
    connection.execute(update(whole).where(among(connection, whole.c.load_id, ids)).values(name="", csv=""))


def _rows(connection: Connection, table: Table, key: str, ids: list[int]) -> list[Row]:
    query = select(table).where(among(connection, table.c[key], ids)).order_by(table.c[key])
    return [dict(row) for row in connection.execute(query).mappings()]


def _of(connection: Connection, number: int) -> list[Row]:
    table = schema.removals
    query = select(table).where(table.c.retention_id == number).order_by(table.c.table_name, table.c.row_id)
    return [
        {name: value for name, value in row.items() if name != "id"} for row in connection.execute(query).mappings()
    ]


def _digest(rows: Iterable[Row]) -> str:
    return sha256(*[canonical(row) for row in rows])


def removed(connection: Connection) -> tuple[dict[str, dict[int, Removal]], list[str]]:
    """Every removal by table and row, and what is wrong with them: one put in by hand."""
    events = schema.events
    said: dict[int, Any] = {}
    for details in connection.execute(select(events.c.details).where(events.c.kind == KIND)).scalars():
        told = details_of(details)
        said[int(told.get("retention", 0))] = told.get("removals")
    found: dict[str, dict[int, Removal]] = {}
    wrong = []
    numbers = connection.execute(select(schema.removals.c.retention_id).distinct()).scalars()
    for number in sorted({*numbers, *said}):
        rows = _of(connection, number)
        if said.get(number) != _digest(rows):
            wrong.append(f"Retention {number}: its removals are not those that its event tells of.")
        for row in rows:
            one = Removal(row["was_sha256"], row["now_sha256"])
            found.setdefault(row["table_name"], {})[row["row_id"]] = one
    return found, wrong


def differing(connection: Connection, removals: dict[str, dict[int, Removal]]) -> Iterator[str]:
    """A sentence for each row that is not as its removal left it."""
    for name, ones in removals.items():
        if name not in schema.metadata.tables:
            continue
        rows = _rows(connection, schema.metadata.tables[name], "id", sorted(ones))
        held = {row["id"]: personal.state_of(row) for row in rows}
        for one, removal in ones.items():
            if held.get(one) != removal.now:
                yield f"Row {one} of {name} is not as it was left when values were removed from it."

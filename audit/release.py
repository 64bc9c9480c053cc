"""What leaves the house: approved claims for the billing system, correction sheets for returned ones.

A claim version is released once; the database knows no second time. The file of a release can be had again, and that
is an event too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import DBAPIError

from audit.access import solo
from audit.errors import StateError
from audit.reports import csv_line
from audit.reviewing.opinions import required, visible_stages
from audit.reviewing.review_rights import APPROVERS, account_may, refused
from audit.store import kept, schema, seal, trail
from audit.store.canonical import sha256
from audit.store.database import alone, read, write
from audit.store.rows import Row, among
from audit.store.standing import Standing, stand

RELEASERS = (*APPROVERS, "manager", "administrator")
"""Roles that hand approved claims to billing. They change nothing on them."""
LINE_COLUMNS = ("line_number", "service_date", "procedure_code", "modifiers", "units", "charge_amount")
SHEET = ("line_number", "rule", "now", "should_be", "why", "by")
CSV_COLUMNS = ("claim_id", "version", *LINE_COLUMNS, "approved_by", "approved_at", "digest")
releases, released = schema.releases, schema.release_claims


@dataclass(frozen=True, slots=True)
class Released:
    """One release: the CSV for the billing system (UTF-8, LF, a header, a row for each claim line) and its SHA-256."""

    id: int
    claims: int
    csv: str
    sha256: str


def release(engine: Engine, claim_version_ids: Sequence[int], *, account_id: int, at: datetime) -> Released:
    """Release approved claims, all of them or none. Raises StateError for a claim that is not approved, changed since
    or released before."""
    ids = sorted(set(claim_version_ids))
    with write(engine) as connection:
        account_may(connection, account_id, RELEASERS)
        alone(connection, "release")
        standings = stand(connection, ids)
        wrong = [one for one in ids if one not in standings or standings[one].state != "approved"]
        if wrong or not ids:
            raise StateError(f"{len(wrong)} of the claims are not approved or are released already", do="Choose again")
        text = _csv(connection, [standings[one] for one in ids])
        digest = sha256(text)
        row = {"account_id": account_id, "at": at, "claim_count": len(ids), "csv": text, "csv_sha256": digest}
        release_id: int = connection.execute(insert(releases).values(row).returning(releases.c.id)).scalar_one()
        signed = {one: standings[one].signatures[-1]["id"] for one in ids}
        rows = [{"release_id": release_id, "claim_version_id": one, "signature_id": signed[one]} for one in ids]
        try:
            connection.execute(insert(released), rows)
        except DBAPIError as error:
            raise refused(error) from None
        kept.refresh(connection, ids, at)
        details = {"release": release_id, "claims": ids, "csv": digest}
        details["row"] = seal.stored_digest(connection, releases, release_id)
        subject = f"release {release_id}"
        trail.record(connection, kind="released", subject=subject, account_id=account_id, at=at, details=details)
    return Released(release_id, len(ids), text, digest)


def again(engine: Engine, release_id: int, *, account_id: int, at: datetime) -> Released:
    """The same file of a release once more; recorded. Raises StateError when there is no such release."""
    with write(engine) as connection:
        account_may(connection, account_id, RELEASERS)
        row = connection.execute(select(releases).where(releases.c.id == release_id)).mappings().first()
        if row is None:
            raise StateError(f"there is no release {release_id}", do="Look at the list of releases")
        subject = f"release {release_id}"
        trail.record(connection, kind="released again", subject=subject, account_id=account_id, at=at)
    return Released(row["id"], row["claim_count"], row["csv"], row["csv_sha256"])


def releases_made(engine: Engine) -> pd.DataFrame:
    """All releases, newest first: id, at, name (who), claims, csv_sha256."""
    accounts = schema.accounts
    query = (
        select(releases.c.id, releases.c.at, accounts.c.name, releases.c.claim_count.label("claims"))
        .add_columns(releases.c.csv_sha256)
        .join(accounts, accounts.c.id == releases.c.account_id)
        .order_by(releases.c.id.desc())
    )
    with read(engine) as connection:
        found = connection.execute(query)
        return pd.DataFrame(found.all(), columns=list(found.keys()))


def correction_sheet(engine: Engine, claim_version_id: int, viewer: int) -> pd.DataFrame:
    """What is to be changed on a claim, one row for each upheld finding or correction: line_number (None for the whole
    claim), rule, now, should_be, why, by. Only verdicts that stand and that `viewer` may see."""
    with read(engine) as connection:
        now = required(connection, claim_version_id)
        visible = visible_stages(connection, now, viewer)
        lines = {row["line_number"]: row for row in _lines(connection, [now.id])}
        names = dict(connection.execute(select(schema.accounts.c.id, schema.accounts.c.name)).all())
    rows: list[Row] = []
    for finding in now.findings:
        made = now.verdicts.final(("finding", int(finding["id"])))
        if made and made["kind"] in ("agree", "correct") and made["stage"] in visible:
            rows += _changes(finding, made, lines, names)
    for seen in now.verdicts.missed:
        judged = now.verdicts.final(("missed", int(seen["id"]))) or {}
        if seen["stage"] in visible and judged.get("kind") != "dismiss":
            rows.append(dict(zip(SHEET, (None, "", "", "", seen["text"], names[seen["account_id"]]), strict=True)))
    return pd.DataFrame(rows, columns=list(SHEET))


def _changes(finding: Row, made: Row, lines: dict[int, Row], names: dict[int, str]) -> list[Row]:
    by, why = names[made["account_id"]], " ".join(part for part in (finding["because"], made["text"]) if part)
    if made["kind"] == "agree":
        changes = [(finding["line_number"], finding["expected"])]
    else:
        changes = [(one["line_number"], _right(one)) for one in json.loads(made["corrected"])]
    return [
        dict(zip(SHEET, (number, finding["rule"], _reads(lines.get(number)), should_be, why, by), strict=True))
        for number, should_be in changes
    ]


def _right(line: Row) -> str:
    return (
        "not billed" if line["remove"] else f"{line['procedure_code']} {' '.join(line['modifiers'])} x {line['units']}"
    )


def _reads(line: Row | None) -> str:
    return f"{line['procedure_code']} {line['modifiers']} x {line['units']}" if line else ""


def _csv(connection: Connection, standings: list[Standing]) -> str:
    lines = _lines(connection, [now.id for now in standings])
    text = [csv_line(CSV_COLUMNS)]
    for now in standings:
        signed = now.signatures[-1]
        name = signed["printed_name"] + (f" ({solo.MARK})" if signed["single_person"] else "")
        approved = (name, signed["at"].isoformat(), signed["digest"])
        for line in lines:
            if line["claim_version_id"] == now.id:
                cells: list[Any] = [now.claim["claim_id"], now.claim["version"], *[line[n] for n in LINE_COLUMNS]]
                text.append(csv_line([*cells, *approved]))
    return "\n".join(text) + "\n"


def _lines(connection: Connection, ids: list[int]) -> list[Row]:
    table = schema.claim_lines
    query = select(table).where(among(connection, table.c.claim_version_id, ids))
    found = connection.execute(query.order_by(table.c.claim_version_id, table.c.line_number)).mappings()
    modifiers = [f"modifier_{number}" for number in range(1, 5)]
    return [{**row, "modifiers": " ".join(row[name] for name in modifiers if row[name])} for row in found]


def approved_claims(engine: Engine) -> list[int]:
    """The claims that may be released now."""
    table = schema.worklist
    with read(engine) as connection:
        query = select(table.c.claim_version_id).where(table.c.state == "approved")
        return list(connection.execute(query.order_by(table.c.claim_version_id)).scalars())

"""Many findings of one rule decided alike, after a look at them: low severity only, one reason, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, Engine, select

from audit.errors import StateError
from audit.reviewing import leases
from audit.reviewing.review import decisions, findings, give_verdict, verdict_row
from audit.reviewing.review_rights import REVIEWERS, account_may
from audit.store import schema, trail
from audit.store.database import read, write
from audit.store.rows import Row
from audit.store.standing import stand

LOW = ("warning", "info")
"""Severities that may be decided in bulk: an error is looked at one by one."""
MOST = 200
COLUMNS = ("finding_id", "claim_version_id", "claim_id", "service_date", "rule", "severity", "observed", "because")


def alike(engine: Engine, finding_id: int, *, account_id: int, at: datetime) -> pd.DataFrame:
    """A preview: the undecided findings of the same rule and severity that this person could decide now, this one
    first, at most MOST. Columns COLUMNS. Claims that another person holds are left out. Raises StateError for an
    error."""
    with read(engine) as connection:
        account_may(connection, account_id, REVIEWERS)
        one = connection.execute(select(findings).where(findings.c.id == finding_id)).mappings().first()
        if one is None or one["severity"] not in LOW:
            raise StateError("only warnings and notes are decided together", do="Decide on this finding alone")
        rows = _open(connection, str(one["rule"]), str(one["severity"]), account_id, at)
    rows.sort(key=lambda row: (row["finding_id"] != finding_id, row["claim_id"], row["finding_id"]))
    return pd.DataFrame(rows[:MOST], columns=list(COLUMNS))


def decide_alike(
    engine: Engine,
    finding_ids: Sequence[int],
    *,
    kind: str,
    reason: str = "",
    text: str = "",
    account_id: int,
    at: datetime,
) -> list[int]:
    """Give these findings of one rule the same verdict with the same reason: one transaction, one record for each.

    Claims that are free are held for the moment it takes. Raises StateError, and decides nothing, when one of them
    is of another rule, an error, decided, or held by another person.
    """
    row, ids = verdict_row(kind, reason=reason, text=text), sorted(set(finding_ids))
    if not ids or len(ids) > MOST:
        raise StateError(f"1 to {MOST} findings are decided together", do="Choose fewer")
    with write(engine) as connection:
        chosen = connection.execute(select(findings).where(findings.c.id.in_(ids))).mappings().all()
        if len(chosen) != len(ids) or len({(one["rule"], one["severity"] in LOW) for one in chosen}) != 1:
            raise StateError("findings decided together are of one rule", do="Look at the preview again")
        if chosen[0]["severity"] not in LOW:
            raise StateError("only warnings and notes are decided together", do="Decide on errors one by one")
        made = [_one(connection, dict(one), row, account_id, at) for one in chosen]
        details = {"rule": chosen[0]["rule"], "decisions": made, "reason": row["reason"]}
        trail.record(
            connection,
            kind="decided together",
            subject=f"{len(made)} findings",
            account_id=account_id,
            at=at,
            details=details,
        )
    return made


def _one(connection: Connection, finding: Row, row: Row, account_id: int, at: datetime) -> int:
    claim = finding["claim_version_id"]
    free = leases.hold(connection, claim, account_id=account_id, at=at)
    made = give_verdict(connection, claim, row | {"finding_id": finding["id"]}, account_id, at)
    if free:
        leases.end(connection, claim, account_id=account_id)
    return made


def _open(connection: Connection, rule: str, severity: str, account_id: int, at: datetime) -> list[Row]:
    """Undecided findings in claims whose first review is open."""
    kept, held = schema.worklist, schema.leases
    others = select(held.c.claim_version_id).where(held.c.ends_at > at, held.c.account_id != account_id)
    query = (
        select(findings, kept.c.claim_id, kept.c.service_date)
        .join(kept, (kept.c.claim_version_id == findings.c.claim_version_id) & (kept.c.run_id == findings.c.run_id))
        .where(findings.c.rule == rule, findings.c.severity == severity)
        .where(kept.c.state.in_(("to_review", "sent_back")), kept.c.claim_version_id.not_in(others))
        .where(findings.c.id.not_in(select(decisions.c.finding_id).where(decisions.c.finding_id.is_not(None))))
        .limit(MOST)
    )
    rows = [{**row, "finding_id": row["id"]} for row in connection.execute(query).mappings()]
    standings = stand(connection, [row["claim_version_id"] for row in rows])
    return [row for row in rows if not standings[row["claim_version_id"]].changed]


def waiting(engine: Engine, *, account_id: int, at: datetime) -> pd.DataFrame:
    """Rules with warnings or notes that this person could decide together: finding_id (one of them, for `alike`),
    rule, severity, findings (how many, at most MOST each). Most first."""
    with read(engine) as connection:
        account_may(connection, account_id, REVIEWERS)
        kept = schema.worklist
        query = (
            select(findings.c.rule, findings.c.severity)
            .join(kept, (kept.c.claim_version_id == findings.c.claim_version_id) & (kept.c.run_id == findings.c.run_id))
            .where(findings.c.severity.in_(LOW), kept.c.state.in_(("to_review", "sent_back")))
            .distinct()
        )
        told = [(one, _open(connection, one.rule, one.severity, account_id, at)) for one in connection.execute(query)]
    rows = [(found[0]["finding_id"], one.rule, one.severity, len(found)) for one, found in told if found]
    rows.sort(key=lambda row: (-row[3], row[1]))
    return pd.DataFrame(rows, columns=["finding_id", "rule", "severity", "findings"])

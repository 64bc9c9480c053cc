"""Runs of the rules over the store: what was screened with what, and what was found.

Findings, the claims screened and the end of the run are one transaction: a run that is killed leaves its start
and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, func, insert, select, update

from audit import model
from audit.errors import StateError
from audit.store import kept, schema, trail
from audit.store.canonical import sha256
from audit.store.database import write
from audit.store.rows import Row, among
from audit.store.schema import claims, run_claims, runs

FINDING_COLUMNS = (*model.FINDING_COLUMNS, "claim_version_id")
_KEPT = [c.name for c in schema.findings.c if c.name not in ("id", "run_id")]
Dollars = Mapping[int, tuple[Decimal | None, Decimal | None]]
_WHOLE = ("line_number", "claim_version_id")
_TEXTS = ("note_id", "procedure_code", "expected", "observed", "because", "sources", "change", "dollars_because")


def start_run(
    engine: Engine,
    *,
    claim_version_ids: Collection[int],
    code_version: str,
    facts_sha256: str,
    account_id: int | None,
    at: datetime,
    complete_since: int | None = None,
) -> int:
    """Note that a run over these claim versions begins; return its id.

    It is complete when these are all that are current, or with `complete_since`: the newest load before the caller
    looked which claims are touched (`touched`), of which these are those that are written.
    """
    with write(engine) as connection:
        newest = connection.execute(select(func.max(schema.loads.c.id))).scalar()
        current = select(func.count()).where(claims.c.is_current)
        every = connection.execute(current.where(among(connection, claims.c.id, list(claim_version_ids)))).scalar()
        row = {
            "state": "running",
            "code_version": code_version,
            "facts_sha256": facts_sha256,
            "claims_sha256": claims_sha256(connection, claim_version_ids),
            "claim_count": len(set(claim_version_ids)),
            "account_id": account_id,
            "started_at": at,
            "load_id": newest if complete_since is None else complete_since,
            "complete": complete_since is not None or every == connection.execute(current).scalar(),
        }
        run_id: int = connection.execute(insert(runs).values(row).returning(runs.c.id)).scalar_one()
        _record(connection, run_id, "run started", at, {"claims": row["claim_count"]})
    return run_id


def claims_sha256(connection: Connection, claim_version_ids: Collection[int]) -> str:
    """The digest of these claim versions' content: claim id, version and content, in the order of claim ids.

    Raises StateError when one of them is not in the store.
    """
    wanted = sorted(set(claim_version_ids))
    query = select(claims.c.claim_id, claims.c.version, claims.c.content_sha256)
    found = connection.execute(query.where(among(connection, claims.c.id, wanted))).all()
    if len(found) != len(wanted):
        raise StateError(f"{len(wanted) - len(found)} of the claim versions are not in the store")
    return sha256(*sorted(f"{claim_id},{version},{content}" for claim_id, version, content in found))


def finish_run(
    engine: Engine,
    run_id: int,
    *,
    findings: pd.DataFrame,
    claim_version_ids: Collection[int],
    at: datetime,
    dollars: Dollars | None = None,
) -> int:
    """Keep what a run found and close it, in one transaction; return the number of findings kept.

    `findings` has FINDING_COLUMNS; `claim_version_ids` are the claims screened; `dollars` by claim version: over and
    under, None where not known, as `worth.by_claim` has them. Raises StateError when the run
    is not open, when these are not the claims it began with, or when a finding is on another claim.
    """
    with write(engine) as connection:
        run = _open_run(connection, run_id)
        if claims_sha256(connection, claim_version_ids) != run["claims_sha256"]:
            raise StateError(f"run {run_id} began with other claims", do="Start a new run over these")
        worth = dollars or {}
        screened: list[Row] = [
            {"run_id": run_id, "claim_version_id": one, "dollars_over": over, "dollars_under": under}
            for one in sorted(set(claim_version_ids))
            for over, under in [worth.get(one, (None, None))]
        ]
        if screened:
            connection.execute(insert(run_claims), screened)
        number = keep_findings(connection, run_id, findings)
        _close(connection, run_id, "finished", at)
        kept.note_facts(connection, run["facts_sha256"], at)
        kept.refresh(connection, [row["claim_version_id"] for row in screened], at)
        counts = dict(Counter(findings["severity"].tolist()))
        _record(connection, run_id, "run finished", at, {"claims": len(screened), "findings": counts})
    return number


def fail_run(engine: Engine, run_id: int, *, wrong: str, at: datetime) -> None:
    """Close a run that came to nothing. `wrong` says why, without patient data."""
    with write(engine) as connection:
        _open_run(connection, run_id)
        _close(connection, run_id, "failed", at)
        _record(connection, run_id, "run failed", at, {"wrong": wrong})


def keep_findings(connection: Connection, run_id: int, found: pd.DataFrame) -> int:
    """Add the findings of a run inside the caller's transaction, after the claims it screened.

    A finding without a claim version (a note nobody billed, a rule that failed) is kept without one.
    """
    rows = [_row(run_id, dict(zip(_KEPT, values, strict=True))) for values in found[_KEPT].itertuples(index=False)]
    screened = set(
        connection.execute(select(run_claims.c.claim_version_id).where(run_claims.c.run_id == run_id)).scalars()
    )
    strays = {row["claim_version_id"] for row in rows} - screened - {None}
    if strays:
        raise StateError(f"run {run_id} has findings on {len(strays)} claims that it did not screen")
    if rows:
        connection.execute(insert(schema.findings), rows)
    return len(rows)


def _row(run_id: int, found: dict[str, Any]) -> Row:
    known: Row = {name: None if pd.isna(value) else value for name, value in found.items()}
    whole = {name: int(known[name]) for name in _WHOLE if known[name] is not None}
    texts = {name: known[name] or "" for name in _TEXTS}
    return {**known, **whole, **texts, "run_id": run_id, "facts_unchecked": bool(known["facts_unchecked"])}


def _open_run(connection: Connection, run_id: int) -> Row:
    run = connection.execute(select(runs).where(runs.c.id == run_id).with_for_update()).mappings().first()
    if run is None or run["state"] != "running":
        state = run["state"] if run else "not in the store"
        raise StateError(f"run {run_id} is {state}: it cannot be closed", do="Start a new run")
    return dict(run)


def _close(connection: Connection, run_id: int, state: str, at: datetime) -> None:
    connection.execute(update(runs).where(runs.c.id == run_id).values(state=state, finished_at=at))


def _record(connection: Connection, run_id: int, kind: str, at: datetime, details: dict[str, Any]) -> None:
    account_id = connection.execute(select(runs.c.account_id).where(runs.c.id == run_id)).scalar_one()
    trail.record(connection, kind=kind, subject=f"run {run_id}", account_id=account_id, at=at, details=details)

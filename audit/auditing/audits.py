"""An audit: a run of the rules over loaded claims, then the claims of it that people review.

Screening covers all claims; it is not a sample. The claims for people are either every flagged one (`flagged`),
or a random sample (a kind of `sampling.KINDS`) whose frame and plan are frozen before there is a seed. The two are
never pooled. A frame has one seed: a later, larger plan on it draws with the same, and so extends the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, Select, case, func, insert, select, update

from audit import sampling
from audit.access.permission import account_may
from audit.errors import StateError
from audit.judging import Progress
from audit.model import OPENERS
from audit.reviewing import review_plan
from audit.store import schema, trail
from audit.store.database import read, write
from audit.store.rows import among
from audit.store.undone import undone_since

FLAGGING = ("error", "warning")
"""Severities that flag a claim."""
FLAGGED_KIND = "flagged"
KINDS: dict[str, str] = {FLAGGED_KIND: "every flagged claim", **sampling.KINDS}


@dataclass(frozen=True, slots=True)
class Audit:
    """What is fixed of an audit; `seed` is "" until it is drawn."""

    id: int
    name: str
    run_id: int
    kind: str
    frame: sampling.Frame
    plan: sampling.Plan | None
    seed: str


def frame_of(connection: Connection, run_id: int, kind: str = "flag") -> sampling.Frame:
    """The run's claims as a sampling frame, in the strata that a plan of this kind draws from: the therapists, the
    payers, or the claims "flagged" and "unflagged". Without a name, both are known by their number.

    A claim that a random sample of an earlier screening took is excluded: it is not drawn again, in whatever version.
    For "flagged", which draws nothing, none is. Raises StateError when all of them were.
    """
    claims, screened, findings = schema.claims, schema.run_claims, schema.findings
    before = _audited_before(run_id).subquery()
    flagged = select(findings.c.claim_version_id).where(
        findings.c.run_id == run_id, findings.c.severity.in_(FLAGGING), findings.c.claim_version_id.is_not(None)
    )
    query = (
        select(claims.c.claim_id, claims.c.charge_amount, _stratum(kind, flagged).label("stratum"), before.c.audit_id)
        .join(screened, screened.c.claim_version_id == claims.c.id)
        .outerjoin(before, before.c.claim_id == claims.c.claim_id)
        .where(screened.c.run_id == run_id)
    )
    rows = connection.execute(query).all()
    audited = {} if kind == FLAGGED_KIND else {row.claim_id: f"drawn in audit {row.audit_id}" for row in rows
                                               if row.audit_id}  # fmt: skip
    if rows and len(audited) == len(rows):
        wrong = "every claim of this screening was drawn in an earlier sample"
        raise StateError(wrong, do="Screen dates of service that no sample has covered yet")
    return sampling.freeze(
        (row.claim_id, row.stratum, row.charge_amount or "", audited.get(row.claim_id, "")) for row in rows
    )


def _audited_before(run_id: int) -> Select[Any]:
    """claim_id, audit_id (the newest) of claims that random samples of earlier screenings took."""
    claims, taken, made = schema.claims, schema.audit_claims, schema.audits
    return (
        select(claims.c.claim_id, func.max(made.c.id).label("audit_id"))
        .join(taken, taken.c.claim_version_id == claims.c.id)
        .join(made, made.c.id == taken.c.audit_id)
        .where(made.c.run_id < run_id, made.c.kind != FLAGGED_KIND)
        .group_by(claims.c.claim_id)
    )


def _stratum(kind: str, flagged: Select[Any]) -> ColumnElement[str]:
    claims = schema.claims.c
    if kind in ("therapist", "each"):
        return func.coalesce(func.nullif(claims.rendering_name, ""), claims.rendering_npi)
    if kind == "payer":
        return func.coalesce(func.nullif(claims.payer_name, ""), claims.payer_id)
    return case((claims.id.in_(flagged), sampling.FLAGGED), else_=sampling.UNFLAGGED)


def open_audit(
    engine: Engine,
    run_id: int,
    *,
    name: str,
    plan: sampling.Plan | None,
    account_id: int,
    at: datetime,
    progress: Progress | None = None,
) -> int:
    """Freeze the run's frame with its plan; without a plan, every flagged claim is taken at once. `progress` is told of
    claims taken.

    Raises StateError when the plan is of another frame, or no claim is flagged.
    """
    with write(engine) as connection:
        account_may(connection, account_id, OPENERS)
        if connection.execute(select(schema.runs.c.id).where(schema.runs.c.id == run_id, undone_since())).first():
            raise StateError("a load that this screening saw was undone since", do="Run the rules again")
        frame = frame_of(connection, run_id, plan.kind if plan else FLAGGED_KIND)
        if plan and plan.frame_sha256 != frame.sha256:
            raise StateError("the plan was made for another frame", do="Plan again on this run")
        row = {
            "name": name.strip() or f"Run {run_id}",
            "run_id": run_id,
            "kind": plan.kind if plan else FLAGGED_KIND,
            "frame_csv": frame.to_csv(),
            "frame_sha256": frame.sha256,
            "plan": plan.to_json() if plan else "",
            "plan_sha256": plan.plan_sha256 if plan else "",
            "account_id": account_id,
            "frozen_at": at,
        }
        audit_id: int = connection.execute(insert(schema.audits).values(row).returning(schema.audits.c.id)).scalar_one()
        if not plan:
            flagged = frame.eligible.get(sampling.FLAGGED, ())
            if not flagged:
                raise StateError("no claim is flagged", do="Draw a random sample instead")
            taken = _take(connection, audit_id, run_id, [(sampling.FLAGGED, claim_id) for claim_id in flagged])
            review_plan.plan_claims(connection, _as_now(connection, taken), at, progress)
        details = {"frame": frame.sha256, "plan": row["plan_sha256"], "kind": row["kind"]}
        trail.record(
            connection, kind="audit frozen", subject=f"audit {audit_id}", account_id=account_id, at=at, details=details
        )
    return audit_id


def draw_seed(
    engine: Engine, audit_id: int, *, account_id: int, at: datetime, seed: str = "", progress: Progress | None = None
) -> str:
    """Fix the seed of a frozen audit (given, or drawn now) and take the claims it selects; return the seed.

    A frame that has been drawn from keeps its seed: `seed` is then not asked for, and one that differs is refused.
    Raises StateError when the audit has a seed already or is no sample.
    """
    with write(engine) as connection:
        account_may(connection, account_id, OPENERS)
        one = audit_of(connection, audit_id)
        if not one.plan or one.seed:
            raise StateError("this audit draws nothing (any more)", do="Open a new audit")
        held = seed_of_frame(connection, one.frame.sha256)
        if held and seed.strip() not in ("", held):
            raise StateError("this frame has been drawn from with another seed", do="Extend that sample; do not redraw")
        seed = held or seed.strip() or sampling.new_seed()
        sample = sampling.draw_sample(one.frame, one.plan, seed)
        table = schema.audits
        connection.execute(update(table).where(table.c.id == audit_id).values(seed=seed, seeded_at=at))
        taken = _take(connection, audit_id, one.run_id, sample.order)
        review_plan.plan_claims(connection, _as_now(connection, taken), at, progress)
        trail.record(
            connection,
            kind="sample drawn",
            subject=f"audit {audit_id}",
            account_id=account_id,
            at=at,
            details={"seed": seed, "claims": len(sample.claim_ids)},
        )
    return seed


def stop(engine: Engine, audit_id: int, *, verdict: str, reviewed: int, account_id: int, at: datetime) -> None:
    """End a watched sample: no more of its claims need review. Raises StateError when it is none or has ended."""
    with write(engine) as connection:
        account_may(connection, account_id, OPENERS)
        one = audit_of(connection, audit_id)
        stops = schema.audit_stops
        ended = connection.execute(select(stops.c.audit_id).where(stops.c.audit_id == audit_id)).first()
        if one.kind != "watched" or not one.seed or ended:
            raise StateError("only a drawn sample that is watched can be stopped, once")
        row = {"audit_id": audit_id, "verdict": verdict, "reviewed": reviewed, "account_id": account_id, "at": at}
        connection.execute(insert(stops).values(row))
        details = {"verdict": verdict, "reviewed": reviewed}
        subject = f"audit {audit_id}"
        trail.record(connection, kind="audit stopped", subject=subject, account_id=account_id, at=at, details=details)


def extend(engine: Engine, audit_id: int, *, by: int, account_id: int, at: datetime) -> int:
    """Open an audit that watches `by` claims more of the same frame with the same seed; return its id.

    Only a watched sample may go on after a look at its results: the monitor allows for it, an interval does not.
    Raises StateError for any other, and when the frame has no claim left.
    """
    with read(engine) as connection:
        one = audit_of(connection, audit_id)
    if not one.plan or one.kind != "watched" or not one.seed:
        raise StateError("only a drawn sample that is watched can be extended", do="Open a new audit")
    most = min(one.plan.n + by, one.frame.size)
    if most == one.plan.n:
        raise StateError("no claim of this frame is left to draw")
    risk = round(1 - one.plan.confidence, 12)
    plan = sampling.watched_plan(one.frame, most, risk=risk, tolerable_rate=one.plan.tolerable_rate)
    name = f"{one.name}, up to {most:,}"
    made = open_audit(engine, one.run_id, name=name, plan=plan, account_id=account_id, at=at)
    draw_seed(engine, made, account_id=account_id, at=at)
    return made


def audit_of(connection: Connection, audit_id: int) -> Audit:
    """Raises StateError when there is no such audit."""
    table = schema.audits.c
    told = select(table.id, table.name, table.run_id, table.kind, table.plan, table.seed, table.frame_sha256)
    row = connection.execute(told.where(table.id == audit_id)).mappings().first()
    if row is None:
        raise StateError(f"there is no audit {audit_id}")
    plan = sampling.Plan.from_json(row["plan"]) if row["plan"] else None
    frame = sampling.SavedFrame(row["frame_sha256"], partial(_frame_csv, connection.engine, audit_id))
    return Audit(row["id"], row["name"], row["run_id"], row["kind"], frame, plan, row["seed"] or "")


def _frame_csv(engine: Engine, audit_id: int) -> str:
    with read(engine) as connection:
        query = select(schema.audits.c.frame_csv).where(schema.audits.c.id == audit_id)
        return str(connection.execute(query).scalar_one())


def audits(engine: Engine) -> pd.DataFrame:
    """All audits, newest first: id, name, kind, run_id, frozen_at, seeded (bool), claims (number taken)."""
    table, taken = schema.audits, schema.audit_claims
    number = select(func.count()).where(taken.c.audit_id == table.c.id).scalar_subquery()
    columns = [table.c.id, table.c.name, table.c.kind, table.c.run_id, table.c.frozen_at]
    query = select(*columns, table.c.seed.is_not(None).label("seeded"), number.label("claims"))
    with read(engine) as connection:
        found = connection.execute(query.order_by(table.c.id.desc()))
        return pd.DataFrame(found.all(), columns=list(found.keys()))


def seed_of_frame(connection: Connection, frame_sha256: str) -> str:
    """The seed that this frame was drawn with, "" when it never was."""
    table = schema.audits.c
    query = select(table.seed).where(table.frame_sha256 == frame_sha256, table.seed.is_not(None)).limit(1)
    return connection.execute(query).scalar() or ""


def _take(connection: Connection, audit_id: int, run_id: int, order: Sequence[tuple[str, str]]) -> list[int]:
    """Take the claims of `order`, (stratum, claim id), in the order of review; return their versions."""
    claims, screened = schema.claims, schema.run_claims
    query = select(claims.c.claim_id, claims.c.id).join(screened, screened.c.claim_version_id == claims.c.id)
    versions = {row.claim_id: row.id for row in connection.execute(query.where(screened.c.run_id == run_id))}
    rows = [
        {"audit_id": audit_id, "claim_version_id": versions[claim_id], "stratum": stratum, "position": position}
        for position, (stratum, claim_id) in enumerate(order, start=1)
    ]
    connection.execute(insert(schema.audit_claims), rows)
    return [row["claim_version_id"] for row in rows]


def _as_now(connection: Connection, taken: Sequence[int]) -> list[int]:
    """These versions, and the current one of each claim that was replaced since its screening: that is reviewed."""
    claims, older = schema.claims, schema.claims.alias()
    query = select(claims.c.id).join(older, older.c.claim_id == claims.c.claim_id)
    newer = query.where(claims.c.is_current, ~older.c.is_current, among(connection, older.c.id, sorted(taken)))
    return sorted({*taken, *connection.execute(newer).scalars()})

"""The worklist: claims under audit in pages, the riskiest first, and where each stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, Select, and_, case, exists, func, select

from audit.review import RISK, STATES, VIEWS, decisions, findings, newest_run, signatures, standing
from audit.store import schema
from audit.store.database import read


@dataclass(frozen=True)
class Page:
    """One page of the worklist and the number of claims in the whole view."""

    rows: pd.DataFrame
    total: int


def worklist(engine: Engine, view: str, *, audit_id: int | None = None, page: int = 1, size: int = 25) -> Page:
    """One page of the claims under audit in one of VIEWS, the riskiest first.

    Rows: claim_version_id, claim_id, service_date, payer, therapist, errors, warnings, infos, undecided, state,
    first (who signed first, ""), found (rule codes, most severe first).
    """
    query = _claims_under_audit(audit_id)
    claims = query.subquery()
    chosen = select(claims).where(claims.c.state == view)
    order = (claims.c.risk.desc(), claims.c.service_date, claims.c.claim_version_id)
    with read(engine) as connection:
        total = connection.execute(select(func.count()).select_from(chosen.subquery())).scalar_one()
        found = connection.execute(chosen.order_by(*order).limit(size).offset((page - 1) * size))
        rows = pd.DataFrame(found.all(), columns=list(found.keys()))
        rows["found"] = rows["claim_version_id"].map(_rules_found(connection, rows)).fillna("")
    return Page(rows, int(total))


def counts(engine: Engine, audit_id: int | None = None) -> dict[str, int]:
    """Number of claims under audit in each of VIEWS."""
    claims = _claims_under_audit(audit_id).subquery()
    with read(engine) as connection:
        query = select(claims.c.state, func.count().label("number")).group_by(claims.c.state)
        found = {row.state: row.number for row in connection.execute(query)}
    return {view: found.get(view, 0) for view in VIEWS}


def next_claim(engine: Engine, view: str, *, after: int | None = None, audit_id: int | None = None) -> int | None:
    """The claim to go on with: the first of the view that is not `after`; None when there is none.

    Who reviews gets the returned claims first.
    """
    for one in ("returned", "to_review") if view == "to_review" else (view,):
        rows = worklist(engine, one, audit_id=audit_id, size=2).rows
        ids = [int(claim) for claim in rows["claim_version_id"] if claim != after]
        if ids:
            return ids[0]
    return None


def _claims_under_audit(audit_id: int | None) -> Select[Any]:
    claims, taken, accounts = schema.claims, schema.audit_claims, schema.accounts
    last = select(func.max(signatures.c.id)).where(signatures.c.claim_version_id == claims.c.id).scalar_subquery()
    signed, run = signatures.alias(), newest_run().subquery()
    undecided = ~exists().where(decisions.c.finding_id == findings.c.id, standing())
    counted = (
        select(
            findings.c.claim_version_id,
            findings.c.run_id,
            *[func.sum(case((findings.c.severity == s, 1), else_=0)).label(f"{s}s") for s in (*RISK, "untestable")],
            func.sum(case((and_(findings.c.severity != "untestable", undecided), 1), else_=0)).label("undecided"),
        )
        .group_by(findings.c.claim_version_id, findings.c.run_id)
        .subquery()
    )
    number = {s: func.coalesce(counted.c[f"{s}s"], 0) for s in (*RISK, "untestable")}
    of_audit = select(taken.c.claim_version_id)
    if audit_id is not None:
        of_audit = of_audit.where(taken.c.audit_id == audit_id)
    views = {meaning: view for meaning, view in STATES.items() if meaning}
    state = case(views, value=signed.c.meaning, else_=STATES[""])
    return (
        select(
            claims.c.id.label("claim_version_id"),
            claims.c.claim_id,
            claims.c.service_date,
            func.coalesce(claims.c.payer_name, claims.c.payer_id).label("payer"),
            func.coalesce(claims.c.rendering_name, claims.c.rendering_npi).label("therapist"),
            *[number[s].label(f"{s}s") for s in (*RISK, "untestable")],
            func.coalesce(counted.c.undecided, 0).label("undecided"),
            sum((number[s] * weight for s, weight in RISK.items()), start=number["untestable"] * 0).label("risk"),
            state.label("state"),
            func.coalesce(accounts.c.name, "").label("first"),
            run.c.run_id,
        )
        .join(run, run.c.claim_version_id == claims.c.id)
        .outerjoin(counted, and_(counted.c.claim_version_id == claims.c.id, counted.c.run_id == run.c.run_id))
        .outerjoin(signed, signed.c.id == last)
        .outerjoin(accounts, accounts.c.id == signed.c.account_id)
        .where(claims.c.is_current, claims.c.id.in_(of_audit))
    )


def _rules_found(connection: Connection, rows: pd.DataFrame) -> dict[int, str]:
    """Rule codes found on each claim of a page, the most severe first."""
    if rows.empty:
        return {}
    runs_of = set(zip(rows["claim_version_id"], rows["run_id"], strict=True))
    wanted = findings.c.claim_version_id.in_([int(one) for one in rows["claim_version_id"]])
    query = select(findings.c.claim_version_id, findings.c.run_id, findings.c.rule, findings.c.severity).where(wanted)
    found: dict[int, dict[str, int]] = {}
    for one in connection.execute(query):
        if (one.claim_version_id, one.run_id) in runs_of and one.severity in RISK:
            rules = found.setdefault(one.claim_version_id, {})
            rules[one.rule] = max(rules.get(one.rule, 0), RISK[one.severity])
    return {claim: ", ".join(sorted(rules, key=lambda rule: (-rules[rule], rule))) for claim, rules in found.items()}

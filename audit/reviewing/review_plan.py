"""How many people a claim needs: one, two or three reviewers, and which second reviews are blind.

A plan is fixed with its seed before the claims it is for are looked at, and is never changed, only followed by
another. Which claims fall into the random share follows from the seed and the claim's id alone: SHA-256(seed + "," +
claim_id) as a fraction below the share, so a stranger can draw it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from audit.errors import StateError
from audit.judging import Progress
from audit.reviewing.review_rights import PLANNERS, account_may
from audit.sampling import new_seed
from audit.store import kept, schema, seal, trail
from audit.store.canonical import canonical
from audit.store.database import read, write
from audit.store.rows import Row, among, at_once
from audit.store.standing import Standing, stand

SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class PlanRule:
    """Claims to which every condition given applies need this many people. `min_dollars` is at risk, in dollars;
    `severity`: at least one finding of it; no condition at all is for every claim."""

    people: int
    min_risk: int | None = None
    min_dollars: Decimal | None = None
    severity: str = ""
    payer_ids: tuple[str, ...] = ()
    blind: bool = False

    def fits(self, row: Row) -> bool:
        return (
            (self.min_risk is None or row["risk"] >= self.min_risk)
            and (self.min_dollars is None or row["dollars"] >= self.min_dollars)
            and (not self.severity or row[f"{self.severity}s"] > 0)
            and (not self.payer_ids or row["payer_id"] in self.payer_ids)
        )

    @property
    def why(self) -> str:
        said = [
            f"risk {self.min_risk} and more" if self.min_risk is not None else "",
            f"${self.min_dollars} and more at risk" if self.min_dollars is not None else "",
            f"a finding of severity {self.severity}" if self.severity else "",
            f"payer {', '.join(self.payer_ids)}" if self.payer_ids else "",
        ]
        return "; ".join(part for part in said if part) or "every claim"


@dataclass(frozen=True, slots=True)
class Plan:
    """`blind_share`: the part of all claims, from 0 to 1, that gets a blind second review by chance."""

    rules: tuple[PlanRule, ...] = ()
    blind_share: float = 0.0
    seed: str = ""
    id: int | None = None

    def needed(self, row: Row) -> Needed:
        """For a claim as the kept worklist shows it."""
        fitting = [rule for rule in self.rules if rule.fits(row)]
        most = max(fitting, key=lambda rule: rule.people, default=PlanRule(1))
        people, why = most.people, most.why if fitting else "one reviewer and one approver"
        blind = any(rule.blind for rule in fitting)
        if self.blind_share and drawn(self.seed, row["claim_id"]) < self.blind_share:
            people, blind, why = max(people, 2), True, f"{why}; drawn for blind second review"
        return Needed(people, blind and people > 1, why)


@dataclass(frozen=True, slots=True)
class Needed:
    """How many people review a claim before it is approved by one who did not review it first, and why."""

    people: int
    blind: bool
    why: str


def drawn(seed: str, claim_id: str) -> float:
    """The place of a claim in the draw, from 0 to 1."""
    return int(hashlib.sha256(f"{seed},{claim_id}".encode()).hexdigest(), 16) / 2**256


def current(connection: Connection) -> Plan:
    """The plan in force; before one is set, one reviewer and one approver for every claim."""
    table = schema.review_plans
    row = connection.execute(select(table).order_by(table.c.id.desc()).limit(1)).mappings().first()
    return _plan(json.loads(row["content"]), row["id"]) if row else Plan()


def history(engine: Engine) -> list[tuple[datetime, str, str, Plan]]:
    """Every plan that was set, the newest first: when, by whom (printed name), the reason, the plan."""
    table, accounts = schema.review_plans, schema.accounts
    query = select(table, accounts.c.name).join(accounts, accounts.c.id == table.c.account_id)
    with read(engine) as connection:
        rows = connection.execute(query.order_by(table.c.id.desc())).mappings().all()
    return [(row["at"], row["name"], row["reason"], _plan(json.loads(row["content"]), row["id"])) for row in rows]


def set_plan(engine: Engine, plan: Plan, *, account_id: int, at: datetime, reason: str) -> Plan:
    """Put a plan in force for claims on which nobody decided yet. A seed is drawn when there is none.

    Raises StateError for a plan that cannot be, AccessError for who is neither manager nor administrator.
    """
    _check(plan, reason)
    content = asdict(plan) | {"seed": plan.seed.strip() or new_seed()}
    content.pop("id")
    table = schema.review_plans
    with write(engine) as connection:
        account_may(connection, account_id, PLANNERS)
        before = current(connection).id
        row = {"content": _text(content), "reason": reason.strip(), "account_id": account_id, "at": at}
        added: int = connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one()
        waiting = schema.worklist.c
        states = waiting.state.in_(("to_review", "stale"))
        plan_claims(connection, list(connection.execute(select(waiting.claim_version_id).where(states)).scalars()), at)
        details = {"plan": added, "before": before, "row": seal.stored_digest(connection, table, added)}
        trail.record(
            connection,
            kind="review plan set",
            subject=f"review plan {added}",
            account_id=account_id,
            at=at,
            details=details,
        )
        return current(connection)


def plan_claims(
    connection: Connection, claim_version_ids: Sequence[int], at: datetime, progress: Progress | None = None
) -> None:
    """Say for each of these claims how many people it needs, and show it in the worklist. Where somebody decided
    already the number never falls."""
    plan, every, done = current(connection), sorted(set(claim_version_ids)), 0
    for ids in at_once(every):
        if progress:
            progress(done, len(every))
        known = _planned(connection, plan, ids, at)
        kept.refresh(connection, ids, at, known)
        done += len(ids)


def plan_judged(engine: Engine, run_id: int, at: datetime) -> None:
    """`plan_claims` for the claims under review that this run judged, as a corrected version of one that was chosen."""
    shown = schema.worklist.c
    with write(engine) as connection:
        judged = select(shown.claim_version_id).where(shown.run_id == run_id)
        plan_claims(connection, list(connection.execute(judged).scalars()), at)


def _planned(connection: Connection, plan: Plan, ids: Sequence[int], at: datetime) -> dict[int, Standing]:
    """Where these claims stand once the plan has said how many people each needs."""
    known, rows, worth = stand(connection, ids), [], kept.worth_of(connection, ids)
    for one, now in known.items():
        row = kept.row_of(now)
        needed = plan.needed(row | {"dollars": worth.get((one, row["run_id"]), Decimal("0.00"))})
        begun = bool(now.verdicts.first or now.verdicts.missed or now.signatures)
        same = (now.people, bool(now.plan.get("blind"))) == (needed.people, needed.blind)
        if begun or (now.plan and same):
            continue
        rows.append({"claim_version_id": one, "plan_id": plan.id, "at": at, **asdict(needed)})
    if rows:
        connection.execute(insert(schema.planned_claims), rows)
    return known | {row["claim_version_id"]: replace(known[row["claim_version_id"]], plan=row) for row in rows}


def needed(connection: Connection, claim_version_id: int) -> Needed:
    """What the plan said of this claim."""
    table = schema.planned_claims
    query = select(table.c.people, table.c.blind, table.c.why).where(
        among(connection, table.c.claim_version_id, [claim_version_id])
    )
    row = connection.execute(query.order_by(table.c.id.desc()).limit(1)).mappings().first()
    return needed_for(dict(row or {}))


def needed_for(row: Row) -> Needed:
    """As `needed`, from the row that the plan left for a claim; {} where it left none."""
    return Needed(row["people"], row["blind"], row["why"]) if row else Plan().needed({"claim_id": ""})


def _check(plan: Plan, reason: str) -> None:
    if not reason.strip():
        raise StateError("a plan needs its reason in words", do="Say why")
    if not 0 <= plan.blind_share <= 1:
        raise StateError(f"a share of {plan.blind_share} cannot be", do="Write 10 % as 0.1")
    for rule in plan.rules:
        if rule.people not in (1, 2, 3):
            raise StateError("a claim needs one, two or three people", do="Change the rule")
        if rule.severity and rule.severity not in SEVERITIES:
            raise StateError(f"'{rule.severity}' is no severity", do=f"Use one of {', '.join(SEVERITIES)}")


def _text(content: dict[str, Any]) -> str:
    return canonical({**content, "rules": [_plain(rule) for rule in content["rules"]]})


def _plain(rule: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in rule.items()}


def _plan(content: dict[str, Any], plan_id: int) -> Plan:
    rules = tuple(
        PlanRule(
            **{
                **rule,
                "payer_ids": tuple(rule["payer_ids"]),
                "min_dollars": Decimal(rule["min_dollars"]) if rule["min_dollars"] is not None else None,
            }
        )
        for rule in content.get("rules", [])
    )
    return Plan(rules, content.get("blind_share", 0.0), content.get("seed", ""), plan_id)

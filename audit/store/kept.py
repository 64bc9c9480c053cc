"""The kept worklist: one row for each claim under review, made anew whenever something about the claim changes.

The row is for showing and searching. What may be decided or signed is asked of `standing`, inside the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Connection, delete, insert, select

from audit.store import schema, trail
from audit.store.came_since import concerned_by_load
from audit.store.canonical import canonical
from audit.store.rows import Row, among, at_once
from audit.store.standing import Standing, stand

RISK = {"error": 100, "warning": 10, "info": 1}
NO_DAY = date(9999, 12, 31)
"""Stands in `due_on` where nothing is due: it sorts last."""
NEVER = datetime.min.replace(tzinfo=UTC)
table = schema.worklist


def refresh(
    connection: Connection, claim_version_ids: Sequence[int], at: datetime, known: Mapping[int, Standing] | None = None
) -> dict[int, Row]:
    """Make the rows of these versions anew and return them; what is not under review, or replaced, gets none.
    `known`: where they stand, from who has just asked."""
    made: dict[int, Row] = {}
    for ids in at_once(sorted(set(claim_version_ids))):
        made |= _refresh(connection, ids, at, known)
    return made


def _refresh(
    connection: Connection, ids: Sequence[int], at: datetime, known: Mapping[int, Standing] | None
) -> dict[int, Row]:
    held = {
        row["claim_version_id"]: dict(row)
        for row in connection.execute(select(table).where(among(connection, table.c.claim_version_id, ids))).mappings()
    }
    made = rows(connection, ids, at, held, known)
    changed = [row for row in made.values() if held.get(row["claim_version_id"]) != row]
    gone = [one for one in held if one not in made] + [row["claim_version_id"] for row in changed]
    if gone:
        connection.execute(delete(table).where(among(connection, table.c.claim_version_id, gone)))
    if changed:
        connection.execute(insert(table), changed)
    return made


def rows(
    connection: Connection,
    ids: Sequence[int],
    at: datetime,
    held: dict[int, Row],
    known: Mapping[int, Standing] | None = None,
) -> dict[int, Row]:
    """The rows as they should be. `since` stays while the state does."""
    under = _under_review(connection, ids)
    assigned = schema.assignments
    given = {
        row.claim_version_id: row
        for row in connection.execute(select(assigned).where(among(connection, assigned.c.claim_version_id, ids)))
    }
    worth, made = worth_of(connection, ids), {}
    for one, now in (known or stand(connection, sorted(under))).items():
        if one not in under or not now.claim["is_current"]:
            continue
        to = given.get(one)
        row = row_of(now) | {"assigned_to": to.account_id if to else None, "since": at}
        row["dollars"] = worth.get((one, row["run_id"]), Decimal("0.00"))
        due = [one["due_on"] for one in now.verdicts.open_asks] + ([to.due_on] if to and to.due_on else [])
        row["due_on"] = min(due, default=NO_DAY)
        if one in held and held[one]["state"] == row["state"]:
            row["since"] = held[one]["since"]
        made[one] = row
    return made


def worth_of(connection: Connection, ids: Sequence[int]) -> dict[tuple[int, int], Decimal]:
    """By claim version and run, what the bill is too high by: all findings of the claim together, each unit once."""
    kept = schema.run_claims.c
    query = select(kept.claim_version_id, kept.run_id, kept.dollars_over)
    query = query.where(among(connection, kept.claim_version_id, ids), kept.dollars_over.is_not(None))
    return {(claim, run): over for claim, run, over in connection.execute(query)}


def _under_review(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Those of the versions that an audit chose, or an older version of whose claim it chose."""
    older = schema.claims.alias()
    taken = select(schema.audit_claims.c.claim_version_id)
    query = (
        select(schema.claims.c.id)
        .join(older, older.c.claim_id == schema.claims.c.claim_id)
        .where(among(connection, schema.claims.c.id, ids), older.c.id.in_(taken))
    )
    return set(connection.execute(query).scalars())


def row_of(now: Standing) -> Row:
    """What is shown of a claim, but for its dollars, who it is given to and since when it stands there."""
    count = {s: sum(one["severity"] == s for one in now.findings) for s in (*RISK, "untestable")}
    worst: dict[str, int] = {}
    for one in now.findings:
        if one["severity"] in RISK:
            worst[one["rule"]] = max(worst.get(one["rule"], 0), RISK[one["severity"]])
    claim = now.claim
    return {
        "claim_version_id": claim["id"],
        "claim_id": claim["claim_id"],
        "state": now.state,
        "people": now.people,
        "blind": now.blind,
        "run_id": now.run.get("id"),
        "risk": sum(count[s] * weight for s, weight in RISK.items()),
        **{f"{s}s": number for s, number in count.items()},
        "undecided": now.undecided(),
        "found": ", ".join(sorted(worst, key=lambda rule: (-worst[rule], rule))),
        "payer_id": claim["payer_id"],
        "payer": claim["payer_name"] or claim["payer_id"],
        "rendering_npi": claim["rendering_npi"],
        "therapist": claim["rendering_name"] or claim["rendering_npi"],
        "service_date": claim["service_date"],
        "first_id": now.review.get("account_id") if now.last not in ("", "sent_back") else None,
    }


def touched_by_load(connection: Connection, load_id: int) -> list[int]:
    """Versions that a load bears on: of the claims it brought that are under review, new and replaced, and those in
    the worklist on which something bears that came with it."""
    claims, every = schema.claims, schema.claims.alias()
    came = select(claims.c.claim_id).where(claims.c.load_id == load_id, claims.c.claim_id.in_(select(table.c.claim_id)))
    of_claims = connection.execute(select(every.c.id).where(every.c.claim_id.in_(came))).scalars()
    return sorted({*of_claims, *concerned_by_load(connection, load_id)})


def note_facts(connection: Connection, facts_sha256: str, at: datetime) -> bool:
    """Note which facts are in force; when they are others than before, all that was judged by those is stale."""
    seen = schema.facts_seen
    newest = connection.execute(select(seen.c.facts_sha256).order_by(seen.c.id.desc()).limit(1)).scalar()
    if newest == facts_sha256:
        return False
    connection.execute(insert(seen).values(facts_sha256=facts_sha256, at=at))
    open_claims = select(table.c.claim_version_id).where(table.c.state != "released")
    refresh(connection, list(connection.execute(open_claims).scalars()), at)
    details = {"before": newest or "", "after": facts_sha256}
    trail.record(connection, kind="facts changed", subject="facts", account_id=None, at=at, details=details)
    return True


def differing(connection: Connection) -> list[int]:
    """Versions whose kept row is not what signatures and decisions say: none, unless somebody wrote by hand."""
    held = {row["claim_version_id"]: dict(row) for row in connection.execute(select(table)).mappings()}
    older, taken = schema.claims.alias(), schema.audit_claims
    query = (
        select(schema.claims.c.id)
        .join(older, older.c.claim_id == schema.claims.c.claim_id)
        .join(taken, taken.c.claim_version_id == older.c.id)
        .where(schema.claims.c.is_current)
    )
    under = sorted({*held, *connection.execute(query).scalars()})
    made = rows(connection, under, NEVER, held)
    return sorted(one for one in under if _shown(held.get(one)) != _shown(made.get(one)))


def _shown(row: Row | None) -> str:
    return canonical({name: str(value) for name, value in (row or {}).items() if name != "since"})

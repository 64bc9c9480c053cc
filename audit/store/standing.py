"""Where a claim stands, from its signatures and decisions and from nothing else.

One function for one claim and for many. It is asked inside the transaction that decides or signs; the kept worklist
is made by it, never the other way round.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Select, func, select

from audit.store import rows, schema
from audit.store.came_since import FACTS, came_since
from audit.store.review_conditions import RULED
from audit.store.rows import Row, among_asked
from audit.store.verdicts import Verdicts

STATES = (
    *("to_review", "on_hold", "second", "adjudicate", "ready"),
    *("returned", "sent_back", "stale", "approved", "released"),
)
_BY_SIGNATURE = {"": "to_review", "sent_back": "sent_back", "returned": "returned", "approved": "approved"}


@dataclass(frozen=True)
class Standing:
    """One version of a claim. `last`: what was signed last about the newest run's findings ("" for nothing);
    "sent_back" too when a dispute was accepted since. `stage`: whose turn it is to decide: first, second,
    adjudication, or "" when nobody's."""

    claim: Row
    run: Row
    findings: list[Row]
    signatures: list[Row]
    verdicts: Verdicts
    plan: Row
    came: tuple[str, ...]
    """What came or changed after the run began, in words; nothing may be decided or signed over it."""
    released: bool
    last: str = ""
    review: Row = field(default_factory=dict)

    @property
    def id(self) -> int:
        return int(self.claim["id"])

    @property
    def people(self) -> int:
        return int(self.plan.get("people", 1))

    @property
    def blind(self) -> bool:
        return bool(self.plan.get("blind", False)) and self.people > 1

    @property
    def changed(self) -> bool:
        return bool(self.came)

    @property
    def left_behind(self) -> bool:
        """Something was signed about the findings of an older run."""
        return bool(self.signatures) and self.signatures[-1]["run_id"] != self.run.get("id")

    @property
    def state(self) -> str:
        if self.released:
            return "released"
        if not self.run or self.changed or self.left_behind:
            return "stale"
        if self.verdicts.open_asks:
            return "on_hold"
        if self.last == "reviewed":
            return "second" if self.people > 1 else "ready"
        if self.last == "second":
            return "adjudicate" if self.verdicts.open_differences() else "ready"
        return _BY_SIGNATURE[self.last]

    @property
    def stage(self) -> str:
        if self.released or not self.run or not self.claim["is_current"]:
            return ""
        if self.last == "reviewed":
            return "second" if self.people > 1 else ""
        return {"": "first", "sent_back": "first", "second": "adjudication"}.get(self.last, "")

    @property
    def judged(self) -> dict[int, str]:
        """The findings that want a verdict: id -> severity."""
        return {int(one["id"]): one["severity"] for one in self.findings if one["severity"] != "untestable"}

    def undecided(self, stage: str | None = None) -> int:
        """How much the present stage still has to decide."""
        stage = self.stage if stage is None else stage
        if stage == "adjudication":
            return len(self.verdicts.open_differences())
        made = self.verdicts.of_stage(stage) if stage else {}
        return sum(("finding", finding) not in made for finding in self.judged) if stage else 0

    @property
    def in_error(self) -> bool:
        return self.verdicts.in_error(self.judged)

    @property
    def uncovered(self) -> bool:
        """The second review is committed, so both may see each other's verdicts."""
        return self.last not in ("", "reviewed", "sent_back") or not self.blind


def newest_run() -> Select[Any]:
    """For each claim version the newest finished run that screened it: claim_version_id, run_id."""
    screened, runs = schema.run_claims, schema.runs
    return (
        select(screened.c.claim_version_id, func.max(screened.c.run_id).label("run_id"))
        .join(runs, runs.c.id == screened.c.run_id)
        .where(runs.c.state == "finished")
        .group_by(screened.c.claim_version_id)
    )


def stand(connection: Connection, claim_version_ids: Sequence[int]) -> dict[int, Standing]:
    """Where each of these versions stands now; ids that are not in the store are left out."""
    ids, query = sorted(set(claim_version_ids)), _queries(connection.dialect.name)
    asked = rows.asked(connection.dialect.name, ids)
    claims = _by(connection.execute(query["claims"], asked), "id")
    runs = {row["claim_version_id"]: dict(row) for row in connection.execute(query["runs"], asked).mappings()}
    findings, decisions, signed, planned = (
        _by(connection.execute(query[name], asked), "claim_version_id")
        for name in ("findings", "decisions", "signatures", "planned_claims")
    )
    plans = {one: of_claim[-1] for one, of_claim in planned.items()}
    came = came_since(connection, ids, runs)
    facts = connection.execute(query["facts"]).scalar()
    released = set(connection.execute(query["released"], asked).scalars())
    result = {}
    for one, of_claim in claims.items():
        run, signatures = runs.get(one, {}), signed[one]
        of_run = [row for row in findings[one] if row["run_id"] == run.get("id")]
        last = signatures[-1]["meaning"] if signatures and run and signatures[-1]["run_id"] == run["id"] else ""
        if last and _reopened(decisions[one], signatures[-1], {row["id"] for row in of_run}):
            last = "sent_back"
        review = next((row for row in reversed(signatures) if row["meaning"] == "reviewed"), {})
        result[one] = Standing(
            claim=of_claim[0],
            run=run,
            findings=of_run,
            signatures=signatures,
            verdicts=Verdicts.of(decisions[one], review.get("id")),
            plan=plans.get(one, {}),
            came=(*came.get(one, ()), *([FACTS] if run and facts and run["facts_sha256"] != facts else [])),
            released=one in released,
            last=last,
            review=review,
        )
    return result


def stand_of(connection: Connection, claim_version_id: int) -> Standing | None:
    return stand(connection, [claim_version_id]).get(claim_version_id)


def _reopened(decisions: list[Row], signed: Row, findings: set[int]) -> bool:
    """A dispute was accepted after the signature: what it was given for stands no more."""
    return any(
        one["stage"] == RULED
        and one["id"] > (signed["decision_id"] or 0)
        and (one["finding_id"] is None or one["finding_id"] in findings)
        for one in decisions
    )


def _by(found: CursorResult[Any], name: str) -> dict[int, list[Row]]:
    grouped: defaultdict[int, list[Row]] = defaultdict(list)
    for row in found.mappings():
        grouped[row[name]].append(dict(row))
    return grouped


@cache
def _queries(backend: str) -> dict[str, Select[Any]]:
    """What `stand` asks of the versions `asked`. Built once: it takes longer than the database needs to answer."""
    claims, seen, taken = schema.claims, schema.facts_seen.c, schema.release_claims.c.claim_version_id
    of_claims = (schema.findings, schema.decisions, schema.signatures, schema.planned_claims)
    return {
        "claims": select(claims).where(among_asked(backend, claims.c.id)),
        "runs": _runs(backend),
        "facts": select(seen.facts_sha256).order_by(seen.id.desc()).limit(1),
        "released": select(taken).where(among_asked(backend, taken)),
        **{
            table.name: select(table).where(among_asked(backend, table.c.claim_version_id)).order_by(table.c.id)
            for table in of_claims
        },
    }


def _runs(backend: str) -> Select[Any]:
    runs = schema.runs
    newest = newest_run().where(among_asked(backend, schema.run_claims.c.claim_version_id)).subquery()
    return select(newest.c.claim_version_id, runs).join(runs, runs.c.id == newest.c.run_id)

"""A corrected claim beside the version before it: which findings are resolved, still there, or new.

"Resolved" is what the rules say of the new version, never what somebody wrote: a rule that could not be tested again
leaves its finding open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select

from audit.store import schema
from audit.store.database import read
from audit.store.rows import among
from audit.store.standing import newest_run

FATES = ("resolved", "still there", "not testable now", "new")
_ALIKE = (("rule", "line_number", "procedure_code"), ("rule", "procedure_code"), ("rule",))


@dataclass(frozen=True, slots=True)
class Since:
    """A claim since its version before: the findings (rule, severity, line_number, because) by their fate."""

    claim_id: str
    version: int
    before: int
    findings: Mapping[str, Sequence[Mapping[str, Any]]]

    @property
    def sentence(self) -> str:
        told = [f"{len(self.findings[fate])} {fate}" for fate in FATES if self.findings[fate]]
        return f"Version {self.version} against version {self.before}: {', '.join(told) or 'nothing found in either'}."


def compare(
    before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]
) -> dict[str, list[Mapping[str, Any]]]:
    """The findings of two runs on a claim by FATES.

    Findings are told to be one by rule, line and code; where the lines moved, by rule and code, then by rule."""
    open_ = [one for one in before if one["severity"] != "untestable"]
    told = list(after)
    fresh = [one for one in told if one["severity"] != "untestable"]
    still: list[Mapping[str, Any]] = []
    for names in _ALIKE:
        for old in list(open_):
            same = next((one for one in fresh if all(one[name] == old[name] for name in names)), None)
            if same is not None:
                open_.remove(old)
                fresh.remove(same)
                still.append(same)
    untested = [one for one in open_ if _untested(one["rule"], told)]
    resolved = [one for one in open_ if one not in untested]
    return {"resolved": resolved, "still there": still, "not testable now": untested, "new": fresh}


def _untested(rule: str, told: Iterable[Mapping[str, Any]]) -> bool:
    """The rule could not judge the claim the second time, or broke; then it proves nothing."""
    return any(
        one["severity"] == "untestable" and (one["rule"] == rule or f"Rule {rule} could not run" in one["because"])
        for one in told
    )


def since_before(engine: Engine, claim_version_ids: Sequence[int]) -> list[Since]:
    """For those of the versions that follow another and are screened: what became of the findings of the newest
    version before them that was screened too."""
    with read(engine) as connection:
        return since_of(connection, claim_version_ids)


def since_of(connection: Connection, claim_version_ids: Sequence[int]) -> list[Since]:
    """As `since_before`, inside the caller's transaction."""
    found = [_since(connection, one) for one in _pairs(connection, claim_version_ids)]
    return sorted(found, key=lambda one: (one.claim_id, one.version))


def _pairs(connection: Connection, ids: Sequence[int]) -> list[Any]:
    """Claim id, then version and run of the newer, then of the older one."""
    claims, older = schema.claims, schema.claims.alias()
    runs, earlier = newest_run().subquery(), newest_run().subquery()
    query = (
        select(claims.c.claim_id, claims.c.id, claims.c.version, runs.c.run_id)
        .add_columns(older.c.id, older.c.version, earlier.c.run_id)
        .join(runs, runs.c.claim_version_id == claims.c.id)
        .join(older, (older.c.claim_id == claims.c.claim_id) & (older.c.version < claims.c.version))
        .join(earlier, earlier.c.claim_version_id == older.c.id)
        .where(among(connection, claims.c.id, list(ids)), _stands(older.c.load_id))
        .order_by(claims.c.id, older.c.version)
    )
    return list({row[0]: row for row in connection.execute(query)}.values())


def _stands(load_id: Any) -> Any:
    return load_id.not_in(select(schema.withdrawals.c.load_id))


def _since(connection: Connection, pair: Any) -> Since:
    claim_id, newer, version, run, older, before, earlier = pair
    found = [_findings(connection, *one) for one in ((older, earlier), (newer, run))]
    return Since(claim_id, version, before, compare(found[0], found[1]))


def _findings(connection: Connection, claim_version_id: int, run_id: int) -> list[Mapping[str, Any]]:
    table = schema.findings.c
    names = [table.rule, table.severity, table.line_number, table.procedure_code, table.because]
    query = select(*names).where(table.claim_version_id == claim_version_id, table.run_id == run_id).order_by(table.id)
    return [dict(row) for row in connection.execute(query).mappings()]

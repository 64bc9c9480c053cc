"""What came after the rules judged a claim: records that they would have read, and did not.

A signature stands for what the rules and a person saw. A note of the claim's days, another claim of the same day, or a
plan, authorisation, payer, price or practitioner that bears on it takes that away, from the load (or the saved payer
profile) on, and not only with the next run. A record that begins after the claim's day does not bear on it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, func, literal, or_, select, union_all

from audit.store import schema
from audit.store.rows import Row, among

SAID = {
    "notes": "a note of its day",
    "claims": "another claim of its day",
    "plans_of_care": "a plan of care",
    "authorizations": "an authorisation",
    "payers": "its payer's rules",
    "fees": "its payer's prices",
    "providers": "a practitioner",
    "payer_profiles": "its payer's profile",
}
"""What came, by table, in the words that a reviewer reads."""
FACTS = "the facts that rules rest on"
_LOADED = tuple(name for name in SAID if name != "payer_profiles")
lines, shown, profile = schema.claim_lines.c, schema.worklist.c, schema.payer_profiles.c
_note, _other, _other_lines = schema.notes.alias(), schema.claims.alias(), schema.claim_lines.alias()
_now: dict[str, FromClause] = {name: schema.metadata.tables[name].alias() for name in _LOADED}


def came_since(connection: Connection, ids: Collection[int], runs: Mapping[int, Row]) -> dict[int, tuple[str, ...]]:
    """By claim version, in words: what came after its newest run began; versions of which nothing did are left out."""
    judged = {one: run for one, run in runs.items() if one in ids}
    found: dict[int, set[str]] = {one: set() for one in judged}
    newest = connection.execute(select(func.max(schema.loads.c.id))).scalar() or 0
    seen = {one: run["load_id"] for one, run in judged.items() if (run["load_id"] or newest) < newest}
    if seen:
        of_them = among(connection, lines.claim_version_id, sorted(seen))
        every = union_all(*[_loads_of(name, of_them, min(seen.values())) for name in _LOADED])
        for one, name, load in connection.execute(every):
            found[one] |= {name} if load > seen[one] else set()
    saved = connection.execute(select(profile.at).order_by(profile.id.desc()).limit(1)).scalar()
    begun = {one: run["started_at"] for one, run in judged.items() if saved and run["started_at"] < saved}
    if begun:
        of_them = among(connection, lines.claim_version_id, sorted(begun))
        query = select(lines.claim_version_id, func.max(profile.at)).where(of_them, _of_payer(profile))
        for one, at in connection.execute(query.group_by(lines.claim_version_id)):
            found[one] |= {"payer_profiles"} if at > begun[one] else set()
    return {one: tuple(said for name, said in SAID.items() if name in names) for one, names in found.items() if names}


def concerned_by_load(connection: Connection, load_id: int) -> set[int]:
    """Versions in the worklist that a record of this load bears on, beside the claims it brought."""
    parts = [_in_worklist().where(_now[name].c.load_id == load_id, _bears(name)) for name in _LOADED]
    return set(connection.execute(union_all(*parts)).scalars())


def concerned_by_profile(connection: Connection, profile_id: int) -> set[int]:
    """Versions in the worklist that a saved payer profile bears on."""
    return set(connection.execute(_in_worklist().where(profile.id == profile_id, _of_payer(profile))).scalars())


def _in_worklist() -> Select[Any]:
    return select(lines.claim_version_id).where(lines.claim_version_id.in_(select(shown.claim_version_id))).distinct()


def _loads_of(name: str, of_them: ColumnElement[bool], after: int) -> Select[Any]:
    """The newest load that brought a record of this table bearing on each of the versions."""
    load = _now[name].c.load_id
    query = select(lines.claim_version_id, literal(name), func.max(load))
    return query.where(of_them, load > after, _bears(name)).group_by(lines.claim_version_id)


def _bears(name: str) -> ColumnElement[bool]:
    """A current record bears on a claim line. A note or claim that was moved away from the line's day does too, not one
    that only a load put there that was undone."""
    now, undone = _now[name].c, select(schema.withdrawals.c.load_id)
    same_patient = now.get("patient_id", literal(None)) == lines.patient_id
    bears = {
        "notes": lambda: and_(_of_day(_note.c), now.note_id == _note.c.note_id, _note.c.load_id.not_in(undone)),
        "claims": lambda: and_(
            _of_day(_other_lines.c),
            _other.c.id == _other_lines.c.claim_version_id,
            now.claim_id == _other.c.claim_id,
            now.claim_id != lines.claim_id,
            _other.c.load_id.not_in(undone),
        ),
        "plans_of_care": lambda: and_(same_patient, _begun(now.start_date)),
        "authorizations": lambda: and_(
            same_patient,
            _begun(now.from_date),
            or_(now.payer_id.is_(None), now.payer_id.in_(("", lines.payer_id))),
        ),
        "providers": lambda: or_(now.npi == lines.rendering_npi, now.npi == lines.billing_npi),
    }
    return and_(now.is_current, bears[name]() if name in bears else _of_payer(now))


def _of_day(rows: Any) -> ColumnElement[bool]:
    return and_(rows.patient_id == lines.patient_id, rows.service_date == lines.service_date)


def _of_payer(rows: Any) -> ColumnElement[bool]:
    return and_(rows.payer_id == lines.payer_id, _begun(rows.effective_from))


def _begun(first: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(first.is_(None), first <= lines.service_date)

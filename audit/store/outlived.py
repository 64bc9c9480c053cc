"""What is older than the period for which a clinic keeps it, and what is held back although it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import ColumnElement, Connection, Date, Table, and_, func, or_, select, union

from audit.store import schema
from audit.store.personal import PERSONAL
from audit.store.rows import among

DONE = ("approved", "released", "returned")
"""States of the worklist in which nobody works on a claim any more."""
OF_AGE = 25
"""Years: records of minors are kept until seven years after their eighteenth birthday."""
SHORTEST = 3
"""Characters of a value that is looked for in what rules say: a shorter one stands in any sentence by chance."""
Ids = dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Outlived:
    """`rows`: ids by table of what may go. `claims`: its claims, all versions of one counted once. `held`: why claims
    of that age stay, with their number."""

    rows: Ids
    claims: int
    held: dict[str, int]


def outlived(connection: Connection, before: date, today: date) -> Outlived:
    """What is left of claims whose every date of service lies before a day."""
    old = _old_claims(connection, before)
    held, free = {}, old
    for why, claim_ids in _held(connection, free, before, today).items():
        held[why] = len(free & claim_ids)
        free = free - claim_ids
    return Outlived(_rows(connection, free, before, today), len(free), {why: n for why, n in held.items() if n})


def _old_claims(connection: Connection, before: date) -> set[str]:
    claims, lines, gone = schema.claims, schema.claim_lines, schema.removals
    removed = select(gone.c.row_id).where(gone.c.table_name == "claims")
    query = (
        select(claims.c.claim_id)
        .join(lines, lines.c.claim_version_id == claims.c.id)
        .group_by(claims.c.claim_id)
        .having(func.max(lines.c.service_date) < before, func.max(claims.c.service_date) < before)
    )
    left = select(claims.c.claim_id).where(claims.c.id.not_in(removed))
    return set(connection.execute(query.where(claims.c.claim_id.in_(left))).scalars())


def _held(connection: Connection, old: set[str], before: date, today: date) -> dict[str, set[str]]:
    """Why a claim stays -> claims of which that is so."""
    claims, lines, work = schema.claims, schema.claim_lines, schema.worklist
    paid, owed = schema.payments, schema.overpayments
    adult = date(today.year - OF_AGE, today.month, min(today.day, 28))
    made, said, ruled = schema.decisions, schema.feedback_answers, schema.feedback_rulings
    open_ = said.c.kind.in_(("dispute", "appeal")) & said.c.id.not_in(select(ruled.c.answer_id))
    beside = lines.alias()
    same_day = and_(beside.c.patient_id == lines.c.patient_id, beside.c.service_date == lines.c.service_date)
    queries = {
        "is of a day of a claim under review": select(claims.c.claim_id)
        .join(lines, lines.c.claim_version_id == claims.c.id)
        .join(beside, same_day)
        .join(work, work.c.claim_version_id == beside.c.claim_version_id)
        .where(work.c.state.not_in(DONE), work.c.claim_id != claims.c.claim_id),
        "is still under review": select(work.c.claim_id).where(work.c.state.not_in(DONE)),
        "was answered by the payer since": select(paid.c.claim_id).where(paid.c.payment_date >= before),
        "has an overpayment that was touched since": select(claims.c.claim_id)
        .join(owed, owed.c.claim_version_id == claims.c.id)
        .where(owed.c.happened_on >= before),
        "has a dispute that waits for its ruling": select(claims.c.claim_id)
        .join(made, made.c.claim_version_id == claims.c.id)
        .join(said, said.c.decision_id == made.c.id)
        .where(open_),
        "is of somebody who was a minor": select(claims.c.claim_id)
        .join(lines, lines.c.claim_version_id == claims.c.id)
        .where(lines.c.patient_birth_date > adult),
    }
    return {why: set(connection.execute(query).scalars()) & old for why, query in queries.items()}


def _rows(connection: Connection, free: set[str], before: date, today: date) -> Ids:
    claims, notes, lines, paid = schema.claims, schema.notes, schema.claim_lines, schema.payments
    found: Ids = {"claims": _ids(connection, claims, among(connection, claims.c.claim_id, sorted(free)))}
    found["notes"] = _old_notes(connection, found["claims"], before)
    found["payments"] = _ids(connection, paid, among(connection, paid.c.claim_id, sorted(free)))
    gone = {name: among(connection, schema.metadata.tables[name].c.id, found[name]) for name in ("claims", "notes")}
    left = union(
        select(claims.c.patient_id).where(~gone["claims"]), select(notes.c.patient_id).where(~gone["notes"]),
        select(lines.c.patient_id).where(~among(connection, lines.c.claim_version_id, found["claims"])),
    )  # fmt: skip
    known = union(select(claims.c.patient_id).where(gone["claims"]), select(notes.c.patient_id).where(gone["notes"]))
    for table in (schema.plans_of_care, schema.authorizations):
        whole = and_(table.c.patient_id.in_(known), table.c.patient_id.not_in(left))
        found[table.name] = _ids(connection, table, whole)
    told = schema.documents
    of_notes = select(notes.c.note_id).where(gone["notes"])
    stray = and_(told.c.at < _start(before), told.c.note_id.not_in(select(notes.c.note_id)))
    found["documents"] = _ids(connection, told, or_(told.c.note_id.in_(of_notes), stray))
    found["findings"] = quoting(connection, found["claims"])
    found |= _written(connection, found["claims"] + _removed_before(connection, before, today))
    found["loads"] = _old_loads(connection, found, before)
    return {name: ids for name, ids in found.items() if ids}


def _removed_before(connection: Connection, before: date, today: date) -> list[int]:
    """Versions that lost their values in an earlier removal, but those that are held now, as by a dispute."""
    claims, gone = schema.claims, schema.removals
    query = select(claims.c.id, claims.c.claim_id).join(gone, gone.c.row_id == claims.c.id)
    rows = connection.execute(query.where(gone.c.table_name == "claims").order_by(claims.c.id)).all()
    held = set[str]().union(*_held(connection, {row.claim_id for row in rows}, before, today).values())
    return [row.id for row in rows if row.claim_id not in held]


def _written(connection: Connection, versions: list[int]) -> Ids:
    """What people wrote about these versions; about those that lost their values before it may have come since."""
    decisions, answers, rulings = schema.decisions, schema.feedback_answers, schema.feedback_rulings
    of_versions = among(connection, decisions.c.claim_version_id, versions)
    made = select(decisions.c.id).where(of_versions)
    said = select(answers.c.id).where(answers.c.decision_id.in_(made))
    found = {
        table.name: _ids(connection, table, among(connection, table.c.claim_version_id, versions))
        for table in (decisions, schema.signatures, schema.overpayments)
    }
    found["feedback_answers"] = _ids(connection, answers, answers.c.id.in_(said))
    found["feedback_rulings"] = _ids(connection, rulings, rulings.c.answer_id.in_(said))
    return found


def quoting(connection: Connection, claim_version_ids: list[int]) -> list[int]:
    """Findings on these versions that quote a number or words of their patient, as that of an authorisation."""
    lines, notes, held, found = schema.claim_lines, schema.notes, schema.authorizations, schema.findings
    mine = among(connection, lines.c.claim_version_id, claim_version_ids)
    named = [lines.c[name] for name in PERSONAL["claim_lines"] if not isinstance(lines.c[name].type, Date)]
    asked = [select(lines.c.claim_version_id, column).where(mine) for column in named]
    for table, column in ((held, held.c.number), (notes, notes.c.performance_deficits)):
        of_patient = table.c.patient_id == lines.c.patient_id
        asked.append(select(lines.c.claim_version_id, column).join(lines, of_patient).where(mine).distinct())
    told: dict[int, set[str]] = {}
    for query in asked:
        for version, value in connection.execute(query):
            if value and len(value) >= SHORTEST:
                told.setdefault(version, set()).add(value)
    texts = [found.c[name] for name in PERSONAL["findings"]]
    query = select(found.c.id, found.c.claim_version_id, *texts).where(
        among(connection, found.c.claim_version_id, sorted(told))
    )
    rows = connection.execute(query.order_by(found.c.id)).all() if told else []
    said = [(row.id, row.claim_version_id, f"{row.expected} {row.observed} {row.because}") for row in rows]
    return [one for one, version, text in said if any(value in text for value in told[version])]


def _old_notes(connection: Connection, claim_version_ids: list[int], before: date) -> list[int]:
    """Notes of before that day, but those of the days of a claim that stays, or of a later version that is younger."""
    notes, lines, younger = schema.notes, schema.claim_lines, schema.notes.alias()
    stays = (
        select(lines.c.claim_version_id)
        .where(lines.c.patient_id == notes.c.patient_id, lines.c.service_date == notes.c.service_date)
        .where(~among(connection, lines.c.claim_version_id, claim_version_ids))
    )
    moved = select(younger.c.id).where(younger.c.note_id == notes.c.note_id, younger.c.service_date >= before)
    return _ids(connection, notes, and_(notes.c.service_date < before, ~stays.exists(), ~moved.exists()))


def _old_loads(connection: Connection, found: Ids, before: date) -> list[int]:
    """Loads of which nothing is left: the names of their files and the rows that they refused go too."""
    loads, brought = schema.loads, []
    for table in (schema.claims, schema.notes):
        removed = select(schema.removals.c.row_id).where(schema.removals.c.table_name == table.name)
        mine = select(table.c.id).where(table.c.load_id == loads.c.id)
        left = mine.where(~among(connection, table.c.id, found[table.name]), table.c.id.not_in(removed))
        brought.append((mine.exists(), ~left.exists()))
    some = or_(loads.c.at < _start(before), *[came for came, _ in brought])
    return _ids(connection, loads, and_(some, *[gone for _, gone in brought]))


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _ids(connection: Connection, table: Table, where: ColumnElement[bool]) -> list[int]:
    gone = schema.removals
    removed = select(gone.c.row_id).where(gone.c.table_name == table.name)
    query = select(table.c.id).where(where, table.c.id.not_in(removed)).order_by(table.c.id)
    return list(connection.execute(query).scalars())

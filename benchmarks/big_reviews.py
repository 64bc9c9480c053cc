"""Verdicts, signatures, answers of therapists and rulings, many at once: the guards and the chain of events hold.

Each row and its event are what the program would have written for one claim after the other; only the leases are taken
for all claims together, and the worklist is made anew once at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, Engine, Table, delete, func, insert, select

from audit.store import database, kept, schema, seal, trail

if TYPE_CHECKING:
    from benchmarks.big_clinic import People

BEGAN, WEEKS = datetime(2025, 1, 6, 9, tzinfo=UTC), 96
LATER = datetime(2099, 1, 1, tzinfo=UTC)
REVIEWED, SECONDED, AGREED, ANSWERED, RULED = 0.5, 0.8, 0.8, 0.85, 0.7
"""Shares: of claims with all verdicts, of these that the second person signed, of verdicts that agree, of findings that
their therapist answered, of disputes that the doctor ruled on."""
Row = dict[str, Any]


def review(engine: Engine, run_id: int, people: People, say: Callable[[str], None] = print) -> None:
    chance = np.random.default_rng(11)
    claims = _claims(engine, run_id, chance)
    with database.write(engine) as connection:
        decided = _decide(connection, claims, people, chance)
        say(f"{sum(map(len, decided.values())):,} verdicts")
        first = _sign(connection, run_id, list(claims), decided, people, {})
        say(f"{len(first):,} first signatures")
        second = [one for one in claims if chance.random() < SECONDED]
        _sign(connection, run_id, second, decided, people, first)
        say(f"{len(second):,} second signatures")
        connection.execute(delete(schema.leases))
    with database.write(engine) as connection:
        say(f"{_answer(connection, second, decided, people, chance):,} answers")
    with database.write(engine) as connection:
        kept.refresh(connection, list(claims), LATER)
        connection.execute(
            schema.worklist.update()
            .where(schema.worklist.c.since == LATER)
            .values(since=BEGAN + timedelta(weeks=WEEKS))
        )
    say("worklist")


def _claims(engine: Engine, run_id: int, chance: np.random.Generator) -> dict[int, list[Row]]:
    """The claims that get reviewed, by chance, each with its findings that want a verdict."""
    shown, found = schema.worklist.c, schema.findings.c
    with database.read(engine) as connection:
        ids = list(connection.execute(select(shown.claim_version_id).order_by(shown.claim_version_id)).scalars())
        taken = {one: [] for one in ids if chance.random() < REVIEWED}
        query = select(found.id, found.claim_version_id, found.severity, found.rule).where(
            found.run_id == run_id, found.severity != "untestable"
        )
        for row in connection.execute(query.order_by(found.id)).mappings():
            if row["claim_version_id"] in taken:
                taken[row["claim_version_id"]].append(dict(row))
    return taken


def _moment(number: int, of: int, hours: int = 0) -> datetime:
    return BEGAN + timedelta(minutes=int(number / of * WEEKS * 7 * 24 * 60), hours=hours)


def _hold(connection: Connection, whose: dict[int, int]) -> None:
    """Leases for all, as the guards want them."""
    connection.execute(delete(schema.leases))
    rows = [
        {"claim_version_id": one, "account_id": by, "taken_at": BEGAN, "ends_at": LATER} for one, by in whose.items()
    ]
    connection.execute(insert(schema.leases), rows)


def _decide(
    connection: Connection, claims: dict[int, list[Row]], people: People, chance: np.random.Generator
) -> dict[int, list[Row]]:
    """Two more rules than others are often dismissed, so that rules differ in how often they are right."""
    whose = {one: people.reviewers[n % len(people.reviewers)] for n, one in enumerate(claims)}
    _hold(connection, whose)
    number = _next(connection, schema.decisions)
    made: dict[int, list[Row]] = {}
    for place, (claim, findings) in enumerate(claims.items()):
        made[claim] = []
        for finding in findings:
            agrees = chance.random() < (AGREED if finding["rule"] != "UNIT-12" else 0.4)
            row = {"id": number, "claim_version_id": claim, "finding_id": finding["id"], "account_id": whose[claim],
                   "kind": "agree" if agrees else "dismiss", "reason": "" if agrees else "not_applicable", "text": "",
                   "undoes_id": None, "at": _moment(place, len(claims)), "stage": "first", "review_id": None,
                   "about_id": None, "corrected": "", "due_on": None}  # fmt: skip
            made[claim].append({**row, "severity": finding["severity"]})
            number += 1
    rows = [{name: row[name] for name in schema.decisions.c.keys()} for of in made.values() for row in of]  # noqa: SIM118
    _add(connection, schema.decisions, rows)
    _tell(connection, "decision", rows, lambda row: {"finding": row["finding_id"], "stage": "first",
                                                     "reason": row["reason"], "before": "to_review",
                                                     "after": "to_review"})  # fmt: skip
    return made


def _sign(  # noqa: PLR0917
    connection: Connection,
    run_id: int,
    claims: list[int],
    decided: dict[int, list[Row]],
    people: People,
    first: dict[int, int],
) -> dict[int, int]:
    """The first signatures, or, when those are given, the second person's; return ids by claim."""
    hands = people.seconds if first else people.reviewers
    places = {claim: n for n, claim in enumerate(decided)}
    whose = {one: hands[places[one] % len(hands)] for one in claims}
    _hold(connection, whose)
    table, number = schema.signatures, _next(connection, schema.signatures)
    accounts = schema.accounts.c
    names = dict(connection.execute(select(accounts.id, accounts.name)).tuples().all())
    rows = []
    for one in claims:
        wrong = any(row["kind"] == "agree" and row["severity"] in ("error", "warning") for row in decided[one])
        meaning = "reviewed" if not first else "returned" if wrong else "approved"
        newest = max((row["id"] for row in decided[one]), default=None)
        row = {"id": number, "claim_version_id": one, "account_id": whose[one], "meaning": meaning,
               "printed_name": names[whose[one]], "single_person": False,
               "reason": "Correct the lines as the findings say." if meaning == "returned" else "",
               "digest": seal.seal(connection, one, run_id, newest),
               "at": _moment(places[one], len(decided), 30 if first else 1), "run_id": run_id,
               "review_id": first.get(one), "decision_id": newest}  # fmt: skip
        rows.append(row)
        number += 1
    _add(connection, table, rows)
    _tell(connection, "signature", rows, lambda row: {
        "digest": row["digest"], "single_person": False, "password": "not asked: made up",
        "before": "ready" if first else "to_review", "after": row["meaning"] if first else "ready"})  # fmt: skip
    return {row["claim_version_id"]: row["id"] for row in rows}


def _answer(
    connection: Connection,
    closed: list[int],
    decided: dict[int, list[Row]],
    people: People,
    chance: np.random.Generator,
) -> int:
    """Answers of the therapists who have an account, and rulings of the doctor on their disputes, all upheld."""
    claims = schema.claims.c
    npis = dict(connection.execute(select(claims.id, claims.rendering_npi)).tuples().all())
    table, number, rows = schema.feedback_answers, _next(connection, schema.feedback_answers), []
    mine = [one for one in closed if npis[one] in people.therapists]
    upheld = [row for one in mine for row in decided[one] if row["kind"] == "agree" and row["severity"] != "info"]
    for verdict in upheld:
        if chance.random() > ANSWERED:
            continue
        disputes = chance.random() < 0.15
        rows.append({"id": number, "decision_id": verdict["id"], "kind": "dispute" if disputes else "agree",
                     "account_id": people.therapists[npis[verdict["claim_version_id"]]],
                     "text": "The service stood apart from the rest of the visit." if disputes else "", "note_id": "",
                     "passage": "", "note_version_id": None, "at": verdict["at"] + timedelta(days=4),
                     "claim_version_id": verdict["claim_version_id"]})  # fmt: skip
        number += 1
    _add(connection, table, [{n: v for n, v in row.items() if n != "claim_version_id"} for row in rows])
    kinds = {"agree": "feedback agreed", "dispute": "feedback disputed"}
    _tell(connection, "answer", rows, lambda row: {"decision": row["decision_id"]}, kinds)
    ruled = [row for row in rows if row["kind"] == "dispute" and chance.random() < RULED]
    table, number = schema.feedback_rulings, _next(connection, schema.feedback_rulings)
    same = {"account_id": people.doctor, "level": "doctor", "outcome": "upheld", "reason": "The note does not say so.",
            "decision_id": None, "kind": "finding upheld"}  # fmt: skip
    rulings = [
        {**same, "id": number + n, "answer_id": row["id"], "claim_version_id": row["claim_version_id"],
         "at": row["at"] + timedelta(days=5)} for n, row in enumerate(ruled)
    ]  # fmt: skip
    _add(connection, table, [{n: row[n] for n in table.c.keys()} for row in rulings])  # noqa: SIM118
    of_ruling = {"finding upheld": "finding upheld"}
    _tell(connection, "ruling", rulings, lambda row: {"answer": row["answer_id"], "level": "doctor"}, of_ruling)
    return len(rows)


def _next(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.max(table.c.id))).scalar() or 0) + 1


def _add(connection: Connection, table: Table, rows: list[Row]) -> None:
    if not rows:
        return
    connection.execute(insert(table), rows)
    if connection.dialect.name == "postgresql":  # the ids were given, so the sequence has to follow
        last = func.setval(func.pg_get_serial_sequence(table.name, "id"), rows[-1]["id"])
        connection.execute(select(last))


def _tell(
    connection: Connection,
    name: str,
    rows: Iterable[Row],
    details: Callable[[Row], Row],
    kinds: dict[str, str] | None = None,
) -> None:
    """The event of each row, with the row's digest."""
    table = {"decision": schema.decisions, "signature": schema.signatures, "answer": schema.feedback_answers,
             "ruling": schema.feedback_rulings}[name]  # fmt: skip
    told = []
    for row in rows:
        own = {column: row[column] for column in table.c.keys()}  # noqa: SIM118
        kind = kinds[row["kind"]] if kinds else row.get("kind") or row["meaning"]
        told.append({
            "kind": kind, "subject": f"claim version {row['claim_version_id']}", "account_id": row["account_id"],
            "at": row["at"], "details": {name: row["id"], **details(row), "row": seal.row_digest(own)}})  # fmt: skip
    trail.record_all(connection, told)

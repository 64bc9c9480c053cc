"""One claim from load to release, as a list of what happened: for who looks at it from outside.

Everything is shown, taken back or not, hidden from the other reviewer or not: only for roles that never review.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from audit.access import solo
from audit.errors import StateError
from audit.facts.reference import load_facts
from audit.payers.payer_answers import Answer, answers
from audit.reviewing.corrected import since_of
from audit.reviewing.review import REASONS
from audit.reviewing.review_rights import TRAIL_READERS, account_may
from audit.reviewing.sign_off import MEANINGS
from audit.store import schema, trail
from audit.store.database import write

KINDS = {
    "agree": "agreed",
    "correct": "agreed and corrected",
    "dismiss": "dismissed",
    "ask": "asked the therapist",
    "answer": "recorded the answer",
    "missed": "reported an error that no rule found",
    "undo": "took a decision back",
}
ANSWERS = {
    "agree": "agreed with the finding",
    "dispute": "disputed the finding",
    "addendum": "added a late entry to the note",
    "appeal": "appealed the ruling",
}
RULINGS = {"upheld": "upheld the finding after a dispute", "accepted": "accepted the dispute"}
LOOKS = {"claim viewed": "looked at it", "claim record viewed": "read this record"}
STAGES = {
    "first": "first review",
    "second": "second review",
    "adjudication": "adjudication",
    "dispute": "dispute accepted",
}


@dataclass(frozen=True, slots=True)
class Step:
    """`who` is a printed name, "" for the program; `what` in words; `more` what it rests on (ids, digests, text)."""

    at: datetime
    who: str
    what: str
    more: str = ""


@dataclass(frozen=True)
class Record:
    """`lines`: one text a line of the newest version; `answers`: what the payer paid and took off."""

    claim_id: str
    state: str
    lines: list[str]
    steps: list[Step]
    answers: list[Answer]
    corrected: tuple[str, ...] = ()
    """What became of the findings of the version before, a sentence for each corrected version."""


def record_of(engine: Engine, claim_id: str, *, account_id: int, at: datetime) -> Record:
    """What happened to all versions of a claim, the earliest first. Looking at it is an event of the trail.

    Raises StateError when there is no such claim, AccessError for a role that reviews.
    """
    with write(engine) as connection:
        account_may(connection, account_id, TRAIL_READERS)
        claims = schema.claims
        versions = connection.execute(
            select(claims).where(claims.c.claim_id == claim_id).order_by(claims.c.version)
        ).mappings()
        found = [dict(one) for one in versions]
        if not found:
            raise StateError("there is no claim with this id", do="Look it up in the worklist")
        people = _people(connection)
        steps = [step for one in found for step in _steps(connection, one, people)]
        newest = found[-1]
        state = connection.execute(
            select(schema.worklist.c.state).where(schema.worklist.c.claim_version_id == newest["id"])
        ).scalar()
        steps.sort(key=lambda step: step.at)
        paid = answers(connection, claim_id, load_facts())
        since = tuple(one.sentence for one in since_of(connection, [one["id"] for one in found]))
        record = Record(claim_id, state or "", _lines(connection, newest["id"]), steps, paid, since)
        subject = f"claim version {newest['id']}"
        trail.record(connection, kind="claim record viewed", subject=subject, account_id=account_id, at=at)
    return record


def _people(connection: Connection) -> dict[Any, str]:
    accounts = schema.accounts
    return {row.id: row.name for row in connection.execute(select(accounts.c.id, accounts.c.name))} | {None: ""}


def _lines(connection: Connection, version: int) -> list[str]:
    table = schema.claim_lines
    rows = connection.execute(select(table).where(table.c.claim_version_id == version).order_by(table.c.line_number))
    return [_line(one) for one in rows.mappings()]


def _line(one: Any) -> str:
    modifiers = [one[f"modifier_{n}"] for n in range(1, 5) if one[f"modifier_{n}"]]
    return f"{one['line_number']}: {' '.join([one['procedure_code'], *modifiers])} x{one['units']}"


def _steps(connection: Connection, claim: dict[str, Any], people: dict[Any, str]) -> list[Step]:
    parts = (_loaded, _ran, _drawn, _decided, _answered, _signed, _released, _seen)
    return [step for part in parts for step in part(connection, claim, people)]


def _loaded(connection: Connection, claim: dict[str, Any], people: dict[Any, str]) -> list[Step]:
    loads = schema.loads
    one = connection.execute(select(loads).where(loads.c.id == claim["load_id"])).mappings().one()
    what = f"loaded version {claim['version']} of the claim"
    return [Step(one["at"], people[one["account_id"]], what, f"{one['name']}, content {claim['content_sha256']}")]


def _ran(connection: Connection, claim: dict[str, Any], people: dict[Any, str]) -> list[Step]:
    runs, screened, findings = schema.runs, schema.run_claims, schema.findings
    query = select(runs).join(screened, screened.c.run_id == runs.c.id)
    steps = []
    for one in connection.execute(query.where(screened.c.claim_version_id == claim["id"])).mappings():
        mine = (findings.c.claim_version_id == claim["id"]) & (findings.c.run_id == one["id"])
        told = connection.execute(select(findings.c.rule, findings.c.severity).where(mine).order_by(findings.c.id))
        found = ", ".join(f"{row.rule} {row.severity}" for row in told) or "nothing"
        more = f"run {one['id']}, code {one['code_version']}, facts {one['facts_sha256']}"
        steps.append(Step(one["started_at"], people[one["account_id"]], f"ran the rules: {found}", more))
    return steps


def _drawn(connection: Connection, claim: dict[str, Any], people: dict[Any, str]) -> list[Step]:
    audits, taken = schema.audits, schema.audit_claims
    query = select(audits, taken.c.stratum).join(taken, taken.c.audit_id == audits.c.id)
    return [
        Step(one["seeded_at"] or one["frozen_at"], people[one["account_id"]], f"chose it for the audit {one['name']}",
             f"stratum {one['stratum']}, frame {one['frame_sha256']}, seed {one['seed'] or 'none: every claim'}")
        for one in connection.execute(query.where(taken.c.claim_version_id == claim["id"])).mappings()
    ]  # fmt: skip


def _decided(connection: Connection, claim: dict[str, Any], people: dict[Any, str]) -> list[Step]:
    made, findings = schema.decisions, schema.findings
    query = select(made, findings.c.rule).outerjoin(findings, findings.c.id == made.c.finding_id)
    rows = connection.execute(query.where(made.c.claim_version_id == claim["id"]).order_by(made.c.id)).mappings()
    steps = []
    for one in rows:
        right = [_corrected(line) for line in json.loads(one["corrected"] or "[]")]
        about = f"decision {one['undoes_id']}" if one["undoes_id"] else ""
        said = ", ".join(part for part in (about, REASONS.get(one["reason"], ""), one["text"], *right) if part)
        rule = f" {one['rule']}" if one["rule"] else ""
        what = f"{STAGES[one['stage']]}: {KINDS.get(one['kind'], one['kind'])}{rule}{': ' + said if said else ''}"
        steps.append(Step(one["at"], people[one["account_id"]], what, f"decision {one['id']}"))
    return steps


def _answered(connection: Connection, claim: dict[str, Any], people: dict[Any, str]) -> list[Step]:
    """What the therapist answered, and how it was ruled."""
    made, given, ruled = schema.decisions, schema.feedback_answers, schema.feedback_rulings
    of_claim = select(given).join(made, made.c.id == given.c.decision_id).where(made.c.claim_version_id == claim["id"])
    steps = []
    for one in connection.execute(of_claim).mappings():
        what = f"{ANSWERS[one['kind']]}{': ' + one['text'] if one['text'] else ''}"
        steps.append(Step(one["at"], people[one["account_id"]], what, f"on decision {one['decision_id']}"))
        for ruling in connection.execute(select(ruled).where(ruled.c.answer_id == one["id"])).mappings():
            what = f"{RULINGS[ruling['outcome']]}: {ruling['reason']}"
            steps.append(Step(ruling["at"], people[ruling["account_id"]], what, f"ruling {ruling['id']}"))
    return steps


def _corrected(line: dict[str, Any]) -> str:
    if line["remove"]:
        return f"line {line['line_number']} not billed"
    return f"line {line['line_number']} {' '.join([line['procedure_code'], *line['modifiers']])} x{line['units']}"


def _signed(connection: Connection, claim: dict[str, Any], people: dict[Any, str]) -> list[Step]:
    table = schema.signatures
    rows = connection.execute(select(table).where(table.c.claim_version_id == claim["id"])).mappings()
    passwords, steps = _passwords(connection, claim), []
    for one in rows:
        reason = f", {one['reason']}" if one["reason"] else ""
        alone = f", {solo.MARK}" if one["single_person"] else ""
        more = f"password {passwords.get(one['id'], 'not recorded')}, signature {one['id']}, digest {one['digest']}"
        steps.append(Step(one["at"], one["printed_name"], f"signed: {MEANINGS[one['meaning']]}{reason}{alone}", more))
    return steps


def _passwords(connection: Connection, claim: dict[str, Any]) -> dict[int, str]:
    """By signature, what its event says of the password."""
    events = schema.events
    mine = (events.c.subject == f"claim version {claim['id']}") & events.c.kind.in_(MEANINGS)
    told = [json.loads(details) for details in connection.execute(select(events.c.details).where(mine)).scalars()]
    return {one["signature"]: one["password"] for one in told if one.get("password")}


def _released(connection: Connection, claim: dict[str, Any], people: dict[Any, str]) -> list[Step]:
    releases, taken = schema.releases, schema.release_claims
    query = select(releases).join(taken, taken.c.release_id == releases.c.id)
    made = list(connection.execute(query.where(taken.c.claim_version_id == claim["id"])).mappings())
    events, subjects = schema.events, [f"release {one['id']}" for one in made]
    again = select(events).where(events.c.kind == "released again", events.c.subject.in_(subjects))
    return [
        Step(one["at"], people[one["account_id"]], "released it to the billing system",
             f"release {one['id']}, file {one['csv_sha256']}")
        for one in made
    ] + [
        Step(one["at"], people[one["account_id"]], "took the file of the release again", one["subject"])
        for one in connection.execute(again).mappings()
    ]  # fmt: skip


def _seen(connection: Connection, claim: dict[str, Any], people: dict[Any, str]) -> list[Step]:
    events = schema.events
    mine = (events.c.subject == f"claim version {claim['id']}") & events.c.kind.like("%viewed")
    return [
        Step(one["at"], people[one["account_id"]], LOOKS.get(one["kind"], one["kind"]), f"event {one['id']}")
        for one in connection.execute(select(events).where(mine)).mappings()
    ]  # fmt: skip

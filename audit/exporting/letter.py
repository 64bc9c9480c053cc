"""The letter to a therapist: what went well, what reviewers upheld by pattern, the right way, how to answer.

It says what the page *Coding feedback* says, claim by claim under each pattern. Claims go by their ids and dates of
service, because the therapist has to find their notes; patients are not named. It is protected health information.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from audit import __version__
from audit.access import permission
from audit.exporting.making import Made
from audit.exporting.on_paper import TEMPLATE, compiled
from audit.exporting.on_paper import table as on_paper
from audit.exporting.sheets import Kind, Sheet, sheet
from audit.exporting.worked_example import worked_example
from audit.feedback.answered import STATES
from audit.feedback.items import Feedback, of_therapist
from audit.feedback.patterns import COUNTED, Pattern, example_of, in_short, patterns, went_well
from audit.feedback.rights import demand_reader
from audit.rules import rule_book
from audit.store import trail
from audit.store.database import write

WAYS = {"over": "billed too much", "under": "billed too little", "": "documentation or coding"}
CLAIMS: dict[str, str | tuple[str, Kind]] = {
    "claim_id": "claim", "service_date": ("date of service", "date"), "payer": "payer", "found": "what was found",
    "right": "right way", "stands": "where it stands",
}  # fmt: skip
PRIVACY = (
    "For the therapist named above. Claims are named by their ids with dates of service: keep this letter as you keep "
    "the notes. Patients are not named."
)
ANSWERING = (
    "Agree, dispute with reasons and evidence, or add a late entry to the note: on the page Coding feedback, each "
    "finding has its buttons. A dispute goes to a doctor of OT, an appeal to a manager.",
    "Findings that billed too little count like those that billed too much. Nobody gets a score, and longer notes or "
    "dearer codes earn nothing here.",
)


def letter(engine: Engine, npi: str, *, account_id: int, at: datetime) -> Made:
    """The letter as a PDF, recorded with who, to whom and its SHA-256.

    Raises AccessError unless the feedback is the account's own, or its role reads that of all.
    """
    told = letter_of(engine, of_therapist(engine, npi, viewer=account_id, at=at), at)
    made_by = permission.printed_name(engine, account_id)
    origin = f"{at:%Y-%m-%d %H:%M} UTC by {made_by} with Countersign {__version__}"
    told["parts"].append({"heading": "Made", "pairs": [["When, by whom", origin, False]]})
    content = compiled(TEMPLATE, told)
    digest = hashlib.sha256(content).hexdigest()
    with write(engine) as connection:
        demand_reader(connection, npi, account_id)
        details = {"form": "pdf", "sha256": digest}
        subject = f"therapist {npi}"
        trail.record(connection, kind="letter exported", subject=subject, account_id=account_id, at=at, details=details)
    return Made(f"feedback-{npi}.pdf", content, digest)


def letter_of(engine: Engine, feedback: Feedback, at: datetime) -> dict[str, Any]:
    """What the letter says, for the template `report.typ`."""
    found, well = patterns(feedback), went_well(feedback)
    none = "Nothing that was upheld stands on these claims."
    return {
        "title": f"Coding feedback for {feedback.name}",
        "question": f"NPI {feedback.npi} · {_day(at.date())}",
        "answer": [in_short(feedback), *_waiting(feedback)],
        "privacy": PRIVACY,
        "identified": True,
        "parts": [
            *([{"heading": "What went well", "points": [one.sentence for one in well]}] if well else []),
            {"heading": "What was found, by pattern", "text": COUNTED if found else none},
            *[_pattern(engine, one, feedback) for one in found],
            {"heading": "How to answer", "points": list(ANSWERING)},
        ],
    }


def _waiting(feedback: Feedback) -> list[str]:
    mine = feedback.items[feedback.items["waits_for"] == "therapist"]
    if mine.empty:
        return []
    number, late = len(mine), int(mine["overdue"].sum())
    due = f"{late:,} of them overdue" if late else f"the first by {_day(min(mine['due_on']))}"
    return [f"{number:,} finding{'' if number == 1 else 's'} wait{'s' if number == 1 else ''} for your answer, {due}."]


def _pattern(engine: Engine, one: Pattern, feedback: Feedback) -> dict[str, Any]:
    rule = rule_book().get(one.rule)
    pairs = [["Which way", WAYS[one.direction], False]]
    if rule:
        pairs += [["Why it matters", rule.why, False], ["What to do", rule.what_to_do, False]]
    heading = f"{one.rule}: {one.sentence}" if one.rule else one.sentence
    worked = worked_example(engine, example_of(one, feedback), rule)
    claims = on_paper(_claims(one, feedback))
    return {**claims, "text": "", "heading": heading, "pairs": pairs, "small": True, "worked": worked}


def _claims(one: Pattern, feedback: Feedback) -> Sheet:
    rows = feedback.items[feedback.items["decision_id"].isin(one.decision_ids)]
    told = rows.assign(
        found=[row["because"] or row["text"] for row in rows.to_dict("records")],
        right=rows["expected"],
        stands=[_stands(row) for row in rows.to_dict("records")],
    )
    return sheet("Claims", one.sentence, "", CLAIMS, pd.DataFrame(told))


def _stands(row: dict[Any, Any]) -> str:
    due = f" by {_day(row['due_on'])}" if row["due_on"] and row["waits_for"] else ""
    return f"{STATES[row['state']]}{due}{', overdue' if row['overdue'] else ''}"


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"

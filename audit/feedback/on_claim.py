"""What was said since about the verdicts on a claim: its therapist's answers and the rulings, as far as a viewer may
see the verdicts themselves. A blind reviewer, who must not learn the first verdict, learns of no answer to it."""

from __future__ import annotations

from sqlalchemy import Connection, select

from audit.feedback.answered import Answered, answered, answers_of
from audit.feedback.outcomes import outcomes
from audit.reviewing.opinions import required, visible_stages
from audit.store import schema

decisions, given = schema.decisions, schema.feedback_answers
Key = tuple[str, int]
"""("finding", its id) or ("missed", the id of the decision that reports an error that a person saw)."""


def said_on(connection: Connection, claim_version_id: int, viewer: int) -> dict[Key, Answered]:
    """By finding or error seen: where it stands and what was said, oldest first; nothing of it where nobody answered.
    Raises StateError when there is no such version."""
    query = (
        select(decisions.c.id, decisions.c.finding_id, decisions.c.stage, decisions.c.at)
        .where(decisions.c.claim_version_id == claim_version_id)
        .where(decisions.c.id.in_(select(given.c.decision_id)))
        .order_by(decisions.c.id)
    )
    answered_ones = connection.execute(query).all()
    if not answered_ones:
        return {}
    stages = visible_stages(connection, required(connection, claim_version_id), viewer)
    seen = [one for one in answered_ones if one.stage in stages]
    made = answers_of(connection, [one.id for one in seen])
    late = outcomes(connection, [answer for answers in made.values() for answer in answers])
    found: dict[Key, Answered] = {}
    for one in seen:
        outcome = next((late[answer["id"]] for answer in reversed(made[one.id]) if answer["id"] in late), "")
        key = ("finding", one.finding_id) if one.finding_id else ("missed", one.id)
        found[key] = answered(made[one.id], one.at, outcome)
    return found

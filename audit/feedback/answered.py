"""Where a finding stands between its therapist and the house, from its answers and rulings and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from audit.feedback.rights import TO_ANSWER, TO_APPEAL, TO_RULE, due
from audit.store import schema
from audit.store.rows import Row, among

STATES = {
    "open": "waits for an answer",
    "agreed": "agreed",
    "disputed": "disputed, waits for a doctor of OT",
    "upheld": "upheld by a doctor of OT",
    "appealed": "appealed, waits for a manager",
    "final": "upheld by a manager, final",
    "accepted": "dispute accepted",
    "resolved": "late entry: the rule finds nothing any more",
    "still": "late entry: the rule still finds it",
    "untested": "late entry: the rule cannot judge it now",
    "unseen": "late entry: for a person to judge",
    "not run": "late entry: not run again yet",
}
WAITS_FOR = {
    **dict.fromkeys(("open", "still", "untested", "unseen", "not run"), "therapist"),
    **{"disputed": "ruler", "appealed": "manager"},
}
"""States in which somebody has to do something: the therapist, who rules on disputes, or a manager."""


@dataclass(frozen=True)
class Answered:
    """`said`: answers and rulings in their order (at, who, what, text, note_id, passage); `dispute_id`: the answer
    that waits for a ruling, or None."""

    state: str = "open"
    due_on: date | None = None
    said: list[Row] = field(default_factory=list)
    dispute_id: int | None = None

    @property
    def waits_for(self) -> str:
        return WAITS_FOR.get(self.state, "")


def answers_of(connection: Connection, decision_ids: list[int]) -> dict[int, list[Row]]:
    """By decision: its answers in their order, each with `who` (printed name), `ruling` (a row, or {}) and, for a late
    entry, `load_id`."""
    given, rulings, accounts, notes = (
        schema.feedback_answers,
        schema.feedback_rulings,
        schema.accounts,
        schema.notes,
    )
    names: dict[int, str] = {row.id: row.name for row in connection.execute(select(accounts.c.id, accounts.c.name))}
    query = (
        select(given, notes.c.load_id)
        .outerjoin(notes, notes.c.id == given.c.note_version_id)
        .where(among(connection, given.c.decision_id, decision_ids))
        .order_by(given.c.id)
    )
    made = [dict(row) for row in connection.execute(query).mappings()]
    ids = among(connection, rulings.c.answer_id, [one["id"] for one in made])
    ruled = {row["answer_id"]: dict(row) for row in connection.execute(select(rulings).where(ids)).mappings()}
    found: dict[int, list[Row]] = {}
    for one in made:
        ruling = ruled.get(one["id"], {})
        ruling = ruling and {**ruling, "who": names[ruling["account_id"]]}
        found.setdefault(one["decision_id"], []).append({**one, "who": names[one["account_id"]], "ruling": ruling})
    return found


def answered(answers: list[Row], shown_at: datetime, outcome: str = "") -> Answered:
    """Where a finding stands. `answers` as `answers_of` has them; `outcome` of its newest late entry."""
    said = [line for one in answers for line in _lines(one)]
    by_kind = {one["kind"]: one for one in answers}
    if "agree" in by_kind:
        return Answered("agreed", None, said)
    newest = by_kind.get("appeal") or by_kind.get("dispute")
    if newest is None:
        late = by_kind.get("addendum")
        state = (outcome or "not run") if late else "open"
        until = due(late["at"] if late else shown_at, TO_ANSWER)
        return Answered(state, None if state == "resolved" else until, said)
    ruling: dict[str, Any] = newest["ruling"]
    if not ruling:
        state = "appealed" if newest["kind"] == "appeal" else "disputed"
        return Answered(state, due(newest["at"], TO_RULE), said, newest["id"])
    if ruling["outcome"] == "accepted":
        return Answered("accepted", None, said)
    if ruling["level"] == "manager":
        return Answered("final", None, said)
    return Answered("upheld", due(ruling["at"], TO_APPEAL), said)


_SAYS = {"agree": "agreed", "dispute": "disputed", "addendum": "added a late entry", "appeal": "appealed"}
_RULED = {"upheld": "upheld the finding", "accepted": "accepted the dispute"}


def _lines(one: Row) -> list[Row]:
    place = {"note_id": one["note_id"], "passage": one["passage"]}
    told = [{"at": one["at"], "who": one["who"], "what": _SAYS[one["kind"]], "text": one["text"], **place}]
    if ruling := one["ruling"]:
        what = _RULED[ruling["outcome"]]
        told.append({"at": ruling["at"], "who": ruling["who"], "what": what, "text": ruling["reason"],
                     "note_id": "", "passage": ""})  # fmt: skip
    return told

"""What a person may see of the decisions on a claim.

Blind second review: until the second review is committed, what the first reviewer decided is not even fetched for
whoever could be the second, and the other way round. Roles that never review see all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from audit.errors import StateError
from audit.reviewing.review_rights import REVIEWERS
from audit.store import schema
from audit.store.review_conditions import RULED
from audit.store.rows import Row
from audit.store.standing import Standing, stand_of
from audit.store.verdicts import Key

_RANK = {"error": 0, "warning": 1, "info": 2}
_DECISION = {"kind": "decision", "reason": "reason", "text": "text", "corrected": "corrected"}
FINDING_COLUMNS = tuple(column.name for column in schema.findings.c)
SHOWN = ("decision_id", *_DECISION.values(), "decided_by", "account_id", "first", "second", "final")
ASK_COLUMNS = ["id", "finding_id", "text", "due_on", "account_id", "at", "name", "answer", "answered_by"]


def required(connection: Connection, claim_version_id: int) -> Standing:
    """Where the claim stands. Raises StateError when there is no such version."""
    now = stand_of(connection, claim_version_id)
    if now is None:
        raise StateError("there is no such claim", do="Go back to the worklist")
    return now


@dataclass(frozen=True)
class Sight:
    """One claim as one viewer may see it; read once, so that all that is asked of it is of the same moment.

    `stage`: whose verdicts a screen shows to this viewer as the ones to make: "final" when there is none."""

    now: Standing
    visible: tuple[str, ...]
    """The stages whose verdicts this person may see now."""
    stage: str
    names: dict[int, str]

    def findings(self) -> pd.DataFrame:
        """As `findings_of`."""
        rows = []
        for one in sorted(self.now.findings, key=_order):
            key = ("finding", int(one["id"]))
            made = _verdict(self.now, key, self.stage, self.visible)
            rows.append({**one, **_shown(made, self.names), **_kinds(self.now, key, self.visible)})
        return _frame(rows, [*FINDING_COLUMNS, *SHOWN])

    def missed(self) -> pd.DataFrame:
        """As `missed_of`."""
        rows = []
        for one in self.now.verdicts.missed:
            if one["stage"] in self.visible:
                made = _verdict(self.now, ("missed", int(one["id"])), self.stage, self.visible)
                who = {"name": self.names[one["account_id"]], "account_id": one["account_id"], "stage": one["stage"]}
                rows.append({"id": one["id"], "text": one["text"], **who, "decision": made["kind"] if made else ""})
        return _frame(rows, ["id", "text", "name", "account_id", "stage", "decision"])

    def asks(self) -> pd.DataFrame:
        """Questions on the claim that the viewer may see: id, finding_id, text, due_on, name, account_id, at, answer,
        answered_by ("" while open). That a claim waits is told to all; what was asked in a hidden stage is not."""
        rows = []
        for one in self.now.verdicts.asks:
            answer = self.now.verdicts.answers.get(one["id"], {})
            said = {
                "answer": answer.get("text", ""),
                "answered_by": self.names[answer["account_id"]] if answer else "",
            }
            plain = {name: one[name] for name in ("id", "finding_id", "text", "due_on", "account_id", "at")}
            if one["stage"] in self.visible:
                rows.append({**plain, "name": self.names[one["account_id"]], **said})
        return _frame(rows, ASK_COLUMNS)


def sight(connection: Connection, claim_version_id: int, viewer: int) -> Sight:
    """Raises StateError when there is no such version."""
    now = required(connection, claim_version_id)
    return Sight(now, visible_stages(connection, now, viewer), working_stage(now, viewer), _names(connection))


def visible_stages(connection: Connection, now: Standing, viewer: int) -> tuple[str, ...]:
    """The stages whose verdicts this person may see now."""
    every = ("first", "second", "adjudication", RULED)
    if now.uncovered or not _reviews(connection, viewer):
        return every
    if viewer in first_hands(now):
        return ("first", RULED)
    return ("second",) if viewer in second_hands(now) or not second_hands(now) else ()


def first_hands(now: Standing) -> set[int]:
    """Who decided in the first review or signed it."""
    made = {one["account_id"] for one in now.verdicts.first.values()}
    seen = {one["account_id"] for one in now.verdicts.missed if one["stage"] == "first"}
    return made | seen | {one["account_id"] for one in now.signatures if one["meaning"] == "reviewed"}


def second_hands(now: Standing) -> set[int]:
    """Who decided in the second review of the present signature."""
    made = {one["account_id"] for one in now.verdicts.second.values()}
    return made | {one["account_id"] for one in now.verdicts.missed if one["stage"] == "second"}


def findings_of(connection: Connection, claim_version_id: int, viewer: int) -> pd.DataFrame:
    """Findings of the newest run on a claim, errors first, with the decisions that `viewer` may see.

    Columns of `findings`, and of the verdict in the stage this viewer works in (the one that stands, once nobody has
    to decide): decision_id, decision ("" when none), reason, text, corrected, decided_by, account_id. Then `first`,
    `second`, `final`: the kinds of the verdicts, "" where there is none or it is hidden.
    """
    return sight(connection, claim_version_id, viewer).findings()


def missed_of(connection: Connection, claim_version_id: int, viewer: int) -> pd.DataFrame:
    """Errors that a person saw and no rule did, as far as `viewer` may see: id, text, name, account_id, stage, and
    `decision`: the verdict of the stage this viewer works in."""
    return sight(connection, claim_version_id, viewer).missed()


def working_stage(now: Standing, viewer: int) -> str:
    """The stage whose verdicts a screen shows to this viewer as the ones to make: "final" when there is none."""
    if now.stage == "second":
        return "first" if viewer in first_hands(now) else "second"
    if now.stage == "adjudication":
        return "adjudication" if now.verdicts.open_differences() else "final"
    return now.stage or "final"


def _reviews(connection: Connection, viewer: int) -> bool:
    accounts = schema.accounts
    role = connection.execute(select(accounts.c.role).where(accounts.c.id == viewer)).scalar()
    return role is None or role in REVIEWERS


def _verdict(now: Standing, key: Key, stage: str, visible: tuple[str, ...]) -> Row | None:
    if stage == "final":
        made = now.verdicts.final(key)
        return made if made and made["stage"] in visible else None
    return now.verdicts.of_stage(stage).get(key) if stage in visible else None


def _shown(made: Row | None, names: dict[int, str]) -> Row:
    if made is None:
        return {"decision_id": None, **dict.fromkeys(_DECISION.values(), ""), "decided_by": "", "account_id": None}
    told = {shown: made[name] for name, shown in _DECISION.items()}
    who = made["account_id"]
    return {"decision_id": made["id"], **told, "decided_by": names[who], "account_id": who}


def _kinds(now: Standing, key: Key, visible: tuple[str, ...]) -> Row:
    kinds = {}
    for stage in ("first", "second"):
        made = now.verdicts.of_stage(stage).get(key) if stage in visible else None
        kinds[stage] = made["kind"] if made else ""
    final = _verdict(now, key, "final", visible)
    return {**kinds, "final": final["kind"] if final else ""}


def _order(finding: Row) -> tuple[Any, ...]:
    line = finding["line_number"]
    return _RANK.get(finding["severity"], 3), finding["rule"], -1 if line is None else line, finding["id"]


def _names(connection: Connection) -> dict[Any, str]:
    accounts = schema.accounts
    return {row.id: row.name for row in connection.execute(select(accounts.c.id, accounts.c.name))}


def _frame(rows: list[Row], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns)

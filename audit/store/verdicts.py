"""Which decisions on a claim stand, and which verdict of the three stages counts.

Decisions are only added: one is taken back by an `undo` that points to it. First and second review each give a verdict
on every finding; where they differ the adjudicated verdict stands, else the first. A verdict that a therapist disputed
with success is reversed for good.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from audit.store.review_conditions import FLAGGING, RULED, VERDICTS
from audit.store.rows import Row

Key = tuple[str, int]
"""What a verdict is on: ("finding", its id) or ("missed", the id of the decision that reported it)."""


def standing(decisions: Iterable[Row]) -> list[Row]:
    """The decisions that nobody took back, without the undoings."""
    made = list(decisions)
    undone = {one["undoes_id"] for one in made if one["undoes_id"] is not None}
    return [one for one in made if one["kind"] != "undo" and one["id"] not in undone]


def key_of(decision: Row) -> Key:
    if decision["finding_id"] is not None:
        return ("finding", int(decision["finding_id"]))
    return ("missed", int(decision["about_id"]))


@dataclass(frozen=True)
class Verdicts:
    """The standing decisions on one version of a claim, in the review that its newest first signature closed.

    `first`, `second`, `adjudicated`, `ruled`: the verdict of each stage by what it is on. `missed`: errors that a
    person saw and no rule did. `asks`: questions, `answers` by question.
    """

    first: dict[Key, Row] = field(default_factory=dict)
    second: dict[Key, Row] = field(default_factory=dict)
    adjudicated: dict[Key, Row] = field(default_factory=dict)
    ruled: dict[Key, Row] = field(default_factory=dict)
    missed: list[Row] = field(default_factory=list)
    asks: list[Row] = field(default_factory=list)
    answers: dict[int, Row] = field(default_factory=dict)

    @classmethod
    def of(cls, decisions: Iterable[Row], review_id: int | None) -> Verdicts:
        """`decisions` are all of one version; `review_id` is its newest first signature, if there is one."""
        found = cls()
        stages = {"first": found.first, "second": found.second, "adjudication": found.adjudicated, RULED: found.ruled}
        for one in standing(decisions):
            if one["kind"] == "ask":
                found.asks.append(one)
            elif one["kind"] == "answer":
                found.answers[one["about_id"]] = one
            elif one["stage"] not in ("first", RULED) and one["review_id"] != review_id:
                continue
            elif one["kind"] == "missed":
                found.missed.append(one)
            elif one["kind"] in VERDICTS and (one["finding_id"], one["about_id"]) != (None, None):
                stages[one["stage"]][key_of(one)] = one
        return found

    @property
    def open_asks(self) -> list[Row]:
        return [one for one in self.asks if one["id"] not in self.answers]

    def of_stage(self, stage: str) -> dict[Key, Row]:
        return {"first": self.first, "second": self.second}.get(stage, self.adjudicated)

    def final(self, key: Key) -> Row | None:
        """The verdict that stands on a finding."""
        return self.ruled.get(key) or self.adjudicated.get(key) or self.first.get(key)

    def different(self) -> list[Key]:
        """What the two reviews disagree on, adjudicated or not. Asked only once the second review is committed.

        The reason of a dismissal is no difference. An error that one of the two saw and no rule did is one, unless
        the second agreed with it.
        """
        both = [key for key in self.first if key in self.second]
        differ = [key for key in both if _right(self.first[key]) != _right(self.second[key])]
        seen = [("missed", int(one["id"])) for one in self.missed]
        agreed = [key for key in seen if self.second.get(key, {}).get("kind") == "agree"]
        return [key for key in differ if key[0] == "finding"] + [key for key in seen if key not in agreed]

    def open_differences(self) -> list[Key]:
        return [key for key in self.different() if key not in self.adjudicated]

    def in_error(self, severities: dict[int, str]) -> bool:
        """Whether an error or warning is upheld, a line corrected, or an error seen that no rule found.

        `severities` are those of the newest run's findings, by id.
        """
        upheld = any(
            (verdict := self.final(("finding", finding))) is not None
            and (verdict["kind"] == "correct" or (verdict["kind"] == "agree" and severity in FLAGGING))
            for finding, severity in severities.items()
        )
        return upheld or any(
            (self.final(("missed", int(one["id"]))) or {}).get("kind") != "dismiss" for one in self.missed
        )


def _right(decision: Row) -> tuple[Any, Any]:
    return decision["kind"], decision["corrected"]

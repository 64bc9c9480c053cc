"""For who talks with therapists: whose answers are due, and the two to talk to first, with the reason in words.

Nobody is ranked by a rate. Whom to talk to follows from a pattern that came back on reviewed claims and about which
nothing was taught since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, func, select

from audit.access.permission import account_may
from audit.feedback.items import shown_everywhere
from audit.feedback.patterns import SEEN_BY_PEOPLE
from audit.feedback.rights import READERS, TO_ANSWER, due, npi_of
from audit.rules import rule_book
from audit.store import schema
from audit.store.database import read

REPEATED = 2
"""Reviewed claims on which the same finding is a pattern."""
FIRST = 2
"""Therapists named: as many as one has time for."""


@dataclass(frozen=True)
class Due:
    """Findings that wait for their therapist's answer: all, and those whose day has passed, by therapist
    (npi, therapist, waiting, overdue)."""

    waiting: int
    overdue: int
    by_therapist: pd.DataFrame


def answers_due(engine: Engine, *, viewer: int, at: datetime) -> Due:
    """Raises AccessError for roles that do not read the feedback of all."""
    with read(engine) as connection:
        account_may(connection, viewer, READERS)
        rows = shown_everywhere(connection)
    rows = rows[~rows["answered"].astype("bool")]
    late = pd.Series([due(one, TO_ANSWER) < at.date() for one in rows["shown_at"]], index=rows.index, dtype="bool")
    each = rows.assign(overdue=late).groupby(["npi", "therapist"], as_index=False)
    counted = each.agg(waiting=("decision_id", "size"), overdue=("overdue", "sum"))
    return Due(len(rows), int(late.sum()), counted.sort_values(["overdue", "therapist"], ascending=[False, True]))


@dataclass(frozen=True, slots=True)
class Talk:
    npi: str
    therapist: str
    why: str


def to_talk_to(engine: Engine, *, viewer: int) -> list[Talk]:
    """The FIRST therapists with the pattern on most reviewed claims about which nothing was taught since; fewer, or
    none, where nothing came back REPEATED times. Raises AccessError as `answers_due` does."""
    with read(engine) as connection:
        account_may(connection, viewer, READERS)
        rows = shown_everywhere(connection)
        rows = rows[rows["npi"] != npi_of(connection, viewer)]
        taught = _taught(connection)
    last = [taught.get((one["npi"], one["rule"])) for one in rows.to_dict("records")]
    since = [day is None or visit > day for day, visit in zip(last, rows["service_date"], strict=True)]
    fresh = rows[pd.Series(since, index=rows.index, dtype="bool")]
    by_pattern = fresh.groupby(["npi", "therapist", "rule"], as_index=False)
    counted = by_pattern.agg(claim_id=("claim_id", "nunique"))
    counted = counted[counted["claim_id"] >= REPEATED].sort_values(
        ["claim_id", "therapist", "rule"], ascending=[False, True, True], kind="stable"
    )
    first = counted.drop_duplicates("npi").head(FIRST)
    return [_talk(one, taught) for one in first.to_dict("records")]


def _taught(connection: Connection) -> dict[tuple[str, str], Any]:
    table = schema.education_items
    query = select(table.c.therapist_npi, table.c.rule, func.max(table.c.taught_on))
    return {
        (npi, rule): day for npi, rule, day in connection.execute(query.group_by(table.c.therapist_npi, table.c.rule))
    }


def _talk(one: dict[Any, Any], taught: dict[tuple[str, str], Any]) -> Talk:
    book = rule_book()
    title = book[one["rule"]].title if one["rule"] in book else SEEN_BY_PEOPLE
    day = taught.get((one["npi"], one["rule"]))
    since = f"since it was taught on {day.day} {day:%b %Y}" if day else "nothing taught about it yet"
    return Talk(
        one["npi"], one["therapist"], f"{title.rstrip('.')}: upheld on {one['claim_id']} reviewed claims, {since}."
    )

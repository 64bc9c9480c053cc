"""The second review: committed by its own signature, then compared with the first, differences judged by a third.

While a blind second review runs, neither of the two can fetch the other's verdicts (`opinions`). Committing opens
both; what they differ on waits for an adjudicator, who is neither of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, select

from audit.errors import AccessError, StateError
from audit.estimates.agreement import Agreement, agreement
from audit.reviewing.opinions import FINDING_COLUMNS, Sight, second_hands, sight
from audit.reviewing.review_rights import APPROVERS
from audit.reviewing.sign_off import Confirm, ready_to_sign, sign
from audit.store import schema
from audit.store.database import read, write
from audit.store.rows import Row
from audit.store.standing import Standing, stand
from audit.store.verdicts import Key

SIDES = ("first", "second", "adjudicated")
_SAID = ("decision_id", "decision", "reason", "text", "corrected", "by")


def commit_second(engine: Engine, claim_version_id: int, *, account_id: int, at: datetime, confirm: Confirm) -> int:
    """Sign one's second review; from here on both reviewers see each other's verdicts. Return the signature's id.

    Raises StateError while a finding has no verdict of this person, AccessError for whoever reviewed, rendered or
    billed.
    """
    password = confirm(engine, account_id, at)
    with write(engine) as connection:
        now = ready_to_sign(connection, claim_version_id, account_id, APPROVERS)
        if now.stage != "second":
            raise StateError("the claim does not wait for a second review", do="Open the claim again")
        hands = second_hands(now)
        if hands - {account_id}:
            raise AccessError("another person has begun the second review", do="Leave it to that person")
        left = now.undecided("second")
        if left:
            raise StateError(f"{left} findings have no verdict of yours yet", do="Decide on each finding first")
        return sign(connection, now, "second", account_id=account_id, at=at, password=password)


def differences(connection: Connection, claim_version_id: int, viewer: int) -> pd.DataFrame:
    """What the two reviews differ on, side by side; nothing before the second is committed.

    Columns of `findings` (id, rule and the like are empty for an error that one of them saw and no rule did; its
    decision is `missed_id`, its words stand in `because`), and for each of SIDES decision_id, decision, reason, text,
    corrected, by: `first_decision`, `second_by` ...
    """
    return differences_in(sight(connection, claim_version_id, viewer))


def differences_in(seen: Sight) -> pd.DataFrame:
    """As `differences`."""
    now = seen.now
    columns = ["missed_id", *FINDING_COLUMNS, *[f"{side}_{name}" for side in SIDES for name in _SAID]]
    if now.last in ("", "reviewed", "sent_back") or "adjudication" not in seen.visible:
        return pd.DataFrame(columns=columns)
    rows = [{**_about(now, key), **_sides(now, key, seen.names)} for key in now.verdicts.different()]
    return pd.DataFrame(rows, columns=columns)


def _about(now: Standing, key: Key) -> Row:
    kind, number = key
    if kind == "finding":
        return next(one for one in now.findings if one["id"] == number)
    seen = next(one for one in now.verdicts.missed if one["id"] == number)
    return {"missed_id": number, "because": seen["text"]}


def _sides(now: Standing, key: Key, names: dict[int, str]) -> Row:
    made: dict[str, Row | None] = {
        "first": now.verdicts.first.get(key),
        "second": now.verdicts.second.get(key),
        "adjudicated": now.verdicts.adjudicated.get(key),
    }
    if key[0] == "missed":  # whoever reported it upholds it
        seen = next(one for one in now.verdicts.missed if one["id"] == key[1])
        made[seen["stage"]] = {**seen, "kind": "agree"}
    found: Row = {}
    for side, one in made.items():
        said: tuple[Any, ...] = (None, "", "", "", "", "")
        if one:
            said = (one["id"], one["kind"], one["reason"], one["text"], one["corrected"], names[one["account_id"]])
        found |= {f"{side}_{name}": value for name, value in zip(_SAID, said, strict=True)}
    return found


def blind_open(engine: Engine, audit_id: int) -> bool:
    """Whether a claim of the audit waits for its blind second review: single verdicts stay hidden until it is in."""
    rows, taken = schema.worklist, schema.audit_claims
    query = (
        select(rows.c.claim_version_id)
        .join(taken, taken.c.claim_version_id == rows.c.claim_version_id)
        .where(taken.c.audit_id == audit_id, rows.c.blind, rows.c.state == "second")
    )
    with read(engine) as connection:
        return connection.execute(query.limit(1)).first() is not None


def agreed(engine: Engine, *, since: datetime | None = None, blind_only: bool = True) -> Agreement | None:
    """Agreement of first and second review over findings judged by both: upheld or dismissed. None without any.

    Only committed second reviews count; by default only blind ones, because who saw the first verdict is no second
    judge. `since`: second reviews committed at or after that time.
    """
    table = schema.signatures
    query = select(table.c.claim_version_id).where(table.c.meaning == "second")
    if since is not None:
        query = query.where(table.c.at >= since)
    with read(engine) as connection:
        standings = stand(connection, list(connection.execute(query).scalars()))
    pairs = []
    for now in standings.values():
        if (blind_only and not now.blind) or now.last in ("", "reviewed", "sent_back"):
            continue
        both = [finding for finding in now.judged if ("finding", finding) in now.verdicts.second]
        for finding in both:
            first, second = now.verdicts.first.get(("finding", finding)), now.verdicts.second[("finding", finding)]
            if first:
                pairs.append((first["kind"] != "dismiss", second["kind"] != "dismiss"))
    return agreement(pairs, kinds=2)

"""The log as it stands: one line a claim with its dates, its dollars and what is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pandas as pd
from sqlalchemy import Connection, Engine, select

from audit.facts.reference import load_facts
from audit.figures.upheld import with_dollars
from audit.overpayments.clock import Clock, due_date
from audit.overpayments.entries import WAYS, history, left, next_acts, standing
from audit.overpayments.paid import paid_on, upheld_versions
from audit.reviewing.review_rights import TRAIL_READERS
from audit.store import schema
from audit.store.database import read
from audit.store.rows import Row, among

READERS = TRAIL_READERS
"""Roles that see the log: none of them reviews, so no verdict is shown to who may not see it."""
MOST = 50
"""Claims that are priced at once for the list of those without an entry."""
SOON = 30
CLOSED = ("returned", "not upheld")
"""States in which nothing is due."""
__all__ = ["MOST", "READERS", "Overpayment", "history", "log", "to_enter", "totals", "waits", "worth"]


@dataclass(frozen=True, slots=True)
class Overpayment:
    """One claim of the log. Days and dollars are None where nothing is entered; `returned`: so far; `state`: "not
    identified", "open", "investigated", "overdue", "returned", "not upheld"; `acts`: what may be entered next;
    `stands`: an upheld error stands on the claim now. Where none does, nothing is due, and what was entered may have to
    be taken back."""

    claim_version_id: int
    claim_id: str
    payer: str
    paid_on: date | None
    by_payer: bool
    identified_on: date | None
    quantified_on: date | None
    amount: Decimal | None
    clock: Clock | None
    reported_on: date | None
    returned: Decimal
    returned_on: date | None
    how: str
    state: str
    acts: tuple[str, ...]
    stands: bool = True

    @property
    def outstanding(self) -> Decimal | None:
        """Dollars to return; None before they are quantified."""
        return None if self.amount is None else self.amount - self.returned


def log(engine: Engine, today: date) -> list[Overpayment]:
    """Claims with an entry that stands, save those entered as not paid: what is due first at the top."""
    with read(engine) as connection:
        held = {version: rows for version, rows in standing(connection).items() if rows}
        held = {version: rows for version, rows in held.items() if rows[0]["act"] != "not_paid"}
        paid = paid_on(connection, list(held))
        claims, upheld = _claims(connection, list(held)), set(upheld_versions(connection, list(held)))
    found = [
        _one(claims[version], rows, paid.get(version), today, stands=version in upheld)
        for version, rows in held.items()
    ]
    last = date.max
    return sorted(found, key=lambda one: (one.state in CLOSED, one.clock.due_on if one.clock else last, one.claim_id))


def _one(claim: Row, entries: Sequence[Row], paid: date | None, today: date, *, stands: bool) -> Overpayment:
    newest = {row["act"]: row for row in entries}
    days = {act: row["happened_on"] for act, row in newest.items()}
    clock = None
    if "identified" in days:
        clock = due_date(load_facts(), days["identified"], days.get("investigation"), days.get("concluded"))
    amount = newest["quantified"]["amount"] if "quantified" in newest else None
    how = newest.get("returned", newest.get("reported", {})).get("way", "")
    back = sum((row["amount"] for row in entries if row["act"] == "returned"), Decimal("0.00"))
    done = amount is not None and left(entries) <= 0
    return Overpayment(
        claim["id"],
        claim["claim_id"],
        claim["payer_name"] or claim["payer_id"],
        paid_on=days.get("paid") or paid,
        by_payer="paid" not in days and paid is not None,
        identified_on=days.get("identified"),
        quantified_on=days.get("quantified"),
        amount=amount,
        clock=clock,
        reported_on=days.get("reported"),
        returned=back,
        returned_on=days.get("returned"),
        how=WAYS.get(how, ""),
        state=_state(clock, days, today, done=done, stands=stands),
        acts=tuple(next_acts(entries, paid=paid)) if stands else (),
        stands=stands,
    )


def _state(clock: Clock | None, days: dict[str, date], today: date, *, done: bool, stands: bool) -> str:
    if done:
        return "returned"
    if not stands:
        return "not upheld"
    if "identified" not in days:
        return "not identified"
    if clock and clock.due_on < today:
        return "overdue"
    under = "investigation" in days and "concluded" not in days
    return "investigated" if under and clock and clock.suspended_until and today <= clock.suspended_until else "open"


def to_enter(engine: Engine) -> pd.DataFrame:
    """Upheld overbilling without an entry, those paid first, then the newest, MOST of them: claim_version_id,
    claim_id, payer, service_date, over (dollars of the upheld findings), unpriced (bool), paid_on (by the payer's
    answer, None when not on file).

    Claims whose errors cost nobody anything, as underbilling, are not in it; those without a price are.
    """
    with read(engine) as connection:
        entered = {version for version, rows in standing(connection).items() if rows}
        waiting = [one for one in upheld_versions(connection) if one not in entered]
        paid = paid_on(connection, waiting)
        ids = sorted(waiting, key=lambda one: one not in paid)[:MOST]
        claims = _claims(connection, ids)
    columns = ["claim_version_id", "claim_id", "payer", "service_date", "over", "unpriced", "paid_on"]
    if not ids:
        return pd.DataFrame(columns=columns)
    asked = pd.DataFrame({"claim_version_id": ids, "claim_id": [claims[one]["claim_id"] for one in ids],
                          "missing": False})  # fmt: skip
    priced = with_dollars(engine, asked)
    found = priced.assign(
        payer=[claims[one]["payer_name"] or claims[one]["payer_id"] for one in ids],
        service_date=[claims[one]["service_date"] for one in ids],
        paid_on=pd.Series([paid.get(one) for one in ids], dtype="object"),
    )
    return found.loc[(found["over"] > 0) | found["unpriced"], columns].reset_index(drop=True)


def worth(engine: Engine, claim_version_id: int) -> tuple[Decimal, bool]:
    """What the upheld findings of a claim come to: dollars overbilled, and whether an error of it has no price."""
    asked = {"claim_version_id": [claim_version_id], "missing": [False]}
    with read(engine) as connection:
        asked["claim_id"] = [_claims(connection, [claim_version_id])[claim_version_id]["claim_id"]]
    row = with_dollars(engine, pd.DataFrame(asked)).iloc[0]
    return row["over"], bool(row["unpriced"])


def totals(found: Sequence[Overpayment], today: date) -> str:
    """The log in a sentence."""
    opened = [one for one in found if one.state not in CLOSED]
    back, reversed_ = (sum(one.state == state for one in found) for state in CLOSED)
    undo = [f"{reversed_:,} on which no upheld error stands now: see whether it is to be taken back"]
    undo = undo if reversed_ else []
    if not opened:
        said = ["No overpayment is open", *([f"{back:,} returned"] if back else []), *undo]
        return "; ".join(said) + "." if found else "No overpayment is entered."
    dollars = sum((one.outstanding for one in opened if one.outstanding is not None), Decimal(0))
    unknown = sum(one.outstanding is None for one in opened)
    overdue = sum(one.state == "overdue" for one in opened)
    days = [one.clock.due_on for one in opened if one.clock and one.clock.due_on >= today]
    one_open = len(opened) == 1
    said = [f"{len(opened):,} overpayment{' is' if one_open else 's are'} open, ${dollars:,.2f} to return"]
    said += [f"{unknown:,} not quantified yet"] if unknown else []
    said += [f"{overdue:,} overdue"] if overdue else []
    said += [f"the next is due on {min(days).day} {min(days):%b %Y}"] if days else []
    said += undo
    return "; ".join(said) + "."


def waits(engine: Engine, today: date) -> str:
    """One line for the manager; "" when nothing is overdue, due within SOON days, or to be taken back."""
    found = log(engine, today)
    due = [one.clock.due_on for one in found if one.state not in CLOSED and one.clock]
    overdue = sum(one.state == "overdue" for one in found)
    soon = sum(0 <= (day - today).days <= SOON for day in due)
    undo = sum(one.state == "not upheld" for one in found)
    told = [(overdue, "overdue"), (soon, f"due within {SOON} days"), (undo, "without an upheld error now")]
    said = " and ".join(f"{number:,} {state}" for number, state in told if number)
    return f"Overpayments: {said}." if said else ""


def _claims(connection: Connection, ids: Sequence[int]) -> dict[int, Row]:
    table = schema.claims
    query = select(table).where(among(connection, table.c.id, list(ids)))
    return {row["id"]: dict(row) for row in connection.execute(query).mappings()}

"""What a person enters about an overpayment, one act a row, in the only order that makes sense."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from audit.access.permission import account_may
from audit.errors import InputError, StateError
from audit.overpayments.paid import paid_on, upheld_versions
from audit.store import schema, seal, trail
from audit.store.database import alone, read, write
from audit.store.rows import Row, among

KEEPERS = ("manager", "administrator")
ACTS = {
    "paid": "paid by the payer",
    "not_paid": "not paid: corrected before, or denied",
    "identified": "identified: known to be overpaid",
    "quantified": "quantified",
    "investigation": "investigation of related overpayments begun",
    "concluded": "investigation concluded",
    "reported": "reported to the payer",
    "returned": "returned",
    "undo": "taken back",
}
"""Every act in words."""
AFTER = {
    "paid": (),
    "not_paid": (),
    "identified": ("paid",),
    "quantified": ("identified",),
    "investigation": ("identified",),
    "concluded": ("investigation",),
    "reported": ("identified",),
    "returned": ("quantified",),
}
"""Act -> those that come before it."""
WITH_AMOUNT = ("quantified", "returned")
WAYS = {
    "adjustment": "claims adjustment or corrected claim",
    "voluntary": "voluntary refund",
    "credit_balance": "credit balance",
    "offset": "offset by the payer",
    "other": "another way",
}
"""How it was reported or returned."""
table = schema.overpayments


def standing(connection: Connection, claim_version_ids: Sequence[int] | None = None) -> dict[int, list[Row]]:
    """By claim version its entries that stand, oldest first; of these versions, None: of all."""
    query = select(table).order_by(table.c.id)
    if claim_version_ids is not None:
        query = query.where(among(connection, table.c.claim_version_id, list(claim_version_ids)))
    rows = [dict(row) for row in connection.execute(query).mappings()]
    gone = {row["undoes_id"] for row in rows}
    found: dict[int, list[Row]] = {row["claim_version_id"]: [] for row in rows}
    for row in rows:
        if row["act"] != "undo" and row["id"] not in gone:
            found[row["claim_version_id"]].append(row)
    return found


def next_acts(entries: Sequence[Row], *, paid: date | None = None) -> list[str]:
    """Acts that may follow. `paid`: the day the payer's own answer names."""
    done = {row["act"] for row in entries} | ({"paid"} if paid else set())
    if "not_paid" in done:
        return []
    ready = [act for act, before in AFTER.items() if set(before) <= done and (act not in done or act == "returned")]
    ready = [act for act in ready if act != "not_paid" or not done]
    if left(entries) <= 0 and "quantified" in done:
        ready.remove("returned")
    return ready


def left(entries: Sequence[Row]) -> Decimal:
    """Dollars quantified and not returned yet."""
    signs = {"quantified": 1, "returned": -1}
    return sum((signs[row["act"]] * row["amount"] for row in entries if row["act"] in signs), Decimal(0))


def record(
    engine: Engine,
    claim_version_id: int,
    act: str,
    *,
    on: date,
    amount: Decimal | None = None,
    way: str = "",
    text: str = "",
    account_id: int,
    at: datetime,
) -> int:
    """Enter an act; return its id. `amount`: dollars, for `quantified` and `returned`; `way`: one of WAYS, for
    `reported` and `returned`.

    Raises AccessError for who may not, StateError for an act out of its order or on a claim without an upheld error,
    InputError for a day, an amount or a way that cannot be.
    """
    with write(engine) as connection:
        account_may(connection, account_id, KEEPERS)
        alone(connection, "overpayments")
        if claim_version_id not in upheld_versions(connection, [claim_version_id]):
            raise StateError("no upheld error stands on this claim", do="Open the list again")
        entries = standing(connection, [claim_version_id]).get(claim_version_id, [])
        paid = paid_on(connection, [claim_version_id]).get(claim_version_id)
        if act not in next_acts(entries, paid=paid):
            raise StateError(
                f"'{ACTS.get(act, act)}' cannot follow what is entered", do="Take the last entry back first"
            )
        _check_day(on, at.date(), entries, paid)
        _check(act, amount, way, left(entries))
        values = {"act": act, "happened_on": on, "amount": amount, "way": way, "text": text.strip()}
        return _add(connection, claim_version_id, values, account_id, at)


def take_back(engine: Engine, entry_id: int, *, reason: str, account_id: int, at: datetime) -> int:
    """Take back the newest entry of a claim that stands. Raises StateError for any other, InputError without a
    reason."""
    if not reason.strip():
        raise InputError("no reason is given", where="reason", do="Say why the entry is taken back")
    with write(engine) as connection:
        account_may(connection, account_id, KEEPERS)
        alone(connection, "overpayments")
        version = connection.execute(select(table.c.claim_version_id).where(table.c.id == entry_id)).scalar()
        entries = standing(connection, [version])[version] if version else []
        if not entries or entries[-1]["id"] != entry_id:
            raise StateError("only the newest entry of a claim can be taken back", do="Take back what came later first")
        values = {"act": "undo", "happened_on": at.date(), "text": reason.strip(), "undoes_id": entry_id}
        return _add(connection, int(version or 0), values, account_id, at)


def _check_day(on: date, today: date, entries: Sequence[Row], paid: date | None) -> None:
    days = [row["happened_on"] for row in entries if row["act"] in ("paid", "identified")]
    first = max([*days, *([paid] if paid else [])], default=None)
    if on > today:
        raise InputError("the day lies in the future", where="day", do="Enter what has happened")
    if first and on < first:
        wrong = f"the day lies before {first}, when the claim was paid or the overpayment identified"
        raise InputError(wrong, where="day", do="Enter the day on which it happened")


def _check(act: str, amount: Decimal | None, way: str, outstanding: Decimal) -> None:
    if act in WITH_AMOUNT and (amount is None or amount <= 0 or amount != amount.quantize(Decimal("0.01"))):
        raise InputError("the amount is not dollars and cents above zero", where="amount", do="Write it as 120.50")
    if act not in WITH_AMOUNT and amount is not None:
        raise InputError("this act has no amount", where="amount", do="Leave it out")
    if act == "returned" and amount is not None and amount > outstanding:
        raise InputError(f"more than the ${outstanding:,.2f} that are left", where="amount", do="Quantify anew first")
    if (act in ("reported", "returned")) != bool(way) or way not in ("", *WAYS):
        raise InputError("the way is missing or not known", where="how", do=f"Use one of: {', '.join(WAYS)}")


def _add(connection: Connection, claim_version_id: int, values: dict[str, Any], account_id: int, at: datetime) -> int:
    row = {"claim_version_id": claim_version_id, "account_id": account_id, "at": at, **values}
    made: int = connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one()
    details = {"overpayment": made, "act": values["act"], "on": values["happened_on"], "amount": values.get("amount")}
    details["row"] = seal.stored_digest(connection, table, made)
    subject = f"claim version {claim_version_id}"
    kind = "overpayment taken back" if values["act"] == "undo" else "overpayment entered"
    trail.record(connection, kind=kind, subject=subject, account_id=account_id, at=at, details=details)
    return made


def history(engine: Engine, claim_version_id: int) -> list[Row]:
    """Every entry of a claim, taken back or not, oldest first: columns of the table, `by` (name), `says`, and
    `stands`."""
    accounts = schema.accounts
    with read(engine) as connection:
        query = select(table, accounts.c.name.label("by")).join(accounts, accounts.c.id == table.c.account_id)
        query = query.where(table.c.claim_version_id == claim_version_id).order_by(table.c.id)
        rows = [dict(row) for row in connection.execute(query).mappings()]
    gone = {row["undoes_id"] for row in rows}
    stands = [row["act"] != "undo" and row["id"] not in gone for row in rows]
    return [{**row, "says": ACTS[row["act"]], "stands": held} for row, held in zip(rows, stands, strict=True)]

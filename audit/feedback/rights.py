"""Who may read, answer, rule and teach, read from the database inside the transaction that does it; and until when."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, select

from audit.access.permission import account_may
from audit.errors import AccessError
from audit.model import Role
from audit.store import feedback_guards
from audit.store.schema import accounts

READERS: tuple[Role, ...] = ("doctor_of_ot", "manager", "auditor")
"""Roles that read the feedback of every therapist; anybody else with an NPI reads their own."""
RULERS: tuple[Role, ...] = ("doctor_of_ot", "manager")
TEACHERS = feedback_guards.TEACHERS
TO_ANSWER, TO_RULE, TO_APPEAL = timedelta(days=14), timedelta(days=7), timedelta(days=14)
"""How long a therapist has to answer a finding, a doctor of OT or manager to rule, a therapist to appeal. What comes
later is overdue, never refused."""


def npi_of(connection: Connection, account_id: int) -> str:
    """The NPI of an account that is not stopped; "" for who treats nobody."""
    query = select(accounts.c.npi).where(accounts.c.id == account_id, accounts.c.active)
    return connection.execute(query).scalar() or ""


def demand_reader(connection: Connection, npi: str, viewer: int) -> None:
    """Raises AccessError unless the feedback is the viewer's own, or their role reads that of all."""
    if not npi or npi_of(connection, viewer) != npi:
        account_may(connection, viewer, READERS)


def demand_therapist(connection: Connection, npi: str, account_id: int) -> None:
    """Raises AccessError unless the account is that of the therapist."""
    if not npi or npi_of(connection, account_id) != npi:
        raise AccessError("only the therapist who furnished the service answers", do="Leave the answer to them")


def due(since: datetime, within: timedelta) -> date:
    return (since + within).date()

"""Whether an account may do a thing, read from the database inside the transaction that does it."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, select

from audit.errors import AccessError
from audit.store.database import read
from audit.store.schema import accounts


def account_may(connection: Connection, account_id: int, roles: tuple[str, ...]) -> str:
    """The account's role, read now. Raises AccessError when it is stopped or of another role."""
    query = select(accounts.c.role).where(accounts.c.id == account_id, accounts.c.active)
    role = connection.execute(query).scalar()
    if role not in roles:
        raise AccessError("your account may not do this", do="Ask an administrator for the role")
    return str(role)


def printed_name(engine: Engine, account_id: int) -> str:
    """The name of an account on paper."""
    with read(engine) as connection:
        return str(connection.execute(select(accounts.c.name).where(accounts.c.id == account_id)).scalar_one())


def demand_now(engine: Engine, account_id: int | None, roles: tuple[str, ...]) -> None:
    """`account_may` before a long piece of work; None is the command line, which may."""
    if account_id is not None:
        with read(engine) as connection:
            account_may(connection, account_id, roles)

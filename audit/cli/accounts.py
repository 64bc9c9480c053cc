"""`countersign account`, `invite` and `bind`: who may sign in."""

from __future__ import annotations

import argparse
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.model import ROLE_NAMES

if TYPE_CHECKING:
    from sqlalchemy import Engine


def add_commands(commands: Any) -> None:
    account = commands.add_parser("account", help="add an account; prints a first password, to be changed at once")
    account.add_argument("username")
    account.add_argument("--name", required=True, help="the name that stands in signatures")
    account.add_argument("--role", required=True, choices=list(ROLE_NAMES))
    account.add_argument("--npi", default="", help="for those who treat: they cannot sign off their own claims")
    account.set_defaults(run=_account)
    invite = commands.add_parser("invite", help="print a one-time link with which a person sets a new password")
    invite.add_argument("username")
    invite.add_argument("--port", type=int, default=8501)
    invite.set_defaults(run=_invite)
    bind = commands.add_parser("bind", help="bind an account to a person of your sign-in provider")
    bind.add_argument("username")
    bind.add_argument("--issuer", required=True, help="the provider's address, as it writes it itself")
    bind.add_argument("--subject", required=True, help="what the provider calls the person: the claim sub")
    bind.set_defaults(run=_bind)


def _account(chosen: argparse.Namespace) -> int:
    from audit.access import accounts  # noqa: PLC0415
    from audit.store import database  # noqa: PLC0415

    engine = database.connect()
    database.prepare(engine)
    password, now = secrets.token_urlsafe(12), datetime.now(UTC)
    person = {"username": chosen.username, "name": chosen.name, "role": chosen.role, "npi": chosen.npi}
    made = accounts.create(engine, **person, password=password, now=now)
    print(f"{made.username} can sign in with the first password {password} and must change it then.")
    return 0


def _invite(chosen: argparse.Namespace) -> int:
    from audit import serving  # noqa: PLC0415
    from audit.access import invitations, people  # noqa: PLC0415

    engine, account_id = _account_called(chosen.username)
    token = people.invite(engine, account_id, by=None, at=datetime.now(UTC))
    print(f"Within a day, once: {serving.site(chosen.port)}{invitations.path_of(token)}")
    return 0


def _bind(chosen: argparse.Namespace) -> int:
    from audit.access import identities  # noqa: PLC0415

    engine, account_id = _account_called(chosen.username)
    identities.bind(engine, account_id, issuer=chosen.issuer, subject=chosen.subject, at=datetime.now(UTC))
    print(f"{chosen.username} can sign in with {chosen.issuer}.")
    return 0


def _account_called(username: str) -> tuple[Engine, int]:
    from audit.access import accounts  # noqa: PLC0415
    from audit.store import database  # noqa: PLC0415

    engine = database.connect()
    database.prepare(engine)
    account = accounts.find_by_username(engine, username)
    if account is None:
        raise InputError(f"there is no account {username}", do="Add it with countersign account")
    return engine, account.id

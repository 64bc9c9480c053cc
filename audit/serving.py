"""Starting the app's server from the command line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from sqlalchemy import Engine

from audit import locks, shipped
from audit.access import invitations, oidc, sessions, settings
from audit.errors import InputError, StateError
from audit.facts.reference import load_facts
from audit.store import kept, trail, troubles
from audit.store.database import VARIABLE, connect, place, prepare, read, write

APP = shipped.FOLDER / "app.py"
HOST = "127.0.0.1"
THRIFTY = {"MALLOC_ARENA_MAX": "1"}
"""Each visitor has a thread, and glibc gives threads stores of memory that they do not share: of one store what a page
let go is used by the next. Settings that are there already go before these."""


def site(port: int) -> str:
    """The address that people type."""
    return settings.public_url() or f"http://{HOST}:{port}"


def alone(engine: Engine) -> IO[bytes] | None:
    """The mark of the one server of a SQLite file: it holds while the file returned is open, None on PostgreSQL.

    Raises StateError when another server has it. Tries to sign in are counted by each server for itself, and on a
    disk of the network two machines would damage the file.
    """
    if engine.dialect.name != "sqlite":
        return None
    path = Path(f"{place(engine)}.server")
    try:
        mark = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    except OSError as error:
        raise troubles.of_file(error) from None
    if not locks.take(mark):
        mark.close()
        raise StateError(
            "another server has this database",
            where=place(engine),
            do="Use that one, or stop it first; for several servers there is PostgreSQL",
        )
    return mark


def tell_clock(engine: Engine, now: datetime) -> None:
    """Print that this machine's clock is behind the trail, when it is by more than a minute."""
    with read(engine) as connection:
        newest = trail.newest(connection)
    if newest and newest - now > trail.SLACK:
        print(f"The clock of this machine stands at {now:%Y-%m-%d %H:%M} UTC, before the last event in the trail")
        print(
            f"({newest:%Y-%m-%d %H:%M} UTC). Set it right: until then new events get the time of that one.", flush=True
        )


def note_facts(engine: Engine) -> None:
    """What was judged by other facts than those of today is stale from now on, not only from the next screening."""
    with write(engine) as connection:
        kept.note_facts(connection, load_facts().sha256, datetime.now(UTC))


def welcome(engine: Engine, address: str) -> None:
    """While there is no administrator: print the one-time link that makes the first one."""
    prepare(engine)
    token = invitations.first_administrator(engine, datetime.now(UTC))
    if token:
        hours = invitations.FIRST_LASTS // timedelta(hours=1)
        print(f"There is no administrator yet. Open this link, once, within {hours} hour, to become the first:")
        print(f"  {address}{invitations.path_of(token)}", flush=True)


def serve(url: str | None, port: int, *, demo: bool) -> int:
    """Serve the app on `port` of this machine until it is stopped; return the server's exit code.

    `url` names the database (default: the environment's). Raises InputError when the port is taken or a setting is
    wrong.
    """
    for setting in (sessions.idle_limit, settings.public_url, settings.trusted_proxies, oidc.provider):
        setting()
    with socket.socket() as probe:
        if probe.connect_ex((HOST, port)) == 0:
            raise InputError(f"port {port} is in use", do=f"Stop the other program, or give --port {port + 1}")
    environment = {**THRIFTY, **os.environ}
    if url:
        environment[VARIABLE] = url
    engine = connect(url)
    if mark := alone(engine):
        mark.close()  # the server itself takes it in a moment
    if demo:
        environment["COUNTERSIGN_DEMO"] = "1"
    else:
        welcome(engine, site(port))
        tell_clock(engine, datetime.now(UTC))
        note_facts(engine)
    engine.dispose()
    command = [sys.executable, "-P", "-m", "streamlit", "run", str(APP), "--server.port", str(port)]
    print(f"Countersign is at {site(port)}   (Ctrl-C stops it)", flush=True)
    return _until_stopped(command, environment)


def _until_stopped(command: list[str], environment: dict[str, str]) -> int:
    """Run the server until it ends; Ctrl-C reaches it by itself, SIGTERM is passed on."""
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        return server.wait()
    except KeyboardInterrupt:
        server.wait()
        return 0

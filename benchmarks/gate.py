"""The gate from outside, whole: `python -m benchmarks.gate`.

Every route by every method without a session and with one that is made up, expired, ended, of a stopped account; then
every page asked for by its address by every role, over the websocket as the browser does it.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, update

from app import PAGES, TREATS
from audit.access import accounts, demo, sessions
from audit.store import schema
from audit.store.database import connect, prepare, write
from tests import gate_routes
from tests.access_server import ROOT, Browser, run, serving

TITLE = re.compile(r"^\s*st\.title\((?:f?\")([^\"{]+)", re.MULTILINE)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="countersign-gate-") as folder:
        url = f"sqlite:///{folder}/gate.db"
        engine = connect(url)
        prepare(engine)
        people = demo.create_accounts(engine, datetime.now(UTC))
        with serving(ROOT, url) as server:
            wrong = [*closed(server, engine), *pages(server, engine, people)]
        engine.dispose()
    print("\n".join(wrong) or "Nothing was open that should be closed.")
    return int(bool(wrong))


def closed(server: Browser, engine: Engine) -> list[str]:
    """Routes that answered somebody without a session."""
    found, asked = [], 0
    for name, end in _ENDS.items():
        token = end(engine)
        for told in gate_routes.every(server, token):
            asked += 1
            if not gate_routes.is_open(told.path) and (told.status, told.body) != (401, b""):
                found.append(f"{name}: {told.method} {told.path} gave {told.status}")
    print(f"{asked} requests: {len(gate_routes.paths())} routes, {len(gate_routes.METHODS)} methods, {len(_ENDS)} "
          "sessions that are none.")  # fmt: skip
    return found


def _ended(engine: Engine, ago: timedelta, *, end: bool = False, active: bool = True) -> str:
    account = accounts.find_by_username(engine, "second")
    assert account
    token = sessions.begin(engine, account.id, datetime.now(UTC) - ago)
    session = sessions.find(engine, sessions.sha256(token), datetime.now(UTC) - ago)
    assert session
    if end:
        sessions.end(engine, session, datetime.now(UTC))
    with write(engine) as connection:
        connection.execute(update(schema.accounts).where(schema.accounts.c.id == account.id).values(active=active))
    return token


_ENDS: dict[str, Callable[[Engine], str]] = {
    "no session": lambda _: "",
    "made up": lambda _: "made-up",
    "expired": lambda engine: _ended(engine, timedelta(hours=1)),
    "ended": lambda engine: _ended(engine, timedelta(0), end=True),
    "stopped account": lambda engine: _ended(engine, timedelta(0), active=False),
}


def pages(server: Browser, engine: Engine, people: list[accounts.Account]) -> list[str]:
    """Pages that showed their title to a role that has no right to them, or did not to one that has."""
    with write(engine) as connection:
        connection.execute(update(schema.accounts).values(active=True))
    found, asked, seen = [], 0, 0
    listed = [(file, roles) for lines in PAGES.values() for file, _, _, roles in lines]
    for person in people:
        mine = {person.role, TREATS} if person.npi else {person.role}
        token = sessions.begin(engine, person.id, datetime.now(UTC))
        for file, roles in listed:
            titles = TITLE.findall((ROOT / file).read_text(encoding="utf-8"))
            if not titles:
                continue
            with Browser(server.port, token).socket() as line:
                shown = run(line, Path(file).stem)
            asked += 1
            sees = any(re.search(rf'tag: "h1"\s+(?:\w+: \S+\s+)*?body: "{re.escape(title)}', shown) for title in titles)
            seen += sees
            if sees and not mine & set(roles):
                found.append(f"{person.role} sees {file}")
    print(f"{asked} pages asked for by {len(people)} roles, {seen} shown.")
    return found if seen > asked // 3 else [*found, "too few pages were shown: this proves nothing"]


if __name__ == "__main__":
    sys.exit(main())

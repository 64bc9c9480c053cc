"""`countersign backup` and `restore`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.cli.remaining import remaining

if TYPE_CHECKING:
    from sqlalchemy import Engine


def add_commands(commands: Any) -> None:
    backup = commands.add_parser("backup", help="write the database and the loaded facts to one file")
    backup.add_argument(
        "place", type=Path, metavar="PLACE", help="a new file, or a folder: named by date and time there"
    )
    backup.add_argument("--keep", type=_number, metavar="N", help="in a folder: remove all but the newest N backups")
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="put a backup into the database of COUNTERSIGN_DATABASE_URL")
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument("--replace", action="store_true", help="also when it has data, which is set aside")
    restore.add_argument("--try", dest="tries", action="store_true", help="only see whether it could be restored")
    restore.set_defaults(run=_restore)


def _number(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("say how many to keep, 1 or more")
    return int(text)


def _backup(chosen: argparse.Namespace) -> int:
    from audit import backups  # noqa: PLC0415  the database is loaded only where it is needed
    from audit.facts import fact_loads  # noqa: PLC0415

    at = datetime.now(UTC)
    place = backups.place_for(chosen.place, at)
    with _database() as engine, remaining() as tell:
        made = backups.back_up(engine, place, fact_loads.folder(), at=at, tell=tell)
    print(f"{made.path}: {made.rows:,} rows and {made.facts} loads of facts. The head of the trail is {made.head}.")
    if chosen.keep and chosen.place.is_dir():
        for path in backups.thin_out(chosen.place, chosen.keep):
            print(f"Removed {path}.")
    for sentence in made.breaks:
        print(sentence, file=sys.stderr)
    return int(bool(made.breaks))


def _restore(chosen: argparse.Namespace) -> int:
    from audit import backups  # noqa: PLC0415
    from audit.facts import fact_loads  # noqa: PLC0415

    at = datetime.now(UTC)
    if chosen.tries:
        with remaining() as tell:
            told = backups.try_out(chosen.file, at, tell)
        print(f"{chosen.file}: whole, of {told.made_at}. The head of its trail is {told.head}.")
        return 0
    with _database() as engine, remaining() as tell:
        done = backups.restore(engine, chosen.file, fact_loads.folder(), at=at, replace=chosen.replace, tell=tell)
    print(f"Restored {done.rows:,} rows, as they were at {done.manifest.made_at}.")
    if done.aside:
        print(f"What was there before is kept in {done.aside}.")
    for day in done.retentions:
        print("Retention was run after this backup was made: patients' values that it removed are here again. "
              f"Run it again: countersign retention --before {day}")  # fmt: skip
    print("Everybody signs in again. Look at People: who was stopped or added since then is as before.")
    for setting in done.settings:
        print(f"Set then, and not now: {setting}")
    return 0


@contextmanager
def _database() -> Iterator[Engine]:
    from audit.store import database  # noqa: PLC0415

    engine = database.connect()
    try:
        yield engine
    finally:
        engine.dispose()

"""`countersign watch`: a folder whose files are loaded, audited and reported as they arrive."""

from __future__ import annotations

import argparse
from pathlib import Path


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--every", type=float, default=10.0, metavar="SECONDS", help="how often to look")
    parser.add_argument("--once", action="store_true", help="take what is there and end")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from audit import watching  # noqa: PLC0415  the database is loaded only where it is needed
    from audit.store import database  # noqa: PLC0415

    engine = database.connect()
    database.prepare(engine)
    try:
        watching.watch(engine, chosen.folder, every=max(chosen.every, 0.0), once=chosen.once, say=_say)
    except KeyboardInterrupt:
        print("Stopped.")
    return 0


def _say(line: str) -> None:
    """At once, also where the output goes to a file."""
    print(line, flush=True)

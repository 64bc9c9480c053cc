"""`countersign retention`: what is a patient's, taken out of claims that need not be kept any more."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from typing import Any


def add_commands(commands: Any) -> None:
    command = commands.add_parser("retention", help="count, then remove, patients' values of claims older than a day")
    command.add_argument(
        "--before", type=_date, required=True, metavar="DATE", help="the last date of service is older"
    )
    command.add_argument("--confirm", type=int, metavar="N", help="remove them: N is the number of claims counted")
    command.add_argument("--reason", default="", help="stands in the trail; needed to remove")
    command.set_defaults(run=_retention)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no date. Write it as YYYY-MM-DD, such as 2018-12-31") from None


def _retention(chosen: argparse.Namespace) -> int:
    from audit.store import database, retention  # noqa: PLC0415  the database is loaded only where it is needed

    engine, now = database.connect(), datetime.now(UTC)
    database.prepare(engine)
    if chosen.confirm is not None:
        counts = retention.remove(engine, chosen.before, claims=chosen.confirm, reason=chosen.reason, at=now)
        print(f"Removed from {chosen.confirm} claims: {_listed(counts)}. The trail tells of it; codes, minutes, dates, "
              "dollars, verdicts and signatures stay.")  # fmt: skip
        print("Backups made before still hold what was removed: see docs/administrators.md.")
        return 0
    found = retention.due(engine, chosen.before, now.date())
    print(f"{found.claims} claims whose every date of service is before {chosen.before}: {_listed_ids(found.rows)}.")
    for why, number in found.held.items():
        print(f"Held back: {number}, because each {why}.")
    if found.rows:
        print(f"Nothing was removed. To remove it for ever: --confirm {found.claims} --reason WHY")
    return 0


def _listed_ids(rows: dict[str, list[int]]) -> str:
    return _listed({name: len(ids) for name, ids in rows.items()})


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items()) or "nothing"

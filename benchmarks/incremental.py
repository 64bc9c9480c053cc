"""A batch of 200 claims into a store that has been audited: `python -m benchmarks.incremental [LINES]`.

A made-up clinic of so many claim lines (`made_up`) is loaded into a SQLite file without its last 200 claims and their
notes, and audited; then those come, and what they touch is audited. Figures: CPU seconds of this process.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from audit.auditing import incremental, running
from audit.facts.reference import load_facts
from audit.intake import read
from audit.judging import code_version
from audit.store import database, reading
from audit.store.loading import load
from audit.tables import Tables, check
from benchmarks import made_up

BATCH = 200


@contextmanager
def told(what: str) -> Iterator[None]:
    began = time.process_time()
    yield
    print(f"| {what} | {time.process_time() - began:.1f} |", flush=True)


def parted(tables: Tables) -> tuple[Tables, Tables]:
    """All but the last claims by date, and those, each with their notes."""
    by_date = tables.claims.drop_duplicates("claim_id").sort_values(["service_date", "claim_id"])
    last = set(by_date["claim_id"].tail(BATCH))

    def of(chosen: pd.Series[bool], rest: Tables) -> Tables:
        notes = tables.notes[chosen.reindex(tables.notes["claim_id"]).to_numpy()]
        services = tables.note_services[tables.note_services["note_id"].isin(notes["note_id"])]
        claims = tables.claims[chosen.reindex(tables.claims["claim_id"]).to_numpy()]
        return replace(rest, claims=claims, notes=notes, note_services=services)

    late = pd.Series(by_date["claim_id"].isin(last).to_numpy(), index=by_date["claim_id"])
    return of(~late, tables), of(late, Tables.empty())


def main(lines: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made_up.write(folder, lines)
        tables, _ = check(read([folder]))
        before, after = parted(tables)
        engine = database.connect(f"sqlite:///{folder}/countersign.db")
        database.prepare(engine)
        print(f"{len(tables.claims):,} lines, {tables.claims['claim_id'].nunique():,} claims\n\n| | CPU s |\n|---|---|")
        with told("loading all but the last claims"):
            load(engine, before, [], name="all", sha256="1", account_id=None, at=datetime.now(UTC))
        with told("audit of all"):
            running.screen_new(engine, account_id=None, at=datetime.now(UTC))
        with told(f"loading {BATCH} claims"):
            load(engine, after, [], name="batch", sha256="2", account_id=None, at=datetime.now(UTC))
        with told("which claims are touched"):
            asked = incremental.asked(engine, load_facts().sha256, code_version())
        with told(f"audit of {len(asked.claims):,} claims, clinicians' days of {len(asked.of_days):,}"):
            run = running.screen_new(engine, account_id=None, at=datetime.now(UTC))
        written = len(reading.chosen_claims(engine)) if run is None else _written(engine, run)
        print(f"\n{written:,} claims written")
        engine.dispose()


def _written(engine: database.Engine, run: int) -> int:
    from audit.auditing import screening  # noqa: PLC0415

    return screening.outcome(engine, run).claims


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 100_000)

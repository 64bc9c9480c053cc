"""How long what the pages ask of the store takes: `python -m benchmarks.storage_pages ADDRESS [PART ...]`.

Milliseconds of the second of two calls, processor time of this process and wall time (a PostgreSQL server has its own
processor time). PART: only those whose name begins so.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select

from audit.auditing import audits, screening
from audit.figures import results
from audit.loading import arrivals, documents
from audit.payers import payments
from audit.reviewing import evidence, worklist
from audit.reviewing.worklist import Filters
from audit.store import database, schema


def asked(engine: Engine) -> dict[str, Callable[[], Any]]:
    """What is measured, by page."""
    now = datetime.now(UTC)
    with database.read(engine) as connection:
        shown, accounts = schema.worklist.c, schema.accounts.c
        waiting = select(shown.claim_version_id, shown.claim_id).where(shown.state == "to_review")
        claim, claim_id = connection.execute(waiting.order_by(shown.risk.desc()).limit(1)).one()
        reviewer = connection.execute(select(accounts.id).where(accounts.role == "reviewer").limit(1)).scalar_one()

    def look() -> None:
        with database.read(engine) as connection:
            evidence.decided(connection, claim, reviewer)

    return {
        "worklist: first page, by risk": lambda: worklist.worklist(engine, "to_review", at=now),
        "worklist: page 100, by risk": lambda: worklist.worklist(engine, "to_review", at=now, page=100),
        "worklist: last page of returned": lambda: worklist.worklist(
            engine, "returned", at=now, page=300, order="oldest"
        ),
        "worklist: one rule": lambda: worklist.worklist(engine, "to_review", at=now, filters=Filters(rule="MOD-04")),
        "worklist: numbers on the tabs": lambda: worklist.counts(engine, at=now),
        "worklist: choices of the filters": lambda: worklist.choices(engine),
        "next claim": lambda: worklist.next_claim(engine, "to_review", account_id=reviewer, at=now),
        "next claim of second hand": lambda: worklist.next_claim(engine, "ready", account_id=reviewer, at=now),
        "claim: findings and verdicts": look,
        "claim: its evidence": lambda: evidence.evidence(engine, claim),
        "claim by its number": lambda: evidence.claim_version(engine, claim_id),
        "home: where the claims stand": lambda: worklist.ages(engine, now),
        "home: due today": lambda: worklist.counts(engine, Filters(due_by=now.date()), at=now),
        "home: audits": lambda: audits.audits(engine),
        "home: audits and their progress": lambda: results.overview(engine),
        "home: newest rate": lambda: results.results(engine, results.first_to_show(results.overview(engine))),
        "load: documents that wait": lambda: documents.to_do(engine),
        "load: earlier loads": lambda: arrivals.earlier(engine),
        "load: payments without a claim": lambda: payments.strays(engine),
        "audit: what there is to choose from": lambda: screening.population(engine),
        "audit: claims no run has judged": lambda: screening.unjudged(engine).claims,
    }


def main(address: str, *parts: str) -> None:
    engine = database.connect(address)
    print("| | CPU ms | wall ms |\n|---|---|---|")
    for name, ask in asked(engine).items():
        if parts and not name.startswith(parts):
            continue
        ask()
        began, cpu = time.perf_counter(), time.process_time()
        ask()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - began
        print(f"| {name} | {cpu * 1000:.0f} | {wall * 1000:.0f} |", flush=True)
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])

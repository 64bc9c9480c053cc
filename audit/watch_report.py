"""What became of files that arrived in a watched folder: a text for people, findings and refused rows as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select

from audit.auditing import screening
from audit.loading.arrivals import Arrival
from audit.reports import csv_line
from audit.reviewing import corrected
from audit.store import schema
from audit.store.database import read

COLUMNS = ("rule", "severity", "claim_id", "line_number", "service_date", "procedure_code", "expected", "observed",
           "because", "dollars_at_risk", "dollars_under")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """`files`: name -> content. `line`: one sentence without patient data."""

    files: dict[str, str]
    line: str


def report(engine: Engine, arrival: Arrival, run_id: int | None, paths: Sequence[Path], at: datetime) -> Report:
    """The report of files that were loaded and screened together; `run_id` None when nothing was new to screen."""
    loaded = arrival.loaded
    name = f"load-{loaded.load_id}" if loaded.load_id else f"again-{at:%Y%m%dT%H%M%S}"
    files = {f"{name}.{one}": text for one, text in arrival.refused_tables}
    lines = [f"Taken on {at:%Y-%m-%d %H:%M} UTC: {', '.join(path.name for path in paths)}", ""]
    for card in arrival.cards:
        lines.append("; ".join([f"{card.file}: {card.what}", *_refused(card.refused), *card.told]))
    lines += ["", loaded.sentence()]
    screened = screening.outcome(engine, run_id).sentence if run_id else "No claim was new to screen."
    lines.append(screened)
    since = corrected.since_before(engine, _screened(engine, run_id)) if run_id else []
    lines += [f"Claim {one.claim_id}: {one.sentence}" for one in since]
    lines += arrival.unsaid
    if arrival.refusals:
        lines += ["", "Refused rows are beside this report. Mend them and put that file into the folder again."]
        lines += [one.sentence() for one in arrival.refusals]
    if run_id:
        files[f"{name}.findings.csv"] = _findings(engine, run_id)
    files[f"{name}.report.txt"] = "\n".join(lines) + "\n"
    told = f" {len(since)} corrected claims compared with their version before." if since else ""
    return Report(files, f"{screened}{told} Report: {name}.report.txt.")


def _refused(rows: int) -> list[str]:
    return [f"{rows} {'row' if rows == 1 else 'rows'} refused"] if rows else []


def _screened(engine: Engine, run_id: int | None) -> list[int]:
    table = schema.run_claims
    with read(engine) as connection:
        return list(connection.execute(select(table.c.claim_version_id).where(table.c.run_id == run_id)).scalars())


def _findings(engine: Engine, run_id: int) -> str:
    findings, claims = schema.findings, schema.claims
    held = {**{c.name: c for c in findings.c}, "claim_id": claims.c.claim_id, "service_date": claims.c.service_date}
    query = (
        select(*[held[name] for name in COLUMNS])
        .outerjoin(claims, claims.c.id == findings.c.claim_version_id)
        .where(findings.c.run_id == run_id)
        .order_by(claims.c.claim_id, findings.c.line_number, findings.c.rule)
    )
    with read(engine) as connection:
        rows = [csv_line("" if cell is None else cell for cell in row) for row in connection.execute(query)]
    return "\n".join([csv_line(COLUMNS), *rows]) + "\n"

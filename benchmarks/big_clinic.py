"""A database of any size to measure with: claims, notes, payments, findings of a run, audits and reviews.

Claims and notes are those of `made_up`, loaded as four files one after the other. The findings are not the rules' own:
each claim has those that the rules find on a claim with as many lines of a clinic of 10,000 lines, and two of what
cannot be tested. Audits are opened by the program; verdicts, signatures, answers and rulings (`big_reviews`) are put in
many at once, past the guards of the database and into the chain of events, so that `countersign verify` holds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Engine, insert, select

from audit import __version__, model, sampling
from audit.access import accounts, demo
from audit.auditing import audits
from audit.engine import audit
from audit.facts.reference import load_facts
from audit.intake import read as read_files
from audit.store import database, kept, loading, runs, schema, trail
from audit.tables import Tables, check, typed
from benchmarks import big_reviews, made_up

NAMES = ("claims", "notes", "note_services", "payers", "providers")
LOADS, PATTERN_LINES, PAID_SHARE, SAMPLE = 4, 10_000, 0.25, 2_000
LOADED, SCREENED = datetime(2024, 11, 4, 8, tzinfo=UTC), datetime(2024, 12, 2, 8, tzinfo=UTC)
REVIEWERS, SECONDS, THERAPISTS = 50, 8, 60
UNTESTABLE = ("DOC-05", "MOD-08")
Say = Callable[[str], None]


@dataclass(frozen=True)
class People:
    reviewers: list[int]
    seconds: list[int]
    doctor: int
    manager: int
    therapists: dict[str, int]
    """Account by NPI."""


def fill(engine: Engine, lines: int, say: Say = print) -> None:
    """Fill an empty database with about so many claim lines and all that becomes of them."""
    database.prepare(engine)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made_up.write(folder, lines)
        people = _people(engine, folder)
        say("accounts")
        _load_all(engine, folder, people.manager, say)
    pay(engine, people.manager)
    say("payments")
    run_id = screen(engine, people.manager)
    say("findings")
    _open_audits(engine, run_id, people.manager)
    say("audits")
    big_reviews.review(engine, run_id, people, say)


def _people(engine: Engine, folder: Path) -> People:
    """The people of the demo, all with its password, and more of those who review and treat."""
    first = {one.role: one.id for one in demo.create_accounts(engine, LOADED)}
    providers = pd.read_parquet(folder / "providers.parquet")
    treating = providers[providers["credential"] == "OTR/L"].head(THERAPISTS)
    more = [(f"reviewer{n:02}", f"Reviewer {n}", "reviewer", "") for n in range(1, REVIEWERS + 1)]
    more += [(f"second{n:02}", f"Second {n}", "second_reviewer", "") for n in range(1, SECONDS + 1)]
    more += [(f"t{npi}", name, "therapist", npi) for npi, name in zip(treating["npi"], treating["name"], strict=True)]
    made: dict[str, list[Any]] = {"reviewer": [first["reviewer"]], "second_reviewer": [first["second_reviewer"]]}
    with database.write(engine) as connection:
        table = schema.accounts.c
        known = connection.execute(select(table.password_hash).where(table.id == first["reviewer"])).scalar_one()
        for username, name, role, npi in more:
            person = {"username": username, "name": name, "role": role, "npi": npi}
            added = accounts.add(connection, **person, at=LOADED, by=None)
            accounts.change(connection, added.id, password_hash=known)
            made.setdefault(role, []).append(added.id)
    therapists = dict(zip(treating["npi"], made["therapist"], strict=True))
    return People(made["reviewer"], made["second_reviewer"], first["doctor_of_ot"], first["manager"], therapists)


def _load_all(engine: Engine, folder: Path, account_id: int, say: Say) -> None:
    """Four loads of claims with their notes, as four months would come."""
    frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in NAMES}
    order = frames["claims"]["claim_id"].str[1:].astype(int)
    bounds = np.linspace(0, order.max() + 1, LOADS + 1).astype(int)
    for number, (low, high) in enumerate(pairwise(bounds), start=1):
        part = Path(folder, str(number))
        part.mkdir()
        for name, frame in frames.items():
            key = {"claims": "claim_id", "notes": "note_id", "note_services": "note_id"}.get(name)
            chosen = frame[frame[key].str[1:].astype(int).between(low, high - 1)] if key else frame
            chosen.to_parquet(part / f"{name}.parquet", index=False)
        tables, refusals = check(read_files([part / f"{name}.parquet" for name in NAMES]))
        assert not refusals
        told = {"name": f"Month {number}", "sha256": f"{number:064}", "account_id": account_id}
        loading.load(engine, tables, refusals, **told, at=LOADED)
        say(f"load {number}")


def pay(engine: Engine, account_id: int) -> None:
    """What payers answered to a quarter of the claims: most lines paid, one in sixteen denied."""
    lines, chance = schema.claim_lines.c, np.random.default_rng(9)
    query = select(lines.claim_id, lines.line_number, lines.service_date, lines.procedure_code, lines.rendering_npi)
    with database.read(engine) as connection:
        found = connection.execute(query)
        rows = pd.DataFrame(found.all(), columns=list(found.keys()), dtype="object")
    ids = rows["claim_id"].drop_duplicates()
    rows = rows[rows["claim_id"].isin(ids[chance.random(len(ids)) < PAID_SHARE])].reset_index(drop=True)
    rows["position"] = rows.groupby("claim_id").cumcount() + 1
    denied = chance.random(len(rows)) < 1 / 16
    paid = rows.assign(paid_amount=np.where(denied, "0.00", "48.00"), charge_amount="200.00", allowed_amount="60.00")
    whole = paid.drop_duplicates("claim_id").assign(
        position=0, procedure_code="", paid_amount="96.00", charge_amount="400.00", allowed_amount="120.00"
    )
    both = pd.concat([whole, paid], ignore_index=True)
    both = both.assign(payment_id="EFT1/" + both["claim_id"], payer_control_number="ICN" + both["claim_id"], status="1",
                       payer_id="MEDICARE", payer_name="Medicare", payment_date="2024-11-29", trace_number="EFT1",
                       frequency_code="1")  # fmt: skip
    reasons = chance.choice(["50", "97", "96", "119", "16"], len(rows))
    cut = rows.assign(payment_id="EFT1/" + rows["claim_id"], number="1", group_code="CO")
    cut = cut.assign(reason_code=np.where(denied, reasons, "45"), amount=np.where(denied, "200.00", "140.00"))
    answers = {"payments": _typed(both, model.PAYMENTS), "adjustments": _typed(cut, model.ADJUSTMENTS)}
    tables = Tables(**{**vars(Tables.empty()), **answers})
    loading.load(engine, tables, [], name="Answers", sha256="9" * 64, account_id=account_id, at=LOADED)


def _typed(rows: pd.DataFrame, table: model.Table) -> pd.DataFrame:
    return typed(rows.reindex(columns=table.names, fill_value="").astype("str"), table)


def screen(engine: Engine, account_id: int) -> int:
    """A finished run over every claim, its findings copied from those of a small clinic."""
    claims, lines = schema.claims.c, schema.claim_lines.c
    with database.read(engine) as connection:
        number_of = select(lines.claim_version_id, lines.line_number).order_by(lines.claim_version_id)
        sizes = pd.DataFrame(connection.execute(number_of).all(), columns=["id", "line"]).groupby("id")["line"].max()
        known = dict(connection.execute(select(claims.id, claims.claim_id)).all())
    facts, patterns = load_facts(), _patterns()
    chosen = {"claim_version_ids": list(known)}
    told = {"code_version": __version__, "facts_sha256": facts.sha256, "account_id": account_id, "at": SCREENED}
    run_id = runs.start_run(engine, **chosen, **told)
    chance = np.random.default_rng(10)
    rows: list[dict[str, Any]] = []
    with database.write(engine) as connection:
        worth = [
            {"run_id": run_id, "claim_version_id": one, "dollars_over": None, "dollars_under": None} for one in known
        ]
        connection.execute(insert(schema.run_claims), worth)
        for one, size in sizes.items():
            like = patterns.get(int(size)) or patterns[3]
            for finding in like[chance.integers(len(like))]:
                note = f"N{known[one][1:]}" if finding["note_id"] else ""
                rows.append({**finding, "note_id": note, "run_id": run_id, "claim_version_id": int(one)})
            if len(rows) > 50_000:
                connection.execute(insert(schema.findings), rows)
                rows = []
        if rows:
            connection.execute(insert(schema.findings), rows)
        table = schema.runs
        connection.execute(table.update().where(table.c.id == run_id).values(state="finished", finished_at=SCREENED))
        kept.note_facts(connection, facts.sha256, SCREENED)
        told = {"kind": "run finished", "subject": f"run {run_id}", "account_id": account_id, "at": SCREENED}
        trail.record(connection, **told, details={"claims": len(known)})
    return run_id


def _patterns() -> dict[int, list[list[dict[str, Any]]]]:
    """By number of lines of a claim: the findings that claims of a small clinic have."""
    with tempfile.TemporaryDirectory() as name:
        made_up.write(Path(name), PATTERN_LINES)
        tables, _ = check(read_files([Path(name, f"{one}.parquet") for one in NAMES]))
    found = audit(tables)
    found = found[(found["severity"] != "untestable") | found["rule"].isin(UNTESTABLE)]
    columns = [c.name for c in schema.findings.c if c.name in found.columns]
    rows = found[["claim_id", *columns]].astype("object").where(found[["claim_id", *columns]].notna(), None)
    of_claim: dict[str, list[dict[str, Any]]] = {}
    for row in rows.to_dict("records"):
        told = {str(name): value for name, value in row.items() if name != "claim_id"}
        told["line_number"] = row["line_number"] and int(row["line_number"])
        of_claim.setdefault(row["claim_id"], []).append(told)
    patterns: dict[int, list[list[dict[str, Any]]]] = {}
    for claim, size in tables.claims.groupby("claim_id")["line_number"].max().items():
        patterns.setdefault(int(size), []).append(of_claim.get(claim, []))
    return patterns


def _open_audits(engine: Engine, run_id: int, account_id: int) -> None:
    """A random sample, then every flagged claim."""
    with database.read(engine) as connection:
        plan = sampling.flag_plan(audits.frame_of(connection, run_id), SAMPLE)
    told = {"account_id": account_id, "at": SCREENED}
    made = audits.open_audit(engine, run_id, name="Sample", plan=plan, **told)
    audits.draw_seed(engine, made, **told, seed="20241202080000000001")
    audits.open_audit(engine, run_id, name="Every flagged claim", plan=None, **told)

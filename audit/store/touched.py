"""What came since the store was last judged as a whole, and whose keys it touches.

A *complete* run leaves every current claim judged as if all had been judged by it: one over all claims, or one over
all that came since the complete run before it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Select, Table, and_, false, func, or_, select, union

from audit import model
from audit.store import schema
from audit.store.choosing import judgeable
from audit.store.rows import Row, among
from audit.store.runs import Dollars
from audit.store.standing import newest_run
from audit.store.undone import undone_since

claims, lines, notes, runs = schema.claims, schema.claim_lines, schema.notes, schema.runs
OF_PATIENTS = ("notes", "plans_of_care", "authorizations")
OF_PAYERS = ("payers", "fees")
VISIT = ["patient_id", "service_date", "rendering_npi"]
PERSON = ["author_name", "author_credential"]


@dataclass(frozen=True)
class Touched:
    """`everything`: why all claims are judged again, "" where they are not; else the keys that are touched: patients,
    payers, and `days`: who gave a visit when, by claims and notes (VISIT, PERSON; "" for a claim)."""

    load_id: int
    everything: str = ""
    patients: list[str] = field(default_factory=list)
    payers: list[str] = field(default_factory=list)
    days: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=[*VISIT, *PERSON]))


def touched(connection: Connection, *, facts_sha256: str, code_version: str) -> Touched:
    """What is touched since the newest complete run by these facts and rules that saw no load undone since."""
    head = connection.execute(select(func.max(schema.loads.c.id))).scalar() or 0
    complete = select(runs).where(runs.c.state == "finished", runs.c.complete, ~undone_since())
    base = connection.execute(complete.order_by(runs.c.id.desc()).limit(1)).mappings().first()
    if why := _everything(connection, base, facts_sha256, code_version):
        return Touched(head, why)
    assert base is not None
    since = base["load_id"] or 0
    patients = [select(_came("claims", since, lines).c.patient_id)]
    patients += [select(_came(name, since).c.patient_id) for name in OF_PATIENTS]
    profiles = schema.payer_profiles.c
    payers = [select(_came(name, since).c.payer_id) for name in OF_PAYERS]
    payers += [select(profiles.payer_id).where(profiles.at >= base["started_at"])]
    by_claims, by_notes = _came("claims", since, lines), _came("notes", since)
    days = _rows(connection, select(*[by_claims.c[name] for name in VISIT]).distinct(), VISIT)
    noted = select(*[by_notes.c[name] for name in (*VISIT, *PERSON)]).distinct()
    days = pd.concat([days, _rows(connection, noted, [*VISIT, *PERSON])], ignore_index=True)
    return Touched(
        head,
        "",
        sorted(one for one in connection.execute(union(*patients)).scalars() if one is not None),
        sorted(one for one in connection.execute(union(*payers)).scalars() if one is not None),
        days.reindex(columns=[*VISIT, *PERSON]),
    )


def _everything(connection: Connection, base: Any, facts_sha256: str, code_version: str) -> str:
    if base is None:
        return "no run has judged all claims as they stand now"
    if base["facts_sha256"] != facts_sha256:
        return "the facts that rules rest on have changed since the last complete run"
    if base["code_version"] != code_version:
        return "the rules have changed since the last complete run"
    came = _came("providers", base["load_id"] or 0)
    if connection.execute(select(came.c.npi).limit(1)).first():
        return "practitioners came, by whom visits are told apart"
    return ""


def _came(name: str, since: int, rows: Table | None = None) -> Any:
    """Every version of the records of a table of which one came after the load `since` and is current; of claims,
    their lines."""
    held = schema.metadata.tables[name]
    now = held.alias("now")
    same = and_(*[held.c[key].is_not_distinct_from(now.c[key]) for key in _key(name)])
    query: Select[Any] = select(held if rows is None else rows).join_from(now, held, same)
    if rows is not None:
        query = query.join(rows, rows.c.claim_version_id == held.c.id)
    return query.where(now.c.is_current, now.c.load_id > since).subquery()


def _key(name: str) -> tuple[str, ...]:
    return {"claims": ("claim_id",)}.get(name) or model.TABLES[name].key


def _rows(connection: Connection, query: Any, columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(connection.execute(query).all(), columns=columns, dtype="object").fillna("")


def visits_on(connection: Connection, dates: Collection[date]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Current claim lines of these days: `claim_version_id` and VISIT; and current notes: `note_version_id`, VISIT and
    PERSON."""
    days = sorted(dates)
    current = select(lines.c.claim_version_id, *[lines.c[name] for name in VISIT]).join(claims).where(judgeable())
    billed = current.where(lines.c.service_date.in_(days) if days else false()).distinct()
    noted = select(notes.c.id, *[notes.c[name] for name in (*VISIT, *PERSON)]).where(notes.c.is_current)
    noted = noted.where(notes.c.service_date.in_(days) if days else false())
    columns = ["note_version_id", *VISIT, *PERSON]
    return _rows(connection, billed, ["claim_version_id", *VISIT]), _rows(connection, noted, columns)


def providers(connection: Connection) -> pd.DataFrame:
    names = ["npi", "name", "credential"]
    held = schema.providers
    query = select(*[held.c[name] for name in names]).where(held.c.is_current).order_by(held.c.id)
    return _rows(connection, query, names).astype("str")


def claims_of(connection: Connection, column: str, values: list[str]) -> set[int]:
    """Current claims with a line of one of these patients or payers."""
    if not values:
        return set()
    query = select(lines.c.claim_version_id).join(claims).where(judgeable())
    return set(connection.execute(query.where(among(connection, lines.c[column], values))).scalars())


def current(connection: Connection, ids: Collection[int] | None = None) -> dict[int, Row]:
    """Current claim versions (all, or of these) with their newest finished run: `run_id`, `facts_sha256`,
    `code_version`, `started_at`, `load_id`; all None where no run judged it."""
    query = _with_run()
    if ids is not None:
        query = query.where(among(connection, claims.c.id, sorted(ids)))
    return {row["id"]: dict(row) for row in connection.execute(query).mappings()}


def number(connection: Connection) -> int:
    """Of current claims that can be judged."""
    return int(connection.execute(select(func.count()).select_from(claims).where(judgeable())).scalar_one())


def any_judged(connection: Connection) -> bool:
    """Whether a run has judged one of the current claims."""
    screened = schema.run_claims.c
    of_them = select(screened.run_id).join(runs, runs.c.id == screened.run_id)
    of_them = of_them.join(claims, claims.c.id == screened.claim_version_id)
    return connection.execute(of_them.where(runs.c.state == "finished", judgeable()).limit(1)).first() is not None


def outdated(connection: Connection, facts_sha256: str, code_version: str) -> set[int]:
    """Current claims that no run judged, or whose newest run had other facts or rules, or saw a load undone since."""
    other = or_(runs.c.facts_sha256 != facts_sha256, runs.c.code_version != code_version)
    query = _with_run().where(or_(runs.c.id.is_(None), other, undone_since()))
    return set(connection.execute(query.with_only_columns(claims.c.id)).scalars())


def _with_run() -> Select[Any]:
    newest = newest_run().subquery()
    names = [runs.c.facts_sha256, runs.c.code_version, runs.c.started_at, runs.c.load_id]
    return (
        select(claims.c.id, newest.c.run_id, *names)
        .outerjoin(newest, newest.c.claim_version_id == claims.c.id)
        .outerjoin(runs, runs.c.id == newest.c.run_id)
        .where(judgeable())
    )


def untouched(connection: Connection, *, facts_sha256: str, code_version: str) -> bool:
    """Nothing came, was undone or was saved since the newest run, which was complete: asked of a few rows only."""
    last = select(runs).where(runs.c.state == "finished").order_by(runs.c.id.desc()).limit(1)
    run = connection.execute(last).mappings().first()
    if run is None or not run["complete"]:
        return False
    if (run["facts_sha256"], run["code_version"]) != (facts_sha256, code_version):
        return False
    undone, saved = schema.withdrawals.c, schema.payer_profiles.c
    came = [
        select(schema.loads.c.id).where(schema.loads.c.id > (run["load_id"] or 0)),
        select(undone.load_id).where(undone.at >= run["started_at"]),
        select(saved.id).where(saved.at >= run["started_at"]),
    ]
    return all(connection.execute(one.limit(1)).first() is None for one in came)


def kept_findings(connection: Connection, by_claim: dict[int, int]) -> pd.DataFrame:
    """The findings on each claim version of the run given beside it, in the columns of the contract that the store
    keeps, with `claim_version_id`."""
    found = schema.findings
    names = ["claim_version_id", "run_id", *[c.name for c in found.c if c.name in model.FINDING_COLUMNS]]
    of_them = among(connection, found.c.claim_version_id, sorted(by_claim))
    result = connection.execute(select(*[found.c[name] for name in names]).where(of_them)) if by_claim else ()
    rows = [row for row in result if by_claim[row.claim_version_id] == row.run_id]
    return pd.DataFrame(rows, columns=names, dtype="object").drop(columns="run_id")


def kept_dollars(connection: Connection, by_claim: dict[int, int]) -> Dollars:
    """Over and under of each claim version by the run given beside it."""
    held = schema.run_claims.c
    query = select(held.claim_version_id, held.run_id, held.dollars_over, held.dollars_under)
    rows = connection.execute(query.where(among(connection, held.claim_version_id, sorted(by_claim))))
    return {one: (over, under) for one, run, over, under in rows if by_claim[one] == run}


def dates_of(connection: Connection, ids: Collection[int]) -> set[date]:
    """The days of service of these claim versions."""
    if not ids:
        return set()
    of_them = among(connection, lines.c.claim_version_id, sorted(ids))
    return set(connection.execute(select(lines.c.service_date).where(of_them).distinct()).scalars())

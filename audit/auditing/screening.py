"""Which loaded claims there are to screen, and what screening them came to.

Claims that a rule flagged are called flagged, never in error: that is for reviewers to say.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
from sqlalchemy import Connection, Engine, func, select

from audit.auditing import incremental
from audit.auditing.audits import FLAGGING
from audit.errors import StateError
from audit.facts.reference import load_facts
from audit.judging import code_version
from audit.store import schema
from audit.store.choosing import Choice, chosen
from audit.store.database import read
from audit.store.remembered import loaded, once
from audit.store.undone import undone_since


@dataclass(frozen=True, slots=True)
class Population:
    """The current claims of the store: their number, first and last date of service (None without claims), and
    the payers: id -> (name, number of claims)."""

    claims: int
    first: date | None
    last: date | None
    payers: dict[str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished run came to, in claims. `flagged`: an error or a warning was found; `untestable`: at least
    one rule could not judge the claim."""

    run_id: int
    at: datetime
    claims: int
    flagged: int
    untestable: int

    @property
    def sentence(self) -> str:
        return (
            f"{self.claims:,} {'claim' if self.claims == 1 else 'claims'} screened: {self.flagged:,} flagged with an "
            f"error or a warning, {self.claims - self.flagged:,} not. On {self.untestable:,} something could not be "
            "tested, which is no pass."
        )


@dataclass(frozen=True, slots=True)
class Unjudged:
    """`claims`: how many a run would judge. `again`: why it judges some anew that a run judged before, "" where only
    what is new is judged."""

    claims: int
    again: str


def population(engine: Engine) -> Population:
    """What there is to choose from."""
    with read(engine) as connection:
        return once(connection, "population", _brought, lambda: _population(connection))


def _population(connection: Connection) -> Population:
    claims = schema.claims
    name = func.max(func.coalesce(func.nullif(claims.c.payer_name, ""), claims.c.payer_id))
    first, last = func.min(claims.c.service_date), func.max(claims.c.service_date)
    query = select(claims.c.payer_id, name, func.count(), first, last).where(claims.c.is_current)
    rows = connection.execute(query.group_by(claims.c.payer_id).order_by(claims.c.payer_id)).all()
    return Population(
        claims=sum(number for _, _, number, _, _ in rows),
        first=min((first for *_, first, _ in rows), default=None),
        last=max((last for *_, last in rows), default=None),
        payers={payer: (name, number) for payer, name, number, _, _ in rows},
    )


def fitting(
    engine: Engine,
    *,
    from_date: date | None = None,
    to_date: date | None = None,
    payer_ids: Collection[str] | None = None,
) -> int:
    """Number of current claims that `running.screen` would screen for this choice."""
    with read(engine) as connection:
        fit = chosen(connection, Choice(None, from_date, to_date, payer_ids)).subquery()
        return int(connection.execute(select(func.count()).select_from(fit)).scalar_one())


def unjudged(engine: Engine) -> Unjudged:
    """What `running.screen_new` would judge: claims on which something bears that came or changed since the last
    complete run."""
    facts, code = load_facts().sha256, code_version()

    def stamp(connection: Connection) -> tuple[object, ...]:
        saved = connection.execute(select(func.max(schema.payer_profiles.c.id))).scalar()
        return (*_brought(connection), saved, facts, code)

    with read(engine) as connection:
        return once(connection, "unjudged", stamp, lambda: Unjudged(*incremental.unjudged(engine, facts, code)))


def _brought(connection: Connection) -> tuple[int | None, ...]:
    """What changes when claims and notes come or go or a run ends."""
    finished = select(schema.runs.c.id).where(schema.runs.c.state == "finished").subquery().c
    asked = func.max(finished.id), func.count(finished.id)
    return (*loaded(connection), *(connection.execute(select(ask)).scalar() for ask in asked))


def outcome(engine: Engine, run_id: int) -> Outcome:
    """Raises StateError when there is no such run or it did not finish."""
    runs, findings = schema.runs, schema.findings
    with read(engine) as connection:
        run = connection.execute(select(runs).where(runs.c.id == run_id)).mappings().first()
        if run is None or run["state"] != "finished":
            state = f"is {run['state']}" if run else "is not in the database"
            raise StateError(f"screening {run_id} {state}", do="Run the rules again")
        query = select(func.count(findings.c.claim_version_id.distinct())).where(findings.c.run_id == run_id)
        flagged = connection.execute(query.where(findings.c.severity.in_(FLAGGING))).scalar_one()
        untestable = connection.execute(query.where(findings.c.severity == "untestable")).scalar_one()
    return Outcome(run_id, run["finished_at"], run["claim_count"], flagged, untestable)


def patterns(engine: Engine, run_id: int) -> list[str]:
    """What a run noticed of clinicians over many visits, in sentences; it stands on no claim."""
    findings = schema.findings
    on_nobody = findings.c.claim_version_id.is_(None) & (findings.c.severity == "info")
    query = select(findings.c.because).where(findings.c.run_id == run_id, on_nobody).order_by(findings.c.id)
    with read(engine) as connection:
        return list(connection.execute(query).scalars())


def unplanned(engine: Engine) -> pd.DataFrame:
    """Finished runs of which no claims were chosen for review yet, newest first: id, finished_at, claims. A run that
    saw a load which was undone since is none of them."""
    runs = schema.runs
    query = (
        select(runs.c.id, runs.c.finished_at, runs.c.claim_count.label("claims"))
        .where(
            runs.c.state == "finished",
            runs.c.claim_count > 0,
            runs.c.id.not_in(select(schema.audits.c.run_id)),
            ~undone_since(),
        )
        .order_by(runs.c.id.desc())
    )
    with read(engine) as connection:
        found = connection.execute(query)
        return pd.DataFrame(found.all(), columns=list(found.keys()))

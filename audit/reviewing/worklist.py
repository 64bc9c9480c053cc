"""The worklist: claims under review in pages, filtered and sorted by the database, and where each stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import mean
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, exists, func, or_, select, true

from audit.reviewing.review import VIEWS
from audit.store import schema
from audit.store.database import read
from audit.store.kept import NO_DAY

kept, leases, findings = schema.worklist, schema.leases, schema.findings
ORDERS = {
    "risk": (kept.c.risk, "desc"),
    "dollars": (kept.c.dollars, "desc"),
    "due": (kept.c.due_on, "asc"),
    "oldest": (kept.c.since, "asc"),
    "service_date": (kept.c.service_date, "asc"),
}
"""Saved sort orders; each has an index."""
FIRST_HAND = ("sent_back", "to_review", "stale")
"""Views that wait for a first reviewer, the most urgent first."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which claims of a view; what is not given does not matter. `due_by`: due on that day or before.
    `older_than`: days in its state. `holder` and `assigned_to` are accounts; `min_dollars` is at risk."""

    audit_id: int | None = None
    payer_id: str = ""
    therapist_npi: str = ""
    rule: str = ""
    assigned_to: int | None = None
    holder: int | None = None
    due_by: date | None = None
    min_risk: int | None = None
    min_dollars: Decimal | None = None
    older_than: int | None = None
    blind: bool | None = None


@dataclass(frozen=True)
class Page:
    """One page of the worklist and the number of claims in the whole view."""

    rows: pd.DataFrame
    total: int


def worklist(
    engine: Engine,
    view: str,
    *,
    at: datetime,
    filters: Filters | None = None,
    order: str = "risk",
    page: int = 1,
    size: int = 25,
) -> Page:
    """One page of the claims in one of VIEWS.

    Rows: claim_version_id, claim_id, service_date, payer, therapist, errors, warnings, infos, untestables, undecided,
    risk, dollars, dollars_over and dollars_under (None where not known), state, people, blind, found (rule codes, most
    severe first), since, due_on (None when nothing is due), and names ("" for nobody): first (who signed first),
    assigned, holder (who is at work on it now).
    """
    where = _where(view, filters or Filters(), at)
    with read(engine) as connection:
        total = connection.execute(select(func.count()).select_from(kept).where(where)).scalar_one()
        ids = _ids(where, order).limit(size).offset((page - 1) * size)
        rows = _page(connection, ids, at, order)
    return Page(rows, int(total))


def query_of(view: str, filters: Filters, order: str, at: datetime) -> Select[Any]:
    """The query behind a page, for whoever wants to see how the database answers it."""
    return _ids(_where(view, filters, at), order)


def counts(engine: Engine, filters: Filters | None = None, *, at: datetime | None = None) -> dict[str, int]:
    """Number of claims in each of VIEWS."""
    query = select(kept.c.state, func.count().label("number")).group_by(kept.c.state)
    if filters:
        query = query.where(_fitting(filters, at))
    with read(engine) as connection:
        found = {row.state: row.number for row in connection.execute(query)}
    return {view: found.get(view, 0) for view in VIEWS}


def ages(engine: Engine, at: datetime) -> pd.DataFrame:
    """How long claims have stood in each view: state, claims, oldest and median in whole days."""
    first, number = func.min(kept.c.since), func.count()
    with read(engine) as connection:
        rows = {
            state: (claims, oldest, _middle(connection, state, claims))
            for state, claims, oldest in connection.execute(select(kept.c.state, number, first).group_by(kept.c.state))
        }

    def days(since: datetime) -> int:
        return max(0, (at - since).days)

    found = [
        (view, rows[view][0], days(rows[view][1]), mean(map(days, rows[view][2]))) for view in VIEWS if view in rows
    ]
    return pd.DataFrame(found, columns=["state", "claims", "oldest", "median"])


def _middle(connection: Connection, state: str, claims: int) -> list[datetime]:
    """The one or two times in the middle, read by the index of states and times."""
    query = select(kept.c.since).where(kept.c.state == state).order_by(kept.c.since, kept.c.claim_version_id)
    return list(connection.execute(query.offset((claims - 1) // 2).limit(2 - claims % 2)).scalars())


def next_claim(
    engine: Engine,
    view: str,
    *,
    after: int | None = None,
    audit_id: int | None = None,
    account_id: int | None = None,
    at: datetime | None = None,
) -> int | None:
    """The claim to go on with: the riskiest of the view, or the one that follows `after` there; behind the last one
    comes the first again. None when there is no other.

    Who reviews first gets what was sent back, then what waits, then what changed. With `account_id` and `at`: no
    claim that another person is at work on, and none that this person may not judge.
    """
    filters = Filters(audit_id=audit_id)
    with read(engine) as connection:
        for one, side in _turns(connection, view, after):
            where = and_(_where(one, filters, at), side)
            if account_id is not None and at is not None:
                where = and_(where, _open_to(one, account_id, at))
            ids = list(connection.execute(_ids(where, "risk").limit(1)).scalars())
            if ids:
                return int(ids[0])
    return None


def _turns(connection: Connection, view: str, after: int | None) -> list[tuple[str, ColumnElement[bool]]]:
    """Views to look into, one after the other, and what part of each. A claim that was signed has left its view: what
    is more urgent than its place comes before what follows it."""
    views = FIRST_HAND if view == "to_review" else (view,)
    mine = kept.c.claim_version_id
    stood = after and connection.execute(select(kept.c.state, kept.c.risk).where(mine == after)).one_or_none()
    if not stood:
        return [(one, true()) for one in views]
    here = stood.state if stood.state in views else view
    place = views.index(here)
    urgent, later = ([(one, true()) for one in part] for part in (views[:place], views[place + 1 :]))
    equal = kept.c.risk == stood.risk
    behind = (here, or_(kept.c.risk < stood.risk, equal & (mine < after)))
    ahead = (here, or_(kept.c.risk > stood.risk, equal & (mine > after)))
    if here == stood.state:
        return [behind, *later, *urgent, ahead]
    return [*urgent, behind, *later, ahead]


def _open_to(view: str, account_id: int, at: datetime) -> ColumnElement[bool]:
    """Nobody else is at work on it; and for a second hand: no decision of one's own, nor one's own services."""
    mine = kept.c.claim_version_id
    held = exists().where(leases.c.claim_version_id == mine, leases.c.ends_at > at, leases.c.account_id != account_id)
    if view in FIRST_HAND or view == "on_hold":
        return ~held
    made, lines, accounts = schema.decisions, schema.claim_lines, schema.accounts
    stages = ("first",) if view == "second" else ("first", "second") if view == "adjudicate" else ("first",)
    decided = exists().where(made.c.claim_version_id == mine, made.c.account_id == account_id, made.c.stage.in_(stages))
    npi = select(accounts.c.npi).where(accounts.c.id == account_id).scalar_subquery()
    own = exists().where(
        lines.c.claim_version_id == mine, npi != "", (lines.c.rendering_npi == npi) | (lines.c.billing_npi == npi)
    )
    return and_(~held, ~decided, ~own, kept.c.first_id.is_distinct_from(account_id))


def _where(view: str, filters: Filters, at: datetime | None) -> ColumnElement[bool]:
    return and_(kept.c.state == view, _fitting(filters, at))


def _fitting(filters: Filters, at: datetime | None) -> ColumnElement[bool]:
    equal = {"payer_id": filters.payer_id, "rendering_npi": filters.therapist_npi, "assigned_to": filters.assigned_to}
    parts = [kept.c[name] == value for name, value in equal.items() if value not in (None, "")]
    least = {"risk": filters.min_risk, "dollars": filters.min_dollars}
    parts += [kept.c[name] >= value for name, value in least.items() if value is not None]
    if filters.blind is not None:
        parts.append(kept.c.blind == filters.blind)
    if filters.due_by is not None:
        parts.append(kept.c.due_on <= filters.due_by)
    if filters.older_than is not None and at is not None:
        parts.append(kept.c.since <= at - timedelta(days=filters.older_than))
    mine, taken = kept.c.claim_version_id, schema.audit_claims
    if filters.audit_id is not None:
        parts.append(exists().where(taken.c.claim_version_id == mine, taken.c.audit_id == filters.audit_id))
    if filters.rule:
        ran = (findings.c.claim_version_id == mine, findings.c.run_id == kept.c.run_id)
        parts.append(exists().where(*ran, findings.c.rule == filters.rule))
    if filters.holder is not None:
        running = (leases.c.claim_version_id == mine, leases.c.account_id == filters.holder)
        parts.append(exists().where(*running, leases.c.ends_at > at))
    return and_(true(), *parts)


def _ids(where: ColumnElement[bool], order: str) -> Select[Any]:
    """Ids in order. Ties follow the id in the same direction, so that the index of the order serves both."""
    column, way = ORDERS[order]
    mine = kept.c.claim_version_id
    by = (column.desc(), mine.desc()) if way == "desc" else (column, mine)
    return select(mine).where(where).order_by(*by)


def _page(connection: Connection, ids: Select[Any], at: datetime, order: str) -> pd.DataFrame:
    wanted: Sequence[int] = list(connection.execute(ids).scalars())
    accounts, first, given = schema.accounts, schema.accounts.alias(), schema.accounts.alias()
    running = and_(leases.c.claim_version_id == kept.c.claim_version_id, leases.c.ends_at > at)
    worth = schema.run_claims.c
    of_run = and_(worth.claim_version_id == kept.c.claim_version_id, worth.run_id == kept.c.run_id)
    query = (
        select(
            kept,
            worth.dollars_over,
            worth.dollars_under,
            func.coalesce(first.c.name, "").label("first"),
            func.coalesce(given.c.name, "").label("assigned"),
            func.coalesce(accounts.c.name, "").label("holder"),
        )
        .outerjoin(first, first.c.id == kept.c.first_id)
        .outerjoin(given, given.c.id == kept.c.assigned_to)
        .outerjoin(schema.run_claims, of_run)
        .outerjoin(leases, running)
        .outerjoin(accounts, accounts.c.id == leases.c.account_id)
        .where(kept.c.claim_version_id.in_(wanted))
    )
    found = connection.execute(query)
    rows = pd.DataFrame(found.all(), columns=list(found.keys()))
    place = {one: number for number, one in enumerate(wanted)}
    rows = rows.sort_values("claim_version_id", key=lambda ids: ids.map(place)).reset_index(drop=True)
    rows["due_on"] = rows["due_on"].astype("object").where(rows["due_on"] != NO_DAY, None)
    return rows


@dataclass(frozen=True, slots=True)
class Choices:
    """By id: the payers and the therapists of the claims under review, for filters."""

    payers: dict[str, str]
    therapists: dict[str, str]


def choices(engine: Engine) -> Choices:
    """Read by the indexes of the kept worklist; names in their order."""
    told = {"payer_id": kept.c.payer, "rendering_npi": kept.c.therapist}
    with read(engine) as connection:
        found = [
            {row[0]: row[1] for row in connection.execute(select(kept.c[name], func.max(words)).group_by(kept.c[name]))}
            for name, words in told.items()
        ]
    by_name = [dict(sorted(names.items(), key=lambda item: item[1])) for names in found]
    return Choices(*by_name)

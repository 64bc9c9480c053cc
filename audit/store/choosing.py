"""Which claims are chosen, and which others bear on them.

A chosen claim must be judged as if all were read. So its patients come whole (pooled minutes, yearly amounts,
plans, the count of visits), and so do its therapists' days (overlapping visits of other patients).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, select, true, tuple_, union

from audit.errors import StateError
from audit.store.rows import among
from audit.store.schema import claim_lines as lines
from audit.store.schema import claims, notes, removals


@dataclass(frozen=True, slots=True)
class Choice:
    """Which claims: these versions, or those whose first date of service and payer fit. Nothing given: all."""

    claim_version_ids: Collection[int] | None = None
    from_date: date | None = None
    to_date: date | None = None
    payer_ids: Collection[str] | None = None

    @property
    def is_all(self) -> bool:
        return self == Choice()

    @property
    def is_period(self) -> bool:
        return self.claim_version_ids is None and self.payer_ids is None


@dataclass(frozen=True, slots=True)
class Beside:
    """Claim versions and note versions that are read beside those of the chosen claims' patients."""

    claims: Collection[int] = ()
    notes: Collection[int] = ()


def judgeable() -> ColumnElement[bool]:
    """The version of a claim is the current one, and its patient's values were not removed: nobody could judge it."""
    removed = select(removals.c.row_id).where(removals.c.table_name == claims.name)
    return and_(claims.c.is_current, claims.c.id.not_in(removed))


def chosen(connection: Connection, choice: Choice) -> Select[int]:
    """Ids of the versions that fit and can be judged."""
    query = select(claims.c.id).where(judgeable())
    if choice.claim_version_ids is not None:
        query = query.where(among(connection, claims.c.id, list(choice.claim_version_ids)))
    if choice.payer_ids is not None:
        query = query.where(among(connection, claims.c.payer_id, list(choice.payer_ids)))
    return query.where(_within(claims.c.service_date, choice))


def refuse_replaced(connection: Connection, ids: Collection[int] | None) -> None:
    """Raise StateError when one of these versions is not the current one."""
    wanted = set(ids or ())
    current = select(claims.c.id).where(claims.c.is_current, among(connection, claims.c.id, sorted(wanted)))
    gone = wanted - set(connection.execute(current).scalars())
    if gone:
        raise StateError(
            f"{len(gone)} of the chosen claims have been replaced by a newer version", do="Choose the claims again"
        )


def bearing(connection: Connection, choice: Choice, beside: Beside | None = None) -> tuple[list[int], list[int]] | None:
    """Ids of claim versions and of note versions, replaced ones too: what bears on the chosen claims. None: all.
    `beside`: what is taken in place of the visits of their therapists' days.

    Each way to them is a query of its own and goes by an index; in one condition they were a way through whole tables.
    """
    if choice.is_all:
        return None
    of_chosen = lines.c.claim_version_id.in_(chosen(connection, choice))
    patients: Any = select(lines.c.patient_id).where(of_chosen)
    if choice.is_period:  # a visit of the period that nobody billed has no claim to find it by
        unbilled = select(notes.c.patient_id).where(notes.c.is_current, _within(notes.c.service_date, choice))
        patients = union(patients, unbilled)
    claims_bear = select(claims.c.id).where(claims.c.patient_id.in_(patients))
    notes_bear = select(notes.c.id).where(notes.c.patient_id.in_(patients))
    beside = beside or _of_their_days(connection, of_chosen)
    return (
        sorted({*connection.execute(claims_bear).scalars(), *beside.claims}),
        sorted({*connection.execute(notes_bear).scalars(), *beside.notes}),
    )


def _of_their_days(connection: Connection, of_chosen: ColumnElement[bool]) -> Beside:
    """The visits of the days on which the therapists of the chosen lines gave them."""
    days = select(lines.c.rendering_npi, lines.c.service_date).where(of_chosen)
    billed = select(lines.c.claim_version_id).where(tuple_(lines.c.rendering_npi, lines.c.service_date).in_(days))
    noted = select(notes.c.id).where(tuple_(notes.c.rendering_npi, notes.c.service_date).in_(days))
    return Beside(*[list(connection.execute(ask.distinct()).scalars()) for ask in (billed, noted)])


def _within(column: ColumnElement[Any], choice: Choice) -> ColumnElement[bool]:
    after = column >= choice.from_date if choice.from_date else true()
    before = column <= choice.to_date if choice.to_date else true()
    return and_(after, before)

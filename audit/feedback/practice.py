"""How a therapist bills beside the others: minutes to a unit, evaluation levels. Descriptions of all loaded claims, as
the records are; nobody reviewed all of them, and neither more nor less is better by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, case, func, select

from audit.estimates.hundreds import hundreds
from audit.estimates.variation import ENOUGH, fitted_prior, shrunk
from audit.evaluations import LEVEL_NAMES
from audit.facts.reference import load_facts
from audit.feedback.rights import demand_reader
from audit.figures.differences import modest
from audit.reviewing.review import newest_run
from audit.store import schema
from audit.store.database import read

ABOVE, BELOW = "EVAL-01", "EVAL-02"
lines, claims = schema.claim_lines, schema.claims


@dataclass(frozen=True)
class Practice:
    """`minutes`: procedure_code, units, minutes, each (documented minutes to a billed unit), others (the same of all
    other therapists together; None where they bill none). `levels`: procedure_code, billed, above and below (billed
    above or below what the rules read in the note), unread (the rules could not), others (share of the others), says.
    """

    minutes: pd.DataFrame
    levels: pd.DataFrame


def practice(engine: Engine, npi: str, *, viewer: int) -> Practice:
    """Raises AccessError as `items.of_therapist` does."""
    with read(engine) as connection:
        demand_reader(connection, npi, viewer)
        return Practice(_minutes(connection, npi), _levels(connection, npi))


def _minutes(connection: Connection, npi: str) -> pd.DataFrame:
    """Minutes by units, of this therapist and of the others."""
    each = documented_visits(npi).subquery()
    query = select(each.c.procedure_code, each.c.mine, func.sum(each.c.units), func.sum(each.c.minutes))
    found = connection.execute(query.group_by(each.c.procedure_code, each.c.mine)).all()
    own = {code: (int(units), int(minutes)) for code, is_mine, units, minutes in found if is_mine}
    rest = {code: int(minutes) / int(units) for code, is_mine, units, minutes in found if not is_mine}
    rows = [(code, units, minutes, minutes / units, rest.get(code)) for code, (units, minutes) in sorted(own.items())]
    return pd.DataFrame(rows, columns=["procedure_code", "units", "minutes", "each", "others"])


def documented_visits(npi: str) -> Select[Any]:
    """patient_id, service_date, procedure_code, mine (1 for this therapist), units billed and minutes documented, of
    visits whose note gives minutes for the billed code of the 15-minute pool."""
    codes = load_facts()["codes"]
    pool = sorted(set(codes.loc[codes["in_pool"] == "yes", "code"]))
    notes, services = schema.notes, schema.note_services
    mine = case((lines.c.rendering_npi == npi, 1), else_=0)
    billed = (
        select(lines.c.patient_id, lines.c.service_date, lines.c.procedure_code, func.max(mine).label("mine"))
        .add_columns(func.sum(lines.c.units).label("units"))
        .join(claims, and_(claims.c.id == lines.c.claim_version_id, claims.c.is_current))
        .where(lines.c.procedure_code.in_(pool), lines.c.units > 0)
        .group_by(lines.c.patient_id, lines.c.service_date, lines.c.procedure_code)
        .subquery()
    )
    told = (
        select(notes.c.patient_id, notes.c.service_date, services.c.procedure_code)
        .add_columns(func.sum(services.c.minutes).label("minutes"))
        .join(services, services.c.note_version_id == notes.c.id)
        .where(notes.c.is_current, services.c.minutes.is_not(None), services.c.procedure_code.in_(pool))
        .group_by(notes.c.patient_id, notes.c.service_date, services.c.procedure_code)
        .subquery()
    )
    names = ("patient_id", "service_date", "procedure_code")
    same = and_(*[billed.c[name] == told.c[name] for name in names])
    wanted = [*[billed.c[name] for name in (*names, "mine", "units")], told.c.minutes]
    return select(*wanted).join(told, same)


def _levels(connection: Connection, npi: str) -> pd.DataFrame:
    counts = _billed_levels(connection)
    own = counts[counts["npi"] == npi].set_index("procedure_code")
    total = counts.groupby("npi")["billed"].sum()
    mine, others = int(total.get(npi, 0)), int(total.sum() - total.get(npi, 0))
    rows = []
    for code in LEVEL_NAMES:
        each = counts[counts["procedure_code"] == code].set_index("npi")["billed"].reindex(total.index).fillna(0)
        billed = int(each.get(npi, 0))
        rest = int(each.sum()) - billed
        told = [int(own[name].get(code, 0)) for name in ("above", "below", "unread")]
        share = rest / others if others else None
        rows.append((code, billed, *told, share, _says(billed, mine, each, total)))
    columns = ["procedure_code", "billed", "above", "below", "unread", "others", "says"]
    return pd.DataFrame(rows if mine else [], columns=columns)


def _says(billed: int, mine: int, each: pd.Series[float], total: pd.Series[int]) -> str:
    """The therapist's share of this level, drawn towards that of all by how few evaluations there are."""
    if mine < ENOUGH:
        return f"{billed} of {mine}: too few to tell"
    prior = modest(fitted_prior(each, total), len(total))
    one = shrunk(float(billed), float(mine), prior, limit=0.5)
    share, low, high = hundreds([one.mean, one.lower, one.upper])
    return f"{billed} of {mine}: about {share} in 100, reasonably {low} to {high}"


def _billed_levels(connection: Connection) -> pd.DataFrame:
    """npi, procedure_code, billed, above, below, unread of evaluations on current claims, by their newest run."""
    run, findings = newest_run().subquery(), schema.findings

    def flagged(rule: str, *, readable: bool) -> ColumnElement[int]:
        severity = findings.c.severity
        is_it = severity != "untestable" if readable else severity == "untestable"
        return func.max(case((and_(findings.c.rule == rule, is_it), 1), else_=0))

    each = (
        select(lines.c.rendering_npi.label("npi"), lines.c.procedure_code, lines.c.claim_version_id)
        .add_columns(
            lines.c.line_number,
            flagged(ABOVE, readable=True).label("above"),
            flagged(BELOW, readable=True).label("below"),
            flagged(ABOVE, readable=False).label("unread"),
        )
        .join(claims, and_(claims.c.id == lines.c.claim_version_id, claims.c.is_current))
        .outerjoin(run, run.c.claim_version_id == lines.c.claim_version_id)
        .outerjoin(
            findings,
            and_(
                findings.c.claim_version_id == lines.c.claim_version_id,
                findings.c.run_id == run.c.run_id,
                findings.c.line_number == lines.c.line_number,
                findings.c.rule.in_((ABOVE, BELOW)),
            ),
        )
        .where(lines.c.procedure_code.in_(list(LEVEL_NAMES)))
        .group_by(lines.c.rendering_npi, lines.c.procedure_code, lines.c.claim_version_id, lines.c.line_number)
        .subquery()
    )
    query = select(each.c.npi, each.c.procedure_code, func.count().label("billed")).add_columns(
        *[func.sum(each.c[name]).label(name) for name in ("above", "below", "unread")]
    )
    found = connection.execute(query.group_by(each.c.npi, each.c.procedure_code))
    rows = pd.DataFrame(found.all(), columns=list(found.keys()))
    return rows.astype(dict.fromkeys(("billed", "above", "below", "unread"), "int64"))

"""The feedback of one therapist: the findings that finished reviews upheld, with what became of them since.

A finding is here when the review of its claim is final, or when its therapist has answered it already. Blind verdicts
are never read: what is not final is not fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, func, or_, select

from audit.feedback.answered import answered, answers_of
from audit.feedback.direction import direction
from audit.feedback.outcomes import outcomes
from audit.feedback.rights import demand_reader
from audit.figures.upheld import change_of
from audit.reviewing.final_verdicts import final, missed_stands
from audit.reviewing.review import UPHELD
from audit.store import reading, schema, trail
from audit.store.database import read, write
from audit.store.feedback_guards import FINAL
from audit.store.rows import Row, among

claims, lines, findings = schema.claims, schema.claim_lines, schema.findings
decisions, signatures = schema.decisions, schema.signatures
ITEM = (
    *("decision_id", "finding_id", "claim_version_id", "claim_id", "is_current", "service_date", "payer"),
    *("rule", "severity", "line_number", "note_id", "procedure_code", "expected", "observed", "because"),
    *("verdict", "text", "corrected", "direction", "stands", "shown_at"),
    *("state", "waits_for", "due_on", "overdue", "dispute_id", "said"),
)


@dataclass(frozen=True)
class Feedback:
    """What one therapist's feedback is.

    `items`: columns ITEM, one row for each upheld finding (rule "" for an error that a person saw), the newest visit
    first. `direction`: see `direction`; `stands`: the verdict counts (no dispute about it was accepted); `state`: see
    `answered.STATES`; `said`: answers and rulings in their order. `reviewed`: one row for each claim whose review is
    final: claim_id, claim_version_id (newest), service_date, procedure_codes (list).
    """

    npi: str
    name: str
    items: pd.DataFrame
    reviewed: pd.DataFrame

    @property
    def standing(self) -> pd.DataFrame:
        """Items whose verdict counts, of claims whose review is final."""
        here = self.items["claim_id"].isin(self.reviewed["claim_id"])
        return self.items[self.items["stands"].astype("bool") & here]


def of_therapist(engine: Engine, npi: str, *, viewer: int, at: datetime) -> Feedback:
    """The feedback on this therapist's claims. Raises AccessError unless it is the viewer's own or their role reads
    that of all."""
    with read(engine) as connection:
        demand_reader(connection, npi, viewer)
        return feedback_of(connection, engine, npi, at)


def feedback_of(connection: Connection, engine: Engine, npi: str, at: datetime) -> Feedback:
    """`of_therapist` without asking who looks: for what is made inside the house."""
    found = [dict(row) for row in connection.execute(_query(connection, npi)).mappings()]
    made = answers_of(connection, [one["decision_id"] for one in found])
    late = outcomes(connection, [answer for given in made.values() for answer in given])
    corrected = [one["claim_version_id"] for one in found if one["corrected"]]
    bill = reading.lines_of(engine, corrected) if corrected else pd.DataFrame()
    rows = [_item(one, made.get(one["decision_id"], []), late, bill, at) for one in found]
    return Feedback(npi, name_of(connection, npi), pd.DataFrame(rows, columns=list(ITEM)), _reviewed(connection, npi))


def _item(one: Row, given: list[Row], late: dict[int, str], bill: pd.DataFrame, at: datetime) -> Row:
    shown_at = one["shown_at"] if one["meaning"] in FINAL else given[0]["at"]
    outcome = next((late[answer["id"]] for answer in reversed(given) if answer["id"] in late), "")
    now = answered(given, shown_at, outcome)
    change = change_of(bill, one) if one["corrected"] else one["change"] or ""
    told = {name: one[name] or "" for name in ("rule", "severity", "procedure_code", "expected", "observed", "because")}
    return {
        **one,
        **told,
        "shown_at": shown_at,
        "stands": bool(one["stands"]),
        "direction": direction(change),
        **{name: getattr(now, name) for name in ("state", "waits_for", "due_on", "dispute_id", "said")},
        "overdue": bool(now.waits_for and now.due_on and now.due_on < at.date()),
    }


def last_signed() -> Any:
    """The newest signature on the claim version of the row."""
    newest = signatures.alias()
    of_claim = select(func.max(newest.c.id)).where(newest.c.claim_version_id == claims.c.id)
    return of_claim.correlate(claims).scalar_subquery()  # within EXISTS it would name claims anew


def upheld(decided: Any = decisions) -> ColumnElement[bool]:
    """The decision upholds a finding or reports an error, and stands."""
    return or_(and_(decided.c.kind.in_(UPHELD), final(decided)), missed_stands(decided))


def _query(connection: Connection, npi: str) -> Select[Any]:
    """Verdicts on this therapist's claims that are shown, or were answered."""
    given = schema.feedback_answers
    shown, query = _shown()
    of_npi = select(lines.c.claim_version_id).where(lines.c.rendering_npi == npi)
    said = decisions.c.id.in_(select(given.c.decision_id))
    return query.where(claims.c.id.in_(of_npi), query.selected_columns.npi == npi, or_(shown, said))


def _shown() -> tuple[ColumnElement[bool], Select[Any]]:
    """The condition that a verdict is shown to its therapist, and the verdicts with their findings and claims."""
    line, signed = lines.alias(), signatures.alias()
    same_line = and_(line.c.claim_version_id == claims.c.id, line.c.line_number == findings.c.line_number)
    shown = and_(
        signed.c.meaning.in_(FINAL),
        decisions.c.id <= signed.c.decision_id,
        or_(findings.c.id.is_(None), findings.c.run_id == signed.c.run_id),
        upheld(),
    )
    query = (
        select(
            decisions.c.id.label("decision_id"),
            decisions.c.kind.label("verdict"),
            decisions.c.text,
            decisions.c.corrected,
            findings.c.id.label("finding_id"),
            *[findings.c[name] for name in ("rule", "severity", "line_number", "note_id", "procedure_code")],
            *[findings.c[name] for name in ("expected", "observed", "because", "change")],
            *[claims.c[name] for name in ("claim_id", "is_current")],
            claims.c.id.label("claim_version_id"),
            func.coalesce(claims.c.payer_name, claims.c.payer_id).label("payer"),
            func.coalesce(line.c.rendering_npi, claims.c.rendering_npi).label("npi"),
            func.coalesce(line.c.rendering_name, claims.c.rendering_name, claims.c.rendering_npi).label("therapist"),
            func.coalesce(line.c.service_date, claims.c.service_date).label("service_date"),
            signed.c.at.label("shown_at"),
            signed.c.meaning,
            shown.label("stands"),
        )
        .select_from(decisions)
        .join(claims, claims.c.id == decisions.c.claim_version_id)
        .outerjoin(findings, findings.c.id == decisions.c.finding_id)
        .outerjoin(line, same_line)
        .outerjoin(signed, signed.c.id == last_signed())
        .order_by(func.coalesce(line.c.service_date, claims.c.service_date).desc(), decisions.c.id)
    )
    return shown, query


def shown_everywhere(connection: Connection) -> pd.DataFrame:
    """Every verdict that is shown to its therapist now: decision_id, npi, therapist, claim_id, rule and procedure_code
    ("" without), service_date, shown_at, answered."""
    shown, query = _shown()
    given = schema.feedback_answers
    found = [dict(row) for row in connection.execute(query.where(shown)).mappings()]
    said = set(connection.execute(select(given.c.decision_id)).scalars())
    names = ["decision_id", "npi", "therapist", "claim_id", "rule", "procedure_code", "service_date", "shown_at"]
    rows = pd.DataFrame([{name: one[name] for name in names} for one in found], columns=names)
    rows = rows.fillna({"rule": "", "procedure_code": ""})
    return rows.assign(answered=rows["decision_id"].isin(said))


def _reviewed(connection: Connection, npi: str) -> pd.DataFrame:
    """Claims with a service of this therapist whose review is final, at their newest such version."""
    query = (
        select(claims.c.id.label("claim_version_id"), claims.c.claim_id, claims.c.service_date, lines.c.procedure_code)
        .join(lines, lines.c.claim_version_id == claims.c.id)
        .join(signatures, signatures.c.id == last_signed())
        .where(lines.c.rendering_npi == npi, signatures.c.meaning.in_(FINAL))
        .order_by(claims.c.id, lines.c.line_number)
    )
    found = connection.execute(query)
    rows = pd.DataFrame(found.all(), columns=list(found.keys()))
    codes = rows.groupby("claim_id")["procedure_code"].agg(lambda told: list(dict.fromkeys(told)))
    newest = rows.drop_duplicates("claim_id", keep="last").drop(columns="procedure_code")
    return newest.assign(procedure_codes=newest["claim_id"].map(codes).astype("object")).reset_index(drop=True)


def name_of(connection: Connection, npi: str) -> str:
    """The name a therapist has on the claims, else in the list of providers, else the NPI."""
    providers = schema.providers
    on_claims = select(func.max(lines.c.rendering_name)).where(lines.c.rendering_npi == npi)
    listed = select(func.max(providers.c.name)).where(providers.c.npi == npi, providers.c.is_current)
    return connection.execute(on_claims).scalar() or connection.execute(listed).scalar() or npi


def therapists(engine: Engine, viewer: int) -> dict[str, str]:
    """NPI -> name of the therapists whose feedback this account may read, those with a finished review, by name. Own
    feedback is always among them."""
    from audit.feedback.rights import READERS, npi_of  # noqa: PLC0415

    with read(engine) as connection:
        own = npi_of(connection, viewer)
        role = connection.execute(select(schema.accounts.c.role).where(schema.accounts.c.id == viewer)).scalar()
        found = {own: name_of(connection, own)} if own else {}
        if role in READERS:
            done = select(signatures.c.claim_version_id).where(signatures.c.meaning.in_(FINAL)).distinct()
            query = (
                select(lines.c.rendering_npi, func.max(lines.c.rendering_name))
                .where(lines.c.claim_version_id.in_(done))
                .group_by(lines.c.rendering_npi)
            )
            found |= {npi: name or npi for npi, name in connection.execute(query)}
    return dict(sorted(found.items(), key=lambda one: (one[1], one[0])))


def as_of(engine: Engine) -> tuple[int, ...]:
    """What figures of feedback rest on: they are the same while this is."""
    newest = [
        select(func.max(table.c.id))
        for table in (schema.loads, decisions, signatures, schema.audits, schema.education_items)
    ]
    newest.append(select(func.max(schema.runs.c.id)).where(schema.runs.c.state == "finished"))
    with read(engine) as connection:
        return tuple(connection.execute(query).scalar() or 0 for query in newest)


def viewed(engine: Engine, npi: str, *, account_id: int, at: datetime) -> None:
    """Record that a person read the feedback of a therapist."""
    with write(engine) as connection:
        demand_reader(connection, npi, account_id)
        subject = f"therapist {npi}"
        trail.record(connection, kind="feedback viewed", subject=subject, account_id=account_id, at=at)


def one_item(connection: Connection, decision_id: int) -> Row:
    """claim_version_id, claim_id, patient_id, npi, rule, line_number, procedure_code, account_id (who gave the verdict)
    of a verdict; {} when there is none."""
    line = lines.alias()
    same_line = and_(line.c.claim_version_id == claims.c.id, line.c.line_number == findings.c.line_number)
    query = (
        select(
            claims.c.id.label("claim_version_id"),
            *[claims.c[name] for name in ("claim_id", "patient_id")],
            func.coalesce(line.c.rendering_npi, claims.c.rendering_npi).label("npi"),
            *[findings.c[name] for name in ("rule", "line_number", "procedure_code")],
            decisions.c.finding_id,
            decisions.c.account_id,
        )
        .select_from(decisions)
        .join(claims, claims.c.id == decisions.c.claim_version_id)
        .outerjoin(findings, findings.c.id == decisions.c.finding_id)
        .outerjoin(line, same_line)
        .where(among(connection, decisions.c.id, [decision_id]))
    )
    row = connection.execute(query).mappings().first()
    return dict(row) if row else {}

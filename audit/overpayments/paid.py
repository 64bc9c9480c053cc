"""Claims on which an upheld error stands, and the day on which the payer's own answer says they were paid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, func, select

from audit.figures.results import against_the_claim
from audit.payers.payments import REVERSAL
from audit.reviewing.final_verdicts import fully_reviewed
from audit.reviewing.review import decisions, findings, signatures
from audit.store import schema
from audit.store.rows import among


def upheld_versions(connection: Connection, among_ids: Sequence[int] | None = None) -> list[int]:
    """Reviewed claim versions that are in error, as `results` counts them; the newest first."""
    claims, signed = schema.claims, signatures.alias()
    last = select(func.max(signatures.c.id)).where(signatures.c.claim_version_id == claims.c.id).scalar_subquery()
    wrong = (
        select(decisions.c.claim_version_id)
        .select_from(decisions)
        .outerjoin(findings, findings.c.id == decisions.c.finding_id)
        .where(against_the_claim())
    )
    if among_ids is not None:
        wrong = wrong.where(among(connection, decisions.c.claim_version_id, list(among_ids)))
    query = (
        select(claims.c.id)
        .select_from(claims)
        .join(signed, signed.c.id == last)
        .where(claims.c.id.in_(wrong), fully_reviewed(signed))
        .order_by(claims.c.id.desc())
    )
    return list(connection.execute(query).scalars())


def paid_on(connection: Connection, claim_version_ids: Sequence[int]) -> dict[int, date]:
    """Claim version -> the first day on which a payer paid something for its claim, by the 835s that count now. A claim
    whose payment was reversed later, or of which nothing is on file, is not in it."""
    claims, paid = schema.claims, schema.payments
    taken_back = select(paid.c.claim_id).where(paid.c.is_current, paid.c.status == REVERSAL)
    query = (
        select(claims.c.id, func.min(paid.c.payment_date))
        .join(paid, paid.c.claim_id == claims.c.claim_id)
        .where(
            among(connection, claims.c.id, list(claim_version_ids)),
            paid.c.is_current,
            paid.c.position == 0,
            paid.c.paid_amount > 0,
            paid.c.payment_date.is_not(None),
            paid.c.claim_id.not_in(taken_back),
        )
        .group_by(claims.c.id)
    )
    return dict(connection.execute(query).all())

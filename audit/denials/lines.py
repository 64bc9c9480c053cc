"""The lines that payers answered, each with what was taken off and with the rules that had found something on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Engine, Subquery, and_, case, func, select

from audit.auditing.audits import FLAGGING
from audit.facts.reference import Facts
from audit.payers.payments import adjustments_of, payments_of
from audit.reviewing.final_verdicts import final
from audit.reviewing.review import DISMISS, decisions, findings, newest_run
from audit.store import schema
from audit.store.database import read
from audit.store.rows import among

LINES = ["claim_id", "line_number", "payer", "paid_on", "procedure_code", "charged", "denied", "reasons", "rules",
         "dismissed", "screened"]  # fmt: skip


class Plain(NamedTuple):
    """Answered lines of claims on which no rule found anything and no payer denied anything: only their number says
    something. `screened`: those that the rules looked at."""

    screened: int
    others: int


def answered_lines(engine: Engine, facts: Facts, since: date, until: date) -> tuple[pd.DataFrame, Plain]:
    """What payers answered from `since` to `until`, both included: LINES of the claims with a finding, a denial or more
    than one answer, one row for each line, and the number of all the other lines.

    `line_number`: missing for a claim of which no lines were named; `charged`, `denied`: dollars, 0.00 for what was not
    denied; `reasons`: list of codes as "CO-97"; `rules`, `dismissed`: lists of the rules found on it, and of those that
    reviewers dismissed; `screened` (bool): the rules looked at the claim.
    """
    with read(engine) as connection:
        ids, plain = _parted(connection, _prices(facts), since, until)
        found = _findings(connection, ids)
    answers = _answers(payments_of(engine, ids), since, until)
    lines = _with_denied(answers, adjustments_of(engine, ids), facts)
    return _with_rules(lines, found)[LINES], plain


def last_answer(engine: Engine) -> date | None:
    """The newest day on which a payer answered."""
    paid = schema.payments
    with read(engine) as connection:
        return connection.execute(select(func.max(paid.c.payment_date)).where(paid.c.is_current)).scalar()


def _parted(connection: Connection, prices: set[str], since: date, until: date) -> tuple[list[str], Plain]:
    """Ids of the answered claims of which there is more to say, in order, and how many lines the others have."""
    paid, off, claims, run = schema.payments, schema.adjustments, schema.claims, newest_run().subquery()
    of_time = select(paid.c.claim_id).where(paid.c.is_current, paid.c.payment_date.between(since, until))
    lines = case((func.max(paid.c.position) > 0, func.sum(case((paid.c.position > 0, 1), else_=0))), else_=1)
    claim = (
        select(paid.c.claim_id, lines, func.min(paid.c.payment_id) != func.max(paid.c.payment_id))
        .where(paid.c.is_current, paid.c.claim_id.in_(of_time))
        .group_by(paid.c.claim_id)
    )
    denied = select(off.c.claim_id).where(off.c.is_current, off.c.group_code != "PR", off.c.reason_code.not_in(prices))
    denied = denied.where(off.c.claim_id.in_(of_time))
    current = select(claims.c.claim_id).join(run, run.c.claim_version_id == claims.c.id)
    current = current.where(claims.c.is_current, claims.c.claim_id.in_(of_time))
    flagged = current.join(findings, _on_it(run)).distinct()
    answered = connection.execute(claim).all()
    told = {*connection.execute(denied.distinct()).scalars(), *connection.execute(flagged).scalars()}
    told |= {claim_id for claim_id, _, more_than_one in answered if more_than_one}
    screened = set(connection.execute(current).scalars())
    counts = {True: 0, False: 0}
    for claim_id, number, _ in answered:
        if claim_id not in told:
            counts[claim_id in screened] += number
    return sorted(claim_id for claim_id, *_ in answered if claim_id in told), Plain(counts[True], counts[False])


def _answers(paid: pd.DataFrame, since: date, until: date) -> pd.DataFrame:
    """The last answer to each line that stands; to a claim as a whole where the payer named no lines."""
    in_time = paid["payment_date"].between(pd.Timestamp(since), pd.Timestamp(until))
    rows = paid[in_time & ~paid["reversed"]]
    named = rows.loc[rows["position"] > 0, "payment_id"]
    rows = rows[(rows["position"] > 0) | ~rows["payment_id"].isin(named)]
    place = (
        rows["line_number"].astype("object").where(rows["line_number"].notna(), "p" + rows["position"].astype("str"))
    )
    return rows[~pd.DataFrame({"claim": rows["claim_id"], "place": place}).duplicated(keep="last")]


def _with_denied(rows: pd.DataFrame, taken_off: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """With `denied` and `reasons` of each answer."""
    off = taken_off[(taken_off["group_code"] != "PR") & ~taken_off["reason_code"].isin(_prices(facts))]
    dollars: dict[tuple[str, int], Decimal] = {}
    reasons: dict[tuple[str, int], list[str]] = {}
    for one in off.to_dict("records"):
        key = (one["payment_id"], int(one["position"]))
        dollars[key] = dollars.get(key, Decimal("0.00")) + one["amount"]
        reasons.setdefault(key, []).append(f"{one['group_code']}-{one['reason_code']}")
    keys = list(zip(rows["payment_id"], rows["position"].astype("int64"), strict=True))
    return rows.assign(
        denied=_objects([max(dollars.get(key, Decimal("0.00")), Decimal("0.00")) for key in keys], rows.index),
        reasons=_objects([sorted(set(reasons.get(key, []))) for key in keys], rows.index),
        payer=rows["payer_name"].where(rows["payer_name"] != "", rows["payer_id"]),
        paid_on=rows["payment_date"].dt.date,
        charged=rows["charge_amount"],
    )


def _prices(facts: Facts) -> set[str]:
    """Reasons that are a matter of price."""
    codes = facts["remittance_codes"]
    return set(codes.loc[codes["kind"] == "price", "code"])


def _on_it(run: Subquery) -> ColumnElement[bool]:
    """Findings of `run` on a claim version that may foretell a denial."""
    return and_(
        findings.c.claim_version_id == run.c.claim_version_id,
        findings.c.run_id == run.c.run_id,
        findings.c.severity.in_(FLAGGING),
    )


def _findings(connection: Connection, claim_ids: Sequence[str]) -> pd.DataFrame:
    """claim_id, rule ("": screened, nothing found), line_number, dismissed (bool), of the current versions."""
    claims, run = schema.claims, newest_run().subquery()
    dismissed = and_(decisions.c.finding_id == findings.c.id, decisions.c.kind == DISMISS, final())
    query = (
        select(
            claims.c.claim_id,
            func.coalesce(findings.c.rule, "").label("rule"),
            findings.c.line_number,
            decisions.c.id.is_not(None).label("dismissed"),
        )
        .select_from(claims)
        .join(run, run.c.claim_version_id == claims.c.id)
        .outerjoin(findings, _on_it(run))
        .outerjoin(decisions, dismissed)
        .where(claims.c.is_current, among(connection, claims.c.claim_id, list(claim_ids)))
    )
    found = connection.execute(query)
    return pd.DataFrame(found.all(), columns=list(found.keys()))


def _with_rules(lines: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """With `rules`, `dismissed` and `screened` of each answered line."""
    by_claim: dict[str, list[dict[Any, Any]]] = {}
    for one in found.to_dict("records"):
        by_claim.setdefault(one["claim_id"], []).append(one)
    rules, dismissed = [], []
    for claim_id, number in zip(lines["claim_id"], lines["line_number"], strict=True):
        on_it = [one for one in by_claim.get(claim_id, []) if one["rule"] and _about(one["line_number"], number)]
        rules.append(sorted({one["rule"] for one in on_it}))
        dismissed.append(sorted({one["rule"] for one in on_it if one["dismissed"]}))
    screened = lines["claim_id"].isin(list(by_claim))
    return lines.assign(
        rules=_objects(rules, lines.index), dismissed=_objects(dismissed, lines.index), screened=screened
    )


def _about(of_finding: Any, of_line: Any) -> bool:
    """A finding on no line is on every line of its claim; an answer to the claim as a whole bears every finding."""
    return bool(pd.isna(of_finding) or pd.isna(of_line) or int(of_finding) == int(of_line))


def _objects(values: list[Any], index: pd.Index[Any]) -> pd.Series[Any]:
    return pd.Series(values, index=index, dtype="object")

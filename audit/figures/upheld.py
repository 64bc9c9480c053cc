"""What reviewers upheld on the claims of a sample, in dollars: over and under apart, never netted.

All upheld findings of a claim are priced together in its patient-days (`audit.worth`), each unit once, on the version
that was drawn; those that tell of too few units billed are among them. Where a reviewer gave the right lines, these
count instead of what the rule said. Facts and fees are those of today. An error without a price is told of, never
counted as zero in silence.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, and_, func, select

from audit.auditing.audits import FLAGGING
from audit.facts.reference import load_facts
from audit.grains import Prepared
from audit.model import MODIFIERS
from audit.reviewing.final_verdicts import final, missed_stands
from audit.reviewing.review import DISMISS, UPHELD, LineCorrection, decisions, findings
from audit.store import reading, schema
from audit.store.database import read
from audit.store.rows import among
from audit.tables import Tables
from audit.worth import billed_by_claim, by_claim


def with_dollars(engine: Engine, claims: pd.DataFrame) -> pd.DataFrame:
    """`claims` (claim_version_id, claim_id, missing) with `over` and `under` (Decimal, zero where nothing upheld
    changes the bill) and `unpriced`: all or a part of what is wrong with the claim has no price, so is not in them."""
    found, no_rule = _against(engine, claims)
    return _priced(claims, found, no_rule, _prepared(engine, found["claim_version_id"].unique().tolist()))


def with_billed(engine: Engine, claims: pd.DataFrame) -> pd.DataFrame:
    """`with_dollars` and besides `billed` (Decimal): what the version drawn is allowed in its patient-days, None where
    a unit has no price. Claims that have their dollars already keep them."""
    prepared = _prepared(engine, [int(one) for one in claims["claim_version_id"]])
    if "over" not in claims:
        claims = _priced(claims, *_against(engine, claims), prepared)
    billed = billed_by_claim(prepared).reindex(claims["claim_id"])
    return claims.assign(billed=_or_none(billed, claims.index))


def _prepared(engine: Engine, ids: list[int]) -> Prepared:
    return Prepared(_as_drawn(engine, ids), load_facts())


def _against(engine: Engine, claims: pd.DataFrame) -> tuple[pd.DataFrame, set[int]]:
    """The upheld findings of these claims, and the versions with an error that no rule found."""
    ids = [int(one) for one in claims["claim_version_id"]]
    with read(engine) as connection:
        return _upheld(connection, ids), set(connection.execute(_seen_by_people(connection, ids)).scalars())


def _priced(claims: pd.DataFrame, found: pd.DataFrame, no_rule: set[int], prepared: Prepared) -> pd.DataFrame:
    lines = prepared.tables.claims
    found = found.assign(change=[change_of(lines, row) for row in found.to_dict("records")])
    worth = by_claim(found, prepared).reindex(claims["claim_id"]).set_axis(claims.index)
    without = (found["change"] == "") & found["severity"].isin(FLAGGING)
    bare = found.loc[without | _without_day(found, prepared.billed), "claim_version_id"]
    unpriced = (worth["unpriced"].fillna(0).astype("int64") > 0) | claims["missing"]
    unpriced |= claims["claim_version_id"].isin({*bare, *no_rule})
    over, under = (_or_zero(worth[side]) for side in ("over", "under"))
    return claims.assign(over=over, under=under, unpriced=unpriced)


def _or_none(amounts: pd.Series[Any], index: pd.Index[Any]) -> pd.Series[Any]:
    return pd.Series([None if pd.isna(one) else one for one in amounts], index=index, dtype="object")


def _without_day(found: pd.DataFrame, billed: pd.DataFrame) -> pd.Series[bool]:
    """Changes whose day is not billed, or is not known: a finding on no line of a claim of several dates."""
    days = billed.drop_duplicates(["claim_id", "service_date"])
    several = found["claim_id"].map(days["claim_id"].value_counts()).fillna(0) > 1
    known = pd.MultiIndex.from_frame(days[["claim_id", "service_date"]])
    there = pd.MultiIndex.from_frame(found[["claim_id", "service_date"]]).isin(known)
    return (found["change"] != "") & (~there | (several & found["line_number"].isna()))


def _or_zero(amounts: pd.Series[Any]) -> pd.Series[Any]:
    known = [Decimal("0.00") if pd.isna(one) else one for one in amounts]
    return pd.Series(known, index=amounts.index, dtype="object")


def _upheld(connection: Connection, ids: list[int]) -> pd.DataFrame:
    """Upheld findings of these versions, in the newest screening that people judged, with the lines that a reviewer
    gave instead."""
    claims, lines = schema.claims, schema.claim_lines
    same_line = and_(lines.c.claim_version_id == claims.c.id, lines.c.line_number == findings.c.line_number)
    judged = and_(decisions.c.finding_id == findings.c.id, decisions.c.kind.in_((*UPHELD, DISMISS)), final())
    day = func.coalesce(lines.c.service_date, claims.c.service_date).label("service_date")
    query = (
        select(findings.c.claim_version_id, claims.c.claim_id, day, findings.c.severity, findings.c.change)
        .add_columns(findings.c.line_number, findings.c.run_id, decisions.c.kind, decisions.c.corrected)
        .join(claims, claims.c.id == findings.c.claim_version_id)
        .join(decisions, judged)
        .outerjoin(lines, same_line)
        .where(among(connection, claims.c.id, ids))
        .order_by(findings.c.id)
    )
    rows = connection.execute(query)
    found = pd.DataFrame(rows.all(), columns=list(rows.keys()))
    newest = found["run_id"] == found.groupby("claim_version_id")["run_id"].transform("max")
    found = found[newest & found["kind"].isin(UPHELD)]
    return found.assign(service_date=pd.to_datetime(found["service_date"]))


def _seen_by_people(connection: Connection, ids: list[int]) -> Any:
    """Versions with an error that no rule found: a person saw it, nothing priced it."""
    version = decisions.c.claim_version_id
    return select(version).where(missed_stands(), among(connection, version, ids))


def _as_drawn(engine: Engine, ids: list[int]) -> Tables:
    """The tables around these versions, with their own lines in the place of what replaced them since."""
    claims, newer = schema.claims, schema.claims.alias()
    current = select(newer.c.id).join(claims, claims.c.claim_id == newer.c.claim_id).where(newer.c.is_current)
    with read(engine) as connection:
        now = list(connection.execute(current.where(among(connection, claims.c.id, ids))).scalars())
    tables = reading.tables_in_store(engine, claim_version_ids=now)
    drawn = reading.lines_of(engine, ids)
    others = tables.claims[~tables.claims["claim_id"].isin(drawn["claim_id"])]
    return replace(tables, claims=pd.concat([others, drawn], ignore_index=True))


def change_of(lines: pd.DataFrame, finding: dict[Any, Any]) -> str:
    """What an upheld finding would change in the units billed, in the words of `audit.worth`: the reviewer's own lines
    count instead of what the rule said. `lines` hold those of the claim."""
    if not finding["corrected"]:
        return str(finding["change"])
    given = [LineCorrection(**one) for one in json.loads(finding["corrected"])]
    named = [one.line_number for one in given]
    rows = lines[(lines["claim_id"] == finding["claim_id"]) & lines["line_number"].isin(named)]
    billed = [(row["procedure_code"], int(row["units"]), "CO" in [row[name] for name in MODIFIERS])
              for row in rows.to_dict("records")]  # fmt: skip
    right = [(one.procedure_code, one.units, "CO" in one.modifiers) for one in given if not one.remove]
    return _difference(billed, right)


def _difference(billed: Sequence[tuple[str, int, bool]], right: Sequence[tuple[str, int, bool]]) -> str:
    """The change from lines (code, units, CO) to others in the words of `audit.worth`, where a unit less is one with
    CO already. "" where units and CO stay: what else was corrected has no price."""
    units: Counter[str] = Counter()
    with_co: Counter[str] = Counter()
    for lines, sign in ((right, 1), (billed, -1)):
        for code, number, co in lines:
            units[code] += sign * number
            with_co[code] += sign * number * co
    parts = [(code, units[code]) for code in sorted(units)]
    marked = sorted({code for lines in (billed, right) for code, _, co in lines if co})
    parts += [(f"{code} CO", with_co[code] - min(units[code], 0)) for code in marked]
    return "; ".join(f"{what} {number:+d}" for what, number in parts if number)

"""Runs of the rules over loaded claims: over a choice of them, over what came since, over single claims again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

import pandas as pd
from sqlalchemy import Engine, select

from audit.access.permission import demand_now
from audit.auditing import incremental
from audit.auditing.incremental import Asked
from audit.engine import Progress, chosen_rules, judge
from audit.errors import AccessError, StateError
from audit.facts.reference import Facts, load_facts
from audit.grains import Prepared
from audit.grains.of_clinicians import ON_NO_CLAIM
from audit.judging import about_clinicians, by_patient, code_version
from audit.model import OPENERS
from audit.reviewing import review_plan
from audit.reviewing.review_rights import REVIEWERS
from audit.rules import Rule
from audit.shared_text import in_plain
from audit.store import reading, runs, schema, touched
from audit.store.database import read
from audit.tables import Tables
from audit.worth import by_claim

SCREENING_AGAIN = tuple({*OPENERS, *REVIEWERS})
"""Roles that may run the rules again over a claim."""


def screen(
    engine: Engine,
    *,
    account_id: int | None,
    at: datetime,
    from_date: date | None = None,
    to_date: date | None = None,
    payer_ids: Collection[str] | None = None,
    progress: Progress | None = None,
) -> int:
    """Run the rule book over the current claims that fit; keep the findings; return the run's id.

    Raises AccessError for a role that opens no audits, StateError when no claim fits. A run that is stopped or
    fails keeps no findings.
    """
    demand_now(engine, account_id, OPENERS)
    chosen = reading.chosen_claims(engine, from_date=from_date, to_date=to_date, payer_ids=payer_ids)
    if not chosen:
        raise StateError("no loaded claim has these dates and payers", do="Load claims, or widen the choice")
    return _run(engine, chosen, account_id=account_id, at=at, progress=progress)


def screen_new(engine: Engine, *, account_id: int | None, at: datetime, progress: Progress | None = None) -> int | None:
    """Run the rule book over what came or changed since the last complete run (`incremental`); return the run's id,
    None when no claim is new and none is judged otherwise. Raises AccessError for a role that opens no audits."""
    demand_now(engine, account_id, OPENERS)
    facts, code = load_facts(), code_version()
    asked = incremental.asked(engine, facts.sha256, code)
    if not asked.every:
        return None
    chosen = None if asked.everything else asked.claims
    tables = reading.tables_in_store(engine, claim_version_ids=chosen, beside=asked.beside)
    with read(engine) as connection:
        before = touched.kept_findings(connection, asked.runs)
        stood = {one: run for one, run in asked.runs.items() if one not in asked.claims}
        worth = touched.kept_dollars(connection, stood)
    if asked.everything:
        found, dollars = _judged(Prepared(tables, facts), asked.every, progress)
    else:
        found, dollars = _judged_again(tables, facts, asked, before, progress)
    written = incremental.to_write(found, asked, before)
    run_id = runs.start_run(
        engine,
        claim_version_ids=written,
        code_version=code,
        facts_sha256=facts.sha256,
        account_id=account_id,
        at=at,
        complete_since=asked.load_id,
    )
    found = found[found["claim_version_id"].isin(written) | (found["claim_id"] == "")]
    dollars = {one: told for one, told in {**worth, **dollars}.items() if one in written}
    runs.finish_run(engine, run_id, findings=found, claim_version_ids=written, at=at, dollars=dollars)
    review_plan.plan_judged(engine, run_id, at)
    return run_id if written else None


def screen_again(engine: Engine, claim_version_ids: Sequence[int], *, account_id: int, at: datetime) -> int:
    """Run the rules again over these claims, because a note, the claim or a fact changed; return the run's id.

    A replaced version stands for the current one of its claim. Raises StateError when none of them is in the store.
    """
    demand_now(engine, account_id, SCREENING_AGAIN)
    return _screen_again(engine, claim_version_ids, account_id=account_id, at=at)


def screen_day(engine: Engine, claim_version_ids: Sequence[int], *, account_id: int, at: datetime) -> int:
    """`screen_again` over the claims of one patient-day, for the therapist who added to its note. Raises AccessError
    when none of these claims is theirs."""
    with read(engine) as connection:
        lines, accounts = schema.claim_lines.c, schema.accounts.c
        npi = select(accounts.npi).where(accounts.id == account_id, accounts.active, accounts.npi != "")
        mine = lines.claim_version_id.in_(list(claim_version_ids)) & lines.rendering_npi.in_(npi)
        if connection.execute(select(lines.line_number).where(mine).limit(1)).first() is None:
            raise AccessError("only claims of one's own are run again after a late entry", do="Ask a reviewer")
    return _screen_again(engine, claim_version_ids, account_id=account_id, at=at)


def _screen_again(engine: Engine, claim_version_ids: Sequence[int], *, account_id: int, at: datetime) -> int:
    claims, older = schema.claims, schema.claims.alias()
    current = select(claims.c.id).join(older, older.c.claim_id == claims.c.claim_id).where(claims.c.is_current)
    with read(engine) as connection:
        chosen = sorted(set(connection.execute(current.where(older.c.id.in_(list(claim_version_ids)))).scalars()))
    if not chosen:
        raise StateError("none of these claims is in the store", do="Open the worklist again")
    return _run(engine, chosen, account_id=account_id, at=at)


def _run(
    engine: Engine, chosen: list[int], *, account_id: int | None, at: datetime, progress: Progress | None = None
) -> int:
    facts = load_facts()
    beside = incremental.beside(engine, chosen)
    run_id = runs.start_run(
        engine,
        claim_version_ids=chosen,
        code_version=code_version(),
        facts_sha256=facts.sha256,
        account_id=account_id,
        at=at,
    )
    try:
        tables = reading.tables_in_store(engine, claim_version_ids=chosen, beside=beside)
        found, dollars = _judged(Prepared(tables, facts), chosen, progress)
        runs.finish_run(engine, run_id, findings=found, claim_version_ids=chosen, at=at, dollars=dollars)
    except BaseException as error:
        runs.fail_run(engine, run_id, wrong=type(error).__name__, at=at)
        raise
    review_plan.plan_judged(engine, run_id, at)
    return run_id


def _judged(prepared: Prepared, chosen: list[int], progress: Progress | None) -> tuple[pd.DataFrame, runs.Dollars]:
    found = _on_versions(judge(prepared, chosen_rules(), progress), prepared.tables.claims, chosen)
    return found, _dollars(found, prepared)


def _judged_again(
    tables: Tables, facts: Facts, asked: Asked, before: pd.DataFrame, progress: Progress | None
) -> tuple[pd.DataFrame, runs.Dollars]:
    """As `_judged`: each claim by those of the two kinds of rules by which it is judged again; what the others found
    `before` stands. Rules whose findings stand on no claim need all visits, and are left out."""
    rules = [rule for rule in chosen_rules() if rule.grain not in ON_NO_CLAIM]
    daily, claims = about_clinicians(rules), tables.claims
    dollars: runs.Dollars = {}
    parts = [_stands(before, asked, daily, claims)]
    if asked.claims:
        patients = claims.loc[claims["claim_version_id"].isin(asked.claims), "patient_id"]
        prepared = Prepared(tables.of_patients(patients), facts)
        own = _on_versions(judge(prepared, by_patient(rules), progress), claims, asked.claims)
        parts, dollars = [*parts, own], _dollars(own, prepared)
    if asked.of_days:
        parts.append(_on_versions(judge(Prepared(tables, facts), daily), claims, asked.of_days))
    found = pd.concat(parts, ignore_index=True)
    return found.sort_values(["claim_id", "line_number", "rule"], kind="stable", ignore_index=True), dollars


def _stands(before: pd.DataFrame, asked: Asked, daily: list[Rule], claims: pd.DataFrame) -> pd.DataFrame:
    """Of what was found before what is not judged again, with `claim_id`."""
    failed = before["because"].str.split().str[1]  # "Rule X could not run"
    rule = before["rule"].where(before["rule"] != "ENGINE", failed)
    of_days, of_patients = (before["claim_version_id"].isin(ids) for ids in (asked.of_days, asked.claims))
    kept = before[~of_days.where(rule.isin([one.code for one in daily]), of_patients)]
    ids = claims.drop_duplicates("claim_version_id").set_index("claim_version_id")["claim_id"]
    return kept.assign(claim_id=kept["claim_version_id"].map(ids))


def _on_versions(findings: pd.DataFrame, claims: pd.DataFrame, chosen: Collection[int]) -> pd.DataFrame:
    """Findings on the chosen claims, with the claim version each is about; those on a clinician are on none."""
    versions = claims.drop_duplicates("claim_id").set_index("claim_id")["claim_version_id"]
    found = findings.assign(claim_version_id=findings["claim_id"].map(versions))
    return in_plain(found[found["claim_version_id"].isin(chosen) | (found["claim_id"] == "")])


def _dollars(found: pd.DataFrame, prepared: Prepared) -> runs.Dollars:
    """Over and under of each claim version, all its findings together."""
    versions = found.drop_duplicates("claim_id").set_index("claim_id")["claim_version_id"]
    worth = by_claim(found, prepared)
    return dict(zip(versions.reindex(worth.index), zip(worth["over"], worth["under"], strict=True), strict=True))

"""The audit report: question, answer, method, sample, tables, limits and where it all comes from, for every form of it.

The figures are those of `results`, `breakdowns` and `differences`, which the page *Error rates* shows too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Engine, func, select

from audit import __version__
from audit.exporting import drawn, rows, tables
from audit.exporting.sheets import Sheet
from audit.figures import changed
from audit.figures.results import Results, results
from audit.reviewing import second_review
from audit.reviewing.final_verdicts import missed_stands
from audit.reviewing.review import decisions
from audit.store import schema
from audit.store.database import read
from audit.store.rows import among

Pairs = tuple[tuple[str, str], ...]
WITHOUT_PATIENTS = (
    "No patient is named, and no identifier of 45 CFR 164.514(b)(2) is meant to be in it: claims and patients go by "
    "pseudonyms of this file alone, dates of service by their year. Do not join it to anything that tells who they are."
)
WITH_PATIENTS = (
    "This file names claims and patients by their ids, with dates of service: it is protected health information. "
    "Names, birth dates and the text of notes are not in it."
)


@dataclass(frozen=True)
class Report:
    """All that a report says. `about`, `sample`, `origin`: name and value; `sheets`: its tables, first those of counts,
    then those of single claims; `limits`: what it does not say, one sentence each."""

    title: str
    question: str
    answer: tuple[str, ...]
    about: Pairs
    sample: Pairs
    origin: Pairs
    sheets: tuple[Sheet, ...]
    limits: tuple[str, ...]
    identified: bool
    privacy: str


def report_of(engine: Engine, audit_id: int, *, made_by: str, at: datetime, identified: bool = False) -> Report:
    """The report on an audit as it stands now. Raises StateError when there is no such audit."""
    now = results(engine, audit_id)
    since = changed.sentence(engine, now)
    with read(engine) as connection:
        found = rows.findings_of(connection, audit_id)
        run = connection.execute(select(schema.runs).where(schema.runs.c.id == now.audit.run_id)).mappings().one()
        patients = rows.patients_of(connection, [int(one) for one in now.claims["claim_version_id"]])
    claims, told = drawn.claims_and_findings(now.claims, found, patients, identified=identified)
    origin = [
        ("Screening", f"no. {run['id']}, finished {_day(run['finished_at'])}, version {run['code_version']}"),
        ("Facts SHA-256", str(run["facts_sha256"])),
        ("Frame SHA-256", now.audit.frame.sha256),
        *([("Plan SHA-256", now.audit.plan.plan_sha256)] if now.audit.plan else []),
        *([("Seed", now.audit.seed)] if now.audit.seed else []),
        ("Made", f"{at:%Y-%m-%d %H:%M} UTC by {made_by} with Countersign {__version__}"),
    ]
    return Report(
        title=f"Audit report: {now.audit.name}",
        question=now.question,
        answer=(
            *(now.dollars.sentences if now.dollars and not now.estimate else (now.sentence,)),
            *([since] if since else []),
        ),
        about=_about(now),
        sample=_sample(now, identified=identified),
        origin=tuple(origin),
        sheets=(*tables.of_counts(engine, now, months=identified), claims, told),
        limits=_limits(engine, now, found),
        identified=identified,
        privacy=WITH_PATIENTS if identified else WITHOUT_PATIENTS,
    )


def _about(now: Results) -> Pairs:
    plan = now.audit.plan
    if plan is None:
        return (("Chosen", "every flagged claim of one screening: no random sample"),)
    return (
        ("Plan", plan.description),
        ("Method", plan.method),
        ("It ends", plan.stop_rule),
        ("Confidence", f"{100 * plan.confidence:g} %"),
        ("Limit", f"{100 * now.limit:g} claims in error in 100"),
        *([("Interval", now.interval)] if now.interval else []),
    )


def _sample(now: Results, *, identified: bool) -> Pairs:
    frame, dates = now.audit.frame, now.claims["service_date"]
    first, last = (str(dates.min()), str(dates.max())) if len(dates) else ("", "")
    if not identified:
        first, last = first[:4], last[:4]
    excluded = len(frame.rows) - frame.size
    return (
        ("Population", "the claims of one screening, as they were loaded and current when the frame was frozen"),
        ("Frame", f"{frame.size:,} claims, {excluded:,} excluded"),
        ("Claims taken", f"{len(now.claims):,}, of them {int(now.strata['reviewed'].sum()):,} reviewed"),
        ("Dates of service", "none drawn yet" if not first else first if first == last else f"{first} to {last}"),
        ("Unit", "claim: in error once, however many of its findings were upheld"),
    )


def _limits(engine: Engine, now: Results, found: pd.DataFrame) -> tuple[str, ...]:
    """What the figures do not say, the general last."""
    missing, done = int(now.claims["missing"].sum()), int(now.strata["reviewed"].sum())
    upheld = found[found["verdict"] == "upheld"]
    unchecked, untested = int(upheld["facts_unchecked"].sum()), found[found["verdict"] == "cannot be tested"]
    seen, agreed = _seen_by_people(engine, now.claims), second_review.agreed(engine)
    said = [
        f"{_claims(len(now.claims) - done)} of {len(now.claims):,} not reviewed yet." if done < len(now.claims) else "",
        f"{_claims(missing)} without a record counted as in error." if missing else "",
        now.dollars.left_out if now.dollars else "",
        f"{_claims(seen)} with an error that a person saw and no rule found: it is in the rate, and under no rule."
        if seen
        else "",
        f"{unchecked:,} of {len(upheld):,} upheld findings rest on a fact that nobody has checked against its source."
        if unchecked
        else "",
        f"On {_claims(untested['claim_version_id'].nunique())} something could not be tested for want of input: that "
        "is no pass."
        if len(untested)
        else "",
        agreed.sentence
        if agreed
        else "No finding has been judged by two people, the second blind: agreement between reviewers is not known.",
        "Counts by rule, therapist, payer, code and month are of what was reviewed. A sample draws some claims more "
        "often than others: only what is called a rate is one.",
        "Dollars over and under are never netted. The rate is the one found, before anything was corrected.",
        "This is an internal audit and no legal advice.",
    ]
    return tuple(one for one in said if one)


def _seen_by_people(engine: Engine, claims: pd.DataFrame) -> int:
    ids = [int(one) for one in claims["claim_version_id"]]
    version = decisions.c.claim_version_id
    with read(engine) as connection:
        query = select(func.count(version.distinct())).where(missed_stands(), among(connection, version, ids))
        return int(connection.execute(query).scalar_one())


def _claims(number: int) -> str:
    return f"{number:,} claim{'' if number == 1 else 's'}"


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else "not yet"

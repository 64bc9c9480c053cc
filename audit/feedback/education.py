"""What was taught about a rule, and whether it worked: the rate before and after, with the interval of the change.

Rates come from finished random samples alone, each reviewed claim weighing frame size / drawn of its stratum. Limits
are exact (Clopper and Pearson) on the effective sample (Korn and Graubard 1998, with Kish's size); those of the
difference join them by MOVER (Newcombe 1998, method 10; Zou and Donner 2008). What screening flagged is counted
beside it and called that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
from sqlalchemy import Connection, Engine, and_, case, func, insert, select
from sqlalchemy.exc import DBAPIError

from audit.access.permission import account_may
from audit.errors import StateError
from audit.estimates import Estimate
from audit.estimates.distributions import exact_binomial_limits
from audit.estimates.hundreds import hundreds
from audit.estimates.variation import ENOUGH, Weighted, weighted
from audit.feedback.items import decisions, findings, lines, upheld
from audit.feedback.rights import TEACHERS, demand_reader
from audit.figures.differences import weights_of
from audit.figures.history import difference
from audit.figures.results import in_claims, overview
from audit.reviewing.review import newest_run
from audit.reviewing.review_rights import refused
from audit.rules import rule_book
from audit.store import schema, seal, trail
from audit.store.database import read, write
from audit.store.rows import among

table, claims = schema.education_items, schema.claims
GIVEN = ("id", "rule", "title", "text", "taught_on", "by", "at")
CONFIDENCE = 0.95


def teach(engine: Engine, npi: str, *, rule: str, text: str, taught_on: date, account_id: int, at: datetime) -> int:
    """Record what a therapist was taught about a rule; return its id. Raises StateError without words, for an unknown
    rule or a day to come, AccessError for roles that do not teach."""
    if not text.strip():
        raise StateError("what was taught needs words", do="Write what you told the therapist")
    if rule not in rule_book():
        raise StateError("there is no such rule", do="Choose one of the rule book")
    if taught_on > at.date():
        raise StateError("that day is still to come", do="Record it once it was taught")
    with write(engine) as connection:
        account_may(connection, account_id, TEACHERS)
        row = {"therapist_npi": npi, "rule": rule, "text": text.strip(), "taught_on": taught_on}
        try:
            made = insert(table).values(**row, account_id=account_id, at=at).returning(table.c.id)
            added: int = connection.execute(made).scalar_one()
        except DBAPIError as error:
            raise refused(error) from None
        details = {"education": added, "rule": rule, "row": seal.stored_digest(connection, table, added)}
        subject = f"therapist {npi}"
        trail.record(connection, kind="education given", subject=subject, account_id=account_id, at=at, details=details)
    return added


def given(engine: Engine, npi: str, *, viewer: int) -> pd.DataFrame:
    """What a therapist was taught, the newest first: columns GIVEN. Raises AccessError as `items.of_therapist` does."""
    accounts, book = schema.accounts, rule_book()
    query = (
        select(*[table.c[name] for name in ("id", "rule", "text", "taught_on", "at")], accounts.c.name.label("by"))
        .join(accounts, accounts.c.id == table.c.account_id)
        .where(table.c.therapist_npi == npi)
        .order_by(table.c.taught_on.desc(), table.c.id.desc())
    )
    with read(engine) as connection:
        demand_reader(connection, npi, viewer)
        found = connection.execute(query)
        rows = pd.DataFrame(found.all(), columns=list(found.keys()))
    rows["title"] = [book[rule].title if rule in book else "" for rule in rows["rule"]]
    return rows[list(GIVEN)]


@dataclass(frozen=True)
class Effect:
    """Claims of the therapist before and after a day. `before`, `after`: reviewed claims of random samples (plain
    counts and estimate; None without any); `change`: after less before with its limits, None where there are too few;
    `flagged`: claims that the rule flagged, of all screened ones, before and after."""

    reviewed: tuple[int, int]
    wrong: tuple[int, int]
    before: Estimate | None
    after: Estimate | None
    change: tuple[float, float, float] | None
    flagged: tuple[tuple[int, int], tuple[int, int]]

    @property
    def sentence(self) -> str:
        counts = [f"{wrong} of {n}" for wrong, n in zip(self.wrong, self.reviewed, strict=True)]
        plain = f"In random samples it was upheld on {counts[0]} claims before and {counts[1]} after"
        if self.change is None or self.before is None or self.after is None:
            return f"{plain}: too few to tell whether it worked ({ENOUGH} of each are needed)."
        sides = [hundreds([one.rate, one.lower, one.upper]) for one in (self.before, self.after)]
        rates = ["{} in 100 ({} to {})".format(*one) for one in sides]
        change, low, high = (f"{100 * value:+.0f}" for value in self.change)
        told = f"from about {rates[0]} to about {rates[1]}; change {change} points ({low} to {high})"
        if self.change[2] < 0:
            return f"It fell by more than chance: {told}. {plain}."
        if self.change[1] > 0:
            return f"It rose by more than chance: {told}. {plain}."
        return f"Not to be told from chance: {told}. {plain}."

    @property
    def screened(self) -> str:
        (before, all_before), (after, all_after) = self.flagged
        return (
            f"Screening flagged {before:,} of {all_before:,} claims before and {after:,} of {all_after:,} after. These "
            "are flags of a rule on all claims, not errors, and no sample."
        )


def effects(engine: Engine, npi: str, items: pd.DataFrame, *, viewer: int) -> dict[int, Effect]:
    """By education item (`given`): whether it worked. Raises AccessError as `items.of_therapist` does."""
    if items.empty:
        return {}
    sampled = _sampled(engine, npi)
    found = {}
    with read(engine) as connection:
        demand_reader(connection, npi, viewer)
        wrong = _upheld_rules(connection, [int(one) for one in sampled["claim_version_id"]])
        for one in items.to_dict("records"):
            flagged = _flagged(connection, npi, str(one["rule"]), one["taught_on"])
            hit = [str(one["rule"]) in wrong.get(int(version), set()) for version in sampled["claim_version_id"]]
            found[int(one["id"])] = effect(sampled.assign(wrong=hit), one["taught_on"], flagged)
    return found


def effect(claims: pd.DataFrame, day: date, flagged: tuple[tuple[int, int], tuple[int, int]]) -> Effect:
    """`claims`: service_date, weight, wrong (bool) of each reviewed claim of random samples. The day itself counts on
    neither side."""
    days = pd.to_datetime(claims["service_date"])
    sides = [claims[days < pd.Timestamp(day)], claims[days > pd.Timestamp(day)]]
    before, after = (_rate(part) for part in sides)
    enough = all(len(part) >= ENOUGH for part in sides)
    change = difference(before, after) if enough and before and after else None
    reviewed, wrong = [len(part) for part in sides], [int(part["wrong"].sum()) for part in sides]
    return Effect((reviewed[0], reviewed[1]), (wrong[0], wrong[1]), before, after, change, flagged)


def _rate(part: pd.DataFrame) -> Estimate | None:
    if part.empty:
        return None
    return exact(weighted(part["wrong"].tolist(), part["weight"].tolist()))


def exact(one: Weighted, confidence: float = CONFIDENCE) -> Estimate:
    """The rate with Clopper and Pearson's limits on its effective counts, which need not be whole."""
    lower, upper = exact_binomial_limits(one.errors, one.size, (1 - confidence) / 2)
    return Estimate(one.rate, min(lower, one.rate), max(upper, one.rate), confidence=confidence)


def _sampled(engine: Engine, npi: str) -> pd.DataFrame:
    """claim_version_id, claim_id, service_date, weight of the therapist's reviewed claims in finished random samples;
    a claim drawn twice counts once, as the newest sample has it."""
    every = overview(engine)
    parts = []
    for audit_id in every.loc[every["seeded"], "id"]:
        now = in_claims(engine, int(audit_id))
        if now.estimate:
            parts.append(now.claims.assign(weight=weights_of(now)))
    columns = ["claim_version_id", "claim_id", "service_date", "weight"]
    if not parts:
        return pd.DataFrame(columns=columns)
    drawn = pd.concat(parts, ignore_index=True)
    with read(engine) as connection:
        of_npi = select(lines.c.claim_version_id).where(lines.c.rendering_npi == npi).distinct()
        theirs = set(connection.execute(of_npi).scalars())
    drawn = drawn[drawn["claim_version_id"].isin(theirs) & ~drawn["missing"].astype("bool")]
    return drawn.drop_duplicates("claim_id")[columns].reset_index(drop=True)


def _upheld_rules(connection: Connection, ids: list[int]) -> dict[int, set[str]]:
    query = (
        select(decisions.c.claim_version_id, findings.c.rule)
        .join(findings, findings.c.id == decisions.c.finding_id)
        .where(upheld(), among(connection, decisions.c.claim_version_id, ids))
    )
    found: dict[int, set[str]] = {}
    for version, rule in connection.execute(query):
        found.setdefault(version, set()).add(rule)
    return found


def _flagged(connection: Connection, npi: str, rule: str, day: date) -> tuple[tuple[int, int], tuple[int, int]]:
    """(flagged, screened) current claims of the therapist before and after a day, by their newest run."""
    run = newest_run().subquery()
    of_npi = select(lines.c.claim_version_id).where(lines.c.rendering_npi == npi)
    hit = (
        select(findings.c.id)
        .where(
            findings.c.claim_version_id == claims.c.id,
            findings.c.run_id == run.c.run_id,
            findings.c.rule == rule,
            findings.c.severity != "untestable",
        )
        .exists()
    )
    sides = []
    for side in (claims.c.service_date < day, claims.c.service_date > day):
        query = (
            select(func.coalesce(func.sum(case((hit, 1), else_=0)), 0), func.count())
            .select_from(claims)
            .join(run, run.c.claim_version_id == claims.c.id)
            .where(and_(claims.c.is_current, claims.c.id.in_(of_npi), side))
        )
        flagged, screened = connection.execute(query).one()
        sides.append((int(flagged), int(screened)))
    return sides[0], sides[1]

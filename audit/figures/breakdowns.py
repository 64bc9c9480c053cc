"""Reviewed claims counted by month and by therapist, and findings by rule, in words that claim no more than they may.

These are counts of what was reviewed. A sample draws flagged claims more often than others, so they are no rates.
"""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Engine, and_, func, select

from audit.reviewing.final_verdicts import final
from audit.reviewing.review import DISMISS, UPHELD, decisions, findings
from audit.rules import rule_book
from audit.store.database import read

ENOUGH = 10
"""Fewest reviewed claims of a group of which more is said than their number."""

CAUTION = (
    "These are counts of reviewed claims, not error rates: a sample draws some claims more often than others, and "
    f"under {ENOUGH} reviewed claims tell nothing about a month or a person."
)


def by_month(claims: pd.DataFrame) -> pd.DataFrame:
    """`Results.claims` by month of service: group ("Mar 2026"), drawn, reviewed, in_error, says ("3 of 14")."""
    months = pd.to_datetime(claims["service_date"]).dt.to_period("M")
    return _counted(claims, months).assign(group=lambda rows: [f"{month:%b %Y}" for month in rows["group"]])


def by_therapist(claims: pd.DataFrame) -> pd.DataFrame:
    """`Results.claims` by rendering therapist, in the order of names: group, drawn, reviewed, in_error, says."""
    return _counted(claims, claims["therapist"].fillna("").replace("", "not named"))


def by_payer(claims: pd.DataFrame) -> pd.DataFrame:
    """`Results.claims` by payer, in the order of names: group, drawn, reviewed, in_error, says."""
    return _counted(claims, claims["payer"].fillna("").replace("", "not named"))


def _counted(claims: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    counted = claims.groupby(group.rename("group")).agg(
        drawn=("claim_id", "size"), reviewed=("reviewed", "sum"), in_error=("in_error", "sum")
    )
    rows = counted.reset_index().astype({"drawn": "int64", "reviewed": "int64", "in_error": "int64"})
    counts = zip(rows["reviewed"].tolist(), rows["in_error"].tolist(), strict=True)
    return rows.assign(says=[_says(reviewed, in_error) for reviewed, in_error in counts])


def _says(reviewed: int, in_error: int) -> str:
    if reviewed < ENOUGH:
        return f"too few to tell: {reviewed} reviewed"
    return f"{in_error:,} of {reviewed:,}"


def with_titles(by_rule: pd.DataFrame) -> pd.DataFrame:
    """`Results.by_rule` with the `title` of each rule; a rule that could not run has none of its own."""
    book = rule_book()
    titles = [book[code].title if code in book else "a rule could not run" for code in by_rule["rule"]]
    return by_rule.assign(title=titles)


def rules_in_words(by_rule: pd.DataFrame) -> str:
    """What `Results.by_rule` says about the rules: how many findings were decided, and which stand out."""
    upheld, dismissed, still_open = (int(by_rule[column].sum()) for column in ("upheld", "dismissed", "open"))
    if not upheld + dismissed:
        return f"No finding is decided yet; {still_open:,} are open."
    says = [f"Of {upheld + dismissed:,} findings decided, reviewers upheld {upheld:,} and dismissed {dismissed:,}"]
    for column, total in (("upheld", upheld), ("dismissed", dismissed)):
        if total:
            most = by_rule.sort_values(column, ascending=False, kind="stable").iloc[0]
            says.append(f"{column} most often: {most['rule']} ({most[column]} of {most['upheld'] + most['dismissed']})")
    return "; ".join(says) + (f"; {still_open:,} still open." if still_open else ".")


def record_of_rule(engine: Engine, code: str) -> str:
    """How often reviewers upheld and dismissed findings of one rule here, over all audits, in words."""
    query = (
        select(decisions.c.kind, func.count())
        .join(findings, and_(findings.c.id == decisions.c.finding_id, findings.c.rule == code))
        .where(final())
        .group_by(decisions.c.kind)
    )
    with read(engine) as connection:
        made: dict[str, int] = dict(connection.execute(query).all())
    upheld, dismissed = sum(made.get(kind, 0) for kind in UPHELD), made.get(DISMISS, 0)
    if not upheld + dismissed:
        return "No reviewer has decided on a finding of this rule yet."
    return (
        f"Reviewers here upheld {upheld:,} and dismissed {dismissed:,} of its {upheld + dismissed:,} decided findings."
    )

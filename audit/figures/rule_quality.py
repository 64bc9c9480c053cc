"""How good the rules are, measured from what reviewers decided: precision of each, sensitivity of all together.

Nothing here changes a rule. One whose findings are upheld less often than WANTED is proposed for review by people.
A finding counts by the verdict that stands on it, once for each version of a claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Engine, func, select

from audit.estimates.distributions import exact_binomial_limits
from audit.estimates.ratios import Share, share_of_lines
from audit.estimates.variation import ENOUGH
from audit.figures.accuracies import in_words
from audit.figures.differences import stratum_of
from audit.figures.drawn_lines import MISSED, PARTED, drawn_lines
from audit.figures.results import Results
from audit.reviewing.final_verdicts import final
from audit.reviewing.review import DISMISS, REASONS, UPHELD, decisions, findings
from audit.rules import rule_book
from audit.store.database import read

WANTED = 0.7
"""Share of its decided findings that should be upheld; a rule below it is proposed for review."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class RuleQuality:
    """`rows`: rule, title, severity, decided, upheld, dismissed, one column for each of REASONS, precision, lower,
    upper (fractions), says, proposed; rules with the most decided findings first."""

    rows: pd.DataFrame

    @property
    def proposed(self) -> list[str]:
        return [str(one) for one in self.rows.loc[self.rows["proposed"], "rule"]]

    @property
    def sentence(self) -> str:
        """The answer to "which rules should people look at again?"."""
        told = self.rows[self.rows["decided"] >= ENOUGH]
        if told.empty:
            return f"Too few decisions to tell: no rule has {ENOUGH} or more decided findings."
        many = f"{len(told)} rule{'' if len(told) == 1 else 's'} with {ENOUGH} or more decided findings"
        if not self.proposed:
            return f"None: of {many}, each is upheld in {100 * WANTED:.0f} of 100 findings or more."
        named = ", ".join(self.proposed) + (" stays" if len(self.proposed) == 1 else " stay")
        return (
            f"Of {many}, {named} below {100 * WANTED:.0f} upheld in 100: proposed for review, never changed by itself."
        )


def rule_quality(engine: Engine) -> RuleQuality:
    """Precision of each rule that has a decided finding here, over all audits."""
    query = (
        select(findings.c.rule, decisions.c.kind, decisions.c.reason, func.count())
        .join(findings, findings.c.id == decisions.c.finding_id)
        .where(final(), decisions.c.kind.in_((*UPHELD, DISMISS)), findings.c.severity != "untestable")
        .group_by(findings.c.rule, decisions.c.kind, decisions.c.reason)
    )
    with read(engine) as connection:
        made = connection.execute(query).all()
    counts: dict[str, dict[str, int]] = {}
    for rule, kind, reason, number in made:
        name = reason if kind == DISMISS else "upheld"
        of_rule = counts.setdefault(rule, {})
        of_rule[name] = of_rule.get(name, 0) + int(number)
    rows = pd.DataFrame([_row(rule, one) for rule, one in counts.items()], columns=_COLUMNS)
    return RuleQuality(rows.sort_values(["decided", "rule"], ascending=[False, True], ignore_index=True))


_COLUMNS = ["rule", "title", "severity", "decided", "upheld", "dismissed", *REASONS, "precision", "lower", "upper",
            "says", "proposed"]  # fmt: skip


def _row(rule: str, counts: dict[str, int]) -> dict[str, Any]:
    book = rule_book()
    upheld = counts.get("upheld", 0)
    decided = sum(counts.values())
    lower, upper = exact_binomial_limits(upheld, decided, (1 - CONFIDENCE) / 2)
    share = Share(upheld / decided, lower, upper, decided, decided - upheld, CONFIDENCE)
    return {
        "rule": rule,
        "title": book[rule].title if rule in book else "a rule could not run",
        "severity": book[rule].severity if rule in book else "error",
        "decided": decided,
        "upheld": upheld,
        "dismissed": decided - upheld,
        **{reason: counts.get(reason, 0) for reason in REASONS},
        "precision": share.rate,
        "lower": lower,
        "upper": upper,
        "says": in_words(share, WANTED) if decided >= ENOUGH else "too few to tell",
        "proposed": decided >= ENOUGH and share.rate < WANTED,
    }


def sensitivity(engine: Engine, now: Results) -> Share | None:
    """Of the claims in error in the frame of a finished random sample, the share on which a rule's finding was upheld:
    the others were seen by a person only. Missing records are left out. None without an interval or any error."""
    if not now.estimate:
        return None
    lines = drawn_lines(engine, now)
    by_rule = lines["rules"].map(lambda found: bool(set(found.split(PARTED)) - {MISSED, ""}))
    of_claim = by_rule.groupby(lines["claim_version_id"]).any()
    wrong = now.claims["in_error"] & ~now.claims["missing"]
    seen = wrong & now.claims["claim_version_id"].map(of_claim)
    sizes = dict(zip(now.strata["stratum"], now.strata["frame_size"], strict=True))
    parts = now.claims.assign(wrong=wrong, seen=seen).groupby(stratum_of(now).to_numpy())
    strata = [(int(sizes[name]), rows["seen"].astype("float64").tolist(), rows["wrong"].astype("float64").tolist())
              for name, rows in parts]  # fmt: skip
    return share_of_lines(strata, now.estimate.confidence)


def sensitivity_in_words(share: Share | None) -> str:
    """The answer to "what do the rules miss?"."""
    if share is None:
        return "Not known: it needs a finished random sample in which reviewers upheld an error."
    if share.claims < ENOUGH:
        return f"Too few claims in error to tell: {share.claims}, of which a rule found {share.in_error}."
    return f"Of the claims in error, the rules find {in_words(share)} (from {share.claims} found in the sample)."

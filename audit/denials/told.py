"""What the answered lines say: which findings foretold a denial, and which denials no rule saw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from audit.denials.lines import Plain, answered_lines
from audit.facts.reference import load_facts
from audit.payers import payments
from audit.rules import rule_book

ENOUGH = 10
"""Fewest answered lines with a finding of a rule of which more is said than their number."""


@dataclass(frozen=True)
class Denials:
    """`lines`, `plain`: as `answered_lines` gives them; `words`: what the codes of payers say."""

    lines: pd.DataFrame
    plain: Plain
    words: dict[tuple[str, str], str]

    @property
    def answered(self) -> int:
        """Number of all answered lines."""
        return len(self.lines) + sum(self.plain)

    @cached_property
    def denied(self) -> pd.DataFrame:
        return self.lines[self.lines["denied"] > 0]

    @cached_property
    def by_rule(self) -> pd.DataFrame:
        """rule, title, answered, denied, dollars, dismissed (denied lines on which it was dismissed), says; most denied
        lines first."""
        one = self.lines.explode("rules").dropna(subset="rules")
        book = rule_book()
        rows: list[dict[str, Any]] = [
            {
                "rule": rule,
                "title": book[rule].title if rule in book else "a rule that is no more",
                "answered": len(of),
                "denied": int((of["denied"] > 0).sum()),
                "dollars": _sum(of["denied"]),
                "dismissed": sum(rule in row["dismissed"] for row in of[of["denied"] > 0].to_dict("records")),
            }
            for rule, of in ((str(name), of) for name, of in one.groupby("rules"))
        ]
        columns = ["rule", "title", "answered", "denied", "dollars", "dismissed"]
        found = pd.DataFrame(rows, columns=columns)
        says = [_of(row["denied"], row["answered"]) for row in rows]
        return found.assign(says=says).sort_values(["denied", "rule"], ascending=[False, True], ignore_index=True)

    @cached_property
    def by_reason(self) -> pd.DataFrame:
        """reason ("CO-97"), why (in plain words), lines, seen, unseen, not_screened, dollars; most lines first."""
        one = self.denied.explode("reasons")
        rows = [
            {
                "reason": reason,
                "why": self.words.get(("reason", str(reason).partition("-")[2]), "not on file"),
                "lines": len(of),
                "seen": int(of["rules"].map(bool).sum()),
                "unseen": int((~of["rules"].map(bool) & of["screened"]).sum()),
                "not_screened": int((~of["screened"]).sum()),
                "dollars": _sum(of["denied"]),
            }
            for reason, of in one.groupby("reasons")
        ]
        columns = ["reason", "why", "lines", "seen", "unseen", "not_screened", "dollars"]
        found = pd.DataFrame(rows, columns=columns)
        return found.sort_values(["lines", "reason"], ascending=[False, True], ignore_index=True)

    @property
    def sentence(self) -> str:
        """How much was denied."""
        if not self.answered:
            return "No payer has answered a claim of this time: load 835 files to see what was denied."
        dollars, claims = _sum(self.denied["denied"]), self.denied["claim_id"].nunique()
        return (
            f"Payers answered {self.answered:,} lines and denied {len(self.denied):,} of them in whole or in part, "
            f"on {claims:,} claim{'' if claims == 1 else 's'}: ${dollars:,.2f} of charges."
        )

    @property
    def foretold(self) -> str:
        """The answer to "Which findings foretold a denial?"."""
        screened = self.lines[self.lines["screened"]]
        flagged = screened["rules"].map(bool)
        with_one, without = screened[flagged], screened[~flagged]
        if with_one.empty:
            return "No line that a payer answered has a finding."
        dismissed = int(self.by_rule["dismissed"].sum())
        more = f" {dismissed:,} of the denied had been dismissed here." if dismissed else ""
        number, of_others = (int((of["denied"] > 0).sum()) for of in (with_one, without))
        others = len(without) + self.plain.screened
        shares = _share(number, len(with_one)), _share(of_others, others)
        return (
            f"Of {len(with_one):,} answered lines with a finding, {number:,} {'was' if number == 1 else 'were'} denied"
            f"{shares[0]}; of {others:,} without one, {of_others:,}{shares[1]}.{more}"
        )

    @property
    def unseen(self) -> str:
        """The answer to "Which denials did no rule see?"."""
        screened = self.denied[self.denied["screened"]]
        missed = screened[~screened["rules"].map(bool)]
        out = len(self.denied) - len(screened)
        rest = f" {out:,} more {'is' if out == 1 else 'are'} on claims that no rule looked at." if out else ""
        if missed.empty:
            return f"Every denial of a screened line has a finding on it.{rest}" if len(screened) else f"None.{rest}"
        reasons = missed.explode("reasons")["reasons"].value_counts()
        most = sorted(reasons[reasons == reasons.max()].index)[0]
        why = self.words.get(("reason", most.partition("-")[2]), "not on file")
        return (
            f"{len(missed):,} of {len(screened):,} denied lines had no finding (${_sum(missed['denied']):,.2f} of "
            f"charges), most often {most} ({why}).{rest}"
        )


def denials(engine: Engine, *, since: date, until: date) -> Denials:
    """What payers answered from `since` to `until`, both included."""
    facts = load_facts()
    return Denials(*answered_lines(engine, facts, since, until), payments.words(facts))


def _sum(amounts: pd.Series[Any]) -> Decimal:
    return sum(amounts, Decimal("0.00"))


def _share(denied: int, answered: int) -> str:
    """ " (13 in 100)"; "" where the lines are few."""
    return f" ({100 * denied / answered:.0f} in 100)" if answered >= ENOUGH else ""


def _of(denied: int, answered: int) -> str:
    return f"{denied} of {answered}" if answered >= ENOUGH else f"too few to tell: {denied} of {answered}"

"""How old each fact table is, and what is about to run out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from audit.facts.fact_merge import Period
from audit.facts.reference import Facts

SOON = 60
"""Days before its end on which a table is called about to run out."""
STATES = ("ended", "runs out", "not loaded", "current")


@dataclass(frozen=True, slots=True)
class FactAge:
    """One table. `covers`: its dates in words, gaps and all; `state`: one of STATES; `says`: the same in days."""

    name: str
    what: str
    rows: int
    covers: str
    state: str
    says: str
    refresh: str
    evidence: str


def fact_ages(facts: Facts, today: date) -> list[FactAge]:
    """Every table, those that ended or end first on top."""
    ages = [_age(name, facts, today) for name in facts.coverage]
    if "diagnoses" not in facts.coverage:
        what, refresh = "ICD-10-CM codes of the fiscal years", "each October: the ICD-10-CM order file"
        ages.append(FactAge("diagnoses", what, 0, "none", "not loaded", "none", refresh, ""))
    return sorted(ages, key=lambda age: STATES.index(age.state))


def _age(name: str, facts: Facts, today: date) -> FactAge:
    known, table = facts.coverage[name], facts.tables[name]
    state, says = _state(known.covers_to, today)
    evidence = ", ".join(f"{number} {mark}" for mark, number in table["evidence"].value_counts().items())
    covers = "; ".join(dict.fromkeys(_words(period) for period in facts.periods[name]))
    return FactAge(name, known.what, len(table), covers, state, says, known.refresh, evidence)


def _state(last: date | None, today: date) -> tuple[str, str]:
    if last is None:
        return "current", "no end"
    days = (last - today).days
    if days < 0:
        return "ended", f"ended {-days} days ago"
    return ("runs out" if days <= SOON else "current"), f"ends in {days} days"


def _words(period: Period) -> str:
    first = "always" if period.first.year < 1950 else f"{period.first:%Y-%m-%d}"
    return f"{first} to {'open' if period.last.year > 2190 else f'{period.last:%Y-%m-%d}'}"

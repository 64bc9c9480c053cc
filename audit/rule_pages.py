"""The rule book for people: rules by family, and one page of each with its cases, sources and facts in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd

from audit.errors import CountersignError
from audit.facts.reference import Coverage, Facts, load_facts, shipped_facts
from audit.grains import GRAINS
from audit.model import SEVERITIES
from audit.rules import Rule, rule_book
from audit.rules.cases import promises_of

FAMILIES = {
    "units": "Units and minutes",
    "evaluations": "Evaluation levels",
    "modifiers": "Modifiers and pairs of codes",
    "notes": "Notes",
    "claims": "Claims",
}
FINDS = {
    "error": ("an error", "errors"),
    "warning": ("a warning", "warnings"),
    "info": ("a note", "notes"),
    "untestable": ("cannot be tested", "cannot be tested"),
}
CATALOGUE = {"UNIT": (*range(1, 15), 20, 21), "EVAL": range(1, 10), "MOD": range(1, 22), "DOC": range(1, 15),
             "FMT": range(1, 11)}  # fmt: skip
"""Numbers of the rules that were planned, by family: a rule that is not built is said so."""
ALWAYS = ("codes", "payers")
"""Fact tables that every rule may rest on: what a code is, and how its payer counts."""
EVIDENCE = {
    "file": "read from the official file",
    "document": "read in a document that states it",
    "secondary_copy": "read in somebody's copy of the official file",
    "recalled": "from memory, not checked against the source yet",
    "derived": "decided in Countersign's own design",
    "file_and_recalled": "partly read from the official file, partly from memory and not checked yet",
    "document_and_recalled": "partly read in a document that states it, partly from memory and not checked yet",
}


@dataclass(frozen=True, slots=True)
class FactTable:
    """One fact table a rule may rest on. `ended` is its last day when that has passed, else None; `evidence`
    counts its rows by what they rest on."""

    name: str
    coverage: Coverage
    ended: date | None
    evidence: dict[str, int]


@dataclass(frozen=True, slots=True)
class RulePage:
    """One rule. `cases`: what it shows -> what the rule finds. `sources`: title, citation, evidence in words."""

    rule: Rule
    grain: str
    cases: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str, str], ...]
    facts: tuple[FactTable, ...]


def families(words: str = "") -> dict[str, list[Rule]]:
    """The rules that hold all of `words` in their text, by the family's name; families without any are left out."""
    wanted = words.lower().split()
    found: dict[str, list[Rule]] = {}
    for rule in rule_book().values():
        if all(word in _text(rule) for word in wanted):
            found.setdefault(FAMILIES[rule.family], []).append(rule)
    return found


def page_of(code: str, today: date) -> RulePage:
    """Raises CountersignError when there is no rule with this code."""
    rule = rule_book().get(code)
    if rule is None:
        raise CountersignError("there is no rule with this code", where=code[:20], do="Choose one from the rule book")
    facts = load_facts()
    titles = facts.sources.set_index("source")
    sources = tuple(
        (row["title"], row["citation"], EVIDENCE.get(row["evidence"], row["evidence"]))
        for row in titles.loc[list(rule.sources)].to_dict("records")
    )
    return RulePage(rule, GRAINS[rule.grain], _cases(code), sources, _tables(rule, facts, today))


@cache
def _text(rule: Rule) -> str:
    titles = load_facts().sources.set_index("source")["title"]
    parts = [rule.code, rule.title, rule.why, rule.what_to_do, rule.severity, *titles[list(rule.sources)]]
    return " ".join(parts).lower()


@cache
def _cases(code: str) -> tuple[tuple[str, str], ...]:
    rule = rule_book()[code]
    promised = promises_of(rule) if rule.cases.exists() else {}
    return tuple((name, _finds(finds)) for name, finds in promised.items())


def _finds(finds: list[dict[str, str]]) -> str:
    counted = Counter(one["severity"] for one in finds)
    said = [
        FINDS[severity][0] if number == 1 or severity == "untestable" else f"{number} {FINDS[severity][1]}"
        for severity in SEVERITIES
        if (number := counted[severity])
    ]
    return " and ".join(said) or "nothing"


def _tables(rule: Rule, facts: Facts, today: date) -> tuple[FactTable, ...]:
    """Codes and payers, and each table with a row from one of the rule's own sources."""
    shipped = shipped_facts().tables  # a loaded table stands in for the shipped one, whose sources the rule names
    return tuple(
        _table(name, rows, facts.coverage[name], today)
        for name, rows in facts.tables.items()
        if name in shipped and (name in ALWAYS or _named(shipped[name]) & set(rule.sources))
    )


def _named(rows: pd.DataFrame) -> set[str]:
    return set(" ".join(rows["source"]).split())


def _table(name: str, rows: pd.DataFrame, coverage: Coverage, today: date) -> FactTable:
    last = coverage.covers_to
    counted = Counter(EVIDENCE.get(mark, mark) for mark in rows["evidence"])
    return FactTable(name, coverage, last if last and last < today else None, dict(counted.most_common()))


def not_built() -> list[str]:
    """Ids of the catalogue that have no rule."""
    planned = [f"{family}-{number:02}" for family, numbers in CATALOGUE.items() for number in numbers]
    return [code for code in planned if code not in rule_book()]


def as_markdown() -> str:
    """The reference page of all rules, `docs/rules.md`, the same on every day and machine."""
    return "\n".join([*_opening(), *(line for family in FAMILIES for line in _family(family))]) + "\n"


def _opening() -> list[str]:
    rules = rule_book().values()
    counted = Counter(rule.state for rule in rules)
    states = ", ".join(f"{number} {state}" for state, number in counted.items())
    missing = ", ".join(not_built()) or "none"
    return [
        "# Rules",
        "",
        "Made by `python -m audit.rule_pages` from the rules themselves; do not edit.",
        "",
        f"{len(rules)} rules: {states}. Planned and not built: {missing}. Dollars at risk stand on the findings.",
        "`untestable` is no pass: what would make a rule testable stands in the finding's `expected`.",
    ]


def _family(family: str) -> list[str]:
    rules = [rule for rule in rule_book().values() if rule.family == family]
    return ["", f"## {FAMILIES[family]}", *(line for rule in rules for line in _section(rule))]


def _section(rule: Rule) -> list[str]:
    titles = shipped_facts().sources.set_index("source")
    told = titles.loc[list(rule.sources)].to_dict("records")
    sources = [" ".join(filter(None, [row["title"], row["citation"] and f"({row['citation']})",
                                      f"[{EVIDENCE[row['evidence']]}]"])) for row in told]  # fmt: skip
    cases = [f"- {name}: {finds}" for name, finds in _cases(rule.code)]
    return [
        "",
        f"### {rule.code} · {rule.severity} · {rule.state}",
        "",
        rule.title,
        "",
        f"*Why it matters.* {rule.why[:1].upper()}{rule.why[1:]}",
        "",
        f"*What to do.* {rule.what_to_do[:1].upper()}{rule.what_to_do[1:]}",
        "",
        f"Looks at {GRAINS[rule.grain]}. Sources: {'; '.join(sources)}.",
        "",
        *cases,
    ]


def main() -> None:
    page = Path(__file__).parents[1] / "docs" / "rules.md"
    page.write_text(as_markdown(), encoding="utf-8", newline="\n")
    print(f"{page} has {len(rule_book())} rules.")


if __name__ == "__main__":
    main()

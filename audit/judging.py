"""The rules over prepared tables: findings, prices, and what becomes of a rule that fails."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path

import pandas as pd

from audit import __version__
from audit.errors import CountersignError
from audit.grains import Prepared
from audit.grains.again import other_choices
from audit.grains.of_clinicians import OfClinicians
from audit.model import FINDING_COLUMNS, UNPRICED
from audit.rules import Rule, ordered, rule_book
from audit.tables import Tables
from audit.unconfirmed import REFUSED, RIVALS, SAYS, demoted, without_doubtful, without_refused
from audit.worth import priced

Progress = Callable[[int, int], None]
"""Called with steps done and steps in all; raise from it to cancel."""
JUDGES = ("rules", "grains", "worth", "facts", "judging.py", "unconfirmed.py", "tables.py", "model.py", "units.py",
          "evaluations.py", "money.py", "passages.py", "texts.py", "shared_text.py")  # fmt: skip
log = logging.getLogger(__name__)


def chosen_rules(codes: Iterable[str] | None = None) -> list[Rule]:
    """The rules with these codes (default: all that are not retired). Raises CountersignError for a wrong one."""
    book = rule_book()
    wanted = [code.strip().upper() for code in codes] if codes is not None else list(book)
    for code in wanted:
        if code not in book:
            raise CountersignError(f"there is no rule {code}", do="`countersign rules` lists them")
    return [book[code] for code in wanted if book[code].state != "retired"]


def judge(
    prepared: Prepared, rules: list[Rule], progress: Progress | None = None, *, keep: bool = True
) -> pd.DataFrame:
    """Findings of `rules` over tables that the caller prepared and goes on with; with `keep` False each grain is let
    go once its rules have run, which takes less memory. There is a claim. Their text is shared (`shared_text`)."""

    def firm(without: Callable[[Tables], Tables | None], codes: list[str]) -> pd.DataFrame | None:
        tables = without(prepared.tables)
        return None if tables is None else by_these(tables, codes)

    def by_these(tables: Tables, codes: list[str]) -> pd.DataFrame:
        return _found(Prepared(tables, prepared.facts), [rule for rule in rules if rule.code in codes])

    found = _found(prepared, rules, progress, keep=keep)
    told = demoted(found, _codes(rules), partial(firm, without_doubtful), SAYS)
    own = _codes(by_patient(rules))
    told = demoted(told, own, partial(firm, without_refused), REFUSED)
    for other in other_choices(prepared.tables):
        told = demoted(told, own, partial(by_these, other), RIVALS, other.claims["patient_id"])
    return priced(told if told is found else ordered([told]), prepared)


def judge_clinicians(
    seen: OfClinicians, firm: OfClinicians | None, rules: list[Rule]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Findings of rules about clinicians, and by code the kind of error of those that failed and judged nothing.

    `firm`: the same by the notes that are no unconfirmed document's; None where all notes are."""
    found, failed = _each(seen, rules)

    def again(codes: list[str]) -> pd.DataFrame | None:
        return _each(firm, [rule for rule in rules if rule.code in codes])[0] if firm else None

    return demoted(found, _codes(rules), again, SAYS), failed


def _codes(rules: Iterable[Rule]) -> list[str]:
    return [rule.code for rule in rules]


def by_patient(rules: list[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule.split == "patient_id"]


def about_clinicians(rules: list[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule.split != "patient_id"]


def _found(
    prepared: Prepared, rules: list[Rule], progress: Progress | None = None, *, keep: bool = True
) -> pd.DataFrame:
    found, failed = _each(prepared, rules, progress, None if keep else prepared.let_go)
    if not failed:
        return found
    return ordered([found, *(failed_on(prepared.tables, code, kind) for code, kind in failed.items())])


def _each(
    prepared: Prepared | OfClinicians,
    rules: list[Rule],
    progress: Progress | None = None,
    let_go: Callable[[str], None] | None = None,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """The rules of one grain in a row; `let_go` is told the grain when they have run."""
    found, failed, before = [], {}, ""
    grains = list(dict.fromkeys(rule.grain for rule in rules))
    for number, rule in enumerate(sorted(rules, key=lambda one: grains.index(one.grain))):
        if let_go and before not in ("", rule.grain):
            let_go(before)
        before = rule.grain
        if progress:
            progress(number, len(rules))
        try:
            found.append(rule.run(prepared))
        except Exception as error:  # a rule must not take the run down with it
            log.error("rule %s failed: %s", rule.code, type(error).__name__)
            failed[rule.code] = type(error).__name__
    if progress:
        progress(len(rules), len(rules))
    return ordered(found), failed


def failed_on(tables: Tables, code: str, kind: str) -> pd.DataFrame:
    """A rule that raised has judged nothing: every claim is untestable for it, by name."""
    rows = tables.claims.drop_duplicates("claim_id").assign(
        rule="ENGINE",
        severity="untestable",
        note_id="",
        expected="Report it: no input would make this rule run",
        observed="",
        because=f"Rule {code} could not run ({kind}); this is a fault of Countersign.",
        sources="",
        **UNPRICED,
        facts_unchecked=False,
    )
    return rows[list(FINDING_COLUMNS)]


@cache
def code_version() -> str:
    """The version and a digest of all code that findings come from, as a run keeps it."""
    digest, here = hashlib.sha256(), Path(__file__).parent
    files = [path for one in JUDGES for path in ([here / one] if one.endswith(".py") else (here / one).rglob("*.py"))]
    for path in sorted(files):
        digest.update(f"{path.relative_to(here).as_posix()}\n".encode() + path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"

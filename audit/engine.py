"""The rule book over the tables: findings in a stable order, whole or in buckets, with the same result."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date

import pandas as pd

from audit.errors import CountersignError
from audit.facts.reference import Facts, load_facts
from audit.grains import Prepared
from audit.model import FINDING_COLUMNS, UNPRICED
from audit.pieces import Piece, pieces
from audit.rules import Rule, nothing, ordered, rule_book
from audit.tables import Tables
from audit.unconfirmed import demoted
from audit.worth import priced

SPLITS = ("whole", "buckets", "dask")
LINES_A_BUCKET = 50_000
Progress = Callable[[int, int], None]
"""Called with steps done and steps in all; raise from it to cancel."""
Task = tuple[Piece, list[Rule]]
log = logging.getLogger(__name__)


def chosen_rules(codes: Iterable[str] | None = None) -> list[Rule]:
    """The rules with these codes (default: all that are not retired). Raises CountersignError for a wrong one."""
    book = rule_book()
    wanted = [code.strip().upper() for code in codes] if codes is not None else list(book)
    for code in wanted:
        if code not in book:
            raise CountersignError(f"there is no rule {code}", do="`countersign rules` lists them")
    return [book[code] for code in wanted if book[code].state != "retired"]


def audit(
    tables: Tables,
    facts: Facts | None = None,
    *,
    rules: list[Rule] | None = None,
    split: str = "whole",
    buckets: int | None = None,
    progress: Progress | None = None,
    as_of: date | None = None,
    prepared: Prepared | None = None,
) -> pd.DataFrame:
    """Findings of `rules` over `tables`, columns FINDING_COLUMNS, ordered by claim_id, line_number, rule.

    `split`: "whole" holds everything at once; "buckets" divides the claims by each rule's declared key, one
    bucket at a time; "dask" gives the buckets to dask's scheduler. Findings are the same in all three. `as_of`: the
    day on which the claims are checked or filed, where the user says it. `prepared`: the same tables and facts, as
    far as the caller has prepared them already; only "whole" has a use for them.
    """
    facts = replace(facts or load_facts(), as_of=as_of) if as_of else facts or load_facts()
    rules = chosen_rules() if rules is None else rules
    if split not in SPLITS:
        raise CountersignError(f"'{split}' is no way to split", do=f"Use one of {', '.join(SPLITS)}")
    if tables.claims.empty or not rules:
        return nothing()
    if split == "whole":
        parts = [judge(prepared or Prepared(tables, facts), rules, progress)]
    else:
        tasks = list(_tasks(tables, rules, buckets or max(2, -(-len(tables.claims) // LINES_A_BUCKET))))
        parts = _by_dask(tasks, facts) if split == "dask" else _in_turn(tasks, facts, progress)
    return _told_once(ordered(parts))


def judge(prepared: Prepared, rules: list[Rule], progress: Progress | None = None) -> pd.DataFrame:
    """`audit` of everything at once, over tables that the caller prepared and goes on with. There is a claim."""

    def again(tables: Tables, codes: list[str]) -> pd.DataFrame:
        again = Prepared(tables, prepared.facts, prepared.clinicians)
        return _found(again, [rule for rule in rules if rule.code in codes])

    return priced(demoted(_found(prepared, rules, progress), prepared.tables, again), prepared)


def _found(prepared: Prepared, rules: list[Rule], progress: Progress | None = None) -> pd.DataFrame:
    found = []
    for number, rule in enumerate(rules):
        if progress:
            progress(number, len(rules))
        try:
            found.append(rule.run(prepared))
        except Exception as error:  # a rule must not take the run down with it
            log.error("rule %s failed: %s", rule.code, type(error).__name__)
            found.append(_failed(rule, error, prepared.tables))
    if progress:
        progress(len(rules), len(rules))
    return ordered(found)


def _failed(rule: Rule, error: Exception, tables: Tables) -> pd.DataFrame:
    """A rule that raised has judged nothing: every claim is untestable for it, by name."""
    rows = tables.claims.drop_duplicates("claim_id").assign(
        rule="ENGINE",
        severity="untestable",
        note_id="",
        expected="Report it: no input would make this rule run",
        observed="",
        because=f"Rule {rule.code} could not run ({type(error).__name__}); this is a fault of Countersign.",
        sources="",
        **UNPRICED,
        facts_unchecked=False,
    )
    return rows[list(FINDING_COLUMNS)]


def _told_once(found: pd.DataFrame) -> pd.DataFrame:
    """A claim that stands in several pieces hears of a rule that failed in them once."""
    again = (found["rule"] == "ENGINE") & found.duplicated(["claim_id", "because"])
    return found[~again].reset_index(drop=True) if again.any() else found


def _tasks(tables: Tables, rules: list[Rule], number: int) -> Iterator[Task]:
    """Each piece with the rules that may judge it alone. Memory holds the tables and their pieces."""
    for split in dict.fromkeys(rule.split for rule in rules):
        own = [rule for rule in rules if rule.split == split]
        yield from ((piece, own) for piece in pieces(tables, split, number))


def _in_turn(tasks: list[Task], facts: Facts, progress: Progress | None) -> list[pd.DataFrame]:
    parts = []
    for number, (piece, rules) in enumerate(tasks):
        if progress:
            progress(number, len(tasks))
        parts.append(judge(Prepared(piece.tables, facts, piece.clinicians), rules))
    return parts


def _by_dask(tasks: list[Task], facts: Facts) -> list[pd.DataFrame]:
    from dask.base import compute  # noqa: PLC0415  only this way of running needs it
    from dask.delayed import delayed  # noqa: PLC0415

    waiting = [delayed(_judge_piece)(piece, facts, [rule.code for rule in rules]) for piece, rules in tasks]
    return list(compute(*waiting))  # type: ignore[no-untyped-call]


def _judge_piece(piece: Piece, facts: Facts, codes: list[str]) -> pd.DataFrame:
    return judge(Prepared(piece.tables, facts, piece.clinicians), chosen_rules(codes))

"""The rule book over the tables: findings in a stable order, whole or in buckets, with the same result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pandas as pd

from audit.errors import CountersignError
from audit.facts.reference import Facts, load_facts
from audit.grains import Prepared
from audit.judging import (
    Progress,
    about_clinicians,
    by_patient,
    chosen_rules,
    failed_on,
    judge,
    judge_clinicians,
)
from audit.pieces import LINES_A_BUCKET, Told, pieces
from audit.rules import Rule, nothing, ordered
from audit.shared_text import in_plain
from audit.tables import Tables

__all__ = ["SPLITS", "Progress", "audit", "chosen_rules", "judge"]
SPLITS = ("whole", "buckets", "dask")


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
    bucket at a time; "dask" gives the buckets to a cluster (`bulk.cluster`). Findings are the same in all three.
    `as_of`: the day on which the claims are checked or filed, where the user says it. `prepared`: the same tables and
    facts, as far as the caller has prepared them already; only "whole" has a use for them.
    """
    facts = replace(facts or load_facts(), as_of=as_of) if as_of else facts or load_facts()
    rules = chosen_rules() if rules is None else rules
    if split not in SPLITS:
        raise CountersignError(f"'{split}' is no way to split", do=f"Use one of {', '.join(SPLITS)}")
    if tables.claims.empty or not rules:
        return nothing()
    if split == "whole":
        return in_plain(judge(prepared or Prepared(tables, facts), rules, progress, keep=prepared is not None))
    number = buckets or max(2, -(-len(tables.claims) // LINES_A_BUCKET))
    way = _on_cluster if split == "dask" else _in_buckets
    parts = list(way(tables, facts, rules, number, progress))
    return in_plain(_told_once(ordered(parts)))


def _in_buckets(
    tables: Tables, facts: Facts, rules: list[Rule], number: int, progress: Progress | None
) -> Iterator[pd.DataFrame]:
    """Memory holds the tables and one piece of them at a time."""
    own, others = by_patient(rules), about_clinicians(rules)
    told = Told([rule.grain for rule in others])
    for done, piece in enumerate(pieces(tables, number)):
        if progress:
            progress(done, number)
        prepared = Prepared(piece, facts)
        if len(piece.claims) and own:
            yield judge(prepared, own, keep=False)
        if others:
            told.add(prepared)
    if others:
        found, failed = judge_clinicians(*told.of(tables.providers, facts), others)
        yield found
        yield from (failed_on(tables, code, kind) for code, kind in failed.items())
    if progress:
        progress(number, number)


def _on_cluster(
    tables: Tables, facts: Facts, rules: list[Rule], number: int, progress: Progress | None
) -> Iterator[pd.DataFrame]:
    from audit.bulk import cluster, driving  # noqa: PLC0415  only this way of running needs them

    beside = cluster.shared_folder()
    with cluster.cluster() as runner:
        yield from driving.audit_tables(tables, facts, rules, runner, number=number, progress=progress, beside=beside)


def _told_once(found: pd.DataFrame) -> pd.DataFrame:
    """A claim that stands in several pieces hears of a rule that failed in them once."""
    again = (found["rule"] == "ENGINE") & found.duplicated(["claim_id", "because"])
    return found[~again].reset_index(drop=True) if again.any() else found

"""The benchmark compares like with like: hand-written SQL, a plain loop and the rules find the same."""

from __future__ import annotations

from pathlib import Path

from benchmarks import five_checks, made_up, speed


def test_sql_loop_and_rules_find_the_same_and_something_of_each_kind(tmp_path: Path):
    made_up.write(tmp_path, lines=2_500)
    found = five_checks.by_sql(tmp_path)
    assert {rule for rule, _, _ in found} == set(five_checks.RULES)
    assert five_checks.by_loop(tmp_path) == found
    rules, number, _ = speed.by_rules(tmp_path, five_checks.RULES)
    assert sorted(rules) == found
    assert 0.06 < number / 2_500 < 0.11

"""What the tests stand on: each has a database of its own, which begins as its fixtures say and nobody else changes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine

from tests import reviewing
from tests.databases import FILLINGS, filling_for
from tests.stored import add, count_rows

pytest_plugins = ["tests.databases", "tests.reviewing"]


@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_test_writes_another_never_sees(engine: Engine, people: dict[str, int], turn: int) -> None:
    assert count_rows(engine)["accounts"] == len(people) == len(reviewing.PEOPLE)
    people["newcomer"] = add(engine, "accounts", username="newcomer")


def test_a_test_that_asks_for_nothing_begins_with_nothing(engine: Engine) -> None:
    assert {name: rows for name, rows in count_rows(engine).items() if rows} == {}


def request(*names: str, **module: Any) -> Any:
    return SimpleNamespace(fixturenames=[*names], module=SimpleNamespace(**module))


def test_of_two_fillings_the_one_that_holds_the_other_is_taken() -> None:
    [claims] = [one for one in FILLINGS if one.name == "claims"]
    assert filling_for(request("tmp_path", "claims", "people")) is claims
    assert filling_for(request("tmp_path")) is None


def test_fillings_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(AssertionError, match="no one database begins with all of"):
        filling_for(request("claims", "run_id"))


def test_a_modules_own_fixture_of_the_same_name_fills_nothing() -> None:
    assert filling_for(request("people", people=lambda: {})) is None

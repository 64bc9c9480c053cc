"""Facts: each sourced and dated, looked up by date of service, and a folder that is wrong says where."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from audit.errors import FactError
from audit.facts.reference import DATA, DATED, EARLIEST, KEYS, LATEST, in_force, load_facts, with_facts
from audit.units import PAST_MIDPOINT, UNIT, total_units

FACTS = load_facts()
EVIDENCE = {"file", "document", "derived", "recalled", "secondary_copy"}


def folder(tmp_path: Path, **edited: str) -> Path:
    """A copy of `data/` with some files replaced."""
    for file in DATA.glob("*.csv"):
        shutil.copy(file, tmp_path)
    for name, text in edited.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def with_row(name: str, row: str, drop: str = "\0") -> str:
    lines = (DATA / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return "\n".join([*(line for line in lines if not line.startswith(drop)), row]) + "\n"


# the facts that are shipped


@pytest.mark.parametrize("name", KEYS)
def test_every_fact_is_sourced_dated_and_marked(name):
    rows = FACTS[name]
    assert len(rows)
    known = set(FACTS.sources["source"])
    assert rows["source"].str.split().map(lambda named: named and set(named) <= known).all()
    assert rows["evidence"].str.split("_and_").map(lambda marks: set(marks) <= EVIDENCE).all()
    assert pd.to_datetime(rows["checked_on"], format="%Y-%m-%d").le("2026-11-25").all()
    assert (rows["effective_from"] <= rows["effective_to"]).all()
    assert (rows[KEYS[name]] != "").all().all()


def test_every_source_is_named_once_and_marked():
    assert FACTS.sources["source"].is_unique
    assert (FACTS.sources["title"] != "").all()
    assert set(FACTS.sources["evidence"]) <= EVIDENCE
    assert set(FACTS.recalled_sources) == set(FACTS.sources.query("evidence == 'recalled'")["source"])


@pytest.mark.parametrize("name", KEYS)
def test_no_two_rows_are_in_force_on_one_day(name):
    """By counting, on every day on which something changes."""
    rows = FACTS[name]
    for day in pd.concat([rows["effective_from"], rows["effective_to"]]).unique():
        assert not rows[in_force(rows, pd.Timestamp(day))].duplicated(KEYS[name]).any(), day


def test_the_unit_table_is_the_formula():
    table = FACTS["unit_table"].set_index("units")[["min_minutes", "max_minutes"]].astype(int)
    for units, (low, high) in zip(table.index.astype(int), table.to_numpy(), strict=True):
        assert (low, high) == (UNIT * units - UNIT + PAST_MIDPOINT, UNIT * units + PAST_MIDPOINT - 1)
        assert {total_units(minutes) for minutes in range(low, high + 1)} == {units}
    assert total_units(int(table["min_minutes"].min()) - 1) == 0
    assert list(table.index.astype(int)) == list(range(1, len(table) + 1))


def test_every_table_says_which_dates_it_covers():
    assert set(FACTS.coverage) == set(KEYS)
    pairs = FACTS.coverage["ncci_pairs"]
    assert (pairs.covers_from, pairs.covers_to) == (date(2024, 7, 1), date(2024, 9, 30))
    assert FACTS.coverage["codes"].covers_to is None
    assert all(c.what and c.refresh for c in FACTS.coverage.values())
    for name, covered in FACTS.coverage.items():
        if covered.covers_from:
            first = pd.Timestamp(covered.covers_from)
            assert in_force(FACTS[name], first).any(), f"{name} has no row for the first day it is said to cover"


def test_a_range_of_codes_stands_for_each():
    codes = FACTS["codes"]["code"]
    assert {"L3702", "L3808", "L3999"} <= set(codes)
    assert not codes.str.contains("-").any()


# by date of service


@pytest.mark.parametrize(("on", "value"), [("2021-12-31", "2110"), ("2022-01-01", "2150"), ("2022-12-31", "2150")])
def test_a_threshold_is_that_of_the_day(on, value):
    assert FACTS.value("KX_OT", date.fromisoformat(on)) == Decimal(value)


@pytest.mark.parametrize("on", [date(2017, 12, 31), FACTS.coverage["thresholds"].covers_to + timedelta(1)])
def test_outside_its_dates_a_threshold_is_refused(on):
    with pytest.raises(FactError) as refused:
        FACTS.value("KX_OT", on)
    assert str(refused.value) == (
        f"{DATA / 'thresholds.csv'}: no row for 'KX_OT' is in force on {on}. "
        "Add the row with its dates and source, or leave that date out of this audit."
    )


def test_a_parameter_that_is_not_on_file_is_refused():
    with pytest.raises(FactError, match="no row for 'KX_MOON'"):
        FACTS.value("KX_MOON", date(2026, 1, 1))


def test_a_row_without_a_value_is_no_value():
    with pytest.raises(FactError, match="no row for 'CO_MODIFIER_REQUIRED'"):
        FACTS.value("CO_MODIFIER_REQUIRED", date(2026, 1, 1))
    assert FACTS.begins("CO_MODIFIER_REQUIRED") == pd.Timestamp("2020-01-01")


def test_a_value_that_is_no_number_is_refused(tmp_path):
    row = "X,much,an amount,2026-01-01,,bca,recalled,2026-11-24"
    facts = load_facts(folder(tmp_path, thresholds=with_row("thresholds", row)))
    with pytest.raises(FactError, match="parameter X: 'much' is no number"):
        facts.value("X", date(2026, 1, 1))


def test_facts_are_joined_by_the_date_of_each_row():
    dates = pd.to_datetime(["2017-12-31", "2018-01-01", "2018-01-01", "2018-01-01"])
    left = pd.DataFrame({"code": ["97763", "97763", "97762", "none"], "service_date": dates}, index=[7, 3, 9, 1])
    found = with_facts(left, FACTS["codes"], ["therapy_class"], on="code", key="code")
    assert found.index.tolist() == [7, 3, 9, 1]
    assert found["known"].tolist() == [False, True, False, False]
    assert found["therapy_class"].tolist() == ["", "always", "", ""]


def test_two_rows_in_force_tell_nothing():
    dated = {"effective_from": EARLIEST, "effective_to": LATEST}
    facts = pd.DataFrame([{"k": "a", "v": "1", **dated}, {"k": "a", "v": "2", **dated}, {"k": "b", "v": "3", **dated}])
    left = pd.DataFrame({"k": ["a", "b"], "service_date": pd.to_datetime(["2026-01-01"] * 2)})
    found = with_facts(left, facts, ["v"], on="k", key="k")
    assert found["known"].tolist() == [False, True]
    assert found["v"].tolist() == ["", "3"]


# a folder that is wrong


def test_a_copy_of_the_folder_loads_and_has_the_same_name(tmp_path):
    one = folder(tmp_path)
    other = shutil.copytree(one, tmp_path / "other")
    assert load_facts(one).sha256 == load_facts(other).sha256


def test_a_changed_fact_has_another_name(tmp_path):
    row = "X,1,an amount,2026-01-01,,bca,recalled,2026-11-24"
    assert load_facts(folder(tmp_path, thresholds=with_row("thresholds", row))).sha256 != FACTS.sha256


@pytest.mark.parametrize("name", [*KEYS, "sources", "tables"])
def test_a_missing_file(tmp_path, name):
    (folder(tmp_path) / f"{name}.csv").unlink()
    with pytest.raises(FactError) as refused:
        load_facts(tmp_path)
    assert str(refused.value) == f"{tmp_path / name}.csv: the file is missing. Restore it from the release."


UNITS = "units,min_minutes,max_minutes"
GOOD = "1,8,22,2020-01-01,,bca,derived,2026-11-24"
WRONG = {
    "a column is missing": (f"{UNITS},effective_from\n", "column effective_to is missing"),
    "no table at all": ("", "the file is no CSV table"),
    "a date that is none": (
        f"{GOOD}\n2,23,37,2020-02-30,,bca,derived,2026-11-24",
        "row 3, column effective_from: '2020-02-30' is no date. Write it as YYYY-MM-DD.",
    ),
    "a date of another country": (
        "1,8,22,2020-01-01,31.12.2020,bca,derived,2026-11-24",
        "row 2, column effective_to: '31.12.2020' is no date",
    ),
    "a row that ends before it begins": (
        "1,8,22,2020-01-01,2019-12-31,bca,derived,2026-11-24",
        "row 2: effective_to is before effective_from, so the row is never in force",
    ),
    "an unknown source": (
        f"{GOOD}\n2,23,37,,,hearsay,derived,2026-11-24",
        "row 3: source 'hearsay' is not in sources.csv. Add the source there.",
    ),
    "one unknown source of two": ("1,8,22,,,bca hearsay,derived,2026-11-24", "row 2: source 'hearsay' is not"),
    "no source": ("1,8,22,,,,derived,2026-11-24", "row 2: no source is named. Name a source of sources.csv."),
    "two rows in force": (
        f"{GOOD}\n1,8,23,2021-06-01,,bca,derived,2026-11-24",
        "two rows for 1 are in force on 2021-06-01. Close the older row with its effective_to.",
    ),
    "two rows in force on one day only": (
        "1,8,22,,2021-06-01,bca,derived,2026-11-24\n1,8,23,2021-06-01,,bca,derived,2026-11-24",
        "two rows for 1 are in force on 2021-06-01",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_table_that_is_wrong_says_where(tmp_path, what):
    text, says = WRONG[what]
    header = f"{UNITS},{','.join(DATED)}\n"
    folder(tmp_path, unit_table=text if what in ("a column is missing", "no table at all") else header + text + "\n")
    with pytest.raises(FactError) as refused:
        load_facts(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / 'unit_table.csv'}")
    assert says in str(refused.value)


def test_rows_that_follow_one_another_are_right(tmp_path):
    text = f"{UNITS},{','.join(DATED)}\n1,8,22,,2021-05-31,bca,derived,2026-11-24\n1,8,23,2021-06-01,,bca,derived,x\n"
    assert len(load_facts(folder(tmp_path, unit_table=text))["unit_table"]) == 2


def test_the_row_behind_a_range_of_codes_is_counted_as_in_the_file(tmp_path):
    row = "99999,strange,test,no,,no,no,,,none,,,,,,,,hearsay,recalled,2026-11-24"
    text = with_row("codes", row)
    folder(tmp_path, codes=text)
    with pytest.raises(FactError, match=rf"codes\.csv, row {len(text.splitlines())}: source 'hearsay'"):
        load_facts(tmp_path)


def test_a_table_whose_coverage_is_not_told(tmp_path):
    folder(tmp_path, tables=with_row("tables", "", drop="mue,").rstrip() + "\n")
    with pytest.raises(FactError, match=r"tables\.csv: no row for the table mue"):
        load_facts(tmp_path)


def test_a_coverage_date_that_is_none(tmp_path):
    text = with_row("tables", "mue,soon,,most units,each quarter", drop="mue,")
    folder(tmp_path, tables=text)
    last = len(text.splitlines())
    with pytest.raises(FactError, match=rf"tables\.csv, row {last}, column covers_from: 'soon' is no date"):
        load_facts(tmp_path)

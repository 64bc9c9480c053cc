"""National files into facts: true layouts, and states of the facts."""

from __future__ import annotations

import shutil
from datetime import date

import pandas as pd
import pytest

from audit.errors import FactError
from audit.fact_files import fact_loading
from audit.facts import fact_loads
from audit.facts.reference import facts_of_run, load_facts, shipped_facts
from tests import national_files as files
from tests.loaded_facts import ICD, MUE, PTP, RVU, load

pytest_plugins = ["tests.loaded_facts"]
pytestmark = pytest.mark.usefixtures("folder")
DAY = pd.Series([pd.Timestamp("2026-08-03")])


def test_pairs_are_read_with_their_dates_and_only_those_of_therapy():
    report = load(PTP, files.ptp())
    assert (report.read, report.kept, report.refusals) == (7, 4, ())
    rows = load_facts()["ncci_pairs"].set_index(["column_1", "column_2"])
    assert rows.loc[("97530", "97535"), "effective_from"] == pd.Timestamp("2026-07-01")
    assert rows.loc[("97530", "97116"), "effective_to"] == pd.Timestamp("2020-03-31")
    assert ("97140", "97530") not in rows.index, "withdrawn from its first day"
    assert ("99213", "97530") not in rows.index


def test_a_workbook_gives_the_same_as_the_text(folder):
    load(PTP, files.ptp())
    again = load("ccipra-v322r0-f4.xlsx", files.ptp_workbook())
    assert again.load is None
    assert len(list(folder.iterdir())) == 1


def test_the_zip_of_cms_holds_both_and_is_read_once(folder):
    content = files.zipped(**{"ccipra-v322r0-f4__TXT": files.ptp(), "ccipra-v322r0-f4__xlsx": files.ptp_workbook()})
    reports = fact_loading.take([("medicare-ncci-2026q3-practitioner-ptp-edits-ccipra-v322r0-f4.zip", content)])
    assert [report.kept for report in reports] == [4]


def test_unit_limits_hold_from_their_quarter_on():
    before = load_facts()["mue"]
    report = load(MUE, files.mue(rows="97530,3,3 Date of Service Edit: Clinical,made up\n"))
    assert (report.read, report.kept) == (1, 1)
    rows = load_facts()["mue"]
    limits = rows[rows["code"] == "97530"].set_index("effective_from")["units_per_day"].to_dict()
    old = before.loc[before["code"] == "97530", "units_per_day"].iloc[0]
    assert limits == {pd.Timestamp("2024-07-01"): old, pd.Timestamp("2026-07-01"): "3"}
    assert load_facts().covered("mue", DAY)["coverage"].tolist() == ["within"]


def test_fees_and_the_conversion_factor_of_a_new_year():
    with pytest.raises(FactError, match="CONVERSION_FACTOR"):
        load_facts().value("CONVERSION_FACTOR", date(2027, 1, 1))
    report = load(RVU, files.rvu())
    assert (report.kept, report.first, report.last) == (2, "2027-01-01", "2027-12-31")
    facts = load_facts()
    assert str(facts.value("CONVERSION_FACTOR", date(2027, 1, 1))) == "34.0000"
    assert str(facts.value("CONVERSION_FACTOR", date(2026, 12, 31))) == "33.4009"
    row = facts["fees"][(facts["fees"]["code"] == "97110") & (facts["fees"]["effective_from"] == "2027-01-01")]
    cells = row[["status", "work", "pe_nonfacility", "pe_facility", "mp", "mult_proc"]].iloc[0]
    assert cells.tolist() == ["A", "0.45", "0.60", "0.50", "0.01", "5"]


def test_a_later_release_holds_from_its_month_on():
    load(RVU, files.rvu())
    load("PPRRVU2027_Jul_nonQPP.csv", files.rvu(month="July").replace(b"0.60", b"0.70"))
    rows = load_facts()["fees"].query("code == '97110' and effective_from >= '2027-01-01'")
    dates = rows[["effective_from", "effective_to", "pe_nonfacility"]].astype(str).to_numpy().tolist()
    assert dates == [["2027-01-01", "2027-06-30", "0.60"], ["2027-07-01", "2027-12-31", "0.70"]]


def test_diagnoses_of_the_order_file_and_of_the_code_file():
    assert load(ICD, files.icd_order()).kept == len(files.ICD)
    sides = load_facts()["diagnoses"].set_index("code")["side"]
    told = sides[["S52502D", "M25631", "M25639", "G8191", "I10"]].tolist()
    assert told == ["left", "right", "unspecified", "right", ""]
    assert load("icd10cm-codes-2027.txt", files.icd_codes()).kept == sum(one[1] == "1" for one in files.ICD)
    assert len(load_facts().periods["diagnoses"]) == 2


def test_a_load_replaces_nothing_a_past_run_used(folder):
    before = load_facts()
    load(PTP, files.ptp())
    load(MUE, files.mue())
    after = load_facts()
    assert before.sha256 == shipped_facts().sha256 != after.sha256
    assert len(facts_of_run(before.sha256)["ncci_pairs"]) == len(before["ncci_pairs"])
    assert facts_of_run(after.sha256) is after
    with pytest.raises(FactError, match="no state of the facts"):
        facts_of_run("0" * 64)


def test_the_same_file_twice_changes_nothing(folder):
    load(PTP, files.ptp())
    state = load_facts().sha256
    assert load(PTP, files.ptp()).load is None
    assert load_facts().sha256 == state


def test_a_load_that_was_changed_by_hand_is_refused(folder):
    load(MUE, files.mue())
    file = folder / "0001" / "mue.csv"
    file.write_text(file.read_text().replace("97530,6", "97530,9"))
    fact_loads._load.cache_clear()
    with pytest.raises(FactError, match="this load of facts was changed"):
        load_facts()
    fact_loads._load.cache_clear()


@pytest.mark.parametrize("text", ["[1]", "{", '{"colour": "red"}'])
def test_a_load_that_cannot_be_read_is_named(folder, text):
    load(MUE, files.mue())
    (folder / "0001" / "load.json").write_text(text)
    fact_loads._load.cache_clear()
    with pytest.raises(FactError, match=r"0001: this load of facts cannot be read\. Restore it from a backup"):
        load_facts()
    fact_loads._load.cache_clear()


def test_a_load_that_is_gone_is_missed(folder):
    load(MUE, files.mue())
    load(RVU, files.rvu())
    shutil.rmtree(folder / "0001")
    fact_loads._load.cache_clear()
    with pytest.raises(FactError, match=r"load 0001 is missing\. Restore it: past runs used it"):
        load_facts()
    fact_loads._load.cache_clear()


def test_loads_lie_beside_the_database(monkeypatch, tmp_path):
    monkeypatch.delenv("COUNTERSIGN_FACTS")
    monkeypatch.setenv("COUNTERSIGN_DATABASE_URL", f"sqlite:///{tmp_path}/clinic/clinic.db?mode=rw")
    assert fact_loads.folder() == tmp_path / "clinic" / "facts"
    monkeypatch.setenv("COUNTERSIGN_DATABASE_URL", "postgresql+psycopg://db/clinic")
    assert fact_loads.folder() == fact_loads.DEFAULT

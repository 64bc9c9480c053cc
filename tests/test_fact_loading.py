"""National files into facts: true layouts, what becomes of findings, states of the facts, and hostile input."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from sqlalchemy import select

from audit import cli
from audit.engine import audit
from audit.errors import AccessError, FactError, InputError
from audit.fact_files import cells, fact_loading
from audit.fact_files.reading import Asked
from audit.facts import fact_loads
from audit.facts.reference import facts_of_run, load_facts, shipped_facts
from audit.grains import Prepared
from audit.rules import rule_book
from audit.store import database, schema
from tests import national_files as files
from tests.stored import add
from tests.test_rules_claims import tables

PTP, MUE = "ccipra-v322r0-f4.txt", "MCR_MUE_PractitionerServices_Eff_07-01-2026.csv"
RVU, ICD = "PPRRVU2027_Jan_nonQPP.csv", "icd10cm-order-2026.txt"
MEDICARE = {"payer_id": "medicare-b", "pair_edits": "medicare", "effective_from": "2020-01-01"}
DAY = pd.Series([pd.Timestamp("2026-08-03")])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COUNTERSIGN_FACTS", str(tmp_path / "facts"))
    return tmp_path / "facts"


def load(name: str, content: bytes, **asked: str) -> fact_loading.Report:
    return fact_loading.take([(name, content)], Asked(**asked))[0]


def line(code: str, n: int = 1, **cells: str) -> dict[str, str]:
    return {"claim_id": "C1", "line_number": str(n), "patient_id": "P1", "payer_id": "medicare-b", "units": "1",
            "rendering_npi": "1234567893", "service_date": "2026-08-03", "procedure_code": code,
            "modifier_1": "GO", **cells}  # fmt: skip


def found(rule: str, *lines: dict[str, str], payers: list[dict[str, str]] | None = None) -> pd.DataFrame:
    held = tables(claims=list(lines), **({"payers": payers} if payers else {}))
    return audit(held, load_facts(), rules=[rule_book()[rule]])


# what is read


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


# what becomes of findings


def test_pairs_are_errors_again_while_the_loaded_table_holds():
    lines = [line("97530"), line("97750", 2)]
    assert found("MOD-10", *lines)["severity"].tolist() == ["warning"]
    load(PTP, files.ptp())
    assert found("MOD-10", *lines)["severity"].tolist() == ["error"]
    late = [{**one, "service_date": "2026-10-01"} for one in lines]
    assert found("MOD-10", *late)["severity"].tolist() == ["warning"]
    assert "2026-09-30" in found("MOD-10", *late)["because"].iloc[0]


@pytest.mark.parametrize(("day", "said"), [("2026-06-30", 0), ("2026-07-01", 1)])
def test_a_pair_counts_from_its_first_day(day, said):
    load(PTP, files.ptp())
    lines = [line(code, n, service_date=day) for n, code in enumerate(["97530", "97535"], 1)]
    assert len(found("MOD-10", *lines)) == said


def test_a_part_that_does_not_hold_a_code_leaves_its_table_old():
    load("ccipra-v322r0-f4.txt", files.ptp([("97530", "97750", "", "20200101", "*", "1", "x")]))
    assert found("MOD-12", line("97140"), line("97124", 2))["severity"].tolist() == ["warning"]


def test_a_modifier_is_judged_by_the_oldest_table_of_its_day():
    load("ccipra-v322r0-f4.txt", files.ptp([("97530", "97750", "", "20200101", "*", "1", "x")]))
    said = found("MOD-11", line("97530", modifier_2="59"), line("97535", 2, modifier_2=""))["because"]
    assert len(said) == 1
    assert "97530 forms no active pair" in said[0]
    assert "is that of 2024-07-01 to 2024-09-30" in said[0], "that of 97535 is no newer"


def test_a_modifier_cannot_be_judged_where_a_part_of_a_list_does_not_reach_back_to_its_day():
    payer = [{"payer_id": "own", "pair_edits": "acme", "effective_from": "2020-01-01"}]
    for quarter, code, began in (("2026q1", "97530", "20200101"), ("2026q3", "97140", "20260701")):
        load(f"pairs-{quarter}.txt", files.ptp([(code, "97750", "", began, "*", "1", "x")]), pair_list="acme")
    day = {"payer_id": "own", "service_date": "2026-05-04"}
    said = found("MOD-11", line("97530", modifier_2="59", **day), line("97140", 2, modifier_2="", **day), payers=payer)
    assert said["severity"].tolist() == ["untestable"]
    assert "does not reach back" in said["because"].iloc[0]


def test_unit_limits_are_errors_again():
    assert found("UNIT-11", line("97165", units="2"))["severity"].tolist() == ["warning"]
    load(MUE, files.mue())
    assert found("UNIT-11", line("97165", units="2"))["severity"].tolist() == ["error"]


@pytest.mark.parametrize("name", ["medicaid", "anthem"])
def test_a_list_of_the_payers_own_is_used_for_its_payers_only(name):
    payer = [{"payer_id": "own", "pair_edits": name, "effective_from": "2020-01-01"}]
    lines = [line("97530", payer_id="own"), line("97110", 2, payer_id="own")]
    marked = [{**one, "modifier_2": "59"} for one in lines]
    assert set(found("MOD-11", *marked, payers=payer)["severity"]) == {"untestable"}
    rows = [("97530", "97110", "", "20260101", "*", "1", "made up")]
    load("pairs-2026q3.txt", files.ptp(rows), pair_list=name)
    assert found("MOD-10", *lines, payers=payer)["severity"].tolist() == ["error"]
    assert found("MOD-10", line("97530"), line("97110", 2)).empty, "Medicare's own table knows no such pair"
    others = [line(code, n, claim_id="C2", patient_id="P2") for n, code in enumerate(("97530", "97110"), 1)]
    assert found("MOD-10", *lines, *others, payers=[*payer, MEDICARE])["claim_id"].tolist() == ["C1"], "in one run too"


# states


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


# hostile input


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ccipra-v322r0-f1.txt", b"0" * 60_000_000)
    return out.getvalue()


def locked(content: bytes) -> bytes:
    """A zip whose first part says that it has a password."""
    at = content.index(b"PK\x01\x02") + 8
    return content[:at] + b"\x01" + content[at + 1 :]


HOSTILE = {
    "empty": (PTP, b"", "the file is empty"),
    "a zip bomb": ("x.zip", bomb(), "unpacks to far more"),
    "a zip cut off": ("x.zip", files.zipped(**{"ccipra-v322r0-f4__txt": files.ptp()})[:150], "damaged or cut off"),
    "a workbook cut off": ("ccipra-v322r0.xlsx", files.ptp_workbook()[:900], "damaged or cut off"),
    "pairs cut off in a row": (PTP, files.ptp()[: files.ptp().rindex(b"20260101") + 4], "ends in the middle of a row"),
    "fees cut off in a row": (RVU, files.rvu()[:-5] + b"\n97535,,x,A,,0.4", "ends in the middle of a row"),
    "diagnoses cut off": (ICD, files.icd_order()[:200], "ends in the middle of a line"),
    "UTF-16": (PTP, files.ptp().decode().encode("utf-16"), "no plain text"),
    "a picture": (PTP, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "no plain text"),
    "another table": ("claims.csv", b"claim_id,line_number\nC1,1\n", "none of the national files"),
    "a web page": ("x.html", b"<html><body>Accept the license</body></html>", "none of the national files"),
    "the hospital's pairs": ("ccioph-v322r0-f1.txt", files.ptp(), "this is the hospital's table"),
    "the hospital's in a zip": ("x.zip", files.zipped(**{"ccioph-v322r0-f1__txt": files.ptp()}), "hospital's table"),
    "pairs of unknown setting": ("pairs-2026q3.txt", files.ptp(), "does not tell the practitioner's table"),
    "pairs of unknown quarter": ("ccipra.txt", files.ptp(), "does not tell the quarter"),
    "only what changed": ("medicare-ncci-2026q3-practitioner-additions.txt", files.ptp(), "only what changed"),
    "the hospital's limits": (MUE, files.mue("Outpatient Hospital"), "another setting"),
    "pairs older than ours": ("ccipra-v300r0-f1.txt", files.ptp(), "before the one that comes with Countersign"),
    "a zip with a password": ("x.zip", locked(files.zipped(**{"ccipra-v322r0-f4__txt": files.ptp()})), "a password"),
    "pairs without a pair": (PTP, files.ptp()[: files.ptp().index(b"00100")], "no pair"),
    "limits of no therapy code": (MUE, files.mue(rows="00100,1,2 Policy,Nature\n"), "no row of the table"),
    "Medicaid's limits": ("medicaid-" + MUE, files.mue(), "Medicaid's table"),
    "fees of no therapy code": (RVU, files.rvu().replace(b"97530", b"99201").replace(b"97110", b"99202"), "no row of"),
    "fees without the factor": (
        RVU,
        files.rvu().replace(b",CONV,", b",X,").replace(b"FACTOR", b"Y"),
        "'factor' is mis",
    ),
    "fees of an unknown release": (
        "fees.csv",
        files.rvu().replace(b"Release", b"").replace(b"2027", b""),
        "tells the r",
    ),
    "a workbook that is another archive": (
        "ccipra-v322r0-f4.xlsx",
        files.zipped(**{"xl/workbook__xml": b"<x>"}),
        "cannot be read",
    ),
    "a line break within a cell": (PTP, files.ptp() + b"97530\t97\r542\n", "the table is broken"),
    "diagnoses of no year": ("icd10cm-order.txt", files.icd_order(), "does not tell the fiscal year"),
    "pairs without a column": (PTP, files.ptp().replace(b"Modif", b"Mark"), "the column 'modif' is missing"),
    "two conversion factors": (RVU, files.rvu().replace(b"34.0000", b"35.0000", 1), "2 conversion factors"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_file_that_cannot_be_relied_on_is_refused_in_one_sentence(what, folder):
    name, content, says = HOSTILE[what]
    with pytest.raises(InputError, match=says) as refused:
        fact_loading.take([(MUE, files.mue()), (name, content)])
    assert "\n" not in refused.value.sentence()
    assert not folder.exists() or not list(folder.iterdir()), "nothing half loaded"


def test_rows_that_cannot_be_read_are_told_and_the_rest_is_kept():
    rows = [*files.PTP_ROWS, ("97530", "97542", "", "2026-13-40", "*", "1", "x"),
            ("=97530", "97542", "", "20260101", "*", "1", "x"),
            ("97535", "97542", "", "20260101", "*", "5", "x"),
            ("97140", "97124", "", "20200101", "*", "1", "x")]  # fmt: skip
    report = load(PTP, files.ptp(rows))
    assert report.kept == 4
    assert [(one.row, one.column) for one in report.refusals] == [
        (15, "Column 1"), (14, "Effective Date"), (16, "Modifier"), (17, "Modifier")
    ]  # fmt: skip


def test_limits_and_fees_that_cannot_be_read_are_told_and_the_rest_is_kept():
    report = load(
        MUE, files.mue(rows=files.MUE_ROWS + "97140,six,3 Clinical,x\n97535,6,9 Clinical,x\n9x,1,2 Policy,x\n")
    )
    assert report.kept == 3
    assert [(one.value, one.wrong) for one in report.refusals] == [
        ("six", "this is no whole number"), ("9 Clinical", "the indicator does not begin with 1, 2 or 3"),
        ("9x", "this is no code"),
    ]  # fmt: skip
    fees = load(RVU, files.rvu().replace(b",0.45,", b",NaN,", 1))
    assert [(one.column, one.value, one.wrong) for one in fees.refusals] == [("work", "NaN", "this is no number")]


@pytest.mark.parametrize(
    ("name", "content", "asked", "says"),
    [
        (
            PTP,
            files.ptp(),
            {"table": "mue"},
            "you said mue, but the file holds ncci_pairs. Leave out --table, or mend it",
        ),
        (PTP, files.ptp(), {"pair_list": "My Plan"}, "'My Plan' is no name for a list. Use small letters"),
    ],
    ids=["another table than asked", "a list whose name is none"],
)
def test_what_was_asked_and_does_not_fit_is_refused(name, content, asked, says, folder):
    with pytest.raises(InputError, match=re.escape(says)):
        load(name, content, **asked)
    assert not folder.exists()


def test_a_file_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(cells, "LARGEST", 1_000_000)
    with pytest.raises(InputError, match=r"the file is larger than 1 MB\. Give one table only"):
        load(PTP, files.ptp() + b" " * 1_000_000)


def test_pairs_named_medicaid_are_the_list_of_medicaid():
    report = load("medicaid-ccipra-v322r0-f4.txt", files.ptp())
    assert report.sentence.startswith("medicaid-ccipra-v322r0-f4.txt: pairs medicaid, ")
    assert found("MOD-10", line("97530"), line("97110", 2)).empty, "Medicare's own table stays as it was"
    assert "pairs:medicaid" in load_facts().tables


def test_lines_of_diagnoses_that_hold_no_code_are_told_and_empty_ones_are_not():
    report = load(ICD, b"\n" + files.icd_order() + b"\nnot a code at all\n")
    assert [(one.value, one.wrong) for one in report.refusals] == [("not a code at", "the line holds no code")]
    assert report.kept == load(ICD, files.icd_order(), table="diagnoses").kept


def test_a_loading_in_the_app_asks_for_the_role_and_is_told_in_the_trail(tmp_path):
    engine = database.connect(f"sqlite:///{tmp_path / 'clinic.db'}")
    database.prepare(engine)
    people = {role: add(engine, "accounts", username=role, role=role) for role in ("administrator", "reviewer")}
    with pytest.raises(AccessError, match="your account may not do this"):
        fact_loading.take([(MUE, files.mue())], Asked(), engine=engine, account_id=people["reviewer"])
    fact_loading.take([(MUE, files.mue())], Asked(), engine=engine, account_id=people["administrator"])
    fact_loading.take([(MUE, files.mue())], Asked(), engine=engine, account_id=people["administrator"])
    with database.read(engine) as connection:
        told = connection.execute(
            select(schema.events.c.kind, schema.events.c.subject, schema.events.c.account_id)
        ).all()
    assert told == [("facts loaded", "facts load 1", people["administrator"])], "the same file again is no second load"
    engine.dispose()


def test_a_formula_in_a_workbook_is_no_code():
    rows = [*files.PTP_ROWS[:3], ('=HYPERLINK("http://x")', "97542", "", "20260101", "*", "1", "x")]
    report = load("ccipra-v322r0-f4.xlsx", files.ptp_workbook(rows))
    assert (report.kept, len(report.refusals)) == (2, 0), "a formula without a value is an empty cell"


def test_the_command_says_what_was_read_kept_and_refused(tmp_path, capsys):
    path = tmp_path / MUE
    path.write_bytes(files.mue())
    assert cli.main(["facts", "load", str(path)]) == 0
    assert "4 rows read, 3 kept that concern therapy, 0 refused; load 1." in capsys.readouterr().out
    assert cli.main(["facts", "load", str(tmp_path / "none.csv")]) == 2
    assert cli.main(["facts"]) == 0
    assert "2026-09-30" in capsys.readouterr().out


# 2027


@pytest.fixture(scope="module")
def with_and_without() -> list[Prepared]:
    """A day of 2027, prepared with the facts that end in 2026 and without them."""
    codes = ["97530", "97110", "97014", "97165", "97129", "97750"]
    held = tables(claims=[line(c, n, service_date="2027-02-03", units="9") for n, c in enumerate(codes, 1)])
    facts = load_facts()
    ended = {name: rows[rows["effective_to"] > "2026-12-31"] for name, rows in facts.tables.items()}
    return [Prepared(held, facts), Prepared(held, replace(facts, tables=ended))]


@pytest.mark.parametrize("code", rule_book())
def test_no_finding_on_a_date_of_2027_rests_on_a_fact_that_ends_in_2026(code, with_and_without):
    """Judged with the facts that end in 2026 and without them, a rule finds the same; the rest is untestable."""
    both = [rule_book()[code].run(one) for one in with_and_without]
    judged = [one[one["severity"] != "untestable"].reset_index(drop=True) for one in both]
    pd.testing.assert_frame_equal(*judged)

"""National files that cannot be relied on, whole or row by row: refused, or told, in one sentence."""

from __future__ import annotations

import io
import re
import zipfile

import pandas as pd
import pytest
from sqlalchemy import select

from audit import cli
from audit.errors import AccessError, InputError
from audit.fact_files import cells, fact_loading
from audit.fact_files.reading import Asked
from audit.store import database, schema
from tests import national_files as files
from tests.loaded_facts import ICD, MUE, PTP, RVU, load
from tests.stored import add

pytest_plugins = ["tests.loaded_facts"]
pytestmark = pytest.mark.usefixtures("folder")
DAY = pd.Series([pd.Timestamp("2026-08-03")])


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

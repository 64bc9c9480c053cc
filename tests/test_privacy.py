"""Patients' values stand in the database and before who may see them, nowhere else.

Quick and without a browser; `python -m benchmarks.privacy` drives a real one and searches all that it leaves behind.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from audit import exporting, judging
from audit.auditing import running
from audit.cli import main
from audit.errors import InputError
from audit.intake import read as read_files
from audit.rules import rule_book
from audit.store import schema
from audit.store.database import read, write
from benchmarks.privacy import readable
from tests import planted
from tests.databases import filled
from tests.reviewing import drawn_of, people_of, review_claim, versions
from tests.stored import NOW, on_sqlite

pytest_plugins = ["tests.databases", "tests.reviewing"]


def marks_in(texts: Iterable[str]) -> set[str]:
    return {mark for text in texts for mark in planted.MARKS if mark in text}


def left_in(folder: Path) -> list[str]:
    """Contents and names of all files."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [*map(str, files), *(path.read_bytes().decode("utf-8", "replace") for path in files)]


def drawn(engine: Engine) -> int:
    return drawn_of(engine, [*planted.files(), planted.document()], 6, "12345678901234567890")


marked = filled("marked", drawn, on="people")


def test_the_marks_are_noticed_where_they_stand(tmp_path: Path) -> None:
    """Else the tests below could pass because nothing was ever marked."""
    for name, content in [*planted.files(), planted.document()]:
        (tmp_path / name.replace("/", "")).write_bytes(content)
    assert {planted.NAME, planted.MEMBER, planted.WORDS, planted.FILE} <= marks_in(left_in(tmp_path))


@on_sqlite
def test_loading_judging_and_signing_tell_no_log_no_trail_and_leave_no_file(  # noqa: PLR0917
    engine: Engine,
    people: dict[str, int],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, logger="sqlalchemy.engine")
    drawn(engine)
    for claim in list(versions(engine).values())[:2]:
        review_claim(engine, claim, people["rita"])
    with read(engine) as connection:
        names = connection.execute(select(schema.claims.c.patient_name)).scalars().all()
        told = [str(row) for row in connection.execute(select(schema.events))]
    assert planted.NAME in str(names)
    assert "INSERT INTO claims" in caplog.text, "statements are in the log, what they hold is not"
    out, err = capfd.readouterr()
    assert marks_in([caplog.text, out, err, *told, *left_in(temporary)]) == set()


@on_sqlite
def test_what_fails_says_its_kind_and_not_what_it_met(
    engine: Engine, marked: int, people: dict[str, int], caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def broken(rows: pd.DataFrame) -> pd.DataFrame:
        raise ValueError(f"{planted.NAME} {rows['patient_id'].iloc[0]}")

    rule = replace(rule_book()["UNIT-01"], check=broken)
    monkeypatch.setattr(running, "chosen_rules", lambda: [rule])
    running.screen(engine, account_id=people["max"], at=NOW)
    assert "rule UNIT-01 failed: ValueError" in caplog.text
    with read(engine) as connection:
        findings = connection.execute(select(schema.findings.c.because).where(schema.findings.c.rule == "ENGINE"))
        said = list(findings.scalars())
        row = connection.execute(select(schema.claims)).mappings().first()
    assert said
    with pytest.raises(IntegrityError) as refused, write(engine) as connection:
        connection.execute(insert(schema.claims).values(**row))
    assert judging.log.name in {record.name for record in caplog.records}
    assert marks_in([caplog.text, *said, str(refused.value)]) == set()


@on_sqlite
@pytest.mark.parametrize("form", list(exporting.FORMS))
def test_a_report_that_names_nobody_holds_no_mark(
    engine: Engine, marked: int, people: dict[str, int], form: str
) -> None:
    for claim in versions(engine).values():
        review_claim(engine, claim, people["rita"])
    made = exporting.export(engine, marked, form, account_id=people_of(engine)["max"], at=NOW)
    assert marks_in(readable(made.content)) == set()


def test_a_file_that_cannot_be_read_is_named_by_its_place(tmp_path: Path) -> None:
    claims = dict(planted.files())["claims.csv"]
    for content in (claims.replace(b"claim_id", b"claim", 1), claims + b'"' + claims, b"\xff\xfe" + claims[::-1]):
        (tmp_path / "claims.csv").write_bytes(content)
        with pytest.raises(InputError) as refused:
            read_files([tmp_path / "claims.csv"])
        assert marks_in([str(refused.value)]) == set()


def test_the_command_says_what_it_refuses_without_the_patient(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in planted.files():
        (tmp_path / name).write_bytes(content)
    main(["check", str(tmp_path), "--rules", "UNIT-01"])
    err = capsys.readouterr().err
    assert "column service_date" in err
    assert marks_in([err]) == {planted.FILE}  # who named the file has to be told which one it is

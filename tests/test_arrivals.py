"""Files handed in: each is told what it is, nothing is half loaded, nothing is kept."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from audit.auditing import screening
from audit.errors import InputError
from audit.loading import arrivals
from tests.handed_in import as_csv, claim, month
from tests.stored import add, count_rows

pytest_plugins = ["tests.databases"]
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
X12 = Path(__file__).parent / "files" / "x12"


@pytest.fixture
def by(engine) -> int:
    return add(engine, "accounts", username="ada", name="Ada Quill", role="administrator")


def take_in(engine, files, by, **more):
    return arrivals.take_in(engine, files, account_id=by, at=NOW, **more)


def test_files_are_taken_in_together_and_each_gets_a_card(engine, by):
    arrival = take_in(engine, month(claims=3), by)
    assert [(card.file, card.what, card.refused) for card in arrival.cards] == [
        ("claims.csv", "3 claim lines", 0),
        ("notes.csv", "3 notes", 0),
        ("note_services.csv", "3 services in notes", 0),
    ]
    assert arrival.loaded.counts["claims"] == {"new": 3, "changed": 0, "unchanged": 0}
    assert screening.population(engine).claims == 3


def test_an_837p_file_is_named_so(engine, by):
    file = X12 / "simple.837"
    arrival = take_in(engine, [(file.name, file.read_bytes())], by)
    assert arrival.cards[0].what.startswith("837P, ")
    assert screening.population(engine).claims == arrival.loaded.counts["claims"]["new"] > 0


def test_a_bad_row_is_refused_with_its_claim_and_the_rest_is_loaded(engine, by):
    rows = [claim(1), claim(2, units="two"), claim(2, line_number="2"), claim(3)]
    arrival = take_in(engine, [("claims.csv", as_csv(rows))], by)
    assert arrival.cards[0].refused == 2
    assert [(r.row, r.column, r.value) for r in arrival.refusals] == [(3, "units", "two"), (4, "claim_id", "C02")]
    assert arrival.loaded.counts["claims"]["new"] == 2
    assert arrivals.refusals_of(engine, arrival.loaded.load_id) == sorted(arrival.refusals, key=lambda r: r.row)


def test_a_service_that_is_yet_to_come_is_refused(engine, by):
    arrival = take_in(engine, [("claims.csv", as_csv([claim(1, service_date="2026-11-25"), claim(2)]))], by)
    assert [r.wrong for r in arrival.refusals] == ["the service is dated after 2026-11-24"]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([], "no file was given"),
        ([("claims.csv", b"")], "claims.csv: the file is empty"),
        ([("diary.csv", b"hello,world\n")], "diary.csv: the file is none of the tables"),
        ([("wrong_count.837", (X12 / "wrong_count.837").read_bytes())], "wrong_count.837"),
        ([("claims.csv", as_csv([claim(1)])), ("x/claims.csv", as_csv([claim(2)]))], "two of the files have this name"),
        ([*month(claims=2), ("plans_of_care.csv", b"\x00\x01\x02\x03")], "plans_of_care.csv: the file is not a table"),
    ],
)
def test_a_file_that_cannot_be_read_loads_nothing_at_all(engine, by, files, says):
    before = count_rows(engine)
    with pytest.raises(InputError) as refused:
        take_in(engine, files, by)
    assert says in str(refused.value)
    assert count_rows(engine) == before


def test_the_same_files_again_add_nothing_and_say_when_they_came(engine, by):
    take_in(engine, month(claims=2), by)
    before = count_rows(engine)
    again = take_in(engine, month(claims=2)[::-1], by)
    assert (again.loaded.load_id, again.loaded.before) == (None, NOW)
    assert count_rows(engine) == before


def test_files_are_not_kept_and_no_name_leaves_the_folder(engine, by, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    arrival = take_in(engine, [("..\\..\\up/../claims.csv", as_csv([claim(1)]))], by)
    assert arrival.cards[0].file == "claims.csv"
    for name in ("..", ".\x00.", "", "ü" * 300 + ".csv"):
        with pytest.raises(InputError, match="none of the tables"):
            take_in(engine, [(name, b"x,y")], by)
    assert list(folder.rglob("*")) == []


@pytest.mark.parametrize("step", range(3))
def test_a_load_stopped_at_any_step_leaves_the_store_as_it_was(engine, by, step):
    """At the last step that is when all of its rows are written."""
    seen = []

    def stop(done: int, total: int) -> None:
        seen.append(arrivals.step_at(done))
        assert total == arrivals.PARTS
        if done >= (*arrivals.BEGINS[:2], total - 1)[step]:
            raise KeyboardInterrupt

    before = count_rows(engine)
    with pytest.raises(KeyboardInterrupt):
        take_in(engine, month(claims=2), by, step=stop)
    assert count_rows(engine) == before
    assert list(dict.fromkeys(seen)) == list(arrivals.STEPS[: step + 1])


def test_earlier_loads_say_when_by_whom_and_what(engine, by):
    assert arrivals.earlier(engine).empty
    take_in(engine, month(claims=2), by)
    take_in(engine, [("claims.csv", as_csv([claim(1, units=1), claim(9, units="x")]))], by)
    newest, first = arrivals.earlier(engine).to_dict("records")
    assert (newest["name"], newest["by"], newest["at"]) == ("claims.csv", "Ada Quill", NOW)
    assert (newest["counts"]["claims"]["changed"], newest["counts"]["refused"]["rows"]) == (1, 1)
    assert arrivals.fates(first["counts"]).to_dict("records") == [
        {"what": what, "new": 2, "changed": 0, "unchanged": 0}
        for what in ("claims", "claim lines", "notes", "services in notes")
    ]

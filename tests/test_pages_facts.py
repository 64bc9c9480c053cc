"""The pages for facts and payers, driven as a person would."""

from __future__ import annotations

from datetime import date

import pytest

from audit.errors import AccessError, InputError
from audit.payers import payer_profiles
from audit.store import reading, trail
from audit.store.database import read
from tests import national_files
from tests.test_pages_audits import NOW, engine, loaded_file, open_page, people, staffed_file  # noqa: F401

pytest_plugins = ["tests.databases"]
FACTS, PAYERS = "pages/admin/facts.py", "pages/admin/payers.py"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COUNTERSIGN_FACTS", str(tmp_path / "facts"))


def texts(at) -> str:
    return " ".join([*(one.value for one in at.markdown), *(one.proto.body for one in at.get("html"))])


def test_the_page_of_facts_says_what_has_ended(open_page):  # noqa: F811
    at = open_page(FACTS, "reviewer")
    assert not at.exception
    assert "2024-07-01 to 2024-09-30" in texts(at).replace("\N{NON-BREAKING HYPHEN}", "-")
    assert "ended" in texts(at)
    assert not at.button, "a reviewer reads, and loads nothing"


def test_an_administrator_loads_a_file_and_sees_the_report(open_page, engine):  # noqa: F811
    at = open_page(FACTS, "administrator")
    at.file_uploader[0].upload("MCR_MUE_PractitionerServices_Eff_07-01-2026.csv", national_files.mue(), "text/csv")
    at.run()
    next(one for one in at.button if one.label == "Check and load").click().run()
    assert not at.exception
    assert "4 rows read, 3 kept" in at.success[0].value.replace("\\", "")
    with read(engine) as connection:
        assert trail.verify(connection) is None


def profile(engine, people, **changed):  # noqa: F811
    words = {"payer_id": "NEW", "unit_method": "midpoint", "pair_edits": "none", **changed}
    first = words.pop("effective_from", date(2026, 1, 1))
    return payer_profiles.save(
        engine, words, effective_from=first, reason="contract", account_id=people["administrator"], at=NOW
    )


def test_profiles_close_one_another_and_count_before_what_was_loaded(engine, people):  # noqa: F811
    profile(engine, people)
    profile(engine, people, unit_method="total", effective_from=date(2026, 7, 1))
    told = payer_profiles.saved(engine)
    assert told["effective_to"].tolist() == [None, date(2026, 6, 30)]
    used = reading.tables_in_store(engine).payers
    own = used[used["payer_id"] == "NEW"]
    assert own["unit_method"].tolist() == ["midpoint", "total"]
    assert own["effective_to"].dt.strftime("%Y-%m-%d").fillna("open").tolist() == ["2026-06-30", "open"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"payer_id": " "}, "no payer is named"),
        ({"unit_method": "guess"}, "the word is not known"),
        ({"pair_edits": "anthem"}, "this list of pairs is not loaded"),
    ],
)
def test_a_profile_that_is_wrong_is_refused(engine, people, changed, says):  # noqa: F811
    with pytest.raises(InputError, match=says):
        profile(engine, people, **changed)
    assert payer_profiles.saved(engine).empty


def test_only_an_administrator_saves(engine, people):  # noqa: F811
    with pytest.raises(AccessError):
        profile(engine, {"administrator": people["manager"]})


def test_the_page_of_payers_saves_and_shows_the_history(open_page):  # noqa: F811
    at = open_page(PAYERS, "administrator")
    assert not at.exception
    at.text_input[0].set_value("HARBOR")
    at.text_input[2].set_value("letter of 3 May")
    next(one for one in at.button if one.label == "Save").click().run()
    assert not at.exception
    assert "HARBOR" in texts(at)
    assert "letter of 3 May" in texts(at)


def test_others_read_the_payers(open_page):  # noqa: F811
    at = open_page(PAYERS, "auditor")
    assert not at.exception
    assert not at.text_input

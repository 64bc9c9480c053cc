"""The letter to a therapist: what the page says, on paper, without a patient's name; an event each."""

from __future__ import annotations

import hashlib
import io
import json
import re

import pytest
from pypdf import PdfReader
from sqlalchemy import Engine, select

from audit import exporting
from audit.errors import AccessError
from audit.feedback import items, patterns
from audit.reviewing import sign_off
from audit.store import schema
from audit.store.database import read
from tests.databases import filled
from tests.reviewing import NPI, load, open_audit, review_claim, take, versions, visit, who
from tests.stored import NOW, add, on_sqlite

pytest_plugins = ["tests.databases", "tests.reviewing"]


def finished(engine: Engine) -> int:
    """Three claims of one therapist, two with a unit too many, returned and approved, and one that waits for its second
    signature; the therapist's account."""
    with read(engine) as connection:
        people = {row.username: row.id for row in connection.execute(select(schema.accounts))}
    over = {"claims": {"patient_name": "Anna Nym"}, "notes": {"patient_name": "Anna Nym"}}
    visits = [visit("OVER-1", "2026-03-09", 3, 30), visit("OVER-2", "2026-03-10", 3, 30),
              visit("CLEAN", "2026-03-11", 2, 30), visit("WAITS", "2026-03-12", 3, 30)]  # fmt: skip
    load(engine, *[{name: row | over.get(name, {}) for name, row in one.items()} for one in visits])
    open_audit(engine, people)
    for name, claim in versions(engine).items():
        review_claim(engine, claim, people["rita"])
        if name == "WAITS":
            continue
        take(engine, claim, people["sam"])
        if name == "CLEAN":
            sign_off.approve(engine, claim, **who(people["sam"]))
        else:
            sign_off.return_claim(engine, claim, text="Correct the units.", **who(people["sam"]))
    return add(engine, "accounts", username="thea", name="Thea", role="therapist", npi=NPI, active=True)


thea = filled("thea", finished, on="people")


def text_of(content: bytes) -> str:
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    return re.sub(r"\s+", " ", "\n".join(pages))


def test_the_letter_says_what_the_page_says(engine: Engine, thea: int, people: dict[str, int]) -> None:
    made = exporting.letter(engine, NPI, account_id=people["dora"], at=NOW)
    text = text_of(made.content)
    feedback = items.of_therapist(engine, NPI, viewer=thea, at=NOW)
    found = patterns.patterns(feedback)
    assert len(found) == 1
    for says in (
        patterns.in_short(feedback),
        found[0].sentence,
        *[one.sentence for one in patterns.went_well(feedback)],
    ):
        assert re.sub(r"\s+", " ", says) in text
    assert "3 claims reviewed to the end; on 1 nothing was upheld." in text
    assert "2 findings wait for your answer, the first by 8 Dec 2026." in text
    for claim, day in (("OVER-1", "2026-03-09"), ("OVER-2", "2026-03-10")):
        assert claim in text
        assert day in text
    assert "CLEAN" not in text
    assert "WAITS" not in text, "its review is not final"
    assert "Worked example: claim OVER-2, visit of 10 Mar 2026" in text
    assert re.search(r"97530 [A-Za-z ]+ 30 min 3 2 2", text), "documented, billed, supported"
    assert "30 min pooled = 2 units (23–37) · 3 billed · 1 over." in text
    assert "as billed as it should read 97530 GO × 3 97530 GO × 2" in text
    assert "Nym" not in text
    with read(engine) as connection:
        event = connection.execute(select(schema.events).order_by(schema.events.c.id.desc())).mappings().first()
    assert (event["kind"], event["subject"], event["account_id"]) == (
        "letter exported", f"therapist {NPI}", people["dora"]
    )  # fmt: skip
    assert json.loads(event["details"]) == {"form": "pdf", "sha256": hashlib.sha256(made.content).hexdigest()}


@on_sqlite
def test_who_may_have_a_letter(engine: Engine, thea: int, people: dict[str, int]) -> None:
    assert exporting.letter(engine, NPI, account_id=thea, at=NOW).name == f"feedback-{NPI}.pdf"
    for name in ("rita", "sam", "ada"):
        with pytest.raises(AccessError):
            exporting.letter(engine, NPI, account_id=people[name], at=NOW)
    with pytest.raises(AccessError):
        exporting.letter(engine, "1999999992", account_id=thea, at=NOW)


@on_sqlite
def test_a_letter_about_nothing(engine: Engine, people: dict[str, int]) -> None:
    text = text_of(exporting.letter(engine, NPI, account_id=people["max"], at=NOW).content)
    assert "No review of a claim is finished yet." in text
    assert "Nothing that was upheld stands on these claims." in text


@on_sqlite
def test_the_worked_example_of_an_evaluation_shows_its_components(engine: Engine, people: dict[str, int]) -> None:
    one = visit("EVAL", "2026-03-09", 1, 45)
    findings = {"history_level": "brief", "performance_deficits": "grip; pinch; endurance", "decision_making": ""}
    told = {
        "claims": {"procedure_code": "97166"},
        "note_services": {"procedure_code": "97166"},
        "notes": {"note_type": "evaluation", "total_timed_minutes": "0", "text": "Limits dressing.", **findings},
    }
    load(engine, {name: row | told[name] for name, row in one.items()})
    open_audit(engine, people)
    claim = versions(engine)["EVAL"]
    review_claim(engine, claim, people["rita"])
    take(engine, claim, people["sam"])
    sign_off.return_claim(engine, claim, text="Bill what the evaluation supports.", **who(people["sam"]))
    text = text_of(exporting.letter(engine, NPI, account_id=people["max"], at=NOW).content)
    assert "Worked example: claim EVAL, visit of 9 Mar 2026" in text
    assert "Components of the evaluation level" in text
    assert "history (limits) brief ✓ brief expanded extensive" in text
    assert "decision making not stated low moderate high" in text
    assert "97166 GO × 1 97165 GO × 1" in text

"""What is due after which result; claims that a sample took are not drawn again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from audit import reaudit_table, reaudits, sampling
from audit.auditing import audits, running
from audit.errors import AccessError, InputError, StateError
from audit.figures import dossier, results
from audit.loading import arrivals
from audit.reaudit_table import DEFAULT, RESULTS
from audit.store import schema
from audit.store.database import read
from tests.databases import filled
from tests.handed_in import as_csv, claim, month, note, service
from tests.page_runs import page_of, press, said
from tests.reviewing import review_all
from tests.stored import NOW, on_sqlite

pytest_plugins = ["tests.databases", "tests.reviewing"]
SEED = "20261125090000000001"
TODAY = NOW.date()


def drawn(engine: Engine, people: dict[str, int], screened: int, n: int, kind: str = "simple") -> int:
    by = {"account_id": people["max"], "at": NOW}
    with read(engine) as connection:
        frame = audits.frame_of(connection, screened, kind)
    plan = sampling.each_plan(frame, n) if kind == "each" else sampling.simple_plan(frame, n)
    made = audits.open_audit(engine, screened, name=f"Sample of {n}", plan=plan, **by)
    audits.draw_seed(engine, made, seed=SEED, **by)
    return made


def taken(engine: Engine, audit_id: int) -> list[int]:
    table = schema.audit_claims.c
    with read(engine) as connection:
        return list(connection.execute(select(table.claim_version_id).where(table.audit_id == audit_id)).scalars())


def ids(engine: Engine, versions: list[int]) -> set[str]:
    with read(engine) as connection:
        query = select(schema.claims.c.claim_id).where(schema.claims.c.id.in_(versions))
        return set(connection.execute(query).scalars())


def screen_six(engine: Engine) -> int:
    """Six claims, two of them in error, screened."""
    arrivals.take_in(engine, month(6, over=2), account_id=1, at=NOW)
    return running.screen(engine, account_id=1, at=NOW)


screened = filled("screened", screen_six, on="people")


def test_an_audited_claim_is_not_drawn_again_in_whatever_version(
    engine: Engine, people: dict[str, int], screened: int, tmp_path: Path
) -> None:
    first = taken(engine, drawn(engine, people, screened, 3))
    changed = [claim(n, units=1) for n in range(1, 7)]  # every claim comes again, corrected
    arrivals.take_in(engine, [("claims.csv", as_csv(changed))], account_id=people["rita"], at=NOW)
    later = running.screen(engine, account_id=people["rita"], at=NOW)
    with read(engine) as connection:
        frame = audits.frame_of(connection, later)
        unchanged = audits.frame_of(connection, screened)
    assert unchanged.size == 6, "the frame of the first screening stays as it was: its sample can be extended"
    assert {row.claim_id for row in frame.rows if row.excluded} == ids(engine, first)
    assert {row.excluded for row in frame.rows} == {"", "drawn in audit 1"}
    again = taken(engine, drawn(engine, people, later, 3))
    assert not ids(engine, again) & ids(engine, first)
    path = tmp_path / "again.zip"
    path.write_bytes(dossier.write(engine, results.results(engine, 2), made_by="Max", at=NOW))
    assert dossier.verify(path) == [], "a stranger draws the same from what is left"
    with read(engine) as connection:
        assert audits.frame_of(connection, later, audits.FLAGGED_KIND).size == 6, "screening is no sample"


@on_sqlite
def test_a_finished_sample_says_what_is_due(engine: Engine, people: dict[str, int], screened: int) -> None:
    audit_id = drawn(engine, people, screened, 6)
    assert reaudits.to_schedule(engine) == {}
    with pytest.raises(StateError, match="not finished"):
        reaudits.proposed(engine, audit_id)
    review_all(engine, taken(engine, audit_id), people["rita"])
    assert reaudits.to_schedule(engine) == {audit_id: "Sample of 6"}
    for name in ("rita", "dora", "lucy"):
        with pytest.raises(AccessError):
            reaudits.schedule(engine, audit_id, account_id=people[name], at=NOW)
    assert reaudits.schedule(engine, audit_id, account_id=people["max"], at=NOW) == 2
    with pytest.raises(StateError, match="saved already"):
        reaudits.schedule(engine, audit_id, account_id=people["max"], at=NOW)
    assert reaudits.to_schedule(engine) == {}
    found = reaudits.due(engine, TODAY)
    # all six reviewed, two wrong: above 5 in 100 for certain; one therapist with under ten reviews
    assert found[["subject", "name", "result", "due_on", "claims", "state"]].values.tolist() == [
        ["clinic", "", "above", date(2027, 2, 24), 100, "later"],
        ["therapist", "L. Ortiz", "few", date(2027, 11, 24), 10, "later"],
    ]
    assert reaudits.waits(engine, TODAY) == ""
    assert reaudits.waits(engine, date(2027, 1, 24)) == "Re-audits: 1 due within a month."
    assert reaudits.waits(engine, date(2027, 2, 25)) == "Re-audits: 1 overdue."
    later = running.screen(engine, account_id=people["rita"], at=NOW)
    with read(engine) as connection, pytest.raises(StateError, match="every claim of this screening was drawn"):
        audits.frame_of(connection, later)


def test_a_date_moves_by_a_new_row_with_a_reason(engine: Engine, people: dict[str, int], screened: int) -> None:
    audit_id = drawn(engine, people, screened, 6)
    review_all(engine, taken(engine, audit_id), people["rita"])
    by = {"account_id": people["max"], "at": NOW}
    reaudits.schedule(engine, audit_id, **by)
    first = int(reaudits.due(engine, TODAY)["id"].iloc[0])
    new = TODAY + timedelta(days=20)
    with pytest.raises(InputError, match="no reason"):
        reaudits.move(engine, first, new, reason=" ", **by)
    with pytest.raises(AccessError):
        reaudits.move(engine, first, new, reason="Sooner", account_id=people["sam"], at=NOW)
    reaudits.move(engine, first, new, reason="The payer asks", **by)
    with pytest.raises(StateError, match="has been replaced"):
        reaudits.move(engine, first, new, reason="Again", **by)
    found = reaudits.due(engine, TODAY)
    assert found.loc[found["subject"] == "clinic", ["due_on", "reason", "state"]].values.tolist() == [
        [new, "The payer asks", "due within a month"]
    ]
    with read(engine) as connection:  # by a second way: the newest row of each subject, in plain SQL
        rows = connection.execute(text("SELECT due_on FROM reaudits WHERE subject = 'clinic' ORDER BY id")).scalars()
        assert [str(one) for one in rows] == ["2027-02-24", str(new)]
        kinds = list(connection.execute(select(schema.events.c.kind).order_by(schema.events.c.id)).scalars())
    assert kinds[-2:] == ["re-audits scheduled", "re-audit moved"]


@on_sqlite
def test_a_later_sample_is_under_way(engine: Engine, people: dict[str, int], screened: int) -> None:
    audit_id = drawn(engine, people, screened, 6)
    review_all(engine, taken(engine, audit_id), people["rita"])
    reaudits.schedule(engine, audit_id, account_id=people["max"], at=NOW)
    new = [claim(n) for n in (11, 12)]
    files = [("claims.csv", as_csv(new)), ("notes.csv", as_csv([note(n) for n in (11, 12)])),
             ("note_services.csv", as_csv([service(n) for n in (11, 12)]))]  # fmt: skip
    arrivals.take_in(engine, files, account_id=people["rita"], at=NOW)
    later = running.screen(engine, account_id=people["rita"], at=NOW, from_date=date(2026, 3, 11))
    drawn(engine, people, later, 1)
    assert dict(reaudits.due(engine, TODAY)[["subject", "state"]].values) == {
        "clinic": "under way", "therapist": "later"
    }  # fmt: skip
    drawn(engine, people, later, 1, kind="each")
    assert set(reaudits.due(engine, TODAY)["state"]) == {"under way"}


@on_sqlite
def test_a_new_table_counts_from_then_on_and_the_old_one_stays(engine: Engine, people: dict[str, int]) -> None:
    steps = [replace(one, months=one.months + 1) for one in DEFAULT]
    act = {"account_id": people["max"], "at": NOW}
    assert reaudit_table.current(engine) == DEFAULT
    reaudit_table.save(engine, steps, reason="Board decision", **act)
    assert reaudit_table.current(engine) == tuple(steps)
    reaudit_table.save(engine, DEFAULT, reason="And back", **act)
    assert [(reason, made) for _, _, reason, made in reaudit_table.history(engine)] == [
        ("And back", DEFAULT), ("Board decision", tuple(steps))
    ]  # fmt: skip
    with read(engine) as connection:
        details = connection.execute(select(schema.events.c.details).order_by(schema.events.c.id)).scalars()
        assert [json.loads(one).get("table") for one in details][-2:] == [1, 2]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"months": 0}, "0 months and 100 claims cannot be"),
        ({"months": 61}, "61 months"),
        ({"claims": 0}, "0 claims cannot be"),
        ({"why": " "}, "no reason is given"),
        ({"result": "within"}, "does not hold each result once"),
    ],
)
@on_sqlite
def test_a_table_that_cannot_be_is_refused(
    engine: Engine, people: dict[str, int], change: dict[str, object], says: str
) -> None:
    wrong = [replace(DEFAULT[0], **change), *DEFAULT[1:]]
    with pytest.raises(InputError, match=says):
        reaudit_table.save(engine, wrong, reason="Try", account_id=people["max"], at=NOW)
    with pytest.raises(AccessError):
        reaudit_table.save(engine, DEFAULT, reason="Try", account_id=people["dora"], at=NOW)
    assert reaudit_table.current(engine) == DEFAULT


def test_every_result_has_its_row() -> None:
    assert [(one.subject, one.result) for one in DEFAULT] == list(RESULTS)
    assert all(one.why for one in DEFAULT)


@on_sqlite
def test_a_day_that_the_month_does_not_have(engine: Engine) -> None:
    assert reaudits._later(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert reaudits.due(engine, TODAY).empty


PAGE = "pages/audits/reaudits.py"


@on_sqlite
def test_a_manager_schedules_on_the_page(
    engine: Engine, people: dict[str, int], screened: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_of(engine, people["max"], PAGE, monkeypatch)
    assert "Nothing is scheduled yet." in said(page)
    audit_id = drawn(engine, people, screened, 6)
    review_all(engine, taken(engine, audit_id), people["rita"])
    page.run()
    assert "Sample of 6 is finished" in said(page)
    press(page, "Schedule these")
    assert "24 Feb 2027" in said(page)
    press(page, "Move it")
    assert "no reason is given" in said(page).lower().replace("\\", "")
    looking = page_of(engine, people["lucy"], PAGE, monkeypatch)
    assert "24 Feb 2027" in said(looking)
    assert not looking.main.button

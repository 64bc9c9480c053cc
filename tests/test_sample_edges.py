"""Samples at their edges, from plan to page: strata of one claim, no error, nothing but errors, a claim gone."""

# ruff: noqa: F811 - fixtures of the pages, which other fixtures and tests take by name

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from audit.auditing import audits, plans, running
from audit.errors import CountersignError, InputError, StateError
from audit.figures import differences, dossier, results
from audit.loading import arrivals
from audit.sampling import FLAGGED, UNFLAGGED, Frame, each_plan, freeze, stratified_plan
from audit.store.database import read
from tests.handed_in import as_csv, claim, note, service
from tests.page_runs import said
from tests.reviewing import review_all
from tests.stored import NOW
from tests.test_dossier import SEED, drawn, write
from tests.test_pages_audits import RATES, RUN, Open, engine, open_page, staffed_file  # noqa: F401
from tests.test_pages_audits import people as roles  # noqa: F401

pytest_plugins = ["tests.databases"]


@pytest.fixture
def people(roles: dict[str, int]) -> dict[str, int]:
    return roles


def load(engine: Engine, by: int, units: list[int], whose: list[str]) -> int:
    """One claim of each of `units` (2 are supported) by the therapist of its name; screened."""
    numbers = range(1, len(units) + 1)
    rows = [claim(n, units=u, rendering_name=name) for n, u, name in zip(numbers, units, whose, strict=True)]
    files = [("claims.csv", as_csv(rows)), ("notes.csv", as_csv([note(n) for n in numbers])),
             ("note_services.csv", as_csv([service(n) for n in numbers]))]  # fmt: skip
    arrivals.take_in(engine, files, account_id=by, at=NOW)
    return running.screen(engine, account_id=by, at=NOW)


def drawn_audit(engine: Engine, run_id: int, by: int, kind: str, n: int) -> int:
    with read(engine) as connection:
        plan = plans.offer(audits.frame_of(connection, run_id, kind), kind, n).plan
    audit_id = audits.open_audit(engine, run_id, name=kind, plan=plan, account_id=by, at=NOW)
    audits.draw_seed(engine, audit_id, seed=SEED, account_id=by, at=NOW)
    return audit_id


def test_a_stratum_of_one_claim_has_its_page_and_its_dossier(
    engine: Engine, open_page: Open, people: dict[str, int], tmp_path
):
    by = people["manager"]
    run_id = load(engine, by, [4, 2, 2, 2, 2, 2], ["A. One", *["B. Five"] * 5])
    audit_id = drawn_audit(engine, run_id, by, "therapist", 4)
    review_all(engine, drawn(engine, audit_id), people["reviewer"])
    now = results.results(engine, audit_id)
    sizes = {row["stratum"]: (row["frame_size"], row["drawn"]) for row in now.strata.to_dict("records")}
    assert sizes["A. One"] == (1, 1)
    assert now.estimate.rate == pytest.approx(1 / 6)
    assert differences.weights_of(now).sum() == pytest.approx(6)
    page = said(open_page(RATES, audit=str(audit_id)))
    assert "Too few reviews to tell: nobody has 10 or more." in page
    assert page.count(differences.TOO_FEW) == 3, "in each table, and in the sentence on the groups"
    assert dossier.verify(write(engine, audit_id, tmp_path / "it.zip")) == []


@pytest.mark.parametrize(("units", "rate"), [(2, "0 in 100"), (4, "100 in 100")])
def test_no_error_at_all_and_nothing_but_errors(
    engine: Engine, open_page: Open, people: dict[str, int], units: int, rate: str
):
    by = people["manager"]
    run_id = load(engine, by, [units] * 16, ["A. One"] * 16)
    audit_id = drawn_audit(engine, run_id, by, "flag", 12)
    review_all(engine, drawn(engine, audit_id), people["reviewer"])
    page = said(open_page(RATES, audit=str(audit_id)))
    assert f"Best estimate: {rate}" in page
    assert "No: of 1 with 10 reviews or more" in page


def test_a_claim_gone_after_the_draw_is_counted_as_an_error_on_the_page(
    engine: Engine, open_page: Open, people: dict[str, int], tmp_path
):
    by = people["manager"]
    run_id = load(engine, by, [2] * 12, ["A. One"] * 12)
    audit_id = drawn_audit(engine, run_id, by, "dollars", 6)
    gone = results.results(engine, audit_id).claims["claim_id"].iloc[2]
    newer = claim(int(gone[1:]), rendering_name="A. One", charge_amount="77.00")
    arrivals.take_in(engine, [("claims.csv", as_csv([newer]))], account_id=by, at=NOW)
    rest = results.results(engine, audit_id).claims
    review_all(engine, rest.loc[~rest["missing"], "claim_version_id"], people["reviewer"])
    now = results.results(engine, audit_id)
    assert (int(now.strata["in_error"].sum()), now.dollars.unpriced) == (1, 1)
    page = said(open_page(RATES, audit=str(audit_id)))
    assert "1 reviewed claim holds an error without a price" in page
    assert "no interval is given from zeros" in page
    assert dossier.verify(write(engine, audit_id, tmp_path / "it.zip")) == []


def test_the_plan_page_refuses_in_a_sentence_what_a_draw_by_dollars_cannot_be(
    engine: Engine, open_page: Open, people: dict[str, int]
):
    by = people["manager"]
    arrivals.take_in(engine, [("claims.csv", as_csv([claim(1, charge_amount=""), claim(2)]))], account_id=by, at=NOW)
    run_id = running.screen(engine, account_id=by, at=NOW)
    app = open_page(RUN, run=str(run_id))
    app.radio(key="question").set_value("dollars").run()
    app.radio(key="way_dollars").set_value("dollars").run()
    assert not app.exception
    assert "1 of 2 claims have no charge above zero" in app.error[0].value
    assert "Freeze plan" not in [one.label for one in app.button]


def test_frames_and_plans_that_cannot_be_are_refused():
    with pytest.raises(CountersignError, match="no claim of the frame may be drawn"):
        freeze([])
    with pytest.raises(CountersignError, match="1 claim id is in the frame more than once"):
        freeze([("C1", FLAGGED, "", ""), ("C1", UNFLAGGED, "", "")])
    frame = freeze([("C1", "A", "", ""), ("C2", "B", "", "")])
    for make in (lambda: stratified_plan(frame, 3, kind="payer"), lambda: each_plan(frame, 2)):
        with pytest.raises(CountersignError, match="a plan cannot draw"):
            make()
    with pytest.raises(InputError, match="the header is not"):
        Frame.from_csv("")


def test_a_screening_without_flags_has_nothing_to_take(engine: Engine, people: dict[str, int]):
    run_id = load(engine, people["manager"], [2, 2], ["A. One"] * 2)
    with pytest.raises(StateError, match="no claim is flagged"):
        audits.open_audit(engine, run_id, name="", plan=None, account_id=people["manager"], at=NOW)

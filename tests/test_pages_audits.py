"""The pages for loading, auditing, error rates and the rule book, driven as a person would."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from audit.auditing import audits, plans, running
from audit.figures import results
from audit.loading import arrivals
from audit.model import ROLE_NAMES, STAFF
from audit.store import schema
from audit.store.database import VARIABLE, connect, read
from pages.parts.work import plain
from tests import reviewing
from tests.handed_in import NPI, as_csv, claim, month
from tests.page_runs import page_of, press, ran, said
from tests.stored import add

pytest_plugins = ["tests.databases"]
NOW = datetime.now(UTC)
X12 = Path(__file__).parent / "files" / "x12"
LOAD, RUN = "pages/audits/load.py", "pages/audits/run.py"
RATES, RULES = "pages/reports/error_rates.py", "pages/reports/rule_book.py"
Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def staffed_file(sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with an account for each role."""
    path = Path(shutil.copy(sqlite_file, tmp_path_factory.mktemp("staffed") / "pages.db"))
    engine = connect(f"sqlite:///{path}")
    fixed = {"active": True, "must_change_password": False}
    for role, name in ROLE_NAMES.items():
        add(engine, "accounts", username=role, name=name, role=role, **fixed)
    engine.dispose()
    return path


@pytest.fixture(scope="module")
def loaded_file(staffed_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with 24 claims, 6 of them over-billed, screened once."""
    path = Path(shutil.copy(staffed_file, tmp_path_factory.mktemp("loaded") / "pages.db"))
    engine = connect(f"sqlite:///{path}")
    arrivals.take_in(engine, month(), account_id=1, at=NOW)
    running.screen(engine, account_id=1, at=NOW)
    engine.dispose()
    return path


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A database of this test's own, which the pages use too."""
    file = "loaded_file" if "loaded" in request.fixturenames else "staffed_file"
    url = f"sqlite:///{shutil.copy(request.getfixturevalue(file), tmp_path / 'pages.db')}"
    monkeypatch.setenv(VARIABLE, url)
    made = connect(url)
    yield made
    made.dispose()


@pytest.fixture
def people(engine: Engine) -> dict[str, int]:
    """An account id for each role."""
    with read(engine) as connection:
        return dict(connection.execute(select(schema.accounts.c.role, schema.accounts.c.id)).all())


@pytest.fixture
def open_page(engine: Engine, people: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page as somebody who is signed in, with what stands in the address."""

    def opened(page: str, role: str = "manager", **address: str) -> AppTest:
        return page_of(engine, people[role], page, monkeypatch, **address)

    return opened


def buttons(app: AppTest) -> list[str]:
    return [one.label for one in app.button]


def hand_in(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(name, content, "text/csv") for name, content in files])
    return press(ran(app.run()), "Check and load")


@pytest.fixture
def loaded(engine: Engine) -> int:
    """The id of the screening."""
    with read(engine) as connection:
        return connection.execute(select(schema.runs.c.id)).scalar_one()


@pytest.fixture
def sample(engine: Engine, people: dict[str, int], loaded: int) -> int:
    """A sample of all 24 claims, drawn, nothing reviewed yet."""
    with read(engine) as connection:
        plan = plans.offer(audits.frame_of(connection, loaded), "flag", 24).plan
    by = people["manager"]
    audit_id = audits.open_audit(engine, loaded, name="March", plan=plan, account_id=by, at=NOW)
    audits.draw_seed(engine, audit_id, account_id=by, at=NOW)
    return audit_id


def review_all(engine: Engine, audit_id: int, by: int) -> None:
    """Agree with every finding and sign."""
    reviewing.review_all(engine, results.results(engine, audit_id).claims["claim_version_id"], by)


# Who may come


@pytest.mark.parametrize("page", [LOAD, RUN])
@pytest.mark.parametrize("role", ["doctor_of_ot", "auditor"])
def test_who_does_not_load_or_run_has_no_such_page(open_page: Open, page: str, role: str):
    with pytest.raises(ValueError, match="page"):
        open_page(page, role)


@pytest.mark.parametrize("page", [LOAD, RUN, RATES, RULES])
def test_pages_open_on_an_empty_database(open_page: Open, page: str):
    assert open_page(page).title


@pytest.mark.parametrize("role", STAFF)
def test_everyone_reads_rates_and_rules(open_page: Open, sample: int, role: str):
    assert open_page(RATES, role).title[0].value.startswith("Is our claim error rate")
    assert open_page(RULES, role).title[0].value == "Rule book"


# Home of a clinic that begins

HOME = "pages/home/home.py"


def leads_to(app: AppTest) -> dict[str, str]:
    """Words of the links on the page -> the page that each opens, with its address."""
    return {one.proto.label: f"{one.proto.page}?{one.proto.query_string}" for one in app.get("page_link")}


def test_home_offers_the_step_that_comes_next(open_page: Open, engine: Engine, people: dict[str, int]):
    app = open_page(HOME)
    assert "No claims are loaded yet." in said(app)
    assert leads_to(app) == {"Load claims and notes": "load?"}
    arrivals.take_in(engine, month(claims=3), account_id=people["manager"], at=NOW)
    app = open_page(HOME)
    assert "3 claims loaded, none chosen for review yet." in said(app)
    assert buttons(app)[-1] == "Audit what is new: 3 claims"
    run = running.screen_new(engine, account_id=people["manager"], at=NOW)
    assert leads_to(open_page(HOME)) == {"Choose what people review": f"run?run={run}"}


def test_home_of_who_does_not_load_says_whose_turn_it_is(open_page: Open):
    app = open_page(HOME, "doctor_of_ot")
    assert "A manager or an administrator loads claims and runs an audit." in said(app)
    assert leads_to(app) == {}


# Load


def test_files_become_cards_and_lead_to_the_audit(open_page: Open):
    app = open_page(LOAD)
    assert not any(label.startswith("Audit what is new") for label in buttons(app))
    app = hand_in(app, *month(claims=3))
    assert all(words in said(app) for words in ("claims.csv", "3 claim lines", "notes.csv", "no row refused"))
    assert "Earlier loads" in said(app)
    assert app.file_uploader[0].value == []
    assert "Audit what is new: 3 claims" in buttons(app)


def test_payments_are_taken_in_and_those_without_a_claim_are_shown(open_page: Open):
    files = [(name, (X12 / name).read_bytes()) for name in ("simple.837", "remittance.835")]
    app = hand_in(open_page(LOAD), *files)
    text = said(app)
    assert all(words in text for words in ("835, 5 answered claims", "Payments without a claim"))
    assert all(stray in text for stray in ("RB-9999", "RB-2001", "EFT7001", "-$72.00"))
    assert "RB-1001" not in text


def test_refused_rows_are_shown_and_can_be_taken_home(open_page: Open):
    app = hand_in(open_page(LOAD), ("claims.csv", as_csv([claim(1), claim(2, units="two")])))
    assert "1 row refused" in said(app)
    row = "<td>claims.csv</td><td>3</td><td>units</td><td>two</td><td>this is no whole number</td>"
    assert row in said(app).replace(' class=""', "")
    assert app.get("download_button")


def test_a_file_that_cannot_be_read_is_said_in_a_sentence_and_nothing_is_loaded(open_page: Open):
    app = hand_in(open_page(LOAD), *month(claims=2), ("zero.csv", b""))
    assert app.error[0].value == r"zero\.csv\: the file is empty\. Export it again\."
    assert "Nothing was loaded." in said(app)
    assert "Earlier loads" not in said(app)


CHARGES = (
    "Claim No,MRN,Payer Code,NPI,DOS,CPT,Mods,Units,Age\n"
    f"A1,7,AET,{NPI},3/12/2026,97110,GO,1,70\nA2,8,AET,{NPI},3/10/2026,97110,GO,x,71\n"
).encode()


def drop(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(name, content, "text/csv") for name, content in files])
    return ran(app.run())


def choose(app: AppTest, label: str, value: str) -> AppTest:
    box = next(one for one in app.selectbox if one.label == label)
    return ran(box.set_value(value).run())


def test_a_table_of_another_program_is_mapped_tried_kept_and_loaded(open_page: Open):
    app = drop(open_page(LOAD), ("charges.csv", CHARGES))
    assert "What are the columns of charges.csv?" in said(app)
    assert next(one for one in app.button if one.label == "Check and load").disabled
    assert "the day and the month cannot be told apart" in said(app)
    app = choose(app, "DOS is written", "%m/%d/%Y")
    assert "2026-03-12" in said(app)
    assert "1 row would be refused" in said(app)
    assert "this is no whole number" in said(app)
    app = press(app, "Keep and use this mapping")
    app = press(app, "Check and load")
    assert "read by the mapping charges" in said(app)
    assert "columns left out: Age" in said(app)
    again = drop(app, ("april.csv", CHARGES.replace(b"A1", b"A9")))
    change = plain("Change how april.csv is read (mapping charges)")
    assert "What are the columns" in said(press(again, change))


def test_a_column_can_be_corrected_and_what_no_column_tells_is_asked(open_page: Open):
    text = CHARGES.decode().replace("Payer Code,", "").replace("AET,", "").replace("3/12", "3/13")
    app = drop(open_page(LOAD), ("charges.csv", text.encode()))
    assert "payer\\_id is needed\\:" in said(app)
    app = choose(app, "Age is", "payer_name")
    next(one for one in app.text_input if one.label == "payer_id").set_value("AET").run()
    assert "is needed" not in said(app)
    cells = re.sub(r' class="[^"]*"|</?span[^>]*>', "", said(app))
    assert "<td>70</td>" in cells


def test_what_is_new_is_audited_with_one_button(open_page: Open, engine: Engine):
    app = press(hand_in(open_page(LOAD), *month(claims=2)), "Audit what is new: 2 claims")
    assert "2 claims screened" in said(app)
    assert "All loaded claims are screened." in said(open_page(LOAD))


def test_notes_without_a_claim_are_counted_and_listed(open_page: Open):
    _, notes, services = month(claims=2)
    app = hand_in(open_page(LOAD), ("claims.csv", as_csv([claim(1)])), notes, services)
    assert [one.label for one in app.expander] == ["1 note is of a day on which nothing is billed"]
    assert "N02" in said(app)
    assert [one.label for one in open_page(RUN).expander] == ["1 note is of a day on which nothing is billed"]


def test_a_load_is_undone_with_a_reason(open_page: Open):
    app = hand_in(open_page(LOAD), *month(claims=2))
    box = next(one for one in app.selectbox if one.label == "Undo a load")
    app = ran(box.set_value(box.options and 1).run())
    assert next(one for one in app.button if one.label == "Undo this load").disabled
    next(one for one in app.text_input if one.label == "Reason").set_value("Wrong month").run()
    app.checkbox[0].check().run()
    app = press(app, "Undo this load")
    assert "(undone " in said(app)
    assert not any(label.startswith("Audit what is new") for label in buttons(app))


def test_a_file_named_as_markdown_stays_text(open_page: Open):
    app = hand_in(open_page(LOAD), ("![x](http:__evil).csv", b""))
    assert r"\!\[x\]\(http" in app.error[0].value


def test_the_same_files_again_are_said_to_be_loaded(open_page: Open):
    app = hand_in(hand_in(open_page(LOAD), *month(claims=2)), *month(claims=2))
    assert "already loaded on" in app.info[0].value


def test_files_without_a_row_to_take_are_not_said_to_be_loaded_already(open_page: Open):
    heading_only = as_csv([claim(1)]).splitlines()[0]
    for content in (heading_only, as_csv([claim(1, units="two")])):
        app = hand_in(open_page(LOAD), ("claims.csv", content))
        assert app.info[0].value == "There was no row to take: no table changed."


def test_the_refused_rows_of_an_earlier_load_can_be_had_again(open_page: Open):
    hand_in(open_page(LOAD), ("claims.csv", as_csv([claim(1), claim(2, units="two")])))
    app = open_page(LOAD)
    assert "<td>two</td>" not in said(app)
    ran(app.selectbox[0].set_value(1).run())
    assert "<td>two</td>" in said(app)


def test_of_many_refused_rows_the_first_are_shown_and_all_are_in_the_file(open_page: Open):
    app = hand_in(open_page(LOAD), ("claims.csv", as_csv([claim(n, service_date="soon") for n in range(1, 61)])))
    assert "These are the first 50 of 60; all are in the file." in said(app)
    assert said(app).count("<td>soon</td>") == 50


def test_what_a_cell_holds_is_shown_as_text(open_page: Open):
    app = hand_in(open_page(LOAD), ("claims.csv", as_csv([claim(1), claim(2, units="<img src=x>")])))
    assert "&lt;img src=x&gt;" in said(app)
    assert "<img" not in said(app)


# Run an audit


def test_an_audit_from_screening_to_the_drawn_claims(open_page: Open, engine: Engine, people: dict[str, int]):
    arrivals.take_in(engine, month(), account_id=people["manager"], at=NOW)
    app = open_page(RUN)
    assert "24 of 24 loaded claims fit." in said(app)
    app = press(app, "Run the rules")
    assert "24 claims screened: 6 flagged" in said(app)
    assert app.radio(key="question").value == "flagged"
    assert "6 claims to review" in said(app)
    ran(app.radio(key="question").set_value("limit").run())
    assert "Up to 24 claims to review" in said(app)
    ran(app.radio(key="question").set_value("size").run())
    assert app.radio(key="way_size").value == "flag"
    assert app.number_input(key="size_flag").value == 24
    ran(app.number_input(key="size_flag").set_value(12).run())
    assert "12 claims to review" in said(app)
    ran(app.text_input[0].set_value("March").run())
    app = press(app, "Freeze plan")
    assert "Review 12 of 24 claims drawn at random" in said(app)
    ran(app.text_input[0].set_value("123").run())
    app = press(app, "Use this seed")
    assert "the seed is not 20 digits" in app.error[0].value
    ran(app.text_input[0].set_value("").run())
    app = press(app, "Draw the seed")
    with read(engine) as connection:
        assert len(connection.execute(select(schema.audit_claims)).all()) == 12
        seed = audits.audit_of(connection, 1).seed
    assert seed in said(app)
    assert not app.text_input
    assert buttons(app) == []


def test_what_is_open_survives_a_reload(open_page: Open, engine: Engine, loaded: int, sample: int):
    assert "24 claims screened" in said(open_page(RUN, run=str(loaded)))
    app = open_page(RUN, audit=str(sample))
    with read(engine) as connection:
        audit = audits.audit_of(connection, sample)
    assert all(text in said(app) for text in (audit.seed, audit.frame.sha256, audit.plan.plan_sha256))


def test_dates_and_payers_narrow_the_claims(open_page: Open, loaded: int):
    app = open_page(RUN)
    ran(app.date_input[0].set_value(datetime(2026, 3, 20, tzinfo=UTC).date()).run())
    assert "5 of 24 loaded claims fit." in said(app)
    ran(app.date_input[1].set_value(datetime(2026, 3, 1, tzinfo=UTC).date()).run())
    assert next(one for one in app.button if one.label == "Run the rules").disabled


def test_every_flagged_claim_is_taken_at_once(open_page: Open, loaded: int):
    app = open_page(RUN, run=str(loaded))
    ran(app.radio[0].set_value("flagged").run())
    assert not app.number_input
    app = press(app, "Freeze: every flagged claim")
    assert "tells no error rate" in said(app)
    assert "Draw the seed" not in buttons(app)


def test_a_number_that_does_not_fit_is_said_and_cannot_be_frozen(open_page: Open, loaded: int):
    app = open_page(RUN, run=str(loaded))
    ran(app.radio(key="question").set_value("size").run())
    ran(app.number_input(key="size_flag").set_value(1).run())
    assert "Choose a number from 2 to 24" in app.error[0].value
    assert "Freeze plan" not in buttons(app)


@pytest.mark.parametrize("address", [{"run": "999"}, {"audit": "999"}, {"audit": "x"}])
def test_an_address_that_names_nothing_is_said_so(open_page: Open, loaded: int, address: dict[str, str]):
    app = open_page(RUN, **address)
    assert app.error or app.warning


# Error rates


def test_no_rate_is_shown_before_every_drawn_claim_is_reviewed(open_page: Open, sample: int):
    app = open_page(RATES)
    assert "0 of 24 drawn claims are reviewed" in said(app)
    assert "best estimate" not in said(app)
    assert len(app.get("plotly_chart")) == 1


def test_the_answer_stands_in_words_with_its_interval(
    open_page: Open, engine: Engine, sample: int, people: dict[str, int]
):
    review_all(engine, sample, people["reviewer"])
    app = open_page(RATES, audit=str(sample))
    assert results.results(engine, sample).sentence in said(app)
    interval, funnel, by_rule = app.get("plotly_chart")
    assert interval.proto.alt == results.results(engine, sample).interval
    assert by_rule.proto.alt.startswith("Of 6 findings decided, reviewers upheld 6")
    assert funnel.proto.alt.startswith("No: of 1 with 10 reviews or more, none differs from the others")
    assert "6 of 24" in said(app)
    assert "No finding has been judged by two people yet" in said(app)


def test_codes_and_dollars_are_other_numbers_than_claims_and_each_names_itself(
    open_page: Open, engine: Engine, sample: int, people: dict[str, int]
):
    review_all(engine, sample, people["reviewer"])
    by_code = open_page(RATES, audit=str(sample), by="code")
    assert by_code.title[0].value == "Is our code error rate under 5 %?"
    assert "Codes in error: 25 in 100: all of them were reviewed, from 24 reviewed claims." in said(by_code)
    assert "Counted: codes in error: each claim line counts" in said(by_code)
    by_dollars = said(open_page(RATES, audit=str(sample), by="dollars"))
    assert "in 100 dollars billed: all of them were reviewed." in by_dollars
    assert "Underbilled: 0 in 100" in by_dollars


def test_a_figure_leads_to_its_claims(open_page: Open, engine: Engine, sample: int, people: dict[str, int]):
    review_all(engine, sample, people["reviewer"])
    app = open_page(RATES, audit=str(sample))
    assert app.expander[0].label == "Which claims are these? 6 claims in error"
    app = open_page(RATES, audit=str(sample), rule="UNIT-01")
    assert "Only rule UNIT-01." in said(app)
    assert {f"C{n:02}" for n in range(1, 7)} <= set(buttons(app))
    press(app, "C03")


def test_rules_are_measured_and_none_is_changed(open_page: Open, engine: Engine, sample: int, people: dict[str, int]):
    empty = open_page("pages/reports/rule_quality.py")
    assert "Too few decisions to tell" in said(empty)
    review_all(engine, sample, people["reviewer"])
    app = open_page("pages/reports/rule_quality.py")
    assert "Too few claims in error to tell: 6, of which a rule found 6." in said(app)
    assert "too few to tell" in said(app)


def sampled(engine: Engine, loaded: int, by: int, kind: str, n: int) -> int:
    with read(engine) as connection:
        plan = plans.offer(audits.frame_of(connection, loaded, kind), kind, n).plan
    audit_id = audits.open_audit(engine, loaded, name=kind, plan=plan, account_id=by, at=NOW)
    audits.draw_seed(engine, audit_id, account_id=by, at=NOW, seed="20261125090000000001")
    return audit_id


def test_a_watched_audit_shows_its_monitor_and_no_interval(
    open_page: Open, engine: Engine, loaded: int, people: dict[str, int]
):
    audit_id = sampled(engine, loaded, people["manager"], "watched", 20)
    claims = results.results(engine, audit_id).claims["claim_version_id"]
    reviewing.review_all(engine, claims[:4], people["reviewer"])
    app = open_page(RATES, audit=str(audit_id))
    assert "is not yet known" in said(app)
    assert len(app.get("progress")) == 2
    reviewing.review_all(engine, claims[4:], people["reviewer"])
    app = open_page(RATES, audit=str(audit_id))
    assert "above your limit of 5 in 100" in said(app)
    assert not any(words in said(app) for words in ("reasonably", "interval", "best estimate"))
    assert len(app.get("plotly_chart")) == 1, "only what the rules found"


def test_each_plan_says_only_what_it_may(open_page: Open, engine: Engine, loaded: int, people: dict[str, int]):
    by = people["manager"]
    all_of_them = sampled(engine, loaded, by, "compliance", 24)
    review_all(engine, all_of_them, people["reviewer"])
    others = {kind: sampled(engine, loaded, by, kind, 12) for kind in ("dollars", "discovery")}
    pages = {kind: said(open_page(RATES, audit=str(one))) for kind, one in others.items()}
    assert "Overbilled: Projected from 12 of 24 claims" in pages["dollars"]
    assert "billing error" not in pages["dollars"]
    assert "How many dollars are billed in error?" in pages["dollars"]
    assert "this sample cannot clear a rate of 5 in 100" in pages["discovery"]
    assert "reasonably" not in pages["discovery"]
    compliance = said(open_page(RATES, audit=str(all_of_them)))
    assert "Overbilled: All 24 claims were reviewed: $" in compliance
    assert "25 in 100 have a billing error" in compliance


def test_screening_is_never_called_an_error_rate(open_page: Open, engine: Engine, loaded: int, people: dict[str, int]):
    by = people["manager"]
    flagged = audits.open_audit(engine, loaded, name="Flagged", plan=None, account_id=by, at=NOW)
    review_all(engine, flagged, people["reviewer"])
    app = open_page(RATES, audit=str(flagged))
    assert app.title[0].value == "What did reviewers find on the flagged claims?"
    assert "6 of 6 flagged claims are reviewed, 6 of them in error." in said(app)
    assert "too few to tell: 6 reviewed" in said(app)
    assert len(app.get("plotly_chart")) == 1


# Rule book


def test_rules_are_found_by_their_words_and_opened(open_page: Open):
    app = open_page(RULES)
    everything = len(buttons(app))
    ran(app.text_input[0].set_value("assistant CO").run())
    assert 0 < len(buttons(app)) < everything
    app = press(app, ":primary[**MOD-04**]")
    assert app.title[0].value == "MOD-04"
    assert all(words in said(app) for words in ("Why it matters", "What to do", "Sources", "Facts it may rest on"))
    app = press(app, "All rules")
    assert app.text_input[0].value == "assistant CO"


def test_a_rule_has_its_own_address_with_cases_and_the_age_of_its_facts(open_page: Open):
    assert "22 minutes are one unit" in said(open_page(RULES, rule="UNIT-01"))
    assert "▲ ended 30 Sep 2024" in said(open_page(RULES, rule="MOD-10"))
    assert "no rule with this code" in open_page(RULES, rule="NOPE-1").error[0].value

"""Reviews in a real browser by keyboard alone: several claims to the second signature, blind and adjudicated."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Locator, Page, expect
from sqlalchemy import Engine

from audit.access import demo
from audit.loading import arrivals, documents
from audit.reviewing import review_plan
from audit.store.database import connect
from tests.access_server import ROOT, Browser, serving
from tests.handed_in import as_csv, claim
from tests.keys import PATIENCE, press, press_until, rest
from tests.reviewing import load, open_audit, review_claim, state, versions, visit

pytest_plugins = ["tests.databases"]
STREAMLITS_OWN = {
    "list": 'data-testid="stSidebarNavItems"',
    "listitem": " <li",
    "svg-img-alt": " <svg",
    "presentation-role-conflict": 'data-testid="stFileUploaderDropzone"',
}
"""By rule, elements of Streamlit's own that break it: the list in its sidebar, sparklines, the place for files."""


@pytest.fixture(scope="module")
def database(sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Seven claims under audit, two of them reviewed already, and the people of the demo."""
    url = f"sqlite:///{shutil.copy(sqlite_file, tmp_path_factory.mktemp('review') / 'review.db')}"
    engine = connect(url)
    now = datetime.now(UTC)
    made = {account.role: account.id for account in demo.create_accounts(engine, now)}
    days = {"OVER-1": ("2026-03-09", 3), "OVER-2": ("2026-03-10", 3), "OVER-3": ("2026-03-11", 3),
            "CLEAN-1": ("2026-03-12", 2), "CLEAN-2": ("2026-03-13", 2),
            "BACK": ("2026-03-16", 3), "OWN": ("2026-03-17", 2)}  # fmt: skip
    load(engine, *[visit(name, day, units, 30, patient=name) for name, (day, units) in days.items()])
    open_audit(engine, {"max": made["manager"]})
    review_claim(engine, versions(engine)["BACK"], made["reviewer"], at=now)
    review_claim(engine, versions(engine)["OWN"], made["second_reviewer"], at=now)
    engine.dispose()
    return url


@pytest.fixture(scope="module")
def engine(database: str) -> Iterator[Engine]:
    made = connect(database)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def site(database: str) -> Iterator[Browser]:
    with serving(ROOT, database, COUNTERSIGN_DEMO="1") as served:
        yield served


class Person:
    """One person at one browser, who has only the keyboard."""

    def __init__(self, context: BrowserContext, site: Browser, username: str) -> None:
        self.page: Page = context.new_page()
        self.site = site
        self.page.set_default_timeout(PATIENCE)
        self.page.goto(site.origin)
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(demo.PASSWORD)
        self.page.keyboard.press("Enter")
        self.sees(self.page.get_by_role("heading", name=re.compile("Good day")))

    def sees(self, what: object) -> None:
        expect(what if not isinstance(what, str) else self.page.get_by_text(what).first).to_be_visible()  # type: ignore[arg-type]

    def rests(self) -> None:
        rest(self.page)

    def open(self, path: str) -> None:
        self.page.goto(f"{self.site.origin}{path}")
        self.sees(self.page.locator(".cs-head h1, h1").first)
        self.rests()
        expect(self.page.get_by_text(re.compile("Something went wrong|This page is for"))).to_have_count(0)

    @property
    def claim(self) -> str:
        return self.page.locator(".cs-head h1").first.inner_text().removeprefix("Claim ")

    def presses(self, key: str, then: str) -> None:
        """Press a key once the page rests, and wait for what it brings."""
        press(self.page, key)
        self.sees(then)
        self.rests()

    def presses_until(self, key: str, then: Locator) -> None:
        press_until(self.page, key, then)

    def signs(self, password: bool) -> str:
        """S, and the password the first time; the claim that was signed."""
        self.rests()
        signed = self.claim
        self.page.keyboard.press("s")
        if password:
            self.types("Your password again", demo.PASSWORD, "Enter")
        gone = self.page.locator(".cs-head h1", has_text=signed)
        expect(gone).to_have_count(0)
        self.rests()
        return signed

    def enters(self, label: str, words: str) -> None:
        """Fill a field of the dialog and leave it; whatever the page does meanwhile, the words are there after it."""
        field = self.page.get_by_role("dialog").get_by_label(label)
        field.fill(words)
        field.press("Tab")
        self.rests()
        expect(field).to_have_value(words)

    def submits(self, button: str, answered: Locator) -> None:
        """Press a button of the dialog until its answer shows, or the dialog is gone (a toast's answer goes by itself):
        a press that meets a run of the page may be lost."""
        dialog = self.page.get_by_role("dialog")
        for _ in range(8):
            if not dialog.count():
                return
            if not answered.first.is_visible():
                dialog.get_by_role("button", name=button).click()
            with suppress(AssertionError):
                expect(answered.first).to_be_visible(timeout=PATIENCE / 8)
                return
        self.sees(answered.first)

    def types(self, label: str, words: str, key: str) -> None:
        """Reach a field of the dialog by Tab, type, and end with a key."""
        field = self.page.get_by_role("dialog").get_by_label(label)
        expect(field).to_be_visible()
        for _ in range(6):
            if field.evaluate("one => one === document.activeElement"):
                break
            self.page.keyboard.press("Tab")
        self.page.keyboard.type(words)
        self.page.keyboard.press(key)


def test_a_whole_review_by_keyboard_alone(browser: Chromium, site: Browser, engine: Engine) -> None:
    noise: list[str] = []
    first = Person(browser.new_context(), site, "reviewer")
    first.page.on("console", lambda said: noise.append(said.text) if "Content Security" in said.text else None)
    first.presses_until("Enter", first.page.locator(".cs-finding"))
    first.presses("a", "agreed: an error · Imke Sorrel")
    first.presses("z", "Taken back")
    first.rests()
    first.page.keyboard.press("f")
    first.sees("findings go")
    first.presses("s", "agreed and corrected: line 1 97530 GO × 2")
    signed = [first.signs(password=True)]
    first.presses("d", "Why is this no error?")
    first.presses("2", "dismissed: the rule does not apply")
    signed.append(first.signs(password=False))
    first.presses("a", "agreed: an error")
    signed.append(first.signs(password=False))
    signed.append(first.signs(password=False))  # a clean claim: one key
    assert sorted(signed)[1:] == ["OVER-1", "OVER-2", "OVER-3"]

    second = Person(browser.new_context(), site, "second")
    second.presses_until("Enter", second.page.locator(".cs-head h1"))
    at = versions(engine)
    clean = sorted(signed)[0]
    second.open(f"/claim?claim={at[clean]}")
    second.sees("Approve for submission")
    assert second.signs(password=True) == clean
    assert state(engine, at[clean]) == "approved"
    second.open(f"/claim?claim={at[clean]}")
    second.sees("Approved and locked")
    assert noise == []


def test_ones_own_review_and_an_error_are_not_offered_and_only_the_right_password_returns_a_claim(
    browser: Chromium, site: Browser, engine: Engine
) -> None:
    at = versions(engine)
    second = Person(browser.new_context(), site, "second")
    second.open(f"/claim?claim={at['OWN']}")
    second.sees("You took part in its first review")
    expect(second.page.get_by_role("button", name=re.compile("Approve|Return"))).to_have_count(0)
    second.open(f"/claim?claim={at['BACK']}")
    second.sees("An upheld error stands")
    expect(second.page.get_by_role("button", name=re.compile("Approve"))).to_have_count(0)
    second.page.keyboard.press("b")
    dialog = second.page.get_by_role("dialog")
    second.sees(dialog)
    second.enters("In words", "Bill what the note supports")
    second.enters("Your password again", "not the password")
    second.submits("Return for correction", dialog.get_by_text("not right"))
    assert state(engine, at["BACK"]) == "ready"
    second.enters("Your password again", demo.PASSWORD)
    second.submits("Return for correction", second.page.get_by_text("Returned", exact=True))
    assert state(engine, at["BACK"]) == "returned"
    second.open(f"/claim?claim={at['BACK']}")
    second.sees("Returned for correction. The corrected claim comes as a new version.")
    second.sees("Bill what the note supports")


def test_a_draft_survives_a_reload_and_keys_rest_while_typing(browser: Chromium, site: Browser, engine: Engine) -> None:
    one = Person(browser.new_context(), site, "reviewer")
    left = next(name for name, version in versions(engine).items() if state(engine, version) == "to_review")
    one.open(f"/claim?claim={versions(engine)[left]}")
    one.presses_until("?", one.page.get_by_text("these keys, as ? does"))
    one.page.keyboard.press("Escape")
    expect(one.page.get_by_role("dialog")).to_have_count(0)
    one.presses("m", "What did the rules miss?")
    one.types("What is wrong on this claim", "sand as a splint?", "Control+Enter")
    expect(one.page.get_by_text("these keys")).to_have_count(0)
    one.rests()
    one.page.reload()
    one.sees(one.page.locator(".cs-head h1"))
    assert one.claim == left
    one.presses("m", "What did the rules miss?")
    field = one.page.get_by_role("dialog").get_by_label("What is wrong on this claim")
    expect(field).to_have_value("sand as a splint?")
    one.page.keyboard.press("Escape")
    assert state(engine, versions(engine)[left]) == "to_review"


ASKED = [
    ("second", "light", ["/", "/claim?claim=BACK", "/worklist?view=to_review", "/together", "/release"]),
    ("manager", "dark", ["/", "/claim?claim=CLEAN-1", "/worklist?view=ready", "/review_plan", "/record", "/trail",
                         "/error_rates", "/coding", "/denials", "/overpayments"]),
    ("doctor", "light", ["/disputes", "/reaudits", "/rule_quality"]),
    ("administrator", "dark", ["/load", "/documents", "/run", "/rule_book", "/people", "/payers", "/facts", "/yours"]),
]  # fmt: skip


def test_every_page_is_asked_for_by_its_address() -> None:
    asked = {path.partition("?")[0].strip("/") or "home" for _, _, paths in ASKED for path in paths}
    assert asked == {file.stem for file in ROOT.glob("pages/*/*.py") if file.parent.name != "parts"}


@pytest.mark.parametrize(("username", "scheme", "paths"), ASKED)
def test_nothing_new_for_axe(  # noqa: PLR0917
    browser: Chromium, site: Browser, engine: Engine, username: str, scheme: Any, paths: list[str]
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    one, at = Person(context, site, username), versions(engine)
    for path in paths:
        link, _, claim = path.partition("claim=")
        one.open(f"{link}claim={at[claim]}" if claim else path)
        found = {
            (path, violation["id"], node["html"])
            for violation in Axe().run(one.page).response["violations"]
            for node in violation["nodes"]
            if not re.search(STREAMLITS_OWN.get(violation["id"], "^$"), f"{node['target']} {node['html']}")
        }
        assert found == set()


@pytest.fixture
def blind(engine: Engine) -> Iterator[int]:
    """A claim under an audit of its own, while every second review is blind."""
    manager = 4
    load(engine, visit("BLIND", "2026-03-20", 3, 30, patient="BLIND"))
    open_audit(engine, {"max": manager}, only=date(2026, 3, 20))
    who = {"account_id": manager, "at": datetime.now(UTC)}
    review_plan.set_plan(engine, review_plan.Plan(blind_share=1.0), reason="measure agreement", **who)
    yield versions(engine)["BLIND"]
    review_plan.set_plan(engine, review_plan.Plan(), reason="as before", **who)


def test_blind_second_review_and_adjudication(browser: Chromium, site: Browser, engine: Engine, blind: int) -> None:
    """Two who cannot see each other differ; a third decides only that."""
    link = f"/claim?claim={blind}"
    first, second, third = (Person(browser.new_context(), site, name) for name in ("reviewer", "second", "doctor"))
    first.open(link)
    first.presses("a", "agreed: an error · Imke Sorrel")
    first.signs(password=True)

    second.open(link)
    second.sees("Blind")
    expect(second.page.get_by_text("agreed: an error")).to_have_count(0)
    assert "Imke Sorrel decided" not in second.page.content()
    second.presses("d", "Why is this no error?")
    second.presses("1", "dismissed: valid, but accepted · Dov Halvorsen")
    first.open(link)
    expect(first.page.get_by_text("dismissed: valid")).to_have_count(0)
    second.signs(password=True)
    assert state(engine, blind) == "adjudicate"

    third.open(link)
    third.sees("First review · Imke Sorrel")
    third.sees("Second review · Dov Halvorsen")
    third.presses("a", "agreed: an error · Theodora Lindqvist")
    assert state(engine, blind) == "ready"


def test_a_document_is_confirmed_by_one_key(browser: Chromium, site: Browser, engine: Engine) -> None:
    row = claim(21, patient_id="DOC-21")
    note = b"Daily note\nMRN: DOC-21\nDate of service: 03/21/2026\n97530 23 min\nTotal timed minutes: 23\n"
    files = [("claims.csv", as_csv([row])), ("visit.txt", note)]
    arrivals.take_in(engine, files, account_id=1, at=datetime.now(UTC))
    one = Person(browser.new_context(), site, "reviewer")
    one.open("/documents")
    one.sees(one.page.locator("mark", has_text="23 min"))
    violations = Axe().run(one.page).response["violations"]
    theirs = [(v["id"], n["html"]) for v in violations for n in v["nodes"]
              if not re.search(STREAMLITS_OWN.get(v["id"], "^$"), f"{n['target']} {n['html']}")]  # fmt: skip
    assert theirs == []
    one.presses("a", "No document waits")
    assert documents.to_do(engine) == []

"""The app on the demo clinic in a real browser: keys, and every page of every role. Reviews: test_browser_review."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from pypdf import PdfReader

from audit.access.demo import PASSWORD
from audit.demonstration import open_clinic
from audit.store.database import VARIABLE
from tests.keys import PATIENCE, press, press_until, rest

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app on a fresh demo clinic."""
    url = open_clinic(tmp_path_factory.mktemp("demo"))
    port = free_port()
    environment = {**os.environ, VARIABLE: url, "COUNTERSIGN_DEMO": "1"}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{base}/health", server)
        yield base
    finally:
        server.terminate()
        server.wait(20)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(2_400):
        assert server.poll() is None, "the server ended by itself"
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  our own address
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError("the server did not answer within ten minutes")


def signed_in(context: BrowserContext, address: str, username: str, greeting: str = "Good day") -> Page:
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{address}/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    expect(page.get_by_role("heading", name=re.compile(greeting))).to_be_visible()
    return page


def test_keys_rest_while_typing_and_a_dismissal_is_undone(browser: Browser, address: str) -> None:
    page = signed_in(browser.new_context(), address, "reviewer")
    press_until(page, "Enter", page.locator(".cs-head h1"))
    rest(page)
    if not page.locator(".cs-finding").count():  # a claim that was sent back has its verdicts: on to one that has none
        press_until(page, "n", page.locator(".cs-finding"))
    expect(page.locator(".cs-finding").first).to_be_visible()
    place = page.locator(".cs-finding").first.inner_text()
    press(page, "d")
    text = page.get_by_role("dialog").get_by_role("textbox")
    text.fill("")
    text.press_sequentially("sand at 3 am")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("elsewhere")).click()
    expect(page.get_by_text("dismissed: the evidence is elsewhere (say where), sand at 3 am")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    press(page, "z")
    expect(page.get_by_text("sand at 3 am")).to_have_count(0)
    assert page.locator(".cs-finding").first.inner_text() == place


CHARGES = """Acme Rehab,,,,,,,,
Claim No,Patient Name,MRN,Payer Code,NPI,DOS,CPT,Units,Charge
X-1,"Doe, Jane",900001,AET,1234567893,3/2/2026,97110-GO,2,"$1,120.50"
X-2,"Roe, Ann",900002,AET,1234567893,3/4/2026,97530-GO-CO,many,(60.25)
Total,,,,,,,2,"$1,060.25"
"""


def test_a_table_of_another_program_is_mapped_and_loaded(browser: Browser, address: str) -> None:
    tall = browser.new_context(viewport={"width": 1280, "height": 1800})  # a list that is scrolled to closes again
    page = signed_in(tall, address, "manager")
    page.get_by_role("link", name="Load", exact=True).click()
    content = {"name": "charges.csv", "mimeType": "text/csv", "buffer": CHARGES.encode()}
    page.locator("input[type=file]").set_input_files(content)
    expect(page.get_by_role("heading", name="What are the columns of charges.csv?")).to_be_visible()
    expect(page.get_by_text("day and the month cannot be told apart")).to_be_visible()
    expect(page.get_by_role("button", name="Check and load")).to_be_disabled()
    page.get_by_role("combobox", name="DOS is written").click()
    page.get_by_role("option", name="month first, 03/12/2026").click()
    rows = page.locator(".st-key-mapped_rows table")
    expect(rows).to_contain_text("2026-03-02")
    expect(rows).to_contain_text("Jane Doe")
    expect(page.get_by_text("1 row would be refused, each with its whole claim or note.")).to_be_visible()
    page.get_by_role("button", name="Keep and use this mapping").click()
    expect(page.get_by_text("Change how charges.csv is read")).to_be_visible()
    page.get_by_role("button", name="Check and load").click()
    expect(page.get_by_text("read by the mapping charges")).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download the refused rows").first.click()
    refused = Path(taken.value.path()).read_text(encoding="utf-8")
    assert "Units: this is no whole number" in refused
    assert taken.value.suggested_filename == "charges refused.csv"


def test_a_therapist_begins_with_the_feedback_and_may_be_sent_its_address(browser: Browser, address: str) -> None:
    page = signed_in(browser.new_context(), address, "therapist", "Coding feedback")
    expect(page).to_have_url(re.compile("/coding"))
    page.reload()
    expect(page.get_by_role("heading", name="Coding feedback")).to_be_visible()
    rest(page)
    expect(page.get_by_text("Page not found")).to_have_count(0)


class FromHome:
    """A person who begins at Home; counts what their pointer presses."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.goto(address)
        rest(page)
        page.evaluate("window.presses = 0; document.addEventListener('pointerdown', () => window.presses++, true)")

    def clicks(self, role: Any, name: str | re.Pattern[str]) -> None:
        rest(self.page)
        self.page.get_by_role(role, name=name, exact=isinstance(name, str)).first.click()

    def sees_within_three(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(words).first).to_be_visible()
        assert 1 <= self.page.evaluate("window.presses") <= 3


def test_a_manager_finds_each_story_of_the_demo_within_three_clicks(browser: Browser, address: str) -> None:
    page = signed_in(browser.new_context(), address, "manager")
    expect(page.get_by_text("everything here is made up")).to_be_visible()

    drift = FromHome(page, address)
    drift.clicks("link", "Coding feedback")
    drift.clicks("radio", "Bram Halloway")
    drift.page.locator(".st-key-feedback_practice_open summary").click()
    drift.sees_within_three(re.compile("Yes, more units on the same minutes: in May 2026 14.4 .* in Oct 2026 13.0"))

    payer = FromHome(page, address)
    payer.clicks("link", "All of the error rates")
    expect(page.get_by_text("Highest: Northlake Mutual Health")).to_be_visible()
    payer.clicks("button", "Northlake Mutual Health")
    expect(page.get_by_text("Only payer Northlake Mutual Health.")).to_be_visible()
    payer.clicks("radio", "Which rule?")
    payer.sees_within_three(re.compile("Highest: MOD-01, about 42 in 100"))

    lesson = FromHome(page, address)
    lesson.clicks("link", "Coding feedback")
    lesson.clicks("radio", "Callum Drexel")
    lesson.sees_within_three(re.compile("It fell by more than chance: from about 42 in 100"))
    expect(page.get_by_text("upheld on 9 of 14 claims before and 0 of 12 after")).to_be_visible()


def around(page: Page, words: str) -> Locator:
    """The smallest part of the page that holds `words` and the buttons below them."""
    return page.get_by_test_id("stVerticalBlock").filter(has_text=words).last


def sends(page: Page, finding: str, opened_by: str, says: dict[str, str], *, by: str, answer: str) -> None:
    """Open a dialog of a finding, fill it, send it: it closes, and the page says the answer."""
    rest(page)
    around(page, finding).get_by_role("button", name=opened_by, exact=True).click()
    dialog = page.get_by_role("dialog")
    for label, words in says.items():
        dialog.get_by_label(label).fill(words)
    dialog.get_by_role("button", name=by, exact=True).click()
    expect(page.get_by_text(answer)).to_be_visible()
    expect(dialog).to_have_count(0)


def rules(page: Page, therapist_says: str, ruling: str, reason: str, answer: str) -> None:
    page.get_by_role("link", name="Disputes", exact=True).click()
    expect(page.get_by_text(therapist_says)).to_be_visible()
    rest(page)
    one = around(page, therapist_says)
    one.get_by_text(ruling, exact=True).click()
    one.get_by_label("Reason, for the therapist to read").fill(reason)
    one.get_by_role("button", name="Give the ruling").click()
    expect(page.get_by_text(answer)).to_be_visible()
    expect(page.get_by_text(therapist_says)).to_have_count(0)


def test_a_finding_is_answered_disputed_ruled_on_and_appealed(browser: Browser, address: str) -> None:
    therapist = signed_in(browser.new_context(), address, "therapist", "Coding feedback")
    agree = around(therapist, "was signed on").get_by_role("button", name="Agree", exact=True)
    agree.click()
    expect(therapist.get_by_text("Recorded: you agree.")).to_be_visible()
    expect(agree).to_have_count(0)
    late = {"What the note leaves out": "An hour in all.", "Total treatment minutes (empty in the note)": "60"}
    sends(
        therapist,
        "2026-06-22 lacks: total treatment minutes",
        "Late entry…",
        late,
        by="Add to the note and run the rules",
        answer="the finding is gone",
    )
    disputed = {"Why the finding is wrong": "The notice is in the chart."}
    sends(
        therapist,
        "GA says that a notice",
        "Dispute…",
        disputed,
        by="Send to the doctor of OT",
        answer="a doctor of OT rules on your dispute",
    )
    doctor = signed_in(browser.new_context(), address, "doctor")
    rules(doctor, "The notice is in the chart.", "Uphold the finding", "It is not.", "Ruled. The finding stands.")
    therapist.reload()
    expect(therapist.get_by_text("It is not.")).to_be_visible()
    appealed = {"What the ruling leaves out": "It is on its second page."}
    sends(therapist, "GA says that a notice", "Appeal…", appealed, by="Appeal", answer="a manager rules on your appeal")
    manager = signed_in(browser.new_context(), address, "manager")
    rules(manager, "It is on its second page.", "Accept the dispute", "So it is.", "Ruled. The verdict is reversed.")
    therapist.reload()
    expect(therapist.get_by_text("So it is.")).to_be_visible()


def test_charts_are_whole_on_paper(browser: Browser, address: str, tmp_path: Path) -> None:
    """They are drawn for a screen that is wider than a page."""
    page = signed_in(browser.new_context(viewport={"width": 1440, "height": 900}), address, "manager")
    page.goto(f"{address}/error_rates")
    expect(page.get_by_text("claims in error in 100").first).to_be_visible()
    rest(page)
    page.pdf(path=tmp_path / "rates.pdf", format="Letter")
    assert page.locator(".main-svg[viewBox]").count() == 0
    said = "".join(sheet.extract_text() for sheet in PdfReader(tmp_path / "rates.pdf").pages)
    assert "best estimate" in said
    assert "at most" in said, "the words at the right end of the chart are cut off"


@pytest.mark.parametrize("username", ["reviewer", "second", "doctor", "manager", "administrator", "auditor"])
def test_every_page_of_every_role_opens(browser: Browser, address: str, username: str) -> None:
    """By its link, as a person goes; by their addresses `test_browser_review` opens them."""
    page = signed_in(browser.new_context(), address, username)
    links = page.locator("[data-testid=stSidebarNav] a")
    expect(links.first).to_be_visible()
    for link in links.all():
        link.click()
        expect(page).to_have_url(re.compile(rf"{re.escape(link.get_attribute('href') or '')}(\?.*)?$"))  # it is run
        expect(
            page.get_by_test_id("stMain").locator("h1, h2, h3, .cs-head, [data-testid=stAlert]").first
        ).to_be_visible()
        rest(page)
        expect(page.get_by_text("Something went wrong")).to_have_count(0)
        expect(page.get_by_text("This page is for")).to_have_count(0)

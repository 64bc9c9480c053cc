"""A whole review in a real browser, by keyboard: two people, one refused signature, one locked claim."""

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

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from audit.access.demo import PASSWORD
from audit.demonstration import open_clinic
from audit.store.database import VARIABLE

ROOT = Path(__file__).parents[1]
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


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
    for _ in range(240):
        assert server.poll() is None, "the server ended by itself"
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  our own address
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError("the server did not answer within a minute")


def signed_in(context: BrowserContext, address: str, username: str) -> Page:
    page = context.new_page()
    page.goto(f"{address}/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    expect(page.get_by_role("heading", name=re.compile("Good day"))).to_be_visible()
    return page


def claim_shown(page: Page) -> str:
    return page.locator(".cs-head h1").first.inner_text()


def rest(page: Page) -> None:
    page.locator('[data-test-script-state="notRunning"]').wait_for()


def press(page: Page, key: str) -> None:
    """Press a key once the page rests: while it runs, a key meets no button."""
    rest(page)
    page.keyboard.press(key)


def decide_all(page: Page) -> int:
    """Agree with every finding by its key, until the claim can be signed; how many there were."""
    sign = page.get_by_role("button", name=re.compile("Sign as reviewed"))
    number = 0
    while page.get_by_role("button", name=re.compile("Agree")).count():
        place = page.locator(".cs-finding").first.inner_text()
        press(page, "a")
        page.wait_for_function(
            "before => { const now = document.querySelector('.cs-finding'); return !now || now.innerText !== before }",
            arg=place,
        )
        rest(page)
        number += 1
    expect(sign).to_be_enabled()
    return number


def give_password(page: Page) -> None:
    """By keyboard: the password, and Enter."""
    field = page.get_by_role("dialog").get_by_label("Your password again")
    field.fill(PASSWORD)
    field.press("Enter")


def sign(page: Page, *, refused: str = "") -> None:
    """Sign by the key, with the password again the first time."""
    claim = claim_shown(page)
    press(page, "s")
    asked = page.get_by_role("dialog").get_by_label("Your password again")
    moved = page.locator(".cs-head h1").filter(has_not_text=claim)
    told = page.get_by_text(refused) if refused else moved
    expect(asked.or_(told).first).to_be_visible()
    if asked.count():
        give_password(page)
    expect(told.first).to_be_visible()
    if refused and page.get_by_role("dialog").count():
        page.keyboard.press("Escape")


def test_from_sign_in_to_a_signed_claim(browser: Browser, address: str) -> None:
    first, second = browser.new_context(), browser.new_context()
    noise: list[str] = []
    page = signed_in(first, address, "second")
    page.on("console", lambda message: noise.append(message.text) if "Content Security" in message.text else None)

    # the first reviewer takes a claim from the worklist and decides by keyboard
    page.get_by_role("link", name="Worklist").click()
    page.get_by_role("radio", name=re.compile("To review")).click()
    page.wait_for_url(re.compile("view=to_review"))
    rest(page)
    page.locator("[class*=st-key-open_] button").first.click()
    expect(page.locator(".cs-finding").first).to_be_visible()
    claim, link = claim_shown(page), page.url
    press(page, "s")
    expect(page.get_by_role("button", name=re.compile("left"))).to_be_disabled()
    assert decide_all(page) >= 1
    sign(page)

    # and is refused the second signature
    page.goto(link)
    expect(page.get_by_role("button", name=re.compile("Approve"))).to_be_visible()
    sign(page, refused="our own review is for another person to judge")

    # another person may not approve an upheld error, but returns it
    other = signed_in(second, address, "doctor")
    other.goto(link)
    expect(other.locator(".cs-head h1").first).to_have_text(claim)
    sign(other, refused="n upheld error stands on the claim")
    press(other, "b")
    dialog = other.get_by_role("dialog")
    dialog.get_by_role("textbox").first.fill("Bill what the note supports")
    dialog.get_by_label("Your password again").fill(PASSWORD)
    dialog.get_by_label("Your password again").press("Tab")
    rest(other)
    dialog.get_by_role("button", name="Return for correction").click()
    expect(other.locator(".cs-head h1").filter(has_not_text=claim)).to_be_visible()

    # and it is locked for both
    for one in (page, other):
        one.goto(link)
        expect(one.get_by_text("The corrected claim comes as a new version")).to_be_visible()
        expect(one.get_by_role("button", name=re.compile("Agree|Approve|Sign as"))).to_have_count(0)
    assert noise == []


def test_keys_rest_while_typing_and_a_dismissal_is_undone(browser: Browser, address: str) -> None:
    page = signed_in(browser.new_context(), address, "reviewer")
    press(page, "Enter")
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


@pytest.mark.parametrize("username", ["reviewer", "second", "doctor", "manager", "administrator", "auditor"])
def test_every_page_of_every_role_opens(browser: Browser, address: str, username: str) -> None:
    page = signed_in(browser.new_context(), address, username)
    links = page.locator("[data-testid=stSidebarNav] a")
    for href in [links.nth(n).get_attribute("href") for n in range(links.count())]:
        page.goto(href or "")
        expect(
            page.get_by_test_id("stMain").locator("h1, h2, h3, .cs-head, [data-testid=stAlert]").first
        ).to_be_visible()
        expect(page.get_by_text("Something went wrong")).to_have_count(0)
        expect(page.get_by_text("This page is for")).to_have_count(0)

"""Keys pressed on a page of the app, once it can take them."""

from contextlib import suppress

from playwright.sync_api import Locator, Page, expect

SETTLED = '[data-test-connection-state="CONNECTED"][data-test-script-state="notRunning"]'
"""Streamlit's mark of a page that is connected and has run to its end."""
WAITING = '[data-testid="stSkeleton"]'
"""What stands in a widget's place until the browser has fetched its code, which it does after a load of the page."""
PATIENCE = 120_000
"""Milliseconds that a slow machine may take for what a person waits for."""
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"

expect.set_options(timeout=PATIENCE)


def rest(page: Page) -> None:
    """Wait until a key meets its button: the page has run, and the browser has drawn it and given its keys out."""
    page.locator(SETTLED).wait_for()
    page.locator(WAITING).first.wait_for(state="detached")
    page.evaluate(DRAWN)


def press(page: Page, key: str) -> None:
    rest(page)
    page.keyboard.press(key)


def press_until(page: Page, key: str, then: Locator) -> None:
    """Press a key until what it brings shows, as a person does whose first press was lost: on a busy machine the page
    may be given its keys later than it looks."""
    for _ in range(8):
        press(page, key)
        with suppress(AssertionError):
            expect(then.first).to_be_visible(timeout=PATIENCE / 8)
            return
    expect(then.first).to_be_visible()

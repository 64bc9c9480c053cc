"""25 claims reviewed and signed in a real browser by keyboard alone: `python -m benchmarks.review [CLAIMS]`.

Opens a demo clinic of its own, counts the keys, and times each decision twice: the server's run of the page (from the
key's message to the finished script, over the websocket) and what the person waits (from the key to the page at rest).
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, WebSocket, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from audit.access.demo import PASSWORD
from audit.demonstration import open_clinic
from tests.access_server import ROOT, serving
from tests.browser import find_chromium, launch_arguments

PATIENCE = 60_000


class Clock:
    """Times of the page's runs on the server, as its websocket tells them."""

    def __init__(self, page: Page) -> None:
        self.asked = 0.0
        self.runs: list[float] = []
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)

    def _sent(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes) and BackMsg.FromString(frame).WhichOneof("type") == "rerun_script":
            self.asked = time.perf_counter()

    def _received(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes) and ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished":
            self.runs.append(time.perf_counter() - self.asked)


class Reviewer:
    """One person who has only the keyboard."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page, self.keys, self.clock = page, 0, Clock(page)
        page.set_default_timeout(PATIENCE)
        page.goto(origin)
        page.get_by_label("Username").fill("reviewer")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Continue reviewing").wait_for()
        self.press("Enter", "Boolean(document.querySelector('.cs-head h1'))")

    def press(self, key: str, until: str) -> float:
        """Seconds from the key until the page shows it and rests."""
        rest = "document.querySelector('[data-test-script-state=\"notRunning\"]')"
        self.page.wait_for_function(f"() => Boolean({rest})")
        began, self.keys = time.perf_counter(), self.keys + 1
        self.page.keyboard.press(key)
        self.page.wait_for_function(f"() => ({until}) && Boolean({rest})")
        return time.perf_counter() - began

    @property
    def open_finding(self) -> str:
        found = self.page.locator(".cs-finding")
        return found.first.inner_text() if found.count() else ""

    @property
    def claim(self) -> str:
        return self.page.locator(".cs-head h1").inner_text()

    def review(self) -> list[tuple[float, float]]:
        """Agree with every finding and sign; (waited, server) seconds of each decision."""
        times, claim = [], self.claim
        while before := self.open_finding:
            runs = len(self.clock.runs)
            gone = f"(document.querySelector('.cs-finding')?.innerText ?? '') !== {before!r}"
            waited = self.press("a", gone)
            times.append((waited, sum(self.clock.runs[runs:])))
        self.sign(claim)
        return times

    def sign(self, claim: str) -> None:
        moved = f"document.querySelector('.cs-head h1')?.innerText !== {claim!r}"
        asks = "Boolean(document.querySelector('[role=dialog] input'))"
        self.press("s", f"{moved} || {asks}")
        if self.page.get_by_role("dialog").count():
            self.page.get_by_label("Your password again").focus()
            self.page.keyboard.type(PASSWORD)
            self.press("Enter", moved)


def main(claims: int = 25) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        url = open_clinic(Path(folder))
        with serving(ROOT, url, COUNTERSIGN_DEMO="1") as site:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=launch_arguments())
            one = Reviewer(browser.new_page(viewport={"width": 1440, "height": 900}), site.origin)
            one.keys, began = 0, time.perf_counter()
            times = [each for _ in range(claims) for each in one.review()]
            took = time.perf_counter() - began
            browser.close()
    waited, server = ([1000 * each[n] for each in times] for n in (0, 1))
    print(f"{claims} claims, {len(times)} decisions, {one.keys} keys and one password, {took:.0f} s")
    print(f"server: median {median(server):.0f} ms, longest {max(server):.0f} ms a decision")
    print(f"waited: median {median(waited):.0f} ms, longest {max(waited):.0f} ms a decision")


if __name__ == "__main__":
    main(*[int(each) for each in sys.argv[1:]])

"""25 claims reviewed and signed in a real browser by keyboard alone: `python -m benchmarks.review [CLAIMS [SECONDS]]`,
SECONDS being how long the person looks at each claim.

Opens a demo clinic of its own, counts the keys, and times each decision and each signature that opens the next claim:
the server's run of the page (from the key's message to the finished script, over the websocket), the processor time of
the server, and what the person waits (from the key to the page at rest).
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median

import psutil
from playwright.sync_api import Page, WebSocket, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from audit.access.demo import PASSWORD
from audit.demonstration import open_clinic
from tests.access_server import ROOT, serving
from tests.browser import find_chromium, launch_arguments

PATIENCE = 60_000
FINDING = "div.cs-finding"
"""The open finding; what the note lacks is a paragraph of the same look."""


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


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of one key."""

    server: float
    processor: float
    waited: float

    @staticmethod
    def told(what: str, costs: list[Cost]) -> str:
        columns = zip(("server", "processor", "waited"), zip(*map(astuple, costs), strict=True), strict=True)
        said = [f"{name} {median(values):.0f} (longest {max(values):.0f})" for name, values in columns]
        return f"{len(costs)} {what}, median ms: {', '.join(said)}"


class Reviewer:
    """One person who has only the keyboard."""

    def __init__(self, page: Page, origin: str, server: psutil.Process) -> None:
        self.page, self.keys, self.clock, self.server = page, 0, Clock(page), server
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
        found = self.page.locator(FINDING)
        return found.first.inner_text() if found.count() else ""

    @property
    def claim(self) -> str:
        return self.page.locator(".cs-head h1").inner_text()

    def costs(self, key: str, until: str) -> Cost:
        """Press a key and say what it cost, with all runs of the page that it brought about."""
        runs, spent = len(self.clock.runs), self.spent()
        waited = self.press(key, until)
        return Cost(1000 * sum(self.clock.runs[runs:]), 1000 * (self.spent() - spent), 1000 * waited)

    def spent(self) -> float:
        """Processor seconds of the server so far."""
        times = self.server.cpu_times()
        return float(times.user + times.system)

    def review(self, think: float = 0.0) -> tuple[list[Cost], Cost | None]:
        """Agree with every finding and sign: what each decision cost, and the signature (None with a password).
        `think`: seconds that the person looks at a claim before the first key."""
        decided, claim = [], self.claim
        self.page.wait_for_timeout(1000 * think)
        while before := self.open_finding:
            gone = f"(document.querySelector({FINDING!r})?.innerText ?? '') !== {before!r}"
            decided.append(self.costs("a", gone))
        return decided, self.sign(claim)

    def sign(self, claim: str) -> Cost | None:
        moved = f"document.querySelector('.cs-head h1')?.innerText !== {claim!r}"
        asks = "Boolean(document.querySelector('[role=dialog] input'))"
        cost = self.costs("s", f"{moved} || {asks}")
        if not self.page.get_by_role("dialog").count():
            return cost
        self.page.get_by_label("Your password again").focus()
        self.page.keyboard.type(PASSWORD)
        self.press("Enter", moved)
        return None


def main(claims: int = 25, think: float = 0.0) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        url = open_clinic(Path(folder))
        with serving(ROOT, url, COUNTERSIGN_DEMO="1") as site:
            server = next(one for one in psutil.Process().children() if "streamlit" in one.cmdline())
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=launch_arguments())
            one = Reviewer(browser.new_page(viewport={"width": 1440, "height": 900}), site.origin, server)
            one.keys, began = 0, time.perf_counter()
            done = [one.review(think) for _ in range(claims)]
            took = time.perf_counter() - began
            browser.close()
    decided = [cost for costs, _ in done for cost in costs]
    print(f"{claims} claims, {len(decided)} decisions, {one.keys} keys and one password, {took:.0f} s")
    print(Cost.told("decisions", decided))
    print(Cost.told("signatures that open the next claim", [cost for _, cost in done if cost]))


if __name__ == "__main__":
    main(*[int(each) for each in sys.argv[1:2]], *[float(each) for each in sys.argv[2:3]])

"""Many reviewers at once on a real server: `python -m benchmarks.storage_crowd ADDRESS [SESSIONS [ROUNDS [MOST]]]`.

ADDRESS is that of a database that `benchmarks.storage make` filled; decisions are written to it, so give a copy. Each
session opens the worklist and a claim of its own that waits for review, then ROUNDS times agrees with a finding and
goes on to the next claim, as people do by keyboard; between two steps a person looks for THINKS seconds at least and
MOST at most. Measured over the websocket, from a message to the end of the page's run.
"""

from __future__ import annotations

import random
import resource
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median, quantiles

import psutil
from sqlalchemy import Engine, select
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from audit.access import sessions
from audit.serving import THRIFTY
from audit.store import database, schema
from tests.access_server import ROOT, Browser, serving

SESSIONS, ROUNDS, THINKS, MOST = 50, 4, 2.0, 10


@dataclass
class Desk:
    """One session: its websocket, and the buttons of the page as it stands."""

    browser: Browser
    buttons: dict[str, str] = field(default_factory=dict)
    page: str = ""
    query: str = ""

    def __post_init__(self) -> None:
        self.line = self.browser.socket()

    def open(self, page: str, query: str = "") -> float:
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = page, query
        self.query = query
        return self._run(message)

    def press(self, label: str) -> float:
        message = BackMsg()
        message.rerun_script.page_script_hash, message.rerun_script.query_string = self.page, self.query
        message.rerun_script.widget_states.widgets.add(id=self.buttons[label], trigger_value=True)
        return self._run(message)

    def _run(self, message: BackMsg) -> float:
        """Seconds until the page is finished."""
        began = time.perf_counter()
        self.line.send(message.SerializeToString())
        self.buttons = {}
        while True:
            answer = ForwardMsg.FromString(self.line.recv(timeout=300))  # type: ignore[arg-type]
            kind = answer.WhichOneof("type")
            if kind == "navigation":
                self.page = answer.navigation.page_script_hash
            elif kind == "delta" and answer.delta.new_element.WhichOneof("type") == "button":
                button = answer.delta.new_element.button
                self.buttons[button.label] = button.id
            elif kind == "script_finished" and answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return time.perf_counter() - began


class Crowd:
    def __init__(self, engine: Engine, number: int) -> None:
        """Tokens of so many reviewers, and the claims that each works on."""
        accounts, shown = schema.accounts.c, schema.worklist.c
        with database.read(engine) as connection:
            people = select(accounts.id).where(accounts.role == "reviewer").order_by(accounts.id).limit(number)
            waiting = select(shown.claim_version_id).where(shown.state == "to_review", shown.undecided > 0)
            self.people = list(connection.execute(people).scalars())
            self.claims = list(connection.execute(waiting.order_by(shown.risk.desc())).scalars())
        self.tokens = [sessions.begin(engine, one, datetime.now(UTC)) for one in self.people]
        self.took: defaultdict[str, list[float]] = defaultdict(list)
        self.wrong: list[str] = []

    def work(self, place: int, port: int, rounds: int, most: float) -> None:
        chance = random.Random(place)  # noqa: S311
        claim = self.claims[place * len(self.claims) // len(self.people)]
        try:
            desk = Desk(Browser(port, self.tokens[place]))
            time.sleep(chance.uniform(0, most))
            self.took["first page"].append(desk.open(""))
            for step, act in (
                ("worklist", lambda: desk.open("worklist")),
                ("claim", lambda: desk.open("claim", f"claim={claim}")),
                *rounds * (("decision", lambda: desk.press("Agree")), ("next claim", lambda: desk.press("Next"))),
            ):
                if step == "decision" and "Agree" not in desk.buttons:
                    continue  # a claim that another decided on already, to be signed
                time.sleep(chance.uniform(THINKS, most))
                seconds = act()
                self.took[step].append(seconds)
        except Exception as error:
            self.wrong.append(f"session {place}: {type(error).__name__}: {error}")


def main(address: str, number: int = SESSIONS, rounds: int = ROUNDS, most: int = MOST) -> None:
    engine = database.connect(address)
    database.prepare(engine)
    crowd = Crowd(engine, number)
    with serving(ROOT, address, **THRIFTY) as browser:
        warm = Desk(Browser(browser.port, crowd.tokens[0]))  # a server that has served once
        print(f"the first page of a new server: {warm.open(''):.2f} s")
        server = psutil.Process().children()[0]
        before, spent = server.memory_info().rss // 2**20, sum(server.cpu_times()[:2])
        desks = [
            threading.Thread(target=crowd.work, args=(place, browser.port, rounds, most)) for place in range(number)
        ]
        began = time.perf_counter()
        for desk in desks:
            desk.start()
        most = before
        while any(desk.is_alive() for desk in desks):
            most = max(most, server.memory_info().rss // 2**20)
            time.sleep(0.5)
        cpu, wall = sum(server.cpu_times()[:2]) - spent, time.perf_counter() - began
    steps = sum(map(len, crowd.took.values()))
    own = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{number} sessions, {rounds} rounds in {wall:.0f} s; server {before} MB at first, {most} MB at most; "
        f"CPU {cpu:.0f} s, {cpu / steps:.2f} a step; the benchmark's own {own.ru_utime + own.ru_stime:.0f}"
    )
    print("| step | times | p50 s | p95 s | longest s |\n|---|---|---|---|---|")
    for step, took in crowd.took.items():
        late = quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
        print(f"| {step} | {len(took)} | {median(took):.2f} | {late:.2f} | {max(took):.2f} |")
    print("\n".join(crowd.wrong[:5]) or "no session failed")
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))

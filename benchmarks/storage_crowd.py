"""Many reviewers at once on a real server: `python -m benchmarks.storage_crowd ADDRESS [SESSIONS [ROUNDS]]`.

ADDRESS is that of a database that `benchmarks.storage make` filled; decisions are written to it, so give a copy. Each
session opens the worklist, then a claim of its own that waits for review, agrees with one finding, and again; between
two steps a person looks for THINKS seconds. Measured over the websocket, from a message to the end of the page's run.
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

SESSIONS, ROUNDS, THINKS = 50, 4, (2.0, 10.0)
AGREE = "Agree"


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
            if kind == "new_session":
                self.page = answer.new_session.page_script_hash
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

    def work(self, place: int, port: int, rounds: int) -> None:
        chance = random.Random(place)  # noqa: S311
        mine = iter(self.claims[place :: len(self.people)])
        try:
            desk = Desk(Browser(port, self.tokens[place]))
            time.sleep(chance.uniform(0, THINKS[1]))
            self.took["first page"].append(desk.open(""))
            for claim in [next(mine) for _ in range(rounds)]:
                for step, act in (
                    ("worklist", lambda: desk.open("worklist")),
                    ("claim", lambda claim=claim: desk.open("claim", f"claim={claim}")),
                    ("decision", lambda: desk.press(AGREE)),
                ):
                    time.sleep(chance.uniform(*THINKS))
                    self.took[step].append(act())
        except Exception as error:
            self.wrong.append(f"session {place}: {type(error).__name__}: {error}")


def main(address: str, number: int = SESSIONS, rounds: int = ROUNDS) -> None:
    engine = database.connect(address)
    database.prepare(engine)
    crowd = Crowd(engine, number)
    with serving(ROOT, address, **THRIFTY) as browser:
        warm = Desk(Browser(browser.port, crowd.tokens[0]))  # a server that has served once
        print(f"the first page of a new server: {warm.open(''):.2f} s")
        server = psutil.Process().children()[0]
        before, spent = server.memory_info().rss // 2**20, sum(server.cpu_times()[:2])
        desks = [threading.Thread(target=crowd.work, args=(place, browser.port, rounds)) for place in range(number)]
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

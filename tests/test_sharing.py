"""The tests are divided by piece with the pytest-xdist that is installed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.sharing import BROWSER, Pieces, piece_of, place

IDS = [
    "tests/test_access_browser.py::test_a",
    "tests/test_browser.py::test_b[manager]",
    *(f"tests/test_{name}.py::test_{n}[{kind}]" for name in ("x", "y", "z") for n in range(9)
      for kind in ("sqlite", "postgres")),
    "tests/test_rules.py::test_of_the_book",
    *(f"tests/test_rules.py::{test}[{code}{name}]" for code in ("MOD-04", "UNIT-01")
      for test, name in (("test_case", ": a case @ [x]"), ("test_case", ": another"), ("test_rule_is_whole", ""))),
]  # fmt: skip


class Process:
    """Stands for a worker: it keeps what it is sent."""

    shutting_down = False

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.gateway = SimpleNamespace(id="gw")

    def send_runtest_some(self, indices: list[int]) -> None:
        self.sent += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def test_no_piece_is_divided_among_processes():
    config: Any = SimpleNamespace(
        getvalue={"tx": ["popen", "popen"]}.get, option=SimpleNamespace(loadscopereorder=False)
    )
    processes: list[Any] = [Process(), Process()]
    scheduler = Pieces(config)
    for one in processes:
        scheduler.add_node(one)
        scheduler.add_node_collection(one, IDS)
    scheduler.schedule()
    done = dict.fromkeys(map(id, processes), 0)
    while any(len(one.sent) > done[id(one)] for one in processes):
        for one in processes:
            if len(one.sent) > done[id(one)]:
                scheduler.mark_test_complete(one, one.sent[done[id(one)]])
                done[id(one)] += 1
    ran = [[IDS[n] for n in one.sent] for one in processes]
    assert sorted(ran[0] + ran[1]) == sorted(IDS)
    assert not {*map(piece_of, ran[0])} & {*map(piece_of, ran[1])}
    assert len(ran[0]) > 3 < len(ran[1])


def test_the_browser_comes_first_and_single_rules_last():
    assert [piece_of(one) for one in IDS if place(one) == 0] == [BROWSER, BROWSER]
    assert {piece_of(one) for one in IDS if place(one) == 2} == {"MOD-04", "UNIT-01"}
    assert piece_of("tests/test_rules.py::test_of_the_book") == "tests/test_rules.py"

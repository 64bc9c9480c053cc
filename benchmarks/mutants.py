"""Whether the tests notice small faults: `python -m benchmarks.mutants [AREA ...]` prints the table of docs/quality.md.

Each fault of `benchmarks.mutations` is put into a process of its own, a fork of one that has already read all modules
and tests, and the tests that came through the changed function run there until one fails: first those that noticed most
of its other faults, then the quickest. A fault that no test notices has survived and is printed at once. Those that
change nothing anybody could see stand in `equivalent_mutants.csv` with the reason, and are counted apart. A test that
does not end is ended, and has noticed.

The cases of one rule are judged together and run together: what they share is made once a fault, not once a case.

Without PostgreSQL and without a browser. The faults come in random order (`--seed 1`): `--sample 0.2` takes a fifth of
them, `--seconds 600` as many of each area as ten minutes of processor time allow. An interrupt (Ctrl-C, SIGTERM) ends
with the figures so far.
"""

from __future__ import annotations

import argparse
import csv
import gc
import os
import pickle
import random
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import Phase, settings

from audit.facts.reference import Facts
from benchmarks.mutations import Mutation, mutations
from benchmarks.putting_in import ROOT, put_in, source_of
from tests.databases import FILLINGS
from tests.places import PATIENCE
from tests.sharing import RULE

EQUIVALENT = Path(__file__).with_name("equivalent_mutants.csv")
AREAS = {
    "units": (["units.py"], ["units", "units_by_hand"], ""),
    "evaluations": (["evaluations.py"], ["evaluations"], ""),
    "unit-rules": (["rules/units/*.py"], ["rules"], "UNIT-"),
    "evaluation-rules": (["rules/evaluations/*.py", "grains/evaluations.py"], ["rules"], "EVAL-"),
    "modifier-rules": (["rules/modifiers/*.py", "grains/pairs.py", "grains/separateness.py", "grains/telehealth.py"],
                       ["rules", "assistant_modifier", "fact_findings"], "MOD- or modifier or pair"),
    "note-rules": (["rules/notes/*.py", "grains/plans.py", "grains/authorizations.py"], ["rules", "rules_notes"],
                   "DOC- or notes"),
    "claim-rules": (["rules/claims/*.py", "grains/filing.py", "grains/diagnoses.py"],
                    ["rules", "rules_claims", "another_patient"], "FMT- or claims or another"),
    "days": (["grains/days.py", "grains/billed_services.py", "grains/documented.py", "grains/billed.py",
              "grains/treatment_days.py", "grains/supported.py", "grains/daily_limits.py", "grains/clock.py"],
             ["units_by_hand", "grains", "rules"], "UNIT- or DOC- or MOD-04 or MOD-05 or MOD-07 or hand or grains"),
    "money": (["money.py", "worth/*.py"], ["money", "worth", "worth_words"], ""),
    "sampling": (["sampling/*.py"], ["sampling", "sampling_plans", "sample_edges", "plans", "shared_methods"], ""),
    "estimates": (["estimates/*.py"],
                  ["estimates", "agreement", "projections", "ratios", "variation", "monitor", "shared_methods",
                   "hundreds", "distributions"], ""),
    "figures": (["figures/judging.py", "figures/results.py", "figures/accuracies.py", "figures/drawn_lines.py"],
                ["figures", "accuracies", "upheld", "differences", "history", "dossier"], ""),
    "sign-off": (["reviewing/sign_off.py", "store/seal.py"],
                 ["review", "review_stages", "seals", "staleness", "review_attacks", "undoing", "store_trail"], ""),
}  # fmt: skip
"""Area -> (modules of audit/, names of the test modules, which of their tests as `pytest -k` says it)."""
WITHOUT = ("cacheprovider", "faulthandler", "randomly")
OPTIONS = ["-s", "-q", "-n0", "-W", "ignore", "-m", "not postgres and not browser",
           *(part for plugin in WITHOUT for part in ("-p", f"no:{plugin}"))]  # fmt: skip
SLOWER, GRACE = 8, 15
"""A fault's tests may take so many times as long as without it, and so many seconds more."""
MEMORY_BYTES = 6 << 30
TOLD_EVERY = 20
"""Faults between two counts of how far it is."""
ENDS = (signal.SIGINT, signal.SIGTERM)
NOTICED, SURVIVED, UNREACHED, NOT_PUT_IN = "noticed", "survived", "unreached", "not put in"


@dataclass
class Watch:
    """By the place of its first test: which functions under test each piece came through, and how long it took."""

    seconds: dict[int, float] = field(default_factory=dict)
    through: dict[int, set[tuple[str, str]]] = field(default_factory=dict)


class Mutants:
    """A plugin of pytest that, in place of running the tests once, runs them for each fault."""

    def __init__(self, area: str, asked: argparse.Namespace) -> None:
        self.paths = sorted({path for one in AREAS[area][0] for path in (ROOT / "audit").glob(one)})
        self.asked, self.failed, self.stopped = asked, "", False
        self.running: dict[int, Mutation] = {}
        self.noticing: defaultdict[tuple[str, ...], Counter[int]] = defaultdict(Counter)
        """How often each piece has noticed a fault, of a function and of a module."""
        self.results: list[tuple[Mutation, str]] = []
        self.scratch = tempfile.mkdtemp(prefix="countersign-mutants-")

    def pytest_collection(self) -> None:
        """After conftest.py, before any test module is read: the same examples for every fault, none kept."""
        phases = [Phase.explicit, Phase.generate]
        settings.register_profile("mutants", deadline=None, derandomize=True, database=None, phases=phases)
        settings.load_profile("mutants")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or (report.nodeid if report.failed else "")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        gc.unfreeze()
        self.factory: Any = session.config._tmp_path_factory  # type: ignore[attr-defined]
        self.pieces = pieces(session.items)
        warm(session.items)
        watch, chosen = self._watched(), self._chosen()
        say(f"{len(session.items)} tests in {len(self.pieces)} pieces, {sum(watch.seconds.values()):.0f} s; "
            f"{len(chosen)} faults")  # fmt: skip
        for ends in ENDS:
            signal.signal(ends, self._stop)
        for mutation in chosen:
            if self.stopped or (self.asked.seconds and processor_seconds() > self.asked.seconds):
                break
            self._put_to(mutation, watch)
        while self.running:
            self._wait_for_one()
        say(f"{len(self.results)} of {len(chosen)} faults, {processor_seconds():.0f} s")
        shutil.rmtree(self.scratch, ignore_errors=True)
        return True

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        """The faults that are under way are left out, and no further one begins."""
        self.stopped = True
        for child in self.running:
            os.kill(child, signal.SIGKILL)

    def _chosen(self) -> list[Mutation]:
        every = [one for path in self.paths for one in mutations(source_of(path), str(path.relative_to(ROOT)))]
        return random.Random(self.asked.seed).sample(every, round(len(every) * self.asked.sample))  # noqa: S311

    def _put_to(self, mutation: Mutation, watch: Watch) -> None:
        """The tests that come through the fault, in a process of their own; waits while there are enough of those."""
        found = self._pieces_for(mutation, watch)
        if not found:
            self._note(mutation, UNREACHED)
            return
        if len(self.running) >= self.asked.jobs:
            self._wait_for_one()
        limit = int(SLOWER * sum(watch.seconds[one] for one in found)) + GRACE
        self.running[self._fork(mutation, found, limit)] = mutation

    def _watched(self) -> Watch:
        """All tests once, without a fault, in a process of their own."""
        kept, at = Path(self.scratch) / "watch", Path(self.scratch) / "watched"
        child = os.fork()
        if not child:
            self._quiet()
            watch = self._watch(at)
            kept.write_bytes(pickle.dumps((watch, self.failed)))
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if not kept.exists():
            why = f"has not ended after {PATIENCE} s" if status == -signal.SIGALRM else f"ended the process ({status})"
            raise pytest.UsageError(f"without any fault, {at.read_text()} {why}")
        watch, failed = pickle.loads(kept.read_bytes())  # noqa: S301  our own file
        if failed:
            raise pytest.UsageError(f"without any fault {failed} fails: mend it first")
        return watch  # type: ignore[no-any-return]

    def _watch(self, at: Path) -> Watch:
        """`at` names the test that it has come to, and is all that is left when that one does not end."""
        watch, ours = Watch(), {str(path) for path in self.paths}
        for n, items in enumerate(self.pieces):
            seen: set[tuple[str, str]] = set()

            def note(frame: FrameType, _event: str, _arg: object, seen: set[tuple[str, str]] = seen) -> None:
                if frame.f_code.co_filename in ours:
                    seen.add((frame.f_code.co_filename, frame.f_code.co_qualname.partition(".<locals>")[0]))

            forget()
            forget_kept_with_facts()
            before = time.process_time()
            threading.settrace(note)
            sys.settrace(note)
            for item, following in in_turn(items):
                at.write_text(item.nodeid)
                signal.alarm(PATIENCE)
                run(item, following)
            sys.settrace(None)
            signal.alarm(0)
            watch.seconds[n], watch.through[n] = time.process_time() - before, seen
        return watch

    def _pieces_for(self, mutation: Mutation, watch: Watch) -> list[int]:
        path = str(ROOT / mutation.path)
        wanted = [
            n for n, seen in watch.through.items()
            if ((path, mutation.function) in seen if mutation.function else any(file == path for file, _ in seen))
        ]  # fmt: skip
        of_function, of_module = (self.noticing[key] for key in _places(mutation))
        return sorted(wanted, key=lambda n: (-of_function[n], -of_module[n], watch.seconds[n]))

    def _fork(self, mutation: Mutation, chosen: list[int], limit: int) -> int:
        child = os.fork()
        if child:
            return child
        try:
            self._quiet()
            for one in (signal.SIGXCPU, *ENDS):
                signal.signal(one, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
            signal.alarm(limit * 10)
            if not put_in(mutation):
                os._exit(3)
            for piece in chosen:
                self._told_by(os.getpid()).write_text(str(piece))
                forget()
                for item, following in in_turn(self.pieces[piece]):
                    run(item, following)
                    if self.failed:
                        os._exit(1)
            os._exit(0)
        except BaseException:  # whatever it was, it would have been noticed
            os._exit(1)

    def _told_by(self, child: int) -> Path:
        """Where a process says which piece it has come to."""
        return Path(self.scratch) / f"piece-{child}"

    def _quiet(self) -> None:
        """Nothing said, and a folder of its own for files of tests."""
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(nothing, stream)
        self.factory._given_basetemp = Path(self.scratch) / f"of-{os.getpid()}"

    def _wait_for_one(self) -> None:
        child, status = os.wait()
        if child not in self.running:
            return
        mutation = self.running.pop(child)
        shutil.rmtree(Path(self.scratch) / f"of-{child}", ignore_errors=True)
        result = {0: SURVIVED, 3: NOT_PUT_IN}.get(os.waitstatus_to_exitcode(status), NOTICED)
        if result == NOTICED and self._told_by(child).exists():
            for key in _places(mutation):
                self.noticing[key][int(self._told_by(child).read_text())] += 1
        if not self.stopped:
            self._note(mutation, result)

    def _note(self, mutation: Mutation, result: str) -> None:
        self.results.append((mutation, result))
        if result != NOTICED and mutation.key not in equivalent():
            say(f"{result}: {mutation.path}:{mutation.line} {mutation.function}: {mutation.old} -> {mutation.new}"
                f"   | {mutation.text}")  # fmt: skip
        if len(self.results) % TOLD_EVERY == 0:
            noticed = sum(result == NOTICED for _, result in self.results)
            say(f"... {len(self.results)} faults, {noticed} noticed, {processor_seconds():.0f} s")


def _places(mutation: Mutation) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The function and the module that a fault is in."""
    return (mutation.path, mutation.function), (mutation.path,)


def pieces(items: list[pytest.Item]) -> list[list[pytest.Item]]:
    """Tests that run one after the other: those of one rule, which share its findings; every other one is alone."""
    found: dict[str, list[pytest.Item]] = {}
    for item in items:
        rule = RULE.search(item.nodeid)
        found.setdefault(rule[1] if rule else item.nodeid, []).append(item)
    return list(found.values())


def in_turn(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item]]:
    """Each test and the one after it: what a module holds is put away where the next one has no use for it. After the
    last comes the session, which has a use for what all modules share."""
    return zip_longest(items, items[1:], fillvalue=items[0].session)


def processor_seconds() -> float:
    """Of this process, and of those of its children that have ended."""
    return sum(os.times()[:4])


def run(item: pytest.Item, following: pytest.Item) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def forget() -> None:
    """What a test or a module keeps from an earlier test is made anew, so that each comes through what it rests on."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("audit", "tests") and not name.startswith("audit.facts"):
            for value in list(vars(module).values()):
                if getattr(value, "__module__", "") == name and callable(getattr(value, "cache_clear", None)):
                    value.cache_clear()


def forget_kept_with_facts() -> None:
    """Prices and tables of pairs, which the facts of the modules keep. A fork begins without them."""
    for one in gc.get_objects():
        if isinstance(one, Facts):
            one.derived.clear()


def warm(items: list[pytest.Item]) -> None:
    """Databases that tests begin with are made once, before any fault: one test of each kind is set up here. All of
    them: a fork that makes one finds the folder of an earlier fork in its way.

    None is run: typst, which writes the dossiers, has threads, and a fork would wait for ever for those it has not.
    """
    kinds = {}
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "originals" in names:
            kinds.setdefault((item.path, *sorted({one.name for one in FILLINGS if one.name in names})), item)
    option = items[0].config.option
    option.setuponly = True
    for item in kinds.values():
        run(item, item.session)
    option.setuponly = False


def equivalent() -> dict[tuple[str, ...], str]:
    """What names a fault -> why nobody could see it."""
    with EQUIVALENT.open(newline="", encoding="utf-8") as file:
        return {(row["path"], row["function"], row["line"], row["old"], row["new"]): row["why"]
                for row in csv.DictReader(file)}  # fmt: skip


def say(text: str) -> None:
    os.write(SAID, (text + "\n").encode())


def table(results: Iterable[tuple[Mutation, str]]) -> str:
    """Markdown, one row a module: faults, noticed, seen by nobody, survived."""
    known, counts = equivalent(), {}
    for mutation, result in results:
        quiet = result != NOTICED and mutation.key in known
        counts.setdefault(mutation.path, Counter())["equivalent" if quiet else result] += 1
    rows = ["| module | faults | noticed | equivalent | survived | noticed of the rest |", "|---|---|---|---|---|---|"]
    for path, count in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
        real = count.total() - count["equivalent"] - count[NOT_PUT_IN]
        share = f"{100 * count[NOTICED] / real:.1f} %" if real else ""
        rows.append(f"| {path} | {count.total()} | {count[NOTICED]} | {count['equivalent']} | "
                    f"{count[SURVIVED] + count[UNREACHED]} | {share} |")  # fmt: skip
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("areas", nargs="*", choices=[*AREAS, []], help="all, where none is named")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--sample", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0)
    asked = parser.parse_args()
    results: list[tuple[Mutation, str]] = []
    for area in asked.areas or AREAS:
        found, stopped = results_of(area, asked)
        results += found
        if stopped:
            break
    say(table(results))
    return int(any(result in (SURVIVED, UNREACHED) and one.key not in equivalent() for one, result in results))


def results_of(area: str, asked: argparse.Namespace) -> tuple[list[tuple[Mutation, str]], bool]:
    """The faults of an area and what came of them, from a process of its own: each reads its own tests. And whether
    that was told to end."""
    with tempfile.TemporaryDirectory() as folder:
        kept, child = Path(folder) / "results", os.fork()
        if not child:
            plugin = Mutants(area, asked)
            tests = [f"tests/test_{name}.py" for name in AREAS[area][1]]
            pytest.main([*OPTIONS, *(["-k", AREAS[area][2]] if AREAS[area][2] else []), *tests], plugins=[plugin])
            kept.write_bytes(pickle.dumps((plugin.results, plugin.stopped)))
            os._exit(0)
        for ends in ENDS:
            signal.signal(ends, lambda _signal, _frame: os.kill(child, signal.SIGTERM))
        os.waitpid(child, 0)
        return pickle.loads(kept.read_bytes()) if kept.exists() else ([], True)  # noqa: S301  our own file


SAID = os.dup(1)
if __name__ == "__main__":
    sys.exit(main())

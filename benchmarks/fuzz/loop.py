"""One reader fed with one mutation after another, in the process that runs this."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import CodeType, FrameType
from typing import Any

from audit.errors import CountersignError
from benchmarks.fuzz.mutations import mutated
from benchmarks.fuzz.readers import READERS
from benchmarks.memory import most_megabytes

AUDIT = str(Path(__file__).parents[2] / "audit")
SECONDS = 15.0
"""CPU seconds that one case may take: no seed takes more than one."""
MEGABYTES = 600
"""What one case may add to the memory that the process ever took."""
MOST_KEPT = 2_000
EVERY = 6
"""Of so many cases one is also checked, tied and written out."""
WATCHED = 4
"""Of so many cases the lines of one are watched, which makes it five times as slow."""


@dataclass(frozen=True)
class Failure:
    """`what`: the exception and where it came from, the same for every case of one fault."""

    reader: str
    what: str
    name: str
    content: bytes
    trace: str = ""


@dataclass
class Outcome:
    cases: int = 0
    refused: int = 0
    lines: int = 0
    slowest: float = 0.0
    failures: dict[str, Failure] = field(default_factory=dict)


class Lines:
    """Lines of `audit` that were reached, from one case to the next."""

    def __init__(self) -> None:
        self.seen: set[tuple[CodeType, int]] = set()
        self.fresh = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        self.fresh = False
        sys.settrace(self._entered)
        try:
            yield
        finally:
            sys.settrace(None)

    def _entered(self, frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(AUDIT):
            return None
        return self._at

    def _at(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            place = (frame.f_code, frame.f_lineno)
            if place not in self.seen:
                self.seen.add(place)
                self.fresh = True
        return self._at


def attempt(reader: str, path: Path, lines: Lines | None = None, *, whole: bool = True) -> tuple[bool, str, str]:
    """Whether the file was refused with a sentence; the fault when it was neither read nor refused, and its trace.

    `whole`: also do with it what comes after reading."""
    one = READERS[reader]
    try:
        with lines.watched() if lines else nullcontext():
            found = one.take(path)
        if whole:
            one.after(path, found)
    except CountersignError as error:
        said = str(error)
        sound = said == error.sentence() and said.endswith(".") and "\n" not in said and len(said) < 2_000
        return (True, "", "") if sound else (True, f"no sentence: {error.wrong[:80]!r}", said[:2_000])
    except (Exception, RecursionError, MemoryError) as error:
        where = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(AUDIT)]
        place = f"{where[-1].filename.removeprefix(AUDIT)[1:]}:{where[-1].name}" if where else "outside"
        return False, f"{type(error).__name__} at {place}", "".join(traceback.format_exception(error)[-8:])
    return False, "", ""


def run(
    reader: str,
    folder: Path,
    *,
    seed: int,
    seconds: float = 1e9,
    cases: int = 1 << 60,
    guided: bool = True,
    begin: Callable[[str, bytes], None] = lambda *_: None,
    failed: Callable[[Failure], None] = lambda _: None,
) -> Outcome:
    """Feed the reader until the CPU seconds or the cases are used up. `begin` is told each case before it is read."""
    chance, lines, outcome = Random(f"{reader} {seed}"), Lines(), Outcome()  # noqa: S311  no secret
    corpus = READERS[reader].seeds()
    until = time.process_time() + seconds
    queue = list(corpus) if guided else []
    while outcome.cases < cases and time.process_time() < until:
        name, content = queue.pop(0) if queue else _next(corpus, chance)
        path = folder / name
        path.write_bytes(content)
        begin(name, content)
        started, held = time.process_time(), most_megabytes()
        whole, watched = outcome.cases % EVERY == 0, guided and outcome.cases % WATCHED == 0
        refused, fault, trace = attempt(reader, path, lines if watched else None, whole=whole)
        took = time.process_time() - started
        outcome.cases += 1
        outcome.refused += refused
        outcome.slowest = max(outcome.slowest, took)
        if not fault and took > SECONDS:
            fault = f"slow: more than {SECONDS:.0f} s"
        if not fault and most_megabytes() - held > MEGABYTES:
            fault = f"large: more than {MEGABYTES} MB"
        if fault and fault not in outcome.failures:
            outcome.failures[fault] = Failure(reader, fault, name, content, trace)
            failed(outcome.failures[fault])
        if watched and lines.fresh and len(corpus) < MOST_KEPT and not fault:
            corpus.append((name, content))
        path.unlink()
    outcome.lines = len(lines.seen)
    return outcome


def _next(corpus: list[tuple[str, bytes]], chance: Random) -> tuple[str, bytes]:
    """Newly kept ones twice as often as those that were there from the start."""
    place = max(chance.randrange(len(corpus)), chance.randrange(len(corpus)))
    name, content = corpus[place]
    if chance.random() < 0.02:
        name = chance.choice(corpus)[0]
    return name, mutated(content, name, chance.choice(corpus)[1], chance)

"""A folder whose files are loaded, audited and reported as they arrive.

A file is taken when two looks find it alike. Files that are there together are loaded together: claims and their
notes are judged as one. What is read goes to `done/` with its report beside it, what cannot be read to `set-aside/`
with its reason. Ended at any moment, the next watch goes on where this one stopped: what is loaded is skipped, and
claims that no run has judged are judged then.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from audit import locks, temporary, watch_report, whole_files
from audit.auditing import running
from audit.errors import CountersignError, InputError, MappingNeeded, StateError, StoreError
from audit.intake import read
from audit.loading import arrivals, mappings
from audit.store import troubles
from audit.whole_files import write_whole

DONE, ASIDE = "done", "set-aside"
LOCK = ".countersign-watch.lock"
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart", ".partial")
MAP = "It needs a mapping: open the page Load, hand the file in there, and say what its columns are"
Say = Callable[[str], None]


def watch(
    engine: Engine,
    folder: Path,
    *,
    every: float,
    once: bool = False,
    say: Say = print,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Watch until interrupted, or take what is there and end. `say` gets lines without patient data.

    Raises InputError when there is no such folder, StateError when another watch has it.
    """
    if not folder.is_dir():
        raise InputError("there is no such folder", where=str(folder), do="Make it, or name another")
    with _alone(folder):
        temporary.sweep()
        for name in (DONE, ASIDE):
            (folder / name).mkdir(exist_ok=True)
            whole_files.sweep(folder / name)
        say(f"Watching {folder}.")
        seen, told = _looks(folder), ""
        while True:
            time.sleep(every)
            again = _looks(folder)
            ready = sorted(path for path, look in again.items() if seen.get(path) == look)
            if ready:
                told = _take_or_wait(engine, folder, ready, now(), say, once=once, told=told)
            if once:
                return
            seen = _looks(folder)


def _take_or_wait(
    engine: Engine, folder: Path, paths: Sequence[Path], at: datetime, say: Say, *, once: bool, told: str
) -> str:
    """`_take`; where the database or the disk cannot be used now, say so (once) and leave the files for the next look.
    Returns what was said."""
    try:
        _take(engine, folder, paths, at, say)
    except StoreError as error:
        if once:
            raise
        if error.sentence() != told:
            say(f"Waiting: {error.sentence()}")
        return error.sentence()
    return ""


def _looks(folder: Path) -> dict[Path, tuple[int, int]]:
    """Size and time of change of each file that may be taken; links and unfinished downloads are left alone."""
    found = {}
    for path in folder.iterdir():
        if path.name.startswith((".", "~")) or path.suffix.lower() in UNFINISHED or path.is_symlink():
            continue
        if path.is_file():
            state = path.stat()
            found[path] = (state.st_size, state.st_mtime_ns)
    return found


def _take(engine: Engine, folder: Path, paths: Sequence[Path], at: datetime, say: Say) -> None:
    """Load the files together; where that fails, set aside those that cannot be read and load the others."""
    try:
        arrival = arrivals.take_paths(engine, paths, account_id=None, at=at)
    except Exception as error:
        _raise_ours(error)
        bad = {path: why for path in paths if (why := _unreadable(engine, path))} or dict.fromkeys(paths, _why(error))
        for path, why in bad.items():
            _set_aside(folder, path, why, say)
        if rest := [path for path in paths if path not in bad]:
            _take(engine, folder, rest, at, say)
        return
    say(f"Loaded {', '.join(path.name for path in paths)}. {arrival.loaded.sentence()}")
    run_id = running.screen_new(engine, account_id=None, at=at)
    report = watch_report.report(engine, arrival, run_id, paths, at)
    for name, text in report.files.items():
        write_whole(folder / DONE / name, text)
    for path in paths:
        _move(path, folder / DONE)
    say(report.line)


def _unreadable(engine: Engine, path: Path) -> str:
    """Why a file cannot be read by itself, "" when it can."""
    try:
        read([path], mappings=mappings.saved(engine))
    except Exception as error:
        _raise_ours(error)
        return _why(error)
    return ""


def _raise_ours(error: Exception) -> None:
    """The trouble of the database or the disk is no fault of the files: they stay where they are."""
    if isinstance(error, OSError) and error.errno in troubles.OF_THE_DISK:
        raise troubles.of_file(error) from None
    if isinstance(error, SQLAlchemyError | StoreError):
        raise error


def _why(error: Exception) -> str:
    """In words that a person can act on; an exception nobody foresaw may hold data, so only its kind is said."""
    if isinstance(error, MappingNeeded):
        return f"{error.where}: {error.wrong}. {MAP}."
    if isinstance(error, CountersignError):
        return error.sentence()
    return f"The file cannot be read ({type(error).__name__}). Tell whoever looks after Countersign."


def _set_aside(folder: Path, path: Path, why: str, say: Say) -> None:
    moved = _move(path, folder / ASIDE)
    write_whole(moved.with_name(f"{moved.name}.reason.txt"), why + "\n")
    say(f"Set aside {path.name}: {why}")


def _move(path: Path, folder: Path) -> Path:
    """Into the folder, under another name where this one is taken."""
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem} ({number}){path.suffix}"
    os.replace(path, target)
    return target


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One watch a folder; the system lets go of the lock when the program ends, however it ends."""
    with (folder / LOCK).open("a+b") as file:
        if not locks.take(file):
            raise StateError("another watch has this folder", do="End that one, or watch another folder")
        yield

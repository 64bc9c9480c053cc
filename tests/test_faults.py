"""Two kills of the program at work, and that the search for what is wrong after them finds it.

The long trial is a command: `python -m benchmarks.faults --kills 200 --seed 1`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from audit.store import database
from benchmarks.faults.sound import wrong_after
from tests.access_server import ROOT
from tests.reviewing import load, visit
from tests.stored import on_sqlite

pytest_plugins = ["tests.databases", "tests.reviewing"]
STEPS = ("load", "decide")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("backups", "restored", "inbox/done"):
        (tmp_path / "work" / name).mkdir(parents=True)
    return tmp_path / "work"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the trial forks")
@on_sqlite
def test_after_each_of_a_couple_of_kills_nothing_is_lost_and_nothing_half_done(engine: Engine, claims) -> None:
    engine.dispose()
    words = ["--kills", "2", "--seed", "5", "--postgres", "0", "--database", str(engine.url)]
    steps = [word for step in STEPS for word in ("--step", step)]
    command = [sys.executable, "-m", "benchmarks.faults", *words, *steps]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 kills, seed 5, 0 wrong" in done.stdout


@on_sqlite
def test_what_was_confirmed_and_is_not_there_is_found(engine: Engine, claims, folder: Path) -> None:
    assert wrong_after(engine, folder, []) == []
    told = [
        {"load": 99},
        {"decisions": [7]},
        {"session": "x"},
        {"export": "0" * 64},
        {"backup": "a.zip"},
        {"watched": ["b"]},
    ]
    assert len(wrong_after(engine, folder, told)) == len(told)


TAMPERED = {
    "DELETE FROM claim_lines WHERE claim_version_id = 3": "load 2: 0 lines, told 1",
    "DELETE FROM events WHERE kind = 'load' AND subject = 'load 2'": "2 loads, 1 events",
    "UPDATE runs SET state = 'running' WHERE id = 1": "run 1 is running, and its event says otherwise",
    "DELETE FROM findings WHERE id = 1": "run 1: 2 claims",
}


@on_sqlite
def test_what_is_half_done_is_found(engine: Engine, claims, folder: Path) -> None:
    load(engine, visit("LATER", "2026-03-14", 2, 30))
    assert wrong_after(engine, folder, []) == []
    with database.write(engine) as connection:
        for name in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        for statement in TAMPERED:
            assert connection.execute(text(statement)).rowcount
    found = wrong_after(engine, folder, [])
    for sentence in TAMPERED.values():
        assert any(sentence in one for one in found), sentence

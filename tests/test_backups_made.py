"""Making a backup: whole or not at all, over nothing that is there; and the commands."""

from __future__ import annotations

import errno
import os
import sqlite3
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from audit import backups
from audit.backups import manifest as manifests
from audit.cli import main
from audit.errors import InputError, StateError, StoreError
from audit.store import database
from tests.backed_up import content
from tests.stored import NOW, add, count_rows, on_sqlite

pytest_plugins = ["tests.backed_up", "tests.databases", "tests.reviewing"]


def test_it_tells_how_far_it_is_and_ctrl_c_leaves_nothing_half_done(
    engine: Engine, backup: Path, facts: Path, tmp_path: Path
) -> None:
    heard: list[tuple[str, int, int]] = []
    target = database.connect(f"sqlite:///{tmp_path / 'target.db'}")
    made = backups.back_up(engine, tmp_path / "two.zip", facts, at=NOW, tell=lambda *said: heard.append(said))
    rows = [(done, total) for steps, done, total in heard if steps == "rows"]
    assert rows[-1] == (made.rows, made.rows)
    assert [done for done, _ in rows] == sorted(done for done, _ in rows)
    signatures = [(done, total) for steps, done, total in heard if steps == "signatures"]
    assert signatures == [(done, count_rows(engine)["signatures"]) for done in range(len(signatures))] != []

    def stop(steps: str, done: int, total: int) -> None:
        if steps == "signatures":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backups.back_up(engine, tmp_path / "three.zip", facts, at=NOW, tell=stop)
    with pytest.raises(KeyboardInterrupt):
        backups.restore(target, backup, facts, at=NOW, tell=stop)
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"one.zip", "two.zip", "target.db"}
    backups.restore(target, backup, facts, at=NOW)  # which it would refuse over data
    target.dispose()


def test_an_empty_database_is_no_backup(facts: Path, tmp_path: Path) -> None:
    empty = database.connect(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(InputError, match=r"there is nothing to back up\. Check COUNTERSIGN_DATABASE_URL"):
        backups.back_up(empty, tmp_path / "empty.zip", facts, at=NOW)
    assert not list(tmp_path.glob("*.zip*"))


@on_sqlite
def test_a_damaged_database_is_no_backup(engine: Engine, claims, facts: Path, tmp_path: Path) -> None:
    """The pages of one table are said to be those of an index; the rest can still be read."""
    with sqlite3.connect(str(engine.url.database)) as by_hand:
        by_hand.execute("PRAGMA writable_schema = ON")
        by_hand.execute("CREATE TABLE damage (a TEXT)")
        by_hand.execute("INSERT INTO damage VALUES ('x')")
        by_hand.execute("CREATE INDEX damaged ON damage (a)")
        page = by_hand.execute("SELECT rootpage FROM sqlite_master WHERE name = 'damaged'").fetchone()[0]
        by_hand.execute("UPDATE sqlite_master SET rootpage = ? WHERE name = 'damage'", (page,))
    by_hand.close()
    with pytest.raises(InputError, match=r"the database is damaged\. Restore it from the last backup"):
        backups.back_up(engine, tmp_path / "one.zip", facts, at=NOW)
    assert not list(tmp_path.glob("one.zip*"))


@on_sqlite
def test_an_interrupted_backup_leaves_no_file_that_looks_whole(
    engine: Engine, claims, facts: Path, tmp_path, monkeypatch
):
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("audit.backups.writing._facts", stop)
    with pytest.raises(KeyboardInterrupt):
        backups.back_up(engine, tmp_path / "one.zip", facts, at=NOW)
    assert not list(tmp_path.glob("*.zip*"))
    assert not list(tmp_path.glob(".*.part"))
    assert count_rows(engine)["events"] == len(content(engine)["events"])


@on_sqlite
def test_a_database_that_can_only_be_read_is_backed_up(
    engine: Engine, claims, facts: Path, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(database, "WAIT", 0.05)
    impatient = database.connect(str(engine.url))
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"one\.zip: this backup is whole, but the trail could not tell"):
        backups.back_up(impatient, tmp_path / "one.zip", facts, at=NOW)
    other.close()
    impatient.dispose()
    assert backups.try_out(tmp_path / "one.zip", NOW).events == count_rows(engine)["events"]


@on_sqlite
def test_a_full_disk_names_the_backup(engine: Engine, claims, facts: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(StoreError, match=r"one\.zip: the disk is full\. Make room on it"):
        backups.back_up(engine, tmp_path / "one.zip", facts, at=NOW)
    assert not list(tmp_path.glob("*one.zip*"))


@on_sqlite
def test_a_file_is_never_written_over(engine: Engine, backup: Path, facts: Path) -> None:
    with pytest.raises(StateError, match="there is a file of this name"):
        backups.back_up(engine, backup, facts, at=NOW)


@on_sqlite
def test_the_commands(engine: Engine, backup: Path, facts: Path, monkeypatch, capsys) -> None:
    tmp_path = facts.parent
    monkeypatch.setenv(database.VARIABLE, str(engine.url))
    monkeypatch.setenv("COUNTERSIGN_FACTS", str(facts))
    monkeypatch.setenv("COUNTERSIGN_OIDC_CLIENT_SECRET", "hush")
    monkeypatch.setenv("COUNTERSIGN_IDLE_MINUTES", "7")
    folder = tmp_path / "kept"
    folder.mkdir()
    for day in range(3):
        (folder / f"countersign-2026010{day}-000000.zip").write_bytes(b"old")
    (folder / "holiday.zip").write_bytes(b"not ours")
    assert main(["backup", str(folder), "--keep", "2"]) == 0
    left = sorted(path.name for path in folder.iterdir())
    assert left[:1] == ["countersign-20260102-000000.zip"]
    assert left[2:] == ["holiday.zip"]
    made = folder / left[1]
    assert made.stat().st_mode & 0o077 == 0
    with manifests.opened(made) as (file, manifest):
        assert "hush" not in str(manifest)
        assert not any(b"hush" in file.read(name) for name in file.namelist())
        assert manifest.settings == {"COUNTERSIGN_IDLE_MINUTES": "7"}
    assert main(["restore", str(made), "--try"]) == 0
    assert main(["restore", str(made)]) == 2
    monkeypatch.delenv("COUNTERSIGN_IDLE_MINUTES")
    capsys.readouterr()
    engine.dispose()
    assert main(["restore", str(made), "--replace"]) == 0
    out = capsys.readouterr().out
    assert "Set then, and not now: COUNTERSIGN_IDLE_MINUTES=7" in out
    assert "Retention" not in out
    assert main(["verify"]) == 0
    assert main(["backup", str(tmp_path / "nowhere" / "x.zip")]) == 2
    assert "Traceback" not in capsys.readouterr().err


@on_sqlite
def test_who_restores_what_is_older_than_a_retention_is_told(
    engine: Engine, backup: Path, facts: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setenv(database.VARIABLE, str(engine.url))
    monkeypatch.setenv("COUNTERSIGN_FACTS", str(facts))
    add(engine, "retentions", before_on=date(2019, 1, 1), at=NOW + timedelta(days=1))
    engine.dispose()
    assert main(["restore", str(backup), "--replace"]) == 0
    out = capsys.readouterr().out
    assert (
        "patients' values that it removed are here again. Run it again: countersign retention --before 2019-01-01"
        in out
    )


@on_sqlite
def test_a_backup_of_a_broken_chain_is_made_and_says_so(
    engine: Engine, claims, facts: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setenv(database.VARIABLE, str(engine.url))
    monkeypatch.setenv("COUNTERSIGN_FACTS", str(facts))
    with sqlite3.connect(str(engine.url.database)) as by_hand:
        for (name,) in by_hand.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'"):
            by_hand.execute(f"DROP TRIGGER {name}")
        by_hand.execute("UPDATE events SET subject = 'nothing' WHERE id = 1")
    by_hand.close()
    assert main(["backup", str(facts.parent / "one.zip")]) == 1
    said = capsys.readouterr()
    assert "one.zip: " in said.out
    assert "Event 1: " in said.err
    assert main(["verify"]) == 1


@pytest.mark.parametrize("keep", ["0", "some", "-1"])
def test_how_many_backups_to_keep_is_a_number(keep: str, tmp_path: Path, capsys) -> None:
    with pytest.raises(SystemExit):
        main(["backup", str(tmp_path), f"--keep={keep}"])
    assert "say how many to keep, 1 or more" in capsys.readouterr().err

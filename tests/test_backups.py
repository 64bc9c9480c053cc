"""A backup goes back whole, into either kind of database, or not at all."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import zipfile
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from audit import backups
from audit.errors import CountersignError, InputError, StateError, StoreError
from audit.store import database, guards, migrations, schema, verifying
from tests.backed_up import content
from tests.databases import ON_POSTGRES
from tests.stored import NOW, add, count_rows, on_sqlite

pytest_plugins = ["tests.backed_up", "tests.databases", "tests.reviewing"]


@pytest.mark.parametrize(
    ("address", "empty_address"),
    [("sqlite", ON_POSTGRES.values[0]), (ON_POSTGRES.values[0], "sqlite")],
    indirect=True,
)
@pytest.mark.postgres
def test_a_backup_goes_back_row_for_row_into_the_other_kind(
    engine: Engine, backup: Path, empty_address: str, tmp_path: Path
) -> None:
    other = database.connect(empty_address)
    done = backups.restore(other, backup, tmp_path / "new facts", at=NOW)
    was, now = content(engine), content(other)
    assert now.pop("events")[:-1] == was.pop("events")[:-1]  # both tell of their backup at the end
    assert now == was
    assert (done.aside, done.retentions) == ("", ())
    assert done.rows == sum(map(len, was.values())) + count_rows(engine)["events"] - 1
    assert count_rows(other)["sessions"] == 0
    with database.read(other) as connection:
        assert verifying.verify(connection).breaks == ()
        assert guards.missing(connection) == []
    assert (tmp_path / "new facts" / "0001" / "mue.csv").read_text().startswith("code")
    add(other, "accounts", username="the next number is free")
    other.dispose()


def test_data_is_never_written_over_unless_told(engine: Engine, backup: Path, facts: Path) -> None:
    add(engine, "accounts", username="since then")
    for days in (-1, 1):
        add(engine, "retentions", before_on=date(2019, 1, 15 + days), at=NOW + timedelta(days=days))
    before = content(engine)
    with pytest.raises(StateError, match=r"the database has data\. Name an empty one, or say --replace"):
        backups.restore(engine, backup, facts, at=NOW)
    assert content(engine) == before
    done = backups.restore(engine, backup, facts, at=NOW, replace=True)
    assert done.retentions == (date(2019, 1, 16),)  # the one that the backup is older than
    assert "since then" not in str(content(engine)["accounts"])
    assert "since then" in set_aside(engine, done.aside)


def set_aside(engine: Engine, aside: str) -> str:
    query = "SELECT username FROM accounts"
    if engine.dialect.name == "sqlite":
        return str(sqlite3.connect(aside).execute(query).fetchall())
    with database.read(engine) as connection:
        return str(
            connection.execute(text(query.replace("accounts", f"{aside.rsplit(maxsplit=1)[-1]}.accounts"))).all()
        )


@on_sqlite
def test_a_file_that_a_program_has_open_is_not_replaced(engine: Engine, backup: Path, facts: Path) -> None:
    other = sqlite3.connect(str(engine.url.database))
    other.execute("SELECT * FROM accounts").fetchone()
    with pytest.raises(StateError, match="another program has the database open"):
        backups.restore(engine, backup, facts, at=NOW, replace=True)
    other.close()
    assert "countersign.db.before" not in str(os.listdir(Path(str(engine.url.database)).parent))
    backups.restore(engine, backup, facts, at=NOW, replace=True)


@on_sqlite
def test_a_damaged_database_is_replaced_and_kept(engine: Engine, backup: Path, facts: Path, tmp_path: Path) -> None:
    engine.dispose()
    path = Path(str(engine.url.database))
    path.write_bytes(b"no database any more" * 5000)
    with pytest.raises(StoreError):
        backups.back_up(engine, tmp_path / "two.zip", facts, at=NOW)
    assert not (tmp_path / "two.zip").exists()
    done = backups.restore(engine, backup, facts, at=NOW, replace=True)
    assert Path(done.aside).read_bytes().startswith(b"no database")
    assert count_rows(engine)["signatures"] == 1
    assert done.retentions == ()  # nobody can tell


def rewritten(path: Path, change: Any) -> Path:
    """A copy of a backup of which `change(name, content)` gives each member's content; None leaves it out."""
    made = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            if (held := change(name, old.read(name))) is not None:
                new.writestr(name, held)
    return made


def told(name: str, **values: Any) -> Any:
    """A change of what the manifest says."""
    return lambda member, held: json.dumps(json.loads(held) | values) if member == name else held


def of_tables(change: Any) -> Any:
    """A change of what the manifest says of its tables."""

    def changed(member: str, held: bytes) -> bytes | str:
        if member != "manifest.json":
            return held
        told = json.loads(held)
        change(told["tables"])
        return json.dumps(told)

    return changed


BROKEN = {
    "a row altered": lambda name, held: held.replace(b"OVER", b"OVEN") if name == "tables/claims.jsonl" else held,
    "a table left out": lambda name, held: None if name == "tables/claims.jsonl" else held,
    "no manifest": lambda name, held: None if name == "manifest.json" else held,
    "a manifest of nothing": lambda name, held: "[]" if name == "manifest.json" else held,
    "another head": told("manifest.json", head="0" * 64),
    "a file outside": told("manifest.json", facts={"facts/../../x": "0"}),
    "a setting that is none of ours": told("manifest.json", settings={"PATH": "elsewhere"}),
    "a column of a kind that is none": of_tables(lambda tables: tables["claims"]["columns"].update(claim_id="blob")),
    "a column too few": of_tables(lambda tables: tables["claims"]["columns"].pop("claim_id")),
    "a row more than told": of_tables(lambda tables: tables["claims"].update(rows=tables["claims"]["rows"] - 1)),
}


@on_sqlite
def test_a_broken_backup_changes_nothing(engine: Engine, backup: Path, facts: Path, tmp_path: Path) -> None:
    target = database.connect(f"sqlite:///{tmp_path / 'target' / 'x.db'}")
    broken = [(name, rewritten(backup, change).read_bytes()) for name, change in BROKEN.items()]
    whole = backup.read_bytes()
    broken += [
        ("cut off", whole[: len(whole) // 2]),
        ("empty", b""),
        ("of zeros", bytes(500)),
        ("flipped", flip(whole)),
    ]
    for name, held in broken:
        (tmp_path / "broken.zip").write_bytes(held)
        with pytest.raises(InputError, match=r"this is no whole backup of Countersign\. Use another backup"):
            raise_named(name, lambda: backups.restore(target, tmp_path / "broken.zip", facts, at=NOW))
        assert [path.name for path in (tmp_path / "target").iterdir()] == ["x.db"], name
    assert count_tables(target) == 0


@on_sqlite
def test_facts_that_would_lie_outside_are_refused(engine: Engine, backup: Path, facts: Path, tmp_path: Path) -> None:
    changed = rewritten(backup, told("manifest.json", facts={"facts/../../x": sha256(b"x").hexdigest()}))
    with zipfile.ZipFile(changed) as old, zipfile.ZipFile(tmp_path / "outside.zip", "w") as new:
        for name in [one for one in old.namelist() if not one.startswith("facts/")]:
            new.writestr(name, old.read(name))
        new.writestr("facts/../../x", b"x")
    target = database.connect(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(InputError, match="this is no whole backup of Countersign"):
        backups.restore(target, tmp_path / "outside.zip", facts, at=NOW)
    assert not (tmp_path.parent / "x").exists()
    assert count_tables(target) == 0


def test_a_backup_that_is_not_there_is_said_so(facts: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.zip: there is no such file\. Check the path"):
        backups.try_out(tmp_path / "none.zip", NOW)


def test_a_database_of_another_program_is_left_alone(backup: Path, facts: Path, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "theirs.db") as theirs:
        theirs.execute("CREATE TABLE photos (name TEXT)")
    theirs.close()
    target = database.connect(f"sqlite:///{tmp_path / 'theirs.db'}")
    with pytest.raises(InputError, match=r"another program's tables\. Name an empty or a new database"):
        backups.restore(target, backup, facts, at=NOW, replace=True)
    with database.read(target) as connection:
        assert connection.execute(text("SELECT name FROM sqlite_master")).scalars().all() == ["photos"]


def flip(held: bytes) -> bytes:
    """One byte changed within the packed rows of a table; elsewhere it may be one that says nothing, such as a time."""
    with zipfile.ZipFile(io.BytesIO(held)) as file:
        one = file.getinfo("tables/claims.jsonl")
    names = int.from_bytes(held[one.header_offset + 26 : one.header_offset + 28], "little")
    more = int.from_bytes(held[one.header_offset + 28 : one.header_offset + 30], "little")
    middle = one.header_offset + 30 + names + more + one.compress_size // 2
    return held[:middle] + bytes([held[middle] ^ 255]) + held[middle + 1 :]


def raise_named(name: str, act: Any) -> None:
    try:
        act()
    except CountersignError:
        raise
    except Exception as error:
        raise AssertionError(f"{name}: {error!r}") from error


def count_tables(engine: Engine) -> int:
    with database.read(engine) as connection:
        return int(connection.execute(text("SELECT COUNT(*) FROM sqlite_master")).scalar_one())


@on_sqlite
def test_a_backup_of_a_newer_version_says_so(engine: Engine, backup: Path, facts: Path, tmp_path: Path) -> None:
    target = database.connect(f"sqlite:///{tmp_path / 'x.db'}")
    for change in (told("manifest.json", revision="9999"), told("manifest.json", format=2)):
        with pytest.raises(InputError, match="made by a newer version of Countersign"):
            backups.restore(target, rewritten(backup, change), facts, at=NOW)
    assert count_tables(target) == 0


def test_a_backup_of_an_older_version_is_restored_and_migrated(facts: Path, tmp_path: Path) -> None:
    old = database.connect(f"sqlite:///{tmp_path / 'old.db'}")
    with database.write(old) as connection:
        migrations.begin_at(connection, "0007")
        connection.execute(
            text("INSERT INTO loads (id, sha256, name, at, counts) VALUES (7, 'x', 'old', '2026-01-02', '{}')")
        )
    backups.back_up(old, tmp_path / "old.zip", facts, at=NOW)
    old.dispose()
    new = database.connect(f"sqlite:///{tmp_path / 'new.db'}")
    assert backups.restore(new, tmp_path / "old.zip", facts, at=NOW).manifest.revision == "0007"
    with database.read(new) as connection:
        assert migrations.is_current(connection)
        assert guards.missing(connection) == []
        assert connection.execute(select(schema.loads.c.name)).scalars().all() == ["old"]
        assert verifying.verify(connection).breaks == ()


@on_sqlite
def test_facts_that_differ_are_set_aside_only_when_told(
    engine: Engine, backup: Path, facts: Path, tmp_path: Path
) -> None:
    (facts / "0001" / "mue.csv").write_text("other")
    target = database.connect(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(StateError, match="the facts loaded here are others"):
        backups.restore(target, backup, facts, at=NOW)
    backups.restore(target, backup, facts, at=NOW, replace=True)
    assert (facts / "0001" / "mue.csv").read_text().startswith("code")
    [kept] = tmp_path.glob("facts.before-restore-*")
    assert (kept / "0001" / "mue.csv").read_text() == "other"

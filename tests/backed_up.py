"""A database with a review in it, its backup, and facts beside it: a plugin of the modules on backups."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from sqlalchemy import Engine

from audit import backups
from audit.store import database, dumping
from tests.databases import filled
from tests.reviewing import people_of, review_claim, versions
from tests.stored import NOW, add


def content(engine: Engine) -> dict[str, list[str]]:
    with database.read(engine) as connection:
        return {
            name: list(dumping.lines(connection, name, dumping.columns_of(connection, name)))
            for name in dumping.names(connection)
        }


def loaded_facts(folder: Path) -> Path:
    """One load of facts, as it lies beside the database."""
    load = folder / "facts" / "0001"
    load.mkdir(parents=True)
    (load / "load.json").write_text("{}")
    (load / "mue.csv").write_text("code,units\n97530,4\n")
    return load.parent


def reviewed_and_backed_up(engine: Engine) -> bytes:
    by = people_of(engine)["rita"]
    review_claim(engine, versions(engine)["OVER"], by)
    add(engine, "sessions", token_sha256="t" * 64, account_id=by)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return backups.back_up(engine, folder / "one.zip", loaded_facts(folder), at=NOW).path.read_bytes()


made = filled("made", reviewed_and_backed_up, on="claims")


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    return loaded_facts(tmp_path)


@pytest.fixture
def backup(made: bytes, tmp_path: Path) -> Path:
    """A backup of the database that the test has."""
    (tmp_path / "one.zip").write_bytes(made)
    return tmp_path / "one.zip"

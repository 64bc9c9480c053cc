"""What a backup says of itself, and whether all of it is there."""

from __future__ import annotations

import errno
import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from audit.errors import CountersignError, InputError
from audit.store.dumping import TYPES, Dumped
from audit.store.troubles import of_file

NAME = "manifest.json"
FORMAT = 1
_FACTS = re.compile(r"facts/\d{4}/[\w.-]+")
_SETTING = re.compile(r"COUNTERSIGN_[A-Z_]+")


@dataclass(frozen=True, slots=True)
class Manifest:
    """`revision`: of the tables; `head` and `events`: the end of the trail when it was made; `breaks`: what `verify`
    found wrong then; `facts`: name of each file of loaded facts -> its SHA-256; `settings`: without secrets."""

    format: int
    version: str
    revision: str
    made_at: str
    head: str
    events: int
    breaks: list[str]
    tables: dict[str, Dumped]
    facts: dict[str, str]
    settings: dict[str, str]

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=1)


def damaged(path: Path) -> InputError:
    return InputError("this is no whole backup of Countersign", where=str(path), do="Use another backup")


@contextmanager
def opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """A backup of which every part was read and is as the manifest says. Raises InputError when not."""
    try:
        with zipfile.ZipFile(path) as file:
            manifest = _manifest(file)
            _compare(file, manifest)
            yield file, manifest
    except CountersignError:
        raise
    except FileNotFoundError:
        raise InputError("there is no such file", where=str(path), do="Check the path") from None
    except OSError as error:  # EINVAL: the archive names a place before its beginning
        raise (damaged(path) if error.errno == errno.EINVAL else of_file(error)) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError, RuntimeError):
        raise damaged(path) from None


def _manifest(file: zipfile.ZipFile) -> Manifest:
    told = json.loads(file.read(NAME))
    if told["format"] != FORMAT:
        raise InputError(
            "this backup was made by a newer version of Countersign",
            where=str(file.filename),
            do="Install that version",
        )
    tables = {name: Dumped(**one) for name, one in told.pop("tables").items()}
    return Manifest(**told, tables=tables)


def _compare(file: zipfile.ZipFile, manifest: Manifest) -> None:
    wanted = {member(name): one.sha256 for name, one in manifest.tables.items()} | manifest.facts
    if sorted(file.namelist()) != sorted([*wanted, NAME]):
        raise ValueError("other members")
    if not all(_FACTS.fullmatch(name) for name in manifest.facts):
        raise ValueError("facts elsewhere")
    if not all(_SETTING.fullmatch(name) for name in manifest.settings):
        raise ValueError("no settings")
    if any(kind not in TYPES for one in manifest.tables.values() for kind in one.columns.values()):
        raise ValueError("unknown kind of column")
    for name, sha256 in wanted.items():
        with file.open(name) as content:
            digest = hashlib.sha256()
            for some in iter(partial(content.read, 2**20), b""):
                digest.update(some)
            if digest.hexdigest() != sha256:
                raise ValueError("altered")


def member(table: str) -> str:
    """Where the rows of a table stand in the file."""
    return f"tables/{table}.jsonl"

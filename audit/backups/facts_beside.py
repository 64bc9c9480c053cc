"""The loads of facts in a backup, put back into the folder where this installation keeps its own."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path

from audit.backups.manifest import Manifest
from audit.backups.replacing import stamp
from audit.errors import StateError


def put_back(file: zipfile.ZipFile, manifest: Manifest, folder: Path, at: datetime, *, replace: bool) -> None:
    """Add the loads that are missing. Raises StateError where a load of this number is another one, unless `replace`:
    then the folder is set aside first."""
    loads: dict[str, dict[str, bytes]] = {}
    for name in manifest.facts:
        _, number, part = name.split("/")
        loads.setdefault(number, {})[part] = file.read(name)
    if any(_other(folder / number, parts) for number, parts in loads.items()):
        if not replace:
            raise StateError(
                "the facts loaded here are others than those of the backup", where=str(folder), do="Say --replace"
            )
        folder.rename(folder.with_name(f"{folder.name}.before-restore-{stamp(at)}"))
    for number, parts in sorted(loads.items()):
        if not (folder / number).exists():
            _add(folder, number, parts)


def _other(load: Path, parts: dict[str, bytes]) -> bool:
    return load.exists() and {path.name: path.read_bytes() for path in load.iterdir()} != parts


def _add(folder: Path, number: str, parts: dict[str, bytes]) -> None:
    """Whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=folder))
    try:
        for part, content in parts.items():
            (making / part).write_bytes(content)
        making.rename(folder / number)
    finally:
        shutil.rmtree(making, ignore_errors=True)

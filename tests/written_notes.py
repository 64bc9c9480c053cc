"""The notes written to measure extraction by, as files of each kind, with what a person reads in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import docx
import typst
import yaml

from audit.extraction import Value

FOLDER = Path(__file__).with_name("files") / "notes"
SETS = {"held out": "held_out/expected.yaml", "settled": "expected.yaml", "retired": "retired/expected.yaml"}
BY = {"all": "minutes", "OT": "therapist_minutes", "OTA": "assistant_minutes", "both": "together_minutes"}
Told = set[tuple[str, str, str]]
"""(field, service, value); text in small letters, whatever its spaces."""


@dataclass(frozen=True, slots=True)
class Written:
    name: str
    text: str
    kind: str
    expected: Told

    def write(self, folder: Path) -> Path:
        """The note as the file that its kind says; lines with | become a table."""
        path = folder / f"{self.name}.{self.kind}"
        {"txt": _as_text, "docx": _as_word, "pdf": _as_pdf}[self.kind](self.text, path)
        return path


def notes(which: str) -> list[Written]:
    listed = FOLDER / SETS[which]
    written: dict[str, Any] = yaml.load(listed.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    return [
        Written(name, (listed.parent / f"{name}.txt").read_text(encoding="utf-8"), one.get("as", "txt"), _expected(one))
        for name, one in written.items()
    ]


def told(values: tuple[Value, ...] | list[Value]) -> Told:
    return {(one.field, one.service, _plain(one.value)) for one in values}


def _expected(one: dict[str, Any]) -> Told:
    found = {(field, "", _plain(value)) for field, value in one["note"].items()}
    for code, minutes in one["services"].items():
        found.add(("service", code, code.lower()))
        named = minutes if isinstance(minutes, dict) else {"all": minutes} if isinstance(minutes, str) else {}
        found |= {(BY[who], code, value) for who, value in named.items()}
    return found


def _plain(value: str) -> str:
    return ";".join(" ".join(part.casefold().split()) for part in value.split(";"))


def _as_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def _blocks(text: str) -> Iterator[tuple[bool, list[str]]]:
    """Lines together that are a table, or are none."""
    for table, lines in groupby(text.splitlines(), key=lambda line: line.count(" | ") > 0):
        yield table, list(lines)


def _as_word(text: str, path: Path) -> None:
    document = docx.Document()
    for table, lines in _blocks(text):
        if not table:
            for line in lines:
                bullet = line.startswith("- ")
                document.add_paragraph(line.removeprefix("- "), style="List Bullet" if bullet else None)
            continue
        cells = [line.split(" | ") for line in lines]
        made = document.add_table(len(cells), max(map(len, cells)))
        for row, given in zip(made.rows, cells, strict=True):
            for cell, words in zip(row.cells, given, strict=False):
                cell.text = words
    document.save(str(path))


def _as_pdf(text: str, path: Path) -> None:
    lines = [_typst(table, block) for table, block in _blocks(text)]
    source = path.with_suffix(".typ")
    source.write_text("#set page(margin: 2cm)\n#set text(size: 10pt)\n" + "\n".join(lines), encoding="utf-8")
    typst.compile(str(source), output=str(path))
    source.unlink()


def _typst(table: bool, lines: list[str]) -> str:
    if not table:
        return "\n".join(f"{_quoted(line)}\\" if line else "" for line in lines)
    cells = [line.split(" | ") for line in lines]
    width = max(map(len, cells))
    inside = ",".join(f"[{_quoted(cell)}]" for row in cells for cell in [*row, *[""] * (width - len(row))])
    return f"#table(columns: {width}, {inside})"


def _quoted(line: str) -> str:
    """Wide gaps stay wide."""
    return "#h(1cm)".join(
        f"#{chr(34)}{part.replace(chr(92), '').replace(chr(34), chr(92) * 1 + chr(34))}{chr(34)}"
        for part in line.split("     ")
        if part
    )

"""An X12 file as a stream of segments, every envelope and count checked on the way.

`pyx12` finds the delimiters, opens and closes the envelopes and counts. What it lets pass is checked here:
text after the last terminator, a segment outside its envelope, an interchange with other delimiters.
Its own messages quote the file, so they are never shown.
"""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from pyx12.errors import EngineError, X12Error, X12PathError
from pyx12.x12file import X12Reader

from audit.errors import InputError

BOM = b"\xef\xbb\xbf"
BLANK = " \t\r\n"
HEAD = 4096
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
AGAIN = "Export the file again, or ask its sender for the whole of it"
ENVELOPES_OPEN_AFTER = {"ISA": 1, "TA1": 1, "GS": 2, "ST": 3, "SE": 2, "GE": 1, "IEA": 0}
INSIDE_A_TRANSACTION = 3
HARMLESS = {("seg", "8"), ("seg", "SEG1")}  # an empty segment, separators left at the end of a segment
WRONG = {
    ("isa", "001"): "the number in IEA02 is not the interchange number in ISA13",
    ("isa", "021"): "IEA01 does not count the groups of the interchange",
    ("isa", "023"): "the interchange is not closed (IEA is missing): the file was cut off",
    ("isa", "024"): "the interchange is closed (IEA) before its group or transaction is",
    ("gs", "3"): "the group is not closed properly (GE before SE, or no GE)",
    ("gs", "4"): "the number in GE02 is not the group number in GS06",
    ("gs", "5"): "GE01 does not count the transactions of the group",
    ("st", "2"): "the transaction is not closed (SE is missing): the file was cut off",
    ("st", "3"): "the number in SE02 is not the transaction number in ST02",
    ("st", "4"): "SE01 does not count the segments of the transaction: some were lost or added",
    ("seg", "1"): "the segment has no valid identifier, or begins with a space",
    ("seg", "HL1"): "HL01 is not the next number in the hierarchy (1, 2, 3 ... in each transaction)",
    ("seg", "HL2"): "HL02 names a parent that is not open",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: `number` counts from 1 (the first ISA), `elements` are as sent, trimmed."""

    number: int
    id: str
    elements: list[str]
    separator: str

    def __getitem__(self, position: int) -> str:
        """Element by its X12 number, 1-based; "" when absent."""
        return self.elements[position - 1] if position <= len(self.elements) else ""

    def parts(self, position: int) -> list[str]:
        """The components of a composite element."""
        return [part.strip() for part in self[position].split(self.separator)]

    def part(self, position: int, component: int) -> str:
        """One component, both numbers 1-based: `part(1, 2)` is SV101-2; "" when absent."""
        parts = self.parts(position)
        return parts[component - 1] if component <= len(parts) else ""


def start_of_text(head: bytes) -> bytes:
    """The head of a file without its byte-order mark and leading blank lines."""
    return head.removeprefix(BOM).lstrip(BLANK.encode())


def segments(path: Path) -> Generator[Segment]:
    """Every segment of the file in order, in bounded memory.

    Raises InputError (file and segment number, never its content) when the file is not X12, is cut off, or
    any envelope or count in it is wrong; what was yielded before must then be thrown away.
    """
    try:
        with path.open("rb") as raw:
            envelopes = _Envelopes(raw, path.name)
            yield from envelopes.segments()
    except OSError as error:
        raise InputError(f"the file cannot be read ({error.strerror})", where=path.name) from None


class _Envelopes:
    def __init__(self, raw: BinaryIO, file: str) -> None:
        self.file, self.number = file, 0
        self.seen: set[tuple[tuple[str, str | None], ...]] = set()
        head = raw.read(HEAD)
        if not head:
            raise InputError("the file is empty", where=file, do=AGAIN)
        raw.seek(len(head) - len(start_of_text(head)))
        # latin-1 never fails and keeps one character for one byte; names are mended by `_text`
        self.stream = io.TextIOWrapper(raw, encoding="latin-1", newline="")
        self.reader = self._open()
        self.delimiters: tuple[str, str, str] = (
            self.reader.seg_term,
            self.reader.ele_term,
            self.reader.subele_term,
        )
        if len(set(self.delimiters)) < 3 or any(mark.isalnum() or mark == " " for mark in self.delimiters):
            raise self._not_x12()

    def _open(self) -> Any:
        try:
            return X12Reader(self.stream)
        except X12Error:
            raise self._not_x12() from None

    def _not_x12(self) -> InputError:
        return InputError(
            "the file does not begin with a sound ISA segment (106 characters, version 00401 or 00501)",
            where=self.file,
            do="Export the claims again as X12 837P, as plain text without added line breaks",
        )

    def segments(self) -> Iterator[Segment]:
        source = iter(self.reader)
        while (found := self._next(source)) is not None:
            self.number += 1
            self._refuse_errors()
            self._require_envelope(found.get_seg_id())
            self._spare_pyx12(found)
            yield self._checked(found)
        self._require_end()

    def _next(self, source: Iterator[Any]) -> Any:
        try:
            return next(source, None)
        except (X12Error, EngineError, X12PathError, IndexError):
            self.number += 1
            raise self._stop("the segment is broken or stands outside its envelope") from None

    def _refuse_errors(self) -> None:
        for kind, code, *_ in self.reader.pop_errors():
            if (kind, code) not in HARMLESS:
                raise self._stop(WRONG.get((kind, code), "an envelope or a count is wrong"))

    def _require_envelope(self, name: str) -> None:
        if len(self.reader.loops) != ENVELOPES_OPEN_AFTER.get(name, INSIDE_A_TRANSACTION):
            raise self._stop("the segment stands outside its envelope (ISA, GS, ST ... SE, GE, IEA)")
        if name in ("ISA", "GS", "ST"):
            envelope = tuple(self.reader.loops)
            if envelope in self.seen:
                raise self._stop("the number of this interchange, group or transaction was used before")
            self.seen.add(envelope)

    def _spare_pyx12(self, found: Any) -> None:
        """Empty the lists that pyx12 searches at every ST and HL, and never shortens within a group."""
        for numbers in (self.reader.isa_ids, self.reader.gs_ids, self.reader.st_ids):
            numbers.clear()
        if found.get_seg_id() == "HL" and not found.get_value("HL02"):
            del self.reader.hl_stack[:-1]  # a new top level: the one before it is no parent any more

    def _checked(self, found: Any) -> Segment:
        name, mark = found.get_seg_id(), self.delimiters[2]
        elements = [[part.value for part in element.elements] for element in found.elements]
        if name == "ISA" and elements[15] != [mark]:
            raise self._stop("this interchange uses other delimiters than the first", "Split the file in two")
        if name != "ISA" and CONTROL.search("".join(chain.from_iterable(elements))):
            raise self._stop("the segment holds a control character or a line break")
        return Segment(self.number, name, [_text(mark.join(parts)) for parts in elements], mark)

    def _require_end(self) -> None:
        rest = self.reader.raw.buffer
        while rest and not rest.strip(BLANK):
            rest = self.stream.read(HEAD)
        if rest:
            self.number += 1
            raise self._stop("the file ends within this segment, or the segment is empty or endless")
        self.reader.cleanup()
        self._refuse_errors()

    def _stop(self, wrong: str, do: str = AGAIN) -> InputError:
        return InputError(wrong, where=f"{self.file}, segment {self.number}", do=do)


def _text(sent: str) -> str:
    """The value trimmed; UTF-8 read as such where it is UTF-8, else as latin-1."""
    if sent.isascii():
        return sent.strip()
    try:
        return sent.encode("latin-1").decode("utf-8").strip()
    except UnicodeDecodeError:
        return sent.strip()

"""The frame: the claims a sample stands for, frozen and hashed."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import NamedTuple

from audit.errors import CountersignError, InputError

FLAGGED, UNFLAGGED = "flagged", "unflagged"
"""The strata of a frame by flag: claims with and without a finding of severity error or warning."""
CENT = Decimal("0.01")
CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""Line breaks and the like: Python versions quote them differently, so their frame has no one hash."""
SAVED_FRAME = "Use the frame's file as it was saved"


class FrameRow(NamedTuple):
    """One claim of the frame. `amount` is dollars and cents as text, "" when unknown; `excluded` is why the
    claim may not be drawn, "" when it may."""

    claim_id: str
    stratum: str
    amount: str
    excluded: str


@dataclass(frozen=True)
class Frame:
    """The claims a sample stands for, in byte order of their ids. Build it with `freeze`."""

    rows: tuple[FrameRow, ...]

    @cached_property
    def sha256(self) -> str:
        """Hex SHA-256 of the UTF-8 bytes of `to_csv()`."""
        return sha256(self.to_csv())

    @cached_property
    def eligible(self) -> dict[str, tuple[str, ...]]:
        """Stratum -> ids that may be drawn, both in byte order."""
        strata: dict[str, list[str]] = {}
        for row in self.rows:
            if not row.excluded:
                strata.setdefault(row.stratum, []).append(row.claim_id)
        return {stratum: tuple(strata[stratum]) for stratum in sorted(strata)}

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Stratum -> number of claims that may be drawn, in byte order."""
        return {stratum: len(ids) for stratum, ids in self.eligible.items()}

    @property
    def size(self) -> int:
        """Number of claims that may be drawn."""
        return sum(self.sizes.values())

    def to_csv(self) -> str:
        """Canonical CSV: header, LF, no BOM, RFC 4180 quotes only where needed. Write it with newline=""."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(FrameRow._fields)
        writer.writerows(self.rows)
        return text.getvalue()

    @staticmethod
    def from_csv(text: str) -> Frame:
        """The frame in `text`; a BOM, CRLF or another order of rows is forgiven, as the content is the same.

        Raises InputError when the text is no frame, CountersignError as `freeze` does.
        """
        try:
            lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))
        except csv.Error as error:
            raise InputError(f"the text is not CSV ({error})", where="frame", do=SAVED_FRAME) from error
        if not lines or tuple(lines[0]) != FrameRow._fields:
            wrong = f"the header is not {','.join(FrameRow._fields)}"
            raise InputError(wrong, where="frame, row 1", do=SAVED_FRAME)
        for number, line in enumerate(lines[1:], start=2):
            if len(line) != len(FrameRow._fields):
                wrong = f"{len(line)} columns instead of {len(FrameRow._fields)}"
                raise InputError(wrong, where=f"frame, row {number}", do=SAVED_FRAME)
        return freeze((a, b, c, d) for a, b, c, d in lines[1:])


class SavedFrame(Frame):
    """A frame as it was saved with this hash: its rows are read, and the hash worked out again, where they are asked
    for; its sizes are counted without them."""

    def __init__(self, sha256: str, text: Callable[[], str]) -> None:
        self.__dict__.update(_saved=sha256, _text=text)

    @cached_property
    def rows(self) -> tuple[FrameRow, ...]:
        return Frame.from_csv(self.__dict__["_text"]()).rows

    @cached_property
    def sizes(self) -> dict[str, int]:
        held = _sizes.get(self.__dict__["_saved"])
        if held is None:
            lines = csv.reader(io.StringIO(self.__dict__["_text"](), newline=""), strict=True)
            next(lines)
            counted = Counter(stratum for _, stratum, _, excluded in lines if not excluded)
            held = _sizes[self.__dict__["_saved"]] = {stratum: counted[stratum] for stratum in sorted(counted)}
        return dict(held)


_sizes: dict[str, dict[str, int]] = {}
"""By the hash of a saved frame, which never changes: one of 400,000 claims takes a second to read."""


def freeze(rows: Iterable[tuple[str, str, str | Decimal, str]]) -> Frame:
    """A frame from (claim_id, stratum, amount, excluded), in any order.

    Raises CountersignError for an id that is empty or there twice, a line break in a text, an amount that is
    not dollars and cents, or when no claim may be drawn. Rows are counted as in a file: the first is row 2.
    """
    checked = [_checked(number, *row) for number, row in enumerate(rows, start=2)]
    refuse_repeats([row.claim_id for row in checked], "the frame")
    frame = Frame(tuple(sorted(checked, key=lambda row: row.claim_id.encode())))
    if frame.size == 0:
        raise CountersignError("no claim of the frame may be drawn", do="Load claims, or exclude fewer of them")
    return frame


def _checked(number: int, claim_id: str, stratum: str, amount: str | Decimal, excluded: str) -> FrameRow:
    where = f"frame, row {number}"
    if not claim_id:
        raise CountersignError("the claim id is empty", where=where, do="Give every claim an id")
    if CONTROL.search(claim_id + stratum + excluded):
        wrong = "a text holds a line break or another control character"
        raise CountersignError(wrong, where=where, do="Take it out at the source")
    return FrameRow(claim_id, stratum, _dollars(amount, where), excluded)


def _dollars(amount: str | Decimal, where: str) -> str:
    """Dollars and cents as text, one way of writing for one amount; "" stays unknown."""
    if amount == "":
        return ""
    try:
        value = Decimal(amount)
        cents = value.quantize(CENT)
    except InvalidOperation:
        value = cents = Decimal("NaN")
    if value != cents:  # finer than a cent, or no number at all: NaN differs from itself
        wrong = "the amount is not a number of dollars and cents"
        raise CountersignError(wrong, where=where, do="Write it as 120.50, or leave it empty when unknown")
    return str(cents + 0)  # adding nothing turns -0.00 into 0.00


def refuse_repeats(claim_ids: list[str], place: str) -> None:
    repeated = sum(count > 1 for count in Counter(claim_ids).values())
    if repeated:
        is_there = "claim id is" if repeated == 1 else "claim ids are"
        wrong = f"{repeated:,} {is_there} in {place} more than once"
        raise CountersignError(wrong, do="List every claim once, whatever its number of lines")


def sha256(text: str) -> str:
    """Hex SHA-256 of the UTF-8 bytes of `text`."""
    return hashlib.sha256(text.encode()).hexdigest()

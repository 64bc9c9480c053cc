"""What can go wrong, in words a reviewer or an administrator can act on."""

from __future__ import annotations

from dataclasses import dataclass


class CountersignError(Exception):
    """Something a person can mend.

    `str()` is one line: "<where>: <what is wrong>. <what to do>." It never holds patient data.
    """

    def __init__(self, wrong: str, *, where: str = "", do: str = "") -> None:
        self.where, self.wrong, self.do = where, wrong.rstrip("."), do.rstrip(".")
        super().__init__(self.sentence())

    def sentence(self) -> str:
        start = f"{self.where}: " if self.where else ""
        end = f" {self.do}." if self.do else ""
        return one_line(f"{start}{self.wrong}.{end}")


class InputError(CountersignError):
    """A file cannot be read at all; nothing of it was taken. `where` names the file (and row, column)."""


class MappingNeeded(InputError):
    """The file is a table, but its columns are not ours: a mapping can read it."""


class NotUtf8(InputError):
    """The text of the file is in another encoding."""


class FactError(CountersignError):
    """A table in `data/` is missing, malformed, or holds two rows in force on one day."""


class AccessError(CountersignError):
    """The person may not do this: not signed in, wrong role, or not a different person."""


class StateError(CountersignError):
    """The step is not possible in the present state (a frozen plan, a signed claim, a stale page)."""


class StoreError(CountersignError):
    """The database or a file cannot be used: a full disk, a lost connection, no right to write. No fault of the data
    or of the person; `where` is for administrators."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that was not taken, and why. `row` counts as the user's program does: the header is row 1.

    `table` and `record_id` name the claim or note that the row is part of, where that could be read.
    """

    file: str
    row: int | None
    column: str
    value: str
    wrong: str
    do: str
    table: str = ""
    record_id: str = ""

    def sentence(self) -> str:
        row = f", row {self.row}" if self.row is not None else ""
        column = f", column {self.column}" if self.column else ""
        return one_line(f"{self.file}{row}{column}: {self.wrong.rstrip('.')}. {self.do.rstrip('.')}.")


def one_line(text: str) -> str:
    """Names of columns and files stand in sentences: whatever they hold, a line of a log or a terminal stays one."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)

"""The levels of an 837P laid over each other, and the claim lines that come of it.

Each level (billing provider, subscriber, dependant, claim, line) holds the columns it states. A line is all
levels together; what a deeper level states stands before what a higher one does.
"""

from __future__ import annotations

from enum import IntEnum

from audit.errors import Refusal
from audit.intake.x12_lines import AS_SENT, finished, refusal
from audit.model import CLAIMS

COLUMNS = (*CLAIMS.names, "source_file", "source_row", *AS_SENT)


class Level(IntEnum):
    """Where in the file we are. ASIDE: in a loop about another payer (2320), which says nothing of ours."""

    BILLING = 0
    SUBSCRIBER = 1
    PATIENT = 2
    CLAIM = 3
    LINE = 4
    ASIDE = 5


class Levels:
    """What is stated at each level now; `lines` and `refusals` of the whole file so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: list[dict[str, str]] = []
        self.refusals: list[Refusal] = []
        self.clear()

    def clear(self) -> None:
        """Forget every level: nothing carries over from one transaction to the next."""
        self.stated: list[dict[str, str]] = [{} for _ in range(Level.ASIDE)]
        self.at = Level.ASIDE
        self.entity = ""  # the party (NM101) or SVD that the segments after it belong to
        self.lines_in_claim = 0

    @property
    def here(self) -> dict[str, str]:
        """What the level we are at states; a dict to be thrown away when ASIDE."""
        return {} if self.at is Level.ASIDE else self.stated[self.at]

    def open(self, level: Level, segment: int) -> dict[str, str]:
        """Begin a level at this segment number: whatever was open there or deeper is finished."""
        self.finish_line()
        if level <= Level.CLAIM:
            self.finish_claim()
        for deeper in self.stated[level:]:
            deeper.clear()
        self.at, self.entity = level, ""
        self.here["source_row"] = str(segment)
        return self.here

    def finish_line(self) -> None:
        """Take or refuse the line that is open, if one is."""
        if not self.stated[Level.LINE]:
            return
        line = dict.fromkeys(COLUMNS, "") | {"source_file": self.file}
        for stated in self.stated:
            line.update(stated)
        self.stated[Level.LINE].clear()
        result = finished(line)
        if isinstance(result, Refusal):
            self.refusals.append(result)
        else:
            self.lines.append(result)

    def finish_claim(self) -> None:
        """Refuse the claim that is open if it had no line."""
        claim = self.stated[Level.CLAIM]
        if claim and not self.lines_in_claim:
            wrong, do = "the claim has no service line", "Bill at least one service (LX and SV1)"
            self.refusals.append(refusal(claim | {"source_file": self.file}, "line_number", "", wrong, do))
        claim.clear()
        self.lines_in_claim = 0

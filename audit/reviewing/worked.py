"""A worked example in plain words, the same on screen and on paper: the day's sum, the lines as billed and as they
should read."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from difflib import SequenceMatcher
from typing import Any

import pandas as pd

from audit.reviewing.evidence import Evidence
from audit.reviewing.proposal import BilledLine, billed, should_read

METHODS = {"total": "total minutes", "midpoint": "midpoints", "unknown": "a method nobody has told yet"}
Row = Mapping[Hashable, Any]
Pair = tuple[BilledLine | None, BilledLine | None]


def pooled_in_words(day: Row) -> str:
    """The sum of a day (a row of `Evidence.days`): minutes, units they make, units billed, and the method."""
    counts = f"This payer counts by {METHODS[day['method']]}."
    if pd.isna(day["minutes_high"]):
        return f"Units billed on this day: {day['units']}. The pooled minutes are not known. {counts}"
    over = int(day["units"]) - int(day["supported_high"])
    verdict = f"{over} over" if over > 0 else f"{-over} fewer than supported" if over < 0 else "as supported"
    minutes, units = int(day["minutes_high"]), int(day["supported_high"])
    table_row = f" ({15 * units - 7}–{15 * units + 7})" if units else " (under 8)"
    pooled = f"{minutes} min pooled = {units} unit{'' if units == 1 else 's'}{table_row} · {day['units']} billed"
    if day["method"] == "midpoint":
        return f"{pooled}. This payer does not pool: it counts each service alone, by midpoints."
    return f"{pooled} · {verdict}. {counts}"


def proposal(evidence: Evidence, finding: Row) -> list[BilledLine] | None:
    """The lines as they should read by this finding; None where that is for a person to say."""
    lines = billed(evidence.lines)
    methods = dict(zip(evidence.days["day"], evidence.days["method"], strict=True))
    services = evidence.services.assign(method=evidence.services["day"].map(methods))
    if evidence.other_claims and str(finding["rule"]).startswith("UNIT"):
        return None
    read = should_read(lines, {str(name): value for name, value in finding.items()}, services)
    return None if read == lines else read


def side_by_side(before: list[BilledLine], after: list[BilledLine]) -> list[Pair]:
    """Both versions, one row a line; None stands for a line put in or taken off."""
    rows: list[Pair] = []
    for _, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = before[a:b], after[c:d]
        rows += [(old[n] if n < len(old) else None, new[n] if n < len(new) else None) for n in range(max(b - a, d - c))]
    return rows


def line_in_words(line: BilledLine | None) -> str:
    """ "97530 GO × 2", or that it is not billed."""
    return " ".join([line.code, *line.modifiers, f"× {line.units}"]) if line else "not billed"

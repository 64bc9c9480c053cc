"""Which way a finding points: billed too much, too little, or neither."""

from __future__ import annotations

from audit.evaluations import LEVEL_NAMES
from audit.worth.changes import parts

OVER, UNDER, NEITHER = "over", "under", ""
WORDS = {OVER: "billed too much", UNDER: "billed too little", NEITHER: "documentation or coding"}


def direction(change: str) -> str:
    """OVER, UNDER or NEITHER for a change in the words of `audit.worth` ("97530 -1; 97110 +1").

    Units count first. Where as many come as go, an evaluation points to the side of its level, then CO: put on, the
    service was paid in full; taken off, it was paid too little.
    """
    told = list(parts(change)) if change else []
    units = sum(number for _, co, number in told if not co)
    if units:
        return UNDER if units > 0 else OVER
    levels = sum(list(LEVEL_NAMES).index(code) * number for code, co, number in told if not co and code in LEVEL_NAMES)
    if levels:
        return UNDER if levels > 0 else OVER
    with_co = sum(number for _, co, number in told if co)
    return (OVER if with_co > 0 else UNDER) if with_co else NEITHER

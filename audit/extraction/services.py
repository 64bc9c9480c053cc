"""Where a text names a service: by its code, or by a name that means one code only (`services.yaml`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_CODE = re.compile(
    r"(?<![\w.,$#-])(?:97\d{3}|9611[023]|96125|9585[12]|95992|92526|92610|290[0-9]{2}|29[12]\d{2}|9090[1]|9891[0-9]|9897\d|9898\d"
    r"|G0283|G0281|G0329|G0515|G225[01])(?![\w.]?\d)(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """`written`: the code itself stands in the text."""

    start: int
    end: int
    code: str
    written: bool


@cache
def _names() -> list[tuple[str, re.Pattern[str]]]:
    told = yaml.safe_load(Path(__file__).with_name("services.yaml").read_text(encoding="utf-8"))
    found = []
    for part, flags in (("names", re.IGNORECASE), ("capitals", 0)):
        for code, names in told[part].items():
            edge = r"\w" if part == "names" else r"[\w-]"  # TE-90 is a number of a record
            found.append((code, re.compile(rf"(?<!{edge})(?:{'|'.join(names)})(?!{edge})", flags)))
    return found


def mentions(text: str, start: int, end: int) -> list[Mention]:
    """The services named between `start` and `end`, the longest name where two overlap."""
    found = [Mention(*m.span(), m[0], True) for m in _CODE.finditer(text, start, end)]
    for code, pattern in _names():
        found += [Mention(*m.span(), code, False) for m in pattern.finditer(text, start, end)]
    kept: list[Mention] = []
    for one in sorted(found, key=lambda m: (m.start, -m.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
        elif one.end - one.start > kept[-1].end - kept[-1].start:
            kept[-1] = one
    return kept

"""The claim's lines as billed and as they should read, what changes marked in both."""

from __future__ import annotations

from difflib import SequenceMatcher

from audit.reviewing.evidence import Evidence
from audit.reviewing.proposal import BilledLine, billed, should_read
from pages.parts.claim_units import Row
from pages.parts.markup import Markup, element, table


def proposal(evidence: Evidence, finding: Row) -> list[BilledLine] | None:
    """The lines as they should read by this finding; None where that is for a person to say."""
    lines = billed(evidence.lines)
    methods = dict(zip(evidence.days["day"], evidence.days["method"], strict=True))
    services = evidence.services.assign(method=evidence.services["day"].map(methods))
    if evidence.other_claims and str(finding["rule"]).startswith("UNIT"):
        return None
    read = should_read(lines, {str(name): value for name, value in finding.items()}, services)
    return None if read == lines else read


def as_it_should_read(before: list[BilledLine], after: list[BilledLine]) -> Markup:
    """Both versions side by side, one row a line; words alone tell a line taken off or put in."""
    rows: list[list[str]] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            rows += [[_words(line), _words(line)] for line in before[a:b]]
            continue
        old, new = before[a:b], after[c:d]
        for n in range(max(len(old), len(new))):
            was, now = (lines[n] if n < len(lines) else None for lines in (old, new))
            rows.append([_words(was, now, "del", "not billed"), _words(now, was, "ins", "not billed")])
    return table(["as billed", "as it should read"], rows, caption="The claim's lines")


def _words(line: BilledLine | None, other: BilledLine | None = None, tag: str = "", none: str = "") -> str:
    if line is None:
        return element("span", none, name="cs-quiet")
    said = [line.code, *line.modifiers, f"× {line.units}"]
    if not tag:
        return " ".join(said)
    kept = [other.code, *other.modifiers, f"× {other.units}"] if other else []
    pieces = [element(tag, word) if word not in kept else element("span", word) for word in said]
    return element("span", *[piece for word in pieces for piece in (word, " ")], name="cs-whole")

"""A note in its sections and sentences: which of them tell what was done, and which look ahead or back."""
# ruff: noqa: E501  (a pattern is read in one line)

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from audit.extraction.services import mentions

Kind = Literal["done", "told", "elsewhere"]
"""What was done; what was told or found (by the patient, in the evaluation); what is neither: plans, goals, the home
programme, the level before, an earlier visit."""

_ELSEWHERE = r"""(?:treatment |discharge |therapy |care |ot )?plan(?:ning)?(?: of (?:care|treatment))?(?: for (?:next|the next|today's next) \w+)?
|plan (?:for )?next \w+|p|poc|next (?:visit|session|appointment|time|week)|(?:short|long)[- ]term goals?|stgs?|ltgs?
|(?:\w+ )?goals?(?: \(?(?:met|progress|status|for \w+|this \w+|in \w+)\)?)?|recommendations?|recs?|frequency(?: ?(?:/|and|&) ?duration)?
|duration|(?:home|carry-?over) (?:exercise |activity )?(?:program(?:me)?|plan|practice)|hep|homework|home carry-?over|carry-?over
|prior level(?: of function(?:ing)?)?|plof|previous level of function(?:ing)?|(?:history of )?present illness|hpi
|(?:last|previous|prior) (?:visit|session|treatment|note|therapy)|instructions?|anticipated [^:|\n]{1,30}|precautions?
|orders?|physician orders?|expected outcomes?|to do|follow[- ]?up"""
_TOLD = r"""subjective|s|assessment|a|(?:past |relevant )?(?:medical |occupational |social )?history|pmh|occupational profile
|(?:chief )?complaints?|pain|response(?: to treatment)?|clinical impression|impression|analysis(?: of \w+ \w+)?|rehab potential|co-?morbidit(?:y|ies)
|(?:occupational )?(?:performance )?deficits?(?: identified| found)?|(?:clinical )?decision[- ]making|summary of findings|findings|complexity
|functional status|current level(?: of function)?|parent report|caregiver report|progress(?: toward goals)?|reason for referral"""
_DONE = r"""objective|o|d|data|interventions?[^:|\n]{0,25}|(?:today['’]s )?treatments?(?: (?:provided|rendered|performed|today|given|log|details?|summary))?
|today['’]?s (?:session|visit|treatment)|skilled [^:|\n]{1,40}|services?(?: (?:provided|rendered|performed|delivered|log))?|procedures?|activities
|modalit(?:y|ies)|billing[^:|\n]{0,25}|charges?|cpt[^:|\n]{0,25}|codes?|time[^:|\n]{0,25}|minutes[^:|\n]{0,25}|total[^:|\n]{0,35}|timed[^:|\n]{0,30}
|untimed[^:|\n]{0,30}|treatment (?:time|minutes)[^:|\n]{0,25}|session[^:|\n]{0,25}|visit[^:|\n]{0,25}|start(?:ed)?[^:|\n]{0,12}|(?:e-?|electronic(?:ally)? |therapist )?sign(?:ed|ature)[^:|\n]{0,25}
|(?:treating )?therapist[^:|\n]{0,20}|clinician|provider|narrative|note|log|documentation|attestation|co-?sign[^:|\n]{0,20}|evaluation (?:time|code|minutes)"""

_AHEAD = re.compile(
    r"\bnext (?:visit|session|time|treatment|appointment|week|few)\b|\b(?:short|long)[- ]term goals?\b|\bgoal (?:is|of|for)\b|\bgoals?:"
    r"|\bplan(?:s|ned|ning)? (?:to|for|is)\b|(?-i:\bwill\b(?! [A-Z]))|\brecommend\w*|\b(?:last|previous|prior) (?:visit|session|time|week|treatment|note)\b"
    r"|\bprior level\b|\bpreviously\b|\bbefore (?:the|his|her|their) (?:injury|stroke|surgery|accident|fall)\b|\byesterday\b"
    r"|\btomorrow\b|\b(?:in order )?to (?:be able to )?tolerate\b|\bscheduled for\b|\bshould\b|\bexpected to\b|\b(?:x|times?) ?(?:a|per|/) ?(?:day|week|wk)\b",
    re.IGNORECASE,
)
_FROM_HERE = re.compile(
    r"\b(?:continue(?: with)?|at home|home (?:exercise )?program(?:me)?|HEP|homework|instructed (?:to|in)|advised to|encouraged to|asked to)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"^\W{0,3}(?:\[ ?\]|☐)|\bnot (?:performed|done|completed|provided|billed|given|attempted|tolerated|addressed|indicated|furnished|charged|started|reached)\b"
    r"|\bdeferred\b|\bwithheld\b|\bdeclined\b|\brefus(?:ed|al)\b|\bomitted\b|\bcancel?led\b|\bon hold\b|\bheld (?:today|due|because|secondary)\b|\bskipped\b"
    r"|\bunable to (?:complete|perform|tolerate|participate)\b|\bwas not\b|\bwere not\b|\bdid not (?:use|do|give|apply|provide|perform|receive|complete|tolerate|have time for)\b|\bN/?A\b"
    r"|^\W*no \w+|\bno (?:manual|therapeutic|neuro\w*|ther\w*|modalit\w+|exercise|ultrasound|charge)\b|\bminutes lost\b|\bcontraindicated\b",
    re.IGNORECASE,
)
_END = re.compile(
    r"(?<=[.;!?])(?<!\.\.)(?<!approx\.)(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bMrs\.)(?<!\bvs\.)(?<!\bno\.)(?<!\bSt\.)\s+(?=[A-Z0-9(\"“])|;\s+"
)
_NUMBER = re.compile(r"\W*\d{1,2}\.\s+")
_TICK = re.compile(r"\[ ?[xX✓✔] ?\]|[☑☒✓✔]")
_EMPTY_BOX = re.compile(r"(?:\[ ?\]|☐)[ \t]*[^\[\]☐☑☒\n|]{1,40}")
_CLAUSE = re.compile(r"[,;|]|\bbut\b")
WIDE = 60
"""A line at least this long may go on in the next one."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence or a line of its own, from `start` to `end`. `negated`: it says that something was not done."""

    start: int
    end: int
    kind: Kind
    negated: bool = False


@cache
def _headings() -> re.Pattern[str]:
    names = "|".join(f"(?P<{kind}>{'|'.join(lines.split(chr(10) + '|'))})"
                     for kind, lines in (("elsewhere", _ELSEWHERE), ("told", _TOLD), ("done", _DONE)))  # fmt: skip
    begin = r"(?:^[ \t]*(?:[-*•#>|]+[ \t]*|\d[.)][ \t]*|\*\*)?|(?<=[.;!?|] )|(?<=[.;!?]  ))"
    return re.compile(
        rf"{begin}(?:{names})(?:\*\*)?(?=[ \t]*(?:\([^)\n]{{1,30}}\)[ \t]*)?(?::|=|[-–—][ \t]|[ \t]*\|)|[ \t]*$|/[A-Z]:)",
        re.IGNORECASE | re.MULTILINE,
    )


def joined(text: str) -> str:
    """The text, of the same length, with a space for each line end at which a sentence goes on in the next line."""
    pieces = [text[a:b] for a, b in _lines(text, 0, len(text))]
    return "".join(piece[:-1].replace("\n", " ") + piece[-1:] for piece in pieces)


def ticked(text: str) -> str:
    """The text, of the same length: of boxes to tick in one line only what is ticked is left."""
    lines = [_untick(line) if _TICK.search(line) else line for line in text.splitlines(keepends=True)]
    return "".join(lines)


def _untick(line: str) -> str:
    blank = _EMPTY_BOX.sub(lambda m: " " * len(m[0]), line)
    return _TICK.sub(lambda m: " " * len(m[0]), blank) if _EMPTY_BOX.search(line) else line


def segments(text: str) -> list[Segment]:
    """The text in pieces that tell one thing each; none overlap."""
    marks = [(m.start(), m.lastgroup or "done") for m in _headings().finditer(text)]
    bounds = [(0, "done"), *marks, (len(text), "done")]
    found: list[Segment] = []
    for (start, kind), (end, _) in itertools.pairwise(bounds):
        for line_start, line_end in _lines(text, start, end):
            for piece in _sentences(text, line_start, line_end):
                found += _kinds(text, *piece, kind)  # type: ignore[arg-type]
    return found


def _lines(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Lines, those that go on in the next one joined."""
    found: list[tuple[int, int]] = []
    at = start
    for line in text[start:end].splitlines(keepends=True):
        own = (at, at + len(line))
        if found and _goes_on(text, found[-1], own):
            found[-1] = (found[-1][0], own[1])
        else:
            found.append(own)
        at += len(line)
    return found


def _goes_on(text: str, before: tuple[int, int], own: tuple[int, int]) -> bool:
    last = text[before[0] : before[1]].rstrip("\n").rpartition("\n")[2].rstrip()
    this = text[own[0] : own[1]].strip()
    if "|" in last or "|" in this or re.search(r"\S {3,}\S|\t", last):
        return False
    begins = bool(this) and (this[0].islower() or this[0].isdigit() or this[0] in "(&/")
    return len(last) >= WIDE and begins and last[-1] not in ":|" and not re.match(r"\d[.)] ", this)


def _sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    ends = [m.end() for m in _END.finditer(text, start, end) if not _NUMBER.fullmatch(text, start, m.end())]
    cuts = [start, *ends, end]
    return [(a, b) for a, b in itertools.pairwise(cuts) if text[a:b].strip()]


def _kinds(text: str, start: int, end: int, kind: Kind) -> list[Segment]:
    if kind == "elsewhere" or _AHEAD.search(text, start, end):
        return [Segment(start, end, "elsewhere")]
    if own := _clause_not_done(text, start, end):
        parts = [(start, own[0]), own, (own[1], end)]
        return [one for a, b in parts if text[a:b].strip() for one in _kinds(text, a, b, kind)]
    negated = bool(_NOT.search(text[start:end]))
    if m := _FROM_HERE.search(text, start, end):
        return [Segment(start, m.start(), kind, negated), Segment(m.start(), end, "elsewhere")]
    return [Segment(start, end, kind, negated)]


def _clause_not_done(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The part between commas or bars that says of a service that it was not done, where it is not the whole."""
    m = _NOT.search(text[start:end])
    if not m:
        return None
    begin = max([start, *(c.end() for c in _CLAUSE.finditer(text, start, start + m.start()))])
    stop = next((c.start() for c in _CLAUSE.finditer(text, start + m.end(), end)), end)
    part = (begin, stop) != (start, end) and mentions(text, begin, stop)
    return (begin, stop) if part else None

"""Totals of minutes, and when a session began and ended."""
# ruff: noqa: E501  (a pattern is read in one line)

from __future__ import annotations

import re

from audit.extraction.durations import NUMBER, WORD, durations
from audit.extraction.sections import segments
from audit.extraction.services import mentions
from audit.extraction.values import Value, agreed
from audit.passages import number_of

_SAYS = r"\s*(?:\(?(?:in )?min(?:ute)?s?\)?)?\s*(?:[:=|–—-]|is|was|were|of|came to|comes to|equals|equalled|for|at|today)?[ \t|]*(?:today )?(?:was |were |is )?(?P<at>)"
_TIMED_LABEL = re.compile(
    rf"\b(?<!un)(?<!non-)(?<!non)(?:total )?(?:timed|time[- ]based|timed-code|direct timed)(?:[- ](?:code|codes|cpt|service|services|procedures?|interventions?|treatments?|tx|minutes?|mins?|time|total))*{_SAYS}",
    re.I,
)
_TREATMENT_LABEL = re.compile(
    rf"\b(?:total (?:treatment|session|tx|visit|therapy|skilled|encounter|contact|direct)(?: (?:time|minutes?|mins?|treatment|length|contact|care))*"
    rf"|(?<!timed )(?<!code )(?<!codes )(?<!based )(?:treatment|session|tx|visit|therapy) (?:time|minutes?|mins?|length|duration)(?: total)?|total (?:time|minutes?|mins?)(?: (?:of treatment|in treatment|spent|with (?:the )?(?:patient|client|child)|for (?:the|this) (?:visit|session)|today))?"
    rf"|(?:length|duration) of (?:the )?(?:session|treatment|visit)|(?:session|treatment|visit) (?:lasted|took|ran)(?: for)?){_SAYS}",
    re.I,
)
_BOTH = re.compile(
    r"\btimed\s?/\s?(?:total|tx|treatment)(?: (?:treatment|tx))?(?: (?:minutes?|mins?|time))?\s*[:=-]?\s*(?P<timed>\d{1,3})(?: ?min(?:ute)?s?)?\s?/\s?(?P<treatment>\d{1,3})",
    re.I,
)
_BEHIND_TIMED = re.compile(
    rf"(?P<n>{NUMBER})(?:[ -]*min(?:ute)?s?\b)? *(?:of (?:these|those|which|them|the)(?: minutes)?(?: were| was)? |of |were |was |in )?(?:total )?timed\b(?!-?\s?(?:up and go|test|code\s*\d))",
    re.I,
)
_TIMED_MINUTES = re.compile(rf"(?P<n>{NUMBER}) timed (?:code )?minutes?\b", re.I)
_BEHIND_TREATMENT = re.compile(
    rf"(?P<n>{NUMBER})[ -]*min(?:ute)?s?\b\.? *(?:(?:of )?(?:total |skilled |direct )?(?:treatment|tx)(?: time)?\b(?! of)|total\b|in all\b|in total\b|altogether\b|session\b|visit\b)",
    re.I,
)
_NUMBERS_FIRST = (
    ("total_timed_minutes", _TIMED_MINUTES),
    ("total_timed_minutes", _BEHIND_TIMED),
    ("total_treatment_minutes", _BEHIND_TREATMENT),
    (
        "total_treatment_minutes",
        re.compile(rf"(?<!timed )\btotal,? (?:of )?(?P<n>{NUMBER})[ -]*min(?:ute)?s?\b(?! timed)", re.I),
    ),
)
_CLOCK = r"(?P<{0}h>[01]?\d|2[0-3])(?:[:.](?P<{0}m>[0-5]\d)|(?P<{0}mil>[0-5]\d)(?= ?(?:h|hrs|hours)?\b))?\s*(?P<{0}ap>[ap]\.?\s?m?\b\.?)?"
_DASH = r"\s*(?:hrs?|hours)?\s*(?:-|–|—|to|until|till|through|thru)\s*"
_BETWEEN = re.compile(
    rf"(?<![\d/.:$-]){_CLOCK.format('a')}{_DASH}{_CLOCK.format('b')}(?![\d/:]|\s*(?:x\b|%|reps|lb|min|deg|°|visits|weeks|days|years))",
    re.I,
)
_IN = re.compile(
    rf"\b(?:time ?in|in(?= ?:)|start(?:ed)?(?: time)?|begin(?: time)?|began(?: at)?|in time|clock(?:ed)? in|arrived(?: at)?|session start)\b\s*[:=|@-]?\s*(?:at )?{_CLOCK.format('a')}(?![\d/])",
    re.I,
)
_OUT = re.compile(
    rf"\b(?:time ?out|out(?= ?:)|stop(?:ped)?(?: time)?|end(?:ed)?(?: time)?|finish(?:ed)?(?: time)?|out time|clock(?:ed)? out|session end)\b\s*[:=|@-]?\s*(?:at )?{_CLOCK.format('b')}(?![\d/])",
    re.I,
)
_RESTS = re.compile(r"\b(?:rests?|breaks?|waiting|late|travel|drive|documentation)\b", re.I)
MORNING = 7
"""Before this hour a time without am or pm may be either."""


def times(text: str) -> list[Value]:
    """total_timed_minutes, total_treatment_minutes, start_time, end_time."""
    away = [(p.start, p.end) for p in segments(text) if p.kind == "elsewhere"]
    found = [one for one in [*_totals(text), *_session(text)] if not any(a <= one.start < b for a, b in away)]
    return agreed(found)


def total_spans(text: str) -> list[tuple[int, int]]:
    """Where totals are told, so that no service takes them for its own minutes."""
    return [(one.start, one.end) for one in _totals(text, unsure=True)]


def _totals(text: str, *, unsure: bool = False) -> list[Value]:
    found: list[Value] = []
    for m in _BOTH.finditer(text):
        found += [
            Value(f"total_{part}_minutes", str(int(m[part])), *m.span(part), "timed / total")
            for part in ("timed", "treatment")
        ]
    for field, label in (("total_timed_minutes", _TIMED_LABEL), ("total_treatment_minutes", _TREATMENT_LABEL)):
        for m in label.finditer(text):
            found += _behind(text, field, m.end(), unsure)
    return [*found, *_numbers_first(text, unsure)]


def _numbers_first(text: str, unsure: bool) -> list[Value]:
    """Totals whose number stands before their name. Where the sentence names a service, a number of minutes "in all"
    or "of treatment" is that service's own."""
    found = []
    for piece in segments(text):
        named = bool(mentions(text, piece.start, piece.end) or _RESTS.search(text, piece.start, piece.end))
        for field, pattern in _NUMBERS_FIRST:
            if named and field == "total_treatment_minutes":
                continue
            for m in pattern.finditer(text, piece.start, piece.end):
                d = durations(text, *m.span()) or durations(f"{m['n']} min")
                whole = not re.search(r"[\d/:]$", text[max(0, m.start() - 1) : m.start()])
                if d and whole and (unsure or d[0].minutes is not None):
                    found.append(Value(field, str(d[0].minutes), *m.span(), "number before its total"))
    return found


def _behind(text: str, field: str, at: int, unsure: bool) -> list[Value]:
    """The number right behind a label: with its unit, in words, or figures alone."""
    near = text[at : at + 45].split("\n", maxsplit=1)[0]
    d = next(iter(durations(text, at, at + len(near))), None)
    if d and d.start - at <= 1:
        return (
            [Value(field, str(d.minutes), d.start, d.end, "total behind its label")]
            if d.minutes is not None or unsure
            else []
        )
    word = re.match(rf"(?:{WORD})\b(?![ -]*(?:units?|visits?))", near, re.I)
    if word:
        return [Value(field, str(number_of(word[0])), at, at + word.end(), "total behind its label")]
    m = re.match(r"(\d{1,3})\b(?!\s*[:/x×%.-]\s*\d|\s*(?:units?|visits?|codes?|%|-\s*\d))", near)
    return [Value(field, str(int(m[1])), at, at + m.end(), "total behind its label")] if m else []


def _session(text: str) -> list[Value]:
    """A begin and an end under labels; else the only span of the clock in the text."""
    begins, ends = list(_IN.finditer(text)), list(_OUT.finditer(text))
    pairs = [(a, b) for a in begins for b in ends if 0 <= b.start() - a.end() < 60]
    found: list[Value] = []
    for a, b in pairs:
        found += _both(text, a, b)
    if found:
        return found
    spans = [m for m in _BETWEEN.finditer(text) if _is_clock(m)]
    return _both(text, spans[0], spans[0]) if len(spans) == 1 else []


def _is_clock(m: re.Match[str]) -> bool:
    """Two bare numbers are no span of the clock; 9-9:45 am is one."""
    return bool(((m["am"] or m["amil"] or m["aap"]) and (m["bm"] or m["bmil"] or m["bap"])) or (m["bm"] and m["bap"]))


def _both(text: str, a: re.Match[str], b: re.Match[str]) -> list[Value]:
    later = _half(b, "b")
    begin, end = _minute(a, "a", _half(a, "a") or later), _minute(b, "b", later)
    if begin is not None and end is not None and begin >= end and not _half(a, "a") and later == "p":
        begin = _minute(a, "a", "a")
    if begin is None or end is None or begin >= end:
        return []
    name = "begin and end"
    return [
        Value("start_time", f"{begin // 60:02}:{begin % 60:02}", a.start("ah"), _last(a, "a"), name),
        Value("end_time", f"{end // 60:02}:{end % 60:02}", b.start("bh"), _last(b, "b"), name),
    ]


def _last(m: re.Match[str], side: str) -> int:
    return max(m.end(f"{side}{part}") for part in ("h", "m", "mil", "ap"))


def _half(m: re.Match[str], side: str) -> str:
    return (m[f"{side}ap"] or "")[:1].lower()


def _minute(m: re.Match[str], side: str, half: str) -> int | None:
    hour, minute = int(m[f"{side}h"]), int(m[f"{side}m"] or m[f"{side}mil"] or 0)
    if half:
        if not 1 <= hour <= 12:
            return hour * 60 + minute if hour > 12 and half == "p" else None
        return (hour % 12 + (12 if half == "p" else 0)) * 60 + minute
    if hour < MORNING and not m[f"{side}h"].startswith("0") and m[f"{side}mil"] is None:
        return None
    return hour * 60 + minute

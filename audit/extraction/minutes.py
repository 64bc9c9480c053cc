"""Minutes of each service, by whom, and the services that are only named."""
# ruff: noqa: E501  (a pattern is read in one line)

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.extraction.durations import Duration, durations
from audit.extraction.grids import Cell, grids
from audit.extraction.sections import Segment, segments
from audit.extraction.services import Mention, mentions
from audit.extraction.times import total_spans
from audit.extraction.values import Value, agreed

PEOPLE = {
    "together_minutes": re.compile(r"\b(?:together|jointly|both(?: clinicians| therapists)?|co-?treat\w* with (?:the )?(?:C?OTA|assistant))\b", re.I),
    "assistant_minutes": re.compile(r"\b(?:C?OTA(?:/L)?|(?:OT |therapy )?assistant)\b(?! living)", re.I),
    "therapist_minutes": re.compile(r"\b(?:OTR(?:/L)?|OTD|OT|(?:evaluating |supervising )?therapist)\b(?! assistant)"),
}  # fmt: skip
_OTHER = re.compile(
    r"\s*(?:of )?(?:rest|break|pause|hold|delay|late|early|walk\b|of standing|standing|sitting|wait|drive|after|before|prior|later|ago)",
    re.I,
)
_BEFORE = re.compile(
    r"(?:\brest(?:ed|ing)?(?: break)?s?(?: of| for)?|\bafter|\bwithin|\bevery|\b(?:stood|standing|sat|walked|ambulated|waited|slept|drove)(?: for)?|\bstanding(?: tolerance)?(?: for| of|:)?|\bseated for|\bwait(?:ed)? |\bheld for|\bbreaks? of|\bsat for)\s*(?:an?\s)?$",
    re.I,
)
_STOP = re.compile(r"[,;(+|]|\band\b|\.\s+(?=[A-Z])")
_SUBJECT = (
    r"\W*(?:the |an? )?(?:{})\b(?!\s*(?:services?|treatment|session|eval|note|plan|interventions?|program|visit|[:|-]))"
)


@dataclass(frozen=True, slots=True)
class _Group:
    """Services named one after the other with no time between; `code` is "" where they are several."""

    start: int
    end: int
    code: str


def minutes(text: str) -> list[Value]:
    """ "service" for each that is named as done, and its minutes where one number is told."""
    pieces, taken = segments(text), total_spans(text)
    told, rows = _in_grids(text, pieces)
    named: list[Value] = []
    for piece in pieces:
        if (
            piece.negated
            or piece.kind == "elsewhere"
            or any(piece.start < end and start < piece.end for start, end in rows)
        ):
            continue
        found = mentions(text, piece.start, piece.end)
        spans = [d for d in durations(text, piece.start, piece.end) if not _is_other(text, d, taken)]
        pairs = _paired(text, piece, _grouped(text, piece, found, spans), spans)
        told += [value for group, own in pairs for value in _parts(text, piece, group, own)]
        named += [_named(m) for m in found if piece.kind == "done" and _counts(m, pairs)]
        named += [Value("service", g.code, g.start, g.end, "service with minutes", g.code) for g, own in pairs if own]
    whole = agreed([one for one in told if one.value != "0"])
    nothing = {one.service for one in told if one.value == "0" and one.field == "minutes"}
    services = _first([*named, *(_of_row(one) for one in whole if one.service)])
    return [one for one in [*services, *whole] if one.service not in nothing]


_NOT_BILLABLE = re.compile(r"\b(?:students?|OTS|OTAS|aides?|tech(?:nician)?s?|interns?|volunteers?)\b", re.I)


def _counts(m: Mention, pairs: Sequence[tuple[_Group, list[Duration]]]) -> bool:
    """A name inside a group that has a code of its own says what was done in that service, and is no other one."""
    inside = [group for group, _ in pairs if group.start <= m.start < group.end]
    return not inside or all(group.code in ("", m.code) for group in inside)


def _named(m: Mention) -> Value:
    return Value("service", m.code, m.start, m.end, "code" if m.written else "name of a service", m.code)


def _of_row(one: Value) -> Value:
    return Value("service", one.service, one.start, one.end, "service with minutes", one.service)


def _first(found: Iterable[Value]) -> list[Value]:
    kept: dict[str, Value] = {}
    for one in sorted(found, key=lambda v: v.start):
        kept.setdefault(one.service, one)
    return list(kept.values())


def _is_other(text: str, d: Duration, taken: list[tuple[int, int]]) -> bool:
    """A total, a rest, how long somebody stood: no time of a service."""
    if any(start <= d.start < end for start, end in taken):
        return True
    return bool(_OTHER.match(text, d.end) or _BEFORE.search(text, max(0, d.start - 30), d.start))


def _grouped(text: str, piece: Segment, found: list[Mention], spans: list[Duration]) -> list[_Group]:
    groups: list[list[Mention]] = []
    for one in found:
        last = groups[-1][-1] if groups else None
        if last and not any(last.end <= d.start < one.start for d in spans):
            groups[-1].append(one)
        else:
            groups.append([one])
    return [_Group(own[0].start, own[-1].end, _code_of(text, piece, own)) for own in groups]


def _code_of(text: str, piece: Segment, own: list[Mention]) -> str:
    """Codes count before names; a name that opens the line as its label counts before those behind it."""
    written = {m.code for m in own if m.written}
    if len(written) == 1:
        return written.pop()
    if written:
        return ""
    if len({m.code for m in own}) == 1:
        return own[0].code
    label = not text[piece.start : own[0].start].strip(" \t*-•#>|0123456789.)\n")
    return own[0].code if label and re.match(r"\s*[:|(–—-]", text[own[0].end : own[1].start] or " ") else ""


def _paired(
    text: str, piece: Segment, groups: list[_Group], spans: list[Duration]
) -> list[tuple[_Group, list[Duration]]]:
    """Which times are whose: one service takes all of its line; several take turns with their times."""
    if len(groups) == 1:
        return [(groups[0], spans)]
    marks = sorted([*((g.start, g) for g in groups), *((d.start, d) for d in spans)], key=lambda m: m[0])
    kinds = "".join("G" if isinstance(one, _Group) else "D" for _, one in marks)
    if not spans or not re.fullmatch(r"(?:GD+)+G?|(?:DG)+", kinds):
        return [(group, []) for group in groups]
    if kinds.startswith("D"):
        return [(group, [d]) for group, d in zip(groups, spans, strict=True)]
    ends = [*(g.start for g in groups[1:]), piece.end]
    return [(g, [d for d in spans if g.start < d.start < end]) for g, end in zip(groups, ends, strict=True)]


def _parts(text: str, piece: Segment, group: _Group, own: list[Duration]) -> list[Value]:
    """The minutes of a service: one number, a number by each person, or a whole and its parts."""
    if _NOT_BILLABLE.search(text, piece.start, piece.end):
        return []
    if not group.code or not own or any(d.minutes is None for d in own):
        return []
    who = [_person(text, d, group, own) for d in own]
    if len(own) == 1:
        who = [who[0] or _subject(text, piece)]
        one = _value("minutes", group.code, own[0], "minutes of a service")
        return [one, _value(who[0], group.code, own[0], "minutes by person")] if who[0] else [one]
    whole = [d for d, person in zip(own, who, strict=True) if not person]
    parts = [(person, d) for d, person in zip(own, who, strict=True) if person]
    if parts and len(whole) <= 1 and len({person for person, _ in parts}) == len(parts):
        total = [_value("minutes", group.code, d, "minutes of a service") for d in whole]
        return [*total, *(_value(person, group.code, d, "minutes by person") for person, d in parts)]
    first, rest = own[0], own[1:]
    if not parts and first.minutes == sum(d.minutes or 0 for d in rest) and first.start - group.end < 12:
        return [_value("minutes", group.code, first, "minutes and their parts")]
    return []


def _subject(text: str, piece: Segment) -> str:
    """Who the sentence is about, where it begins with that person."""
    own = text[piece.start : piece.end]
    found = [
        field
        for field, pattern in PEOPLE.items()
        if re.match(_SUBJECT.format(pattern.pattern), own, pattern.flags & re.I)
    ]
    return found[0] if len(found) == 1 and "together" not in found[0] else ""


def _value(field: str, code: str, d: Duration, pattern: str) -> Value:
    return Value(field, str(d.minutes), d.start, d.end, pattern, code)


def _person(text: str, d: Duration, group: _Group, own: list[Duration]) -> str:
    """Who gave these minutes: told just behind them, or just before; "" where nobody is told, or two are."""
    later = min([e.start for e in own if e.start > d.start], default=d.end + 40)
    behind = text[d.end : min(d.end + 40, later)]
    behind = behind.split("\n")[0]
    stop = _STOP.search(behind.lstrip(" ("))
    near = behind[: stop.start() + len(behind) - len(behind.lstrip(" (")) if stop else None]
    earlier = max([e.end for e in own if e.end <= d.start], default=0)
    ahead = text[max(earlier, d.start - 30, group.end if group.end <= d.start else 0) : d.start]
    ahead = re.split(r"[,;(+|]|\band\b", ahead)[-1]
    for words in (near, ahead):
        people = [field for field, pattern in PEOPLE.items() if pattern.search(words)]
        if len(people) == 1 or "together_minutes" in people:
            return people[0]
    return ""


_COLUMNS = {
    "minutes": re.compile(r"(?:total )?(?:min(?:ute)?s?|time(?: ?\(min(?:ute)?s?\))?|tx min(?:ute)?s?|duration(?: ?\(min(?:ute)?s?\))?|timed min(?:ute)?s?)\.?", re.I),
    "therapist_minutes": re.compile(r"(?:OTR?(?:/L)?|therapist)(?: ?\(?(?:min(?:ute)?s?)\)?)?", re.I),
    "assistant_minutes": re.compile(r"(?:C?OTA(?:/L)?|assistant)(?: ?\(?(?:min(?:ute)?s?)\)?)?", re.I),
    "together_minutes": re.compile(r"(?:together|both|joint)(?: ?\(?(?:min(?:ute)?s?)\)?)?", re.I),
}  # fmt: skip
_WHOLE = re.compile(r"(\d{1,3})\s*(?:min(?:ute)?s?\.?|['’′])?", re.I)


def _in_grids(text: str, pieces: list[Segment]) -> tuple[list[Value], list[tuple[int, int]]]:
    """Minutes from tables with a column of minutes, and where the rows of those tables stand."""
    told: list[Value] = []
    spans: list[tuple[int, int]] = []
    for header, rows in grids(text):
        columns = {
            n: field for n, cell in enumerate(header) for field, name in _COLUMNS.items() if name.fullmatch(cell.text)
        }
        if not columns or any(p.kind == "elsewhere" and p.start <= header[0].start < p.end for p in pieces):
            continue
        for row in rows:
            spans.append((row[0].start, row[-1].end))
            told += _of_cells(text, row, columns)
    return told, spans


def _of_cells(text: str, row: list[Cell], columns: dict[int, str]) -> list[Value]:
    found = [m for n, cell in enumerate(row) if n not in columns for m in mentions(text, cell.start, cell.end)]
    written = {m.code for m in found if m.written} or {m.code for m in found[:1]}
    if len(written) != 1:
        return []
    code = written.pop()
    values = []
    for n, field in columns.items():
        m = _WHOLE.fullmatch(row[n].text) if n < len(row) else None
        if m and (field == "minutes" or m[1] != "0"):
            values.append(Value(field, str(int(m[1])), row[n].start, row[n].end, "column of minutes", code))
    only = {v.field for v in values}
    if only == {"minutes"} and values[0].value == "0":
        return values
    return [v for v in values if v.value != "0"]

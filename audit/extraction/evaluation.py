"""What an evaluation says of its own level: history, deficits, decision making, comorbidities, assistance."""
# ruff: noqa: E501  (a pattern is read in one line)

from __future__ import annotations

import re

from audit.extraction.durations import WORD
from audit.extraction.sections import segments
from audit.extraction.values import Value, agreed
from audit.passages import number_of

_LEVEL = r"(?P<v>brief|expanded|extensive)"
_HISTORY = (
    re.compile(rf"\b{_LEVEL}\b(?: [\w-]+){{0,6}}? (?:review|history|histories|profile|chart|record)", re.I),
    re.compile(
        rf"\b(?:history(?: level| review)?|(?:occupational )?profile(?: (?:and|&) (?:medical )?history)?|review of (?:medical )?(?:records?|history))\s*(?:[:|=–-]|(?:was|is)(?: of)?|level)\s*\|?\s*(?:an? )?{_LEVEL}\b",
        re.I,
    ),
)
_DECISION = (
    re.compile(
        r"\b(?:clinical |analytic(?:al)? )?decision[- ]making(?: complexity| level)?\s*(?:[:|=–-]|(?:was|is)(?: of)?|of)\s*\|?\s*(?:an? )?(?:of )?(?P<v>low|moderate|high)\b",
        re.I,
    ),
    re.compile(
        r"\b(?P<v>low|moderate|high)(?:[- ](?:level|analytic|complexity|clinical|of)){0,4} (?:clinical |analytic )?decision[- ]making\b",
        re.I,
    ),
    re.compile(r"\bdecision[- ]making of (?P<v>low|moderate|high)\b", re.I),
    re.compile(r"\bdecision[- ]making (?:\w+ ){0,3}(?P<v>low|moderate|high) (?:analytic )?complexity\b", re.I),
)
_COMORBID = (
    ("none", re.compile(r"\b(?:no|denies|without|absence of)(?: any)?(?: known| relevant| significant)? co-?morbid\w*|\bco-?morbid\w*(?: \w+){0,4}\s*[:|=–-]\s*\|?\s*(?:none|no|denied|nil|n/?a)\b|\bco-?morbid\w*(?: \w+){0,3} (?:not present|absent|none)\b", re.I)),
    ("may", re.compile(r"\bmay (?:present with|have) co-?morbid\w*|\bco-?morbid\w*\s*[:|=–-]\s*\|?\s*may\b", re.I)),
    ("present", re.compile(r"\bco-?morbid\w*\s*(?:\([^)]{0,40}\)\s*)?[:|=]\s*\|?\s*(?!none|no\b|denied|nil|n/?a|may\b|unknown|not )(?=\w)[^\n]{3,80}|\bco-?morbid\w*(?: conditions?)?,? (?:of|including|include[sd]?|that affect\w*|which affect\w*|affecting|affect\w*|impact\w*|are present|present|such as)\b|\bpresents? with (?:\w+ ){0,3}co-?morbid\w*", re.I)),
)  # fmt: skip
_HELP = r"(?:task )?(?:modifications?|assistance|assist|help|adaptations?)(?: (?:or|and|/) (?:task )?(?:modifications?|assistance|assist|help))?(?: of (?:the )?tasks?)?"
_TEST = r"(?:\W+(?:\w+\W+){0,8}?(?:evaluation|assessment|testing|test items)\b)"
_ASSIST = (
    ("none", re.compile(rf"\b(?:no|without(?: any)?|did not (?:need|require)(?: any)?)(?: (?:physical|verbal|or|and)){{0,3}} {_HELP}{_TEST}", re.I)),
    ("min-mod", re.compile(rf"\b(?:min(?:imal|imum|\.)?(?:\s?(?:to|-|/|or)\s?mod(?:erate|\.)?)?|mod(?:erate|\.)?)(?: (?:physical|verbal|or|and|cues?)){{0,4}} {_HELP}{_TEST}", re.I)),
    ("significant", re.compile(rf"\b(?:significant|extensive|maximal|max|substantial)(?: (?:physical|verbal|or|and)){{0,4}} {_HELP}{_TEST}", re.I)),
)  # fmt: skip
_AFTER = re.compile(
    rf"\b(?:evaluation|assessment|testing)\b[^.\n]{{0,30}}?\b(?:(?P<none>without(?: any)?|with no)|(?P<some>with min(?:imal)?(?: to mod(?:erate)?)?)|(?P<much>with significant)) (?:(?:physical|verbal|or|and) ){{0,3}}{_HELP}",
    re.I,
)
_LABEL_ASSIST = re.compile(
    r"\b(?:modification(?:s)?(?: ?(?:/|or|and|of) ?(?:tasks?|assistance|assist))*|assistance(?: ?(?:/|or|and) ?modification)?|assist(?:ance)?)(?: (?:needed|required))?(?: (?:to complete|during|with|for)(?: the)? (?:evaluation|assessment|testing))?\s*[:|=]\s*\|?\s*(?P<v>none|no\b|min(?:imal)?(?:\s?(?:to|-|/)\s?mod(?:erate)?)?|moderate|significant)",
    re.I,
)
_COUNT = re.compile(rf"\b(?P<v>\d{{1,2}}|{WORD}) (?:\w+ )?(?:performance |occupational performance )deficits?\b", re.I)
_COUNT_AFTER = re.compile(
    rf"\bdeficits?(?: (?:identified|found|noted))?\s*[:|=(]\s*\|?\s*(?P<v>\d{{1,2}}|{WORD})\b(?!\s*(?:-|–|to|/|%|\.\d|[a-z]))",
    re.I,
)
_LIST = re.compile(
    r"\b(?:occupational )?performance deficits?(?: (?:identified|found|noted|are|include|included|were|in|observed|affecting \w+))*(?: ?\((?P<n>\d{1,2}|\w+)\))?[ \t]*(?:[:|–]|that)?[ \t|]*",
    re.I,
)
_COUNTED = re.compile(
    rf"[ \t]*(?P<v>\d{{1,2}}|{WORD})(?: (?:identified|found|noted|total|deficits?))?[ \t]*[:(][ \t]*", re.I
)
_UNDER = re.compile(
    r"^[ \t]*(?:clinical )?decision[- ]making[ \t]*:?[ \t]*\n[ \t]*(?P<v>low|moderate|high)\b", re.I | re.M
)
_BULLET = re.compile(r"[ \t]*(?:[-*•]|\d{1,2}[.)]|\([a-z0-9]\))[ \t]+(?P<v>[^\n]{2,90})\n?")


def evaluation(text: str) -> list[Value]:
    """history_level, performance_deficits, decision_making, comorbidities, assistance."""
    found: list[Value] = []
    for piece in segments(text):
        if piece.kind == "elsewhere":
            continue
        span = (piece.start, piece.end)
        found += _levels(text, *span)
        for field, patterns in (("comorbidities", _COMORBID), ("assistance", _ASSIST)):
            for word, pattern in patterns:
                if m := pattern.search(text, *span):
                    found.append(Value(field, word, *m.span(), "words of the level"))
                    break
        if m := _AFTER.search(text, *span):
            word = "none" if m["none"] else "min-mod" if m["some"] else "significant"
            found.append(Value("assistance", word, *m.span(), "words of the level"))
        if m := _LABEL_ASSIST.search(text, *span):
            told = m["v"].lower()
            word = "none" if told in ("none", "no") else "significant" if told == "significant" else "min-mod"
            found.append(Value("assistance", word, *m.span("v"), "label of the level"))
    return agreed([*found, *_under_a_heading(text), *_deficits(text)])


def _under_a_heading(text: str) -> list[Value]:
    return [Value("decision_making", m["v"].lower(), *m.span("v"), "under a heading") for m in _UNDER.finditer(text)]


def _levels(text: str, start: int, end: int) -> list[Value]:
    found = []
    for field, patterns in (("history_level", _HISTORY), ("decision_making", _DECISION)):
        for pattern in patterns:
            m = pattern.search(text, start, end)
            if m and not re.search(
                r"\b(?:not|no|than)(?: an?)?\s*$", text[max(start, m.start() - 10) : m.start()], re.I
            ):
                found.append(Value(field, m["v"].lower(), *m.span("v"), "words of the level"))
    return found


def _deficits(text: str) -> list[Value]:
    """A list where one is told, else a number; nothing where the two do not agree."""
    away = [(p.start, p.end) for p in segments(text) if p.kind == "elsewhere"]
    inside = [m for m in _LIST.finditer(text) if not any(a <= m.start() < b for a, b in away)]
    lists = [value for m in inside if (value := _listed(text, m))]
    numbers = [
        m for p in (_COUNT, _COUNT_AFTER) for m in p.finditer(text) if not any(a <= m.start() < b for a, b in away)
    ]
    counts = {number_of(m["v"]) for m in numbers if m["v"].isdigit() or m["v"].lower().replace("-", " ").split()}
    if lists and all({len(one.value.split(";"))} >= counts for one in lists):
        return lists
    if lists:
        return []
    return [Value("performance_deficits", str(number_of(m["v"])), *m.span(), "number of deficits") for m in numbers]


def _listed(text: str, m: re.Match[str]) -> Value | None:
    """What stands behind the label: in its line, parted by ; or commas, or in bullets beneath."""
    line, claimed = text[m.end() :].split("\n", 1)[0], ""
    if line.strip():
        own = re.split(r"\.(?:\s|$)", line, maxsplit=1)[0]
        skipped = _COUNTED.match(own)
        claimed = skipped["v"] if skipped else ""
        at = m.end() + (skipped.end() if skipped else 0)
        own = own[at - m.end() :].rstrip(") ")
        parts = (
            own.split(";")
            if ";" in own
            else re.split(r",(?:\s+and)?\s+|\s+and\s+(?=[^,]*$)", own)
            if "," in own
            else own.split(" and ")
        )
        first = at
        last = at + len(own)
    else:
        at = m.end() + len(line) + 1
        parts, first, last = [], at, at
        while (b := _BULLET.match(text, last)) and b.end() > last:
            parts.append(b["v"])
            last = b.end()
    named = [re.sub(r"^(?:\(?\d{1,2}[.)]\s*|and\s+)", "", part.strip(" .|\t")).strip() for part in parts]
    named = [one for one in named if one]
    if claimed and number_of(claimed) != len(named):
        return None
    if len(named) < 2 or any(len(one) > 60 or one[0].isdigit() for one in named):
        return None
    last = first + len(text[first:last].rstrip(" .|\n"))
    first += len(text[first:last]) - len(text[first:last].lstrip())
    return Value("performance_deficits", ";".join(named), first, last, "list of deficits")

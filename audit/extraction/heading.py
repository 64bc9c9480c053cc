"""What the head of a note tells: whose it is, of which day, what kind of note."""
# ruff: noqa: E501  (a pattern is read in one line)

from __future__ import annotations

import re
from datetime import date

from audit.extraction.dates import DATE, day_first, read_date
from audit.extraction.values import Value, agreed

_TOP = 900
"""Characters in which the kind of note and an unnamed date are looked for."""
_SAYS = r"[ \t]*(?:[:=|#]|[ \t]is|[ \t]was|no\.?|number)?[ \t|:#]*"
_SERVICE = re.compile(
    rf"\b(?:date of (?:service|visit|treatment|session|evaluation|eval|encounter|initial evaluation|re-?evaluation|report)|service date|DOS|(?:visit|session|treatment|tx|encounter|evaluation) date|(?:seen|treated|evaluated)(?: today)?(?: in (?:the )?\w+)?(?: on)?|visit (?:of|on))(?: \(DOS\))?{_SAYS}(?P<d>{DATE})",
    re.I,
)
_DATE = re.compile(rf"(?:^|(?<=[|;,] )|(?<=\s\s))[ \t]*(?:today['’]?s )?date{_SAYS}(?P<d>{DATE})", re.I | re.M)
_TITLE = re.compile(rf"\b(?:note|visit|report|evaluation|session)\W{{1,4}}(?P<d>{DATE})", re.I)
_BARE = re.compile(rf"^[^\n:]{{0,60}}?\b(?P<d>{DATE})[ \t]*$", re.I | re.M)
_BORN = re.compile(rf"\b(?:date of birth|birth ?date|D\.?O\.?B\.?|born(?: on)?)(?: \(DOB\))?{_SAYS}(?P<d>{DATE})", re.I)
_ID = r"(?P<v>(?=[A-Z0-9-]*\d)[A-Z0-9][A-Z0-9-]{1,29})\b"
_PATIENT_ID = re.compile(
    rf"\b(?:MRN|medical record(?: number| no\.?| #)?|patient (?:id|no\.?|number|#|account)|pt\.? id|client id|chart(?: number| no\.?| ?#)|record (?:no\.?|number)){_SAYS}{_ID}",
    re.I,
)
_CLAIM_ID = re.compile(rf"\bclaim(?: id| no\.?| number| ?#)?{_SAYS}{_ID}", re.I)
_WORDS = r"[A-Z][\w'’.-]*"
_NAME = rf"(?P<v>{_WORDS}(?:, ?{_WORDS})?(?: {_WORDS}){{0,3}})"
_PATIENT = re.compile(
    rf"(?:^|(?<=[|;] )|(?<=\s\s))[ \t]*(?i:(?:patient|client|pt\.?|child|resident|student)(?:['’]s)?(?: name)?|name(?: of (?:patient|client|child))?)[ \t]*[:|][ \t|]*{_NAME}(?=[ \t]*(?:$|[|(;,]|\s\s|[ \t](?i:DOB|MRN|D\.O\.B|born|age)\b))",
    re.M,
)
_NPI = re.compile(r"\b(?:rendering |therapist |provider )?NPI\b\s*(?:#|:|no\.?|number)?\s*(?P<v>[12]\d{9})\b", re.I)
_DIAGNOSES = re.compile(
    r"\b(?:ICD(?:-?10)?(?:-CM)?(?: codes?)?|(?:treatment |medical |primary |secondary )?(?:diagnos[ie]s|dx)(?: codes?)?)\b[^\n]*",
    re.I,
)
_ICD = re.compile(r"(?<![\w.])[A-TV-Z]\d[0-9AB](?:\.[0-9A-Z]{1,4})?(?![\w.]?\w)")
_TYPES = (
    ("re-evaluation", r"re-?\s?eval(?:uation)?\b"),
    ("recertification", r"re-?certification\b"),
    ("discharge", r"discharge (?:summary|note|report|evaluation)"),
    ("progress", r"progress (?:report|note|summary)|10th[- ]visit (?:note|report)"),
    ("evaluation", r"(?:initial |OT |occupational therapy |hand therapy |p(?:a)?ediatric |home health |outpatient )+(?:OT |occupational therapy )?eval(?:uation)?\b|evaluation (?:report|note|summary)|^\W*eval(?:uation)?\W*$"),
    ("daily", r"^\W*(?:home health )?(?:OT|occupational therapy) visit\W*$|(?:daily|treatment|visit|encounter|session|SOAP|therapy)(?: treatment| visit| progress)? (?:note|encounter)|daily (?:note|treatment)|treatment session note"),
)  # fmt: skip
_LABELLED = re.compile(r"\b(?:note|visit|document|encounter|report) type[ \t]*[:|][ \t]*(?P<v>[^\n|;]{3,40})", re.I)


_SPOKEN = re.compile(
    rf"\b(?i:note|evaluation|report|summary|seen|saw|re)(?::| (?i:for|on|of|is))? ?(?:Mr|Mrs|Ms|Miss)\.? {_NAME}"
)
TITLE = 60
"""Characters at the start of a long line in which a title may stand."""


def heading(text: str) -> list[Value]:
    """note_type, service_date, patient_name, patient_birth_date, patient_id, claim_id, rendering_npi,
    diagnosis_codes."""
    found = [*_dates(text), *_simple(text), *_kind(text), *_codes(text)]
    return agreed(found)


def _simple(text: str) -> list[Value]:
    named = (("patient_id", _PATIENT_ID), ("claim_id", _CLAIM_ID), ("rendering_npi", _NPI))
    found = [
        Value(field, m["v"].upper() if field != "claim_id" else m["v"], *m.span("v"), "label and number")
        for field, p in named
        for m in p.finditer(text)
    ]
    for m in _PATIENT.finditer(text[:_TOP]):
        name = m["v"].strip(" .,")
        if len(name.split()) > 1:
            found.append(Value("patient_name", name, m.start("v"), m.start("v") + len(name), "label and name"))
    if not any(one.field == "patient_name" for one in found):
        found += [
            Value("patient_name", m["v"], *m.span("v"), "name with a title")
            for m in _SPOKEN.finditer(text[:_TOP])
            if " " in m["v"]
        ]
    return found


def _dates(text: str) -> list[Value]:
    doubtful = day_first(text)
    served = [_day("service_date", m, doubtful, "date of service") for m in _SERVICE.finditer(text)]
    served = served or [_day("service_date", m, doubtful, "date in the head") for m in _DATE.finditer(text[:_TOP])]
    served = served or [
        _day("service_date", m, doubtful, "date in a title") for p in (_TITLE, _BARE) for m in p.finditer(text[:200])
    ]
    born = [_day("patient_birth_date", m, doubtful, "date of birth", born=True) for m in _BORN.finditer(text)]
    return [one for one in [*served, *born] if one]


def _day(field: str, m: re.Match[str], doubtful: bool, pattern: str, *, born: bool = False) -> Value | None:
    day = read_date(m["d"], day_first=doubtful, born=born)
    sensible = day and date(1900, 1, 1) <= day <= date(2199, 12, 31)
    return Value(field, day.isoformat(), *m.span("d"), pattern) if day and sensible else None


def _kind(text: str) -> list[Value]:
    """The kind a label tells; else the first title in the head."""
    top = text[:_TOP]
    if m := _LABELLED.search(top):
        told = [(kind, n) for kind, p in _TYPES if (n := re.search(rf"{p}|\b{kind}\b", m["v"], re.I))]
        return [Value("note_type", told[0][0], *m.span("v"), "label of the kind")] if told else []
    at = 0
    for line in top.splitlines(keepends=True)[:8]:
        title = re.split(r"\s{3,}|\t| \| ", line)[0][: 2 * TITLE]
        if ":" not in title.rstrip(": \n") or re.match(r"\W*(?:\w+ ){0,4}\w+\s*[-–—:]", title):
            for kind, p in _TYPES:
                m = re.search(p, title, re.I)
                if m and (len(line.split()) < 14 or m.start() < TITLE):
                    return [Value("note_type", kind, at + m.start(), at + m.end(), "title")]
        at += len(line)
    return []


def _codes(text: str) -> list[Value]:
    found = [m for line in _DIAGNOSES.finditer(text) for m in _ICD.finditer(text, *line.span())]
    codes = list(dict.fromkeys(m[0].upper() for m in found))
    return (
        [Value("diagnosis_codes", " ".join(codes), found[0].start(), found[-1].end(), "codes of diagnoses")]
        if codes
        else []
    )

"""Who gave the visit, who signed and cosigned it, when; and how the visit was held."""
# ruff: noqa: E501  (a pattern is read in one line)

from __future__ import annotations

import re

from audit.extraction.dates import CLOCK, DATE, day_first, read_clock, read_date
from audit.extraction.sections import segments
from audit.extraction.values import Value, agreed

_CREDENTIAL = (
    r"(?:C?OTA(?:/L)?|OTR(?:/L)?|OTD|OT/L|OT(?:-?L)?|MSOT|MOTS?|MS|CHT|BCP|PhD|DOT|ATP|CLT|CBIS|SLP|PT|DPT|OTS|student)"
)
_CREDENTIALS = rf"(?P<c>{_CREDENTIAL}(?:\s?[,/]?\s?{_CREDENTIAL})*)(?![\w/])"
_WORDS = r"[A-Z][\w'’-]*\.?"
_NAME = rf"(?P<n>{_WORDS}(?: {_WORDS}){{1,3}}?|{_WORDS}, {_WORDS})"
_PERSON = rf"{_NAME}\s*,?\s*\(?{_CREDENTIALS}\)?"
_AT = rf"(?:\W{{0,4}}(?i:on|dated?(?: ?/ ?time| signed| and time)?|at)?:?\W{{0,3}}(?P<d>(?i:{DATE}))(?:[\sT,@;-]*(?:at|time:?)?\s*(?P<t>(?i:{CLOCK})))?)?"
_SIGN = r"(?:(?:this (?:note|document) (?:was|has been) )?(?:electronically|digitally|e-?)[ -]?signed(?: and (?:locked|finalized))?(?: by)?|signed(?: electronically)?(?: by)?|(?:therapist|clinician|provider|OTR?(?:/L)?|COTA(?:/L)?|treating therapist)?['’]?s? ?(?:e-?)?signature(?: of (?:therapist|clinician))?|/s/|authenticated by)"
_COSIGN = r"(?:(?:electronically |digitally )?co-?signed(?: electronically)?(?: by)?|counter-?signed(?: by)?|co-?signature|supervis(?:ing|or)[\w ]{0,16}? signature|(?:reviewed and )?co-?signed by supervising \w+)"
_SIGNED = re.compile(
    rf"(?<![\w-])(?<!co)(?<!counter)(?<!co-)(?i:{_SIGN})[ \t]*[:|-]?[ \t|]*\n?[ \t]*(?i:by )?{_PERSON}{_AT}"
)
_COSIGNED = re.compile(rf"(?<![\w-])(?i:{_COSIGN})[ \t]*[:|-]?[ \t|]*\n?[ \t]*(?i:by )?{_PERSON}{_AT}")
_LONE_AT = re.compile(
    rf"^[^\n]{{0,12}}\n[ \t]*(?i:date|signed on|date/time|date signed)[ /\w]{{0,12}}[:|]?[ \t|]*(?P<d>(?i:{DATE}))(?:[\sT,@-]*(?:at|time:?)?\s*(?P<t>(?i:{CLOCK})))?"
)
_AUTHOR = re.compile(
    rf"(?:^|(?<=[|;] )|(?<=\s\s)|(?<=\. ))[ \t]*(?i:(?:treating |evaluating |rendering |primary )?(?:therapist|clinician|provider|practitioner|OT practitioner|assistant)(?: name)?|(?:seen|treated|evaluated|rendered|written|provided|documented|dictated|completed) by|author)[ \t]*[:|]?[ \t|]*{_PERSON}",
    re.M,
)
_STUDENT = re.compile(r"\bstudent\b|\bOTS\b", re.I)
_VIDEO = re.compile(
    r"\b(?:via|by|through|using|over|secure|live|synchronous|two-way|real-time|HIPAA-compliant)\b[^.\n]{0,40}?\b(?:video|audio[- ]?(?:/|and|&|-)?[- ]?(?:visual|video))\b|\b(?:tele-?health|telemedicine|telerehab\w*|virtual)\b[^.\n]{0,60}\bvideo\b|\bvideo (?:visit|session|platform|call|connection)\b",
    re.I,
)
_AUDIO = re.compile(
    r"\baudio[- ]only\b|\b(?:by|via|over the) (?:tele)?phone\b|\btelephone (?:visit|session|only)\b", re.I
)
_HERE = re.compile(
    r"\bin[- ]person (?:visit|session|treatment|in)\b|\b(?:seen|visit was|treated) in[- ]person\b|\b(?:modality|visit type|mode|type of visit|delivery)\s*:\s*in[- ]person\b",
    re.I,
)


def people(text: str) -> list[Value]:
    """author_name, author_credential, signed_by, signed_at, cosigned_by, cosigned_at, modality."""
    cosigned = list(_COSIGNED.finditer(text))
    signed = [m for m in _SIGNED.finditer(text) if not any(c.start() <= m.start() < c.end() for c in cosigned)]
    found = [*_signature(text, signed, "signed"), *_signature(text, cosigned, "cosigned")]
    return agreed([*found, *_authors(text, signed), *_modality(text)])


def _signature(text: str, signed: list[re.Match[str]], word: str) -> list[Value]:
    found = []
    for m in signed:
        found.append(Value(f"{word}_by", _name(m["n"]), *m.span("n"), "signature"))
        when = m if m["d"] else _LONE_AT.match(text, m.end())
        day = read_date(when["d"], day_first=day_first(text)) if when else None
        if when and day:
            clock = read_clock(when["t"]) if when["t"] else ""
            told = f"{day.isoformat()}T{clock}" if clock else day.isoformat()
            found.append(
                Value(f"{word}_at", told, when.start("d"), when.end("t") if clock else when.end("d"), "signature")
            )
    return found


def _authors(text: str, signed: list[re.Match[str]]) -> list[Value]:
    """The practitioner whom the head names; else who signed."""
    told = [m for m in _AUTHOR.finditer(text) if not _STUDENT.search(m[0])]
    if len({_name(m["n"]) for m in told}) > 1:
        told = []
    name = "practitioner named" if told else "who signed"
    found = []
    for m in told or signed:
        found += [
            Value("author_name", _name(m["n"]), *m.span("n"), name),
            Value("author_credential", " ".join(m["c"].split()), *m.span("c"), name),
        ]
    return found


def _name(written: str) -> str:
    return " ".join(written.split())


def _modality(text: str) -> list[Value]:
    found = []
    for piece in segments(text):
        if piece.kind != "elsewhere" and not piece.negated:
            for word, pattern in (("video", _VIDEO), ("audio", _AUDIO), ("in_person", _HERE)):
                if m := pattern.search(text, piece.start, piece.end):
                    found.append(Value("modality", word, *m.span(), "how the visit was held"))
                    break
    return found

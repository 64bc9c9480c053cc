from __future__ import annotations

import re

import pandas as pd

from audit.grains.notes import NO_PRACTITIONER
from audit.rules import findings, lacks, rule, untestable
from audit.texts import contains, once_each

SIGNED = rf"\b(?:{NO_PRACTITIONER}|FIELDWORK)\b"
"""Credentials of students and aides."""
STUDENT = (
    r"\b(?:OTA?|occupational therapy(?: assistant)?|fieldwork|level (?:I{1,2}|1|2)|MSOT|OTD|therapy) students?\b"
    r"|\b(?:OTS|OTAS|SOTA?)\b|\b(?:rehab\w*|therapy|OT|restorative) (?:aides?|tech(?:nician)?s?)\b"
)
"""Students and aides in a text. "Student" alone may be the patient's own occupation."""
FURNISHED = (
    r"\b(?:treat(?!ment)|provid|deliver(?!y)|perform(?!ance)|led\b|lead|carried out|conduct|gave|ran\b|instruct(?!ion)"
    r"|furnish|complet)\w*"
)
WATCHED = r"\b(?:observ|watch|shadow|assist(?!ant)|help|set ?up|clean)\w*"
DENIED = r"(?:\b(?:not|never|without)|n['’]t)\b[^.;,\n]{0,40}"
"""What a text says was not so: "not present in the room"."""
DIRECTED = (
    r"(?<!not )\b(?:present (?:in|throughout|for)|in the (?:same )?(?:treatment )?room|line[- ]of[- ]sight"
    r"|direct(?:ed|ing) (?:the )?(?:service|session|treatment|student|aide)\w*"
    r"|guid(?:ed|ing) (?:the )?(?:student|session)\w*)"
)
"""What shows that the therapist was in the room and directed the service."""


@rule("DOC-12", grain="documented_line", severity="error", sources=["cms-100-02-ch15-230-b"])
def student_or_aide(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A student or an aide furnished the service, and nothing shows a therapist in the room who directed it.

    Why it matters: Medicare Part B pays for services of therapists and assistants. Minutes of a student or an aide
    are never billable unless the therapist is in the room, directs the service and treats nobody else meanwhile.
    What to do: do not bill these minutes; if the therapist was in the room and directed, have that noted.
    """
    rows = lines[(lines["medicare"] != "no") & lines["code_known"]].drop_duplicates(["claim_id", "day", "note_id"])
    medicare, noted = rows["medicare"] == "yes", rows["note_id"] != ""
    wrote = _no_practitioner(rows["own_credential"])
    said = ~wrote & _furnished_by_student(rows["text_of_day"])
    asked = rows["text_of_day"].where(wrote | said | (rows["own_credential"] == ""), "")
    directed = asked.str.replace(DENIED, " ", case=False, regex=True).str.contains(DIRECTED, case=False, regex=True)
    found = (wrote | said) & ~directed
    untold = wrote & (rows["text_of_day"] == "") & lacks(rows["own_untold"], "text")
    return [
        findings(
            rows[medicare & found & wrote & ~untold],
            expected="a therapist in the room who directs the service",
            observed="a note by {own_credential}",
            because="The note of {service_date:%Y-%m-%d} is by a student or an aide ({own_credential}), and nothing "
            "in it shows a therapist in the room who directed the service.",
        ),
        findings(
            rows[medicare & found & said],
            expected="a therapist in the room who directs the service",
            observed="a student or an aide named in the note",
            because="The note of {service_date:%Y-%m-%d} says that a student or an aide furnished a service, and "
            "nothing in it shows a therapist in the room who directed it.",
            severity="warning",
        ),
        untestable(
            rows[medicare & found & untold],
            "The note of {service_date:%Y-%m-%d} is by a student or an aide ({own_credential}); the notes came without "
            "a column for the text, which could show a therapist in the room.|Load notes with text",
        ),
        untestable(
            rows[~medicare & found],
            "A student or an aide took part on {service_date:%Y-%m-%d}; whether this payer pays as Medicare does is "
            "not on file.|Load payers with medicare (yes or no) for this payer and date",
        ),
        untestable(
            rows[medicare & noted & ~found & ~directed & (rows["own_credential"] == "")],
            "The note of {service_date:%Y-%m-%d} does not say whether a therapist, an assistant, a student or an aide "
            "furnished the service.|Load notes with author_credential",
        ),
        untestable(
            rows[medicare & ~noted],
            "No note of {service_date:%Y-%m-%d} tells who furnished the service.|Load notes with the note of this day",
        ),
    ]


def _furnished_by_student(texts: pd.Series[str]) -> pd.Series[bool]:
    """A sentence names a student or an aide as the one who furnished something, not as one who watched or helped:
    the first thing that is said to be done after the name decides, else what stands before it."""
    found = contains(texts, STUDENT)
    found[found] = texts[found].map(lambda text: any(_did(sentence) for sentence in text.split("."))).astype("bool")
    return found


def _did(sentence: str) -> bool:
    named = re.search(STUDENT, sentence, re.IGNORECASE)
    if named is None:
        return False
    does = re.search(f"(?P<did>{FURNISHED})|{WATCHED}", sentence[named.end() :], re.IGNORECASE)
    if does:
        return does["did"] is not None
    before = sentence[: named.start()]
    return _says(before, FURNISHED) and not _says(before, WATCHED)


def _says(text: str, words: str) -> bool:
    return re.search(words, text, re.IGNORECASE) is not None


@once_each
def _no_practitioner(credential: pd.Series[str]) -> pd.Series[bool]:
    return credential.str.replace(".", "", regex=False).str.contains(SIGNED, case=False, regex=True)

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import pandas as pd
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from audit.rules import findings, rule, untestable
from audit.texts import combinations

ALIKE = 85.0
"""From this likeness on (0 to 100, words in any order) two names are one, misspelt."""
SUFFIXES = {"jr", "sr", "ii", "iii", "iv", "mr", "mrs", "ms", "dr"}
SAME, MISSPELT, OTHER, UNKNOWN = "same", "misspelt", "other", ""


@rule("FMT-09", grain="filing", severity="error", sources=["patient-identity"])
def another_patient(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """The patient on the claim is another one than in the note.

    Why it matters: a note of another person supports nothing, and the claim tells one patient's care to another's
    payer. A misspelt name or a mistyped birth date is rejected by the payer's check of its members.
    What to do: look the person up in the registration; mend the claim or the note, or find the right note.
    """
    once = lines[~lines.duplicated(["claim_id", "service_date", "note_id"])]
    noted = once[once["note_id"] != ""]
    rows = noted.assign(names=_names(noted), births=_births(noted))
    alike, differ = rows["names"].isin([SAME, MISSPELT]), rows["names"] == OTHER
    unnamed = rows["names"] == UNKNOWN
    other = rows[(differ & (rows["births"] != SAME)) | (~alike & (rows["births"] == OTHER))]
    return [
        findings(
            other,
            expected="one patient",
            observed="two",
            because="Name or birth date on the claim and in note {note_id} are those of different people.",
        ),
        findings(
            rows[differ & (rows["births"] == SAME)],
            expected="one name",
            observed="two names",
            because="The birth date on the claim and in note {note_id} is the same, the name is another one: a new "
            "name after marriage, or another person?",
            severity="warning",
        ),
        findings(
            rows[alike & (rows["births"] == OTHER)],
            expected="one birth date",
            observed="two birth dates",
            because="The name on the claim and in note {note_id} is the same, the birth date is another one: two "
            "people of one name, or a wrong date?",
        ),
        findings(
            rows[(alike | unnamed) & (rows["births"] == MISSPELT)],
            expected="one birth date",
            observed="two birth dates",
            because="The birth dates on the claim and in note {note_id} differ in one digit or in the order of two.",
            severity="warning",
        ),
        findings(
            rows[(rows["names"] == MISSPELT) & rows["births"].isin([SAME, UNKNOWN])],
            expected="one spelling",
            observed="two spellings",
            because="The patient's name is spelt differently on the claim and in note {note_id}.",
            severity="warning",
        ),
        untestable(
            rows[unnamed & (rows["births"] == UNKNOWN)],
            "Claim and note {note_id} do not both name the patient or the birth date."
            "|Load claims and notes with patient_name and patient_birth_date",
        ),
        untestable(
            once[once["note_id"] == ""],
            "There is no note of this line whose patient could be compared.|Load notes with the note of this day",
        ),
    ]


def _names(rows: pd.DataFrame) -> pd.Series[str]:
    return _compared(rows[["patient_name", "note_patient_name"]], _same_name)


def _compared(rows: pd.DataFrame, same: Callable[[Any, Any], str]) -> pd.Series[str]:
    def ask(each: pd.DataFrame) -> pd.Series[str]:
        pairs = zip(*(each[name] for name in each), strict=True)
        return pd.Series([same(*pair) for pair in pairs], index=each.index, dtype="str")

    return combinations(rows, {"told": ask})["told"]


def _same_name(one: str, other: str) -> str:
    """SAME also for "Last, First", a middle name or initial left out, accents and capitals."""
    a, b = _words(one), _words(other)
    if not a or not b:
        return UNKNOWN
    short, long = sorted((a, b), key=len)
    if a == b or (len(short) > 1 and (_within(short, long) or (len(a) == len(b) and _within(long, short)))):
        return SAME
    likeness = fuzz.token_sort_ratio(" ".join(a), " ".join(b))
    return MISSPELT if likeness >= ALIKE and _firsts_agree(a, b) else OTHER


def _within(short: list[str], long: list[str]) -> bool:
    """Every word of the shorter name stands in the longer one, or is the initial of one there."""
    left = list(long)
    for word in sorted(short, key=len, reverse=True):
        found = next((w for w in left if w == word or (len(word) == 1 and w.startswith(word))), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _firsts_agree(a: list[str], b: list[str]) -> bool:
    """Each word of one name is like one of the other's: "Ann Smith" and "Dan Smith" are two people."""
    short, long = sorted((a, b), key=len)
    return all(any(_near(word, other) for other in long) for word in short)


def _near(one: str, other: str) -> bool:
    slips = 1 if min(len(one), len(other)) < 6 else 2
    starts = one[:1] == other[:1] or min(len(one), len(other)) >= 6
    return starts and OSA.distance(one, other) <= slips


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return [word for word in re.findall(r"[a-z]+", plain.replace("'", "")) if word not in SUFFIXES]


def _births(rows: pd.DataFrame) -> pd.Series[str]:
    return _compared(rows[["patient_birth_date", "note_patient_birth_date"]], _same_birth)


def _same_birth(one: pd.Timestamp, other: pd.Timestamp) -> str:
    if pd.isna(one) or pd.isna(other):
        return UNKNOWN
    slips = OSA.distance(f"{one:%Y%m%d}", f"{other:%Y%m%d}")
    swapped = (one.year, one.month, one.day) == (other.year, other.day, other.month)
    return SAME if slips == 0 else MISSPELT if slips == 1 or swapped else OTHER

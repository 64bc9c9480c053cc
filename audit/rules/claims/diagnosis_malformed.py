from __future__ import annotations

import re

import pandas as pd

from audit.rules import findings, rule, untestable

SHAPE = re.compile(r"[A-Z][0-9][0-9AB](\.?[0-9A-Z]{1,4})?")
MOST_DIAGNOSES, MOST_POINTERS = 12, 4


@rule("FMT-02", grain="line", severity="error", sources=["837p-diagnoses"])
def diagnosis_malformed(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """A diagnosis is not written as an ICD-10-CM code, there are too many, or a line points to one that is missing.

    Why it matters: a claim whose diagnoses cannot be read is rejected, and a service that points to none has no reason.
    What to do: write each diagnosis as in the code book (S52.502D), list at most 12, point each line to 1 to 4 of them.
    """
    rows = lines.assign(listed=lines["diagnosis_codes"].map(_counts(lines["diagnosis_codes"])).astype("int64"))
    told = rows[rows["listed"] > 0]
    of_claim = told.drop_duplicates(["claim_id", "patient_id", "diagnosis_codes"])
    many = of_claim[of_claim["listed"] > MOST_DIAGNOSES]
    return [
        _misspelt(of_claim),
        findings(
            many,
            expected=f"at most {MOST_DIAGNOSES} diagnoses",
            observed="{listed}",
            because=f"The claim lists {{listed}} diagnoses; a claim holds at most {MOST_DIAGNOSES}.",
        ),
        *_pointers(told),
        untestable(
            rows[rows["listed"] == 0],
            "The claim lists no diagnosis, so there is none to check.|Load claims with diagnosis_codes",
        ),
    ]


def _counts(codes: pd.Series[str]) -> dict[str, int]:
    return {text: len(text.split()) for text in codes.unique()}


def _misspelt(of_claim: pd.DataFrame) -> pd.DataFrame:
    strange = {
        text: " ".join(code for code in text.split() if not SHAPE.fullmatch(code.upper()))
        for text in of_claim["diagnosis_codes"].unique()
    }
    rows = of_claim.assign(strange=of_claim["diagnosis_codes"].map(strange).astype("str"))
    return findings(
        rows[rows["strange"] != ""],
        expected="ICD-10-CM codes",
        observed="{strange}",
        because="Not written as an ICD-10-CM code: {strange}. (A letter, two characters, then a point and up to four "
        "more. Whether a code that is so written exists, was not looked up.)",
    )


def _pointers(told: pd.DataFrame) -> list[pd.DataFrame]:
    """What is wrong with the pointers of each line: "1 2" and "AB" both name the first two diagnoses."""
    written = told.drop_duplicates(["diagnosis_pointers", "listed"])[["diagnosis_pointers", "listed"]]
    pairs = list(zip(written["diagnosis_pointers"], written["listed"], strict=True))
    number = pd.Series([len(_parts(text)) for text, _ in pairs], index=written.index, dtype="int64")
    lost = [" ".join(p for p in _parts(text) if not 1 <= _position(p) <= listed) for text, listed in pairs]
    written = written.assign(number=number, lost=pd.Series(lost, index=written.index, dtype="str"))
    rows = told.merge(written, on=["diagnosis_pointers", "listed"], how="left", validate="m:1")
    return [
        findings(
            rows[rows["number"] > MOST_POINTERS],
            expected=f"at most {MOST_POINTERS} pointers",
            observed="{diagnosis_pointers}",
            because=f"The line points to {{number}} diagnoses; a line may point to at most {MOST_POINTERS}.",
        ),
        findings(
            rows[rows["lost"] != ""],
            expected="pointers from 1 to {listed}",
            observed="{diagnosis_pointers}",
            because="Nothing stands where the line points: {lost}. Diagnoses on the claim: {listed}.",
        ),
        untestable(
            rows[rows["number"] == 0],
            "The line does not say which of the claim's diagnoses it is for.|Load claims with diagnosis_pointers",
        ),
    ]


def _parts(pointers: str) -> list[str]:
    return re.findall(r"[0-9]+|[^\s,:;]", pointers.upper())


def _position(pointer: str) -> int:
    """The place of the diagnosis that a pointer names, from 1; 0 when it is no pointer."""
    if pointer.isascii() and pointer.isdigit():
        return int(pointer)
    return ord(pointer) - ord("A") + 1 if "A" <= pointer <= "Z" else 0

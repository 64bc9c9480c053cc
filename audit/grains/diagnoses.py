"""Diagnoses of claims looked up in the year's ICD-10-CM list, when the user has loaded it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from audit.facts.fact_merge import DIAGNOSES
from audit.facts.reference import Facts, in_force

LONGEST = 7
MOST_NAMED = 8
KEY = ["diagnosis_codes", "service_date"]
ADDED = ["unlisted", "headings", "unsided"]


@dataclass
class Lookup:
    """The list of one period: what may be billed with its side, and under each heading the codes that may."""

    sides: dict[str, str] = field(default_factory=dict)
    under: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Lookup:
        billable = rows[rows["billable"] == "1"]
        found = cls(dict(zip(billable["code"], billable["side"], strict=True)))
        for code in sorted(found.sides):
            for length in range(3, len(code)):
                found.under.setdefault(code[:length], []).append(code)
        return found

    def judged(self, text: str) -> tuple[str, str, str]:
        """Of the diagnoses in `text`: those not listed, the headings with what they lack, those without a side."""
        codes = list(dict.fromkeys(code.upper().replace(".", "") for code in text.split()))
        lost = [written(code) for code in codes if code not in self.sides and code not in self.under]
        heads = [self._lacks(code) for code in codes if code not in self.sides and code in self.under]
        sideless = [written(code) for code in codes if self.sides.get(code) == "unspecified"]
        return " ".join(lost), "; ".join(heads), " ".join(sideless)

    def _lacks(self, code: str) -> str:
        below = self.under[code]
        if all(len(one) == LONGEST and one[:-1].rstrip("X") == code for one in below):
            return f"{written(code)} lacks its 7th character ({', '.join(sorted({one[-1] for one in below}))})"
        named = ", ".join(map(written, below[:MOST_NAMED]))
        return f"{written(code)} is a heading (its codes: {named}{', ...' if len(below) > MOST_NAMED else ''})"


def written(code: str) -> str:
    """S52502D as the code book writes it."""
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 else code


def with_diagnoses(rows: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Adds `diagnoses_covered` (a list of the date's fiscal year is loaded) and, as text, "" for none: `unlisted`,
    `headings`, `unsided` diagnoses of the claim."""
    covered = facts.covered(DIAGNOSES, rows["service_date"])["coverage"] == "within"
    result = rows.assign(diagnoses_covered=covered, **dict.fromkeys(ADDED, ""))
    asked = rows.loc[covered & (rows["diagnosis_codes"] != ""), KEY].drop_duplicates()
    parts = [_judged(of_day, facts, pd.Timestamp(str(day))) for day, of_day in _by_state(asked, facts)]
    if not parts:
        return result
    told = pd.concat(parts).set_index(KEY)
    found = told.reindex(pd.MultiIndex.from_frame(result[KEY]))
    for name in ADDED:
        result[name] = found[name].fillna("").astype("str").to_numpy()
    return result


def _by_state(asked: pd.DataFrame, facts: Facts) -> list[tuple[pd.Timestamp, pd.DataFrame]]:
    """The claims asked for, by the newest day on which the list in force on their date began to change."""
    if asked.empty:
        return []
    starts = sorted(facts.tables[DIAGNOSES]["effective_from"].unique())
    state = asked["service_date"].map({day: max(one for one in starts if one <= day) for day in asked["service_date"]})
    return [(pd.Timestamp(str(first)), of_state) for first, of_state in asked.groupby(state)]


def _judged(asked: pd.DataFrame, facts: Facts, first: pd.Timestamp) -> pd.DataFrame:
    table = facts.tables[DIAGNOSES]
    lookup = Lookup.of(table[in_force(table, first)])
    by_text = {text: lookup.judged(text) for text in asked["diagnosis_codes"].unique()}
    told = pd.DataFrame([by_text[text] for text in asked["diagnosis_codes"]], columns=ADDED, index=asked.index)
    return asked.join(told)

"""The rule book: every rule is one function in one module, its cases beside it as YAML.

A rule looks at one prepared table (`grains.GRAINS`) and returns findings. Rules are found by walking this
package; a new rule is two files and nothing else.
"""

from __future__ import annotations

import importlib
import pkgutil
import string
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from audit.errors import CountersignError
from audit.grains import Prepared
from audit.grains.of_clinicians import SEEN, OfClinicians
from audit.model import FINDING_COLUMNS, UNPRICED
from audit.rules.columns import PLACE, named_by
from audit.shared_text import SHARED, for_all, spread
from audit.texts import contains, firsts, group_numbers

Split = Literal["patient_id", "rendering_npi", "nothing"]
"""`pieces` and `bulk` divide by it. "rendering_npi": by the person who gave the visit; "nothing": all must be seen at
once. Both have a grain of `grains.of_clinicians`."""
State = Literal["trial", "in force", "retired"]
Modifiers = Literal["missed", "looked at", ""]
Check = Callable[[pd.DataFrame], pd.DataFrame | list[pd.DataFrame]]
ORDER = ["claim_id", "line_number", "rule", "severity", "service_date", "note_id", "procedure_code", "because"]


@dataclass(frozen=True)
class Rule:
    """One rule. `split` names the column by which the claims may be divided without changing its findings."""

    code: str
    grain: str
    split: Split
    severity: str
    sources: tuple[str, ...]
    state: State
    title: str
    why: str
    what_to_do: str
    cases: Path
    check: Check
    of_modifiers: Modifiers = ""
    """Whether it misses modifiers, or looks at those that are there; "" where it does neither, or says itself what
    cannot be told of lines that came without any column of modifiers (`modifiers_told`)."""

    @property
    def family(self) -> str:
        return self.cases.parent.name

    def run(self, prepared: Prepared | OfClinicians) -> pd.DataFrame:
        """Findings of this rule, columns FINDING_COLUMNS. Raises whatever the rule raises."""
        rows = getattr(prepared, self.grain)
        if rows.empty:
            return nothing()
        found = self._judged(rows)
        parts = [part for part in ([found] if isinstance(found, pd.DataFrame) else found) if len(part)]
        if self.of_modifiers and (untold := rows["modifiers_told"] == "no").any():
            parts = _where_told(parts, rows[untold], self.of_modifiers)
        if not parts:
            return nothing()
        rows = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
        if self.split != "patient_id" and (rows["change"] != "").any():
            raise ValueError("a change is priced in the whole patient-day, so its rule is split by patient")
        recalled = prepared.facts.recalled_sources
        return rows.assign(
            rule=for_all(self.code, rows),
            severity=rows["severity"].mask(rows["severity"] == "", self.severity),
            sources=for_all(" ".join(self.sources), rows),
            facts_unchecked=rows["facts_unchecked"] | all(source in recalled for source in self.sources),
        )

    def _judged(self, rows: pd.DataFrame) -> pd.DataFrame | list[pd.DataFrame]:
        """What the rule says of the columns that it names; of all, where it lacks one of them."""
        try:
            return self.check(rows[named_by(self.check, rows.columns)])
        except (KeyError, AttributeError):
            return self.check(rows)


def rule(
    code: str,
    *,
    grain: str,
    severity: str,
    sources: list[str],
    split: Split = "patient_id",
    state: State = "in force",
    of_modifiers: Modifiers = "",
) -> Callable[[Check], Rule]:
    """Make a rule of a function whose docstring is a title, "Why it matters: ..." and "What to do: ..."."""

    def make(check: Check) -> Rule:
        title, why, what_to_do = _parts(code, check.__doc__ or "")
        if (split == "patient_id") == (grain in SEEN):
            wrong = f"a rule over {grain} is not split by {split}"
            raise CountersignError(
                wrong, where=f"rule {code}", do="Split rules about clinicians by them, others by patient"
            )
        cases = Path(check.__code__.co_filename).with_suffix(".yaml")
        told = (title, why, what_to_do, cases, check, of_modifiers)
        return Rule(code, grain, split, severity, tuple(sources), state, *told)

    return make


UNTOLD_MODIFIERS = (
    "The claims came without a column for modifiers, so which ones stand on the lines of this claim is not known."
    "|Load claims with modifier_1 to modifier_4"
)


def _where_told(parts: list[pd.DataFrame], untold: pd.DataFrame, modifiers: str) -> list[pd.DataFrame]:
    """The findings but those on rows whose modifiers nobody told; of these rows it says that they cannot be judged: of
    all, or where the rule misses modifiers, of those that it found something on."""
    place = pd.MultiIndex.from_frame(untold[["claim_id", "line_number"]])
    on_untold = [pd.MultiIndex.from_frame(part[["claim_id", "line_number"]]).isin(place) for part in parts]
    accused = [on & (part["severity"] != "untestable").to_numpy() for part, on in zip(parts, on_untold, strict=True)]
    kept = [part[~gone] for part, gone in zip(parts, accused, strict=True)]
    found = [part.loc[gone, ["claim_id", "line_number"]] for part, gone in zip(parts, accused, strict=True)]
    if modifiers == "missed":
        untold = untold[place.isin(pd.MultiIndex.from_frame(pd.concat(found)))] if found else untold[:0]
    return [part for part in (*kept, untestable(untold, UNTOLD_MODIFIERS)) if len(part)]


def _parts(code: str, doc: str) -> tuple[str, str, str]:
    text = " ".join(doc.split())
    title, found_why, rest = text.partition(" Why it matters: ")
    why, found_do, do = rest.partition(" What to do: ")
    if not (found_why and found_do and title and why and do):
        raise CountersignError(
            "the docstring lacks a title, 'Why it matters:' or 'What to do:'", where=f"rule {code}", do="Write them"
        )
    return title, why, do


@cache
def rule_book() -> dict[str, Rule]:
    """All rules by code, in the order of their families and codes."""
    book: dict[str, Rule] = {}
    for family in ("units", "evaluations", "modifiers", "notes", "claims"):
        package = importlib.import_module(f"audit.rules.{family}")
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            found = [r for r in vars(importlib.import_module(module.name)).values() if isinstance(r, Rule)]
            if len(found) != 1 or found[0].code in book:
                raise CountersignError("a module holds one rule with a code of its own", where=module.name)
            book[found[0].code] = found[0]
    order = sorted(book, key=lambda code: (list({r.family: 0 for r in book.values()}).index(book[code].family), code))
    return {code: book[code] for code in order}


def nothing() -> pd.DataFrame:
    return _NOTHING.copy(deep=False)


_NOTHING = pd.DataFrame(columns=list(FINDING_COLUMNS))


def ordered(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Findings of several rules or buckets as one frame in the order of the contract."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return nothing()
    held = {name: _together(parts, name) for name in ORDER[:4]}
    number = _in_order(list(held.values()))
    order = np.argsort(number, kind="stable")
    same = np.diff(number[order]) == 0
    alike = np.append(same, False) | np.append(False, same)
    if alike.any():
        rows = pd.DataFrame({name: _together(parts, name).take(order[alike]) for name in ORDER})
        order[alike] = rows.sort_values(ORDER, kind="stable").index
    columns = ((name, held.pop(name, None)) for name in FINDING_COLUMNS)
    told = {name: (_together(parts, name) if one is None else one).array.take(order) for name, one in columns}
    return pd.DataFrame(told, copy=False)


def _together(parts: list[pd.DataFrame], name: str) -> pd.Series[Any]:
    """One column of all parts: one at a time, for all together are large."""
    column: pd.Series[Any] = pd.concat([part[name] for part in parts], ignore_index=True)
    return column


def _in_order(columns: list[pd.Series[Any]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Whole numbers in the order of the columns: the same where these say the same."""
    number = np.zeros(len(columns[0]), dtype="int64")
    for column in columns:
        place, different = pd.factorize(column, sort=True)
        number = number * (len(different) + 1) + np.where(place < 0, len(different), place)
    return number


def findings(
    rows: pd.DataFrame,
    *,
    expected: str,
    observed: str,
    because: str,
    severity: str | pd.Series[str] = "",
    facts_unchecked: bool = False,
    change: str = "",
) -> pd.DataFrame:
    """One finding a row. `expected`, `observed` and `because` are templates over the row's columns, where a
    noun counts: "{minutes:minute} support {units:unit}" gives "37 minutes support 2 units". `severity` stays
    empty for the rule's own. `change`, a template too: what the finding would change in the units billed, in the
    words of `audit.worth`, by which it is priced; "" where it has no price."""
    if rows.empty:
        return _NOTHING
    templates = {"expected": expected, "observed": observed, "because": because, "change": change}
    cells: dict[str, Any] = {
        **{name: rows[name] for name in PLACE},
        **UNPRICED,
        **{name: _told(template, rows) for name, template in templates.items()},
        **{"rule": "", "sources": "", "severity": severity, "facts_unchecked": facts_unchecked},
    }
    if isinstance(severity, pd.Series):
        cells["severity"] = severity.astype(SHARED)
    cells |= {name: for_all(cell, rows) for name, cell in cells.items() if isinstance(cell, str)}
    return pd.DataFrame({name: cells[name] for name in FINDING_COLUMNS}, index=rows.index)


def lacks(untold: pd.Series[str], *names: str) -> pd.Series[bool]:
    """Which records came from a file without a column of one of these names; `untold`: their `columns_untold`."""
    return contains(untold, "|".join(rf"\b{name}\b" for name in names))


def untestable(rows: pd.DataFrame, because: str) -> pd.DataFrame:
    """One "cannot be judged" a claim and day, whatever the number of rows.

    `because` is a template "why it cannot be judged|what input would make it testable", the second part as an
    instruction that names table and column ("Load plans_of_care with certified_on"); it stands in `expected`."""
    if rows.empty:
        return _NOTHING
    why, _, wanted = because.partition("|")
    named = once(rows[list(dict.fromkeys([*PLACE, *_names(because)]))])
    return findings(named, expected=wanted, observed="", because=why, severity="untestable")


def once(rows: pd.DataFrame) -> pd.DataFrame:
    """The first row of each claim and day: of these `untestable` speaks."""
    return rows.take(firsts(group_numbers(rows["claim_id"], rows["service_date"])))


def _names(template: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(template) if name]


def _told(template: str, rows: pd.DataFrame) -> Any:
    """The template for each row, put into words once for rows that say the same."""
    said, number = [""], np.zeros(len(rows), dtype="int64")
    for text, name, noun, _ in string.Formatter().parse(template):
        if not name:
            said = [before + text for before in said]
            continue
        numbers, different = pd.factorize(rows[name].array, use_na_sentinel=False)
        words = [text + _word(value, noun or "") for value in different.tolist()]
        number, both = pd.factorize(number * len(words) + numbers)
        said = [said[one] + words[other] for one, other in (divmod(each, len(words)) for each in both.tolist())]
    return pd.Series(spread(pd.array(said, dtype="str"), number), index=rows.index)


def _word(value: Any, noun: str) -> str:
    """A number with its noun; where it is no noun, the value in this format."""
    if not noun.isalpha():
        return format(value, noun)
    return f"{value} {noun}" if value == 1 else f"{value} {noun}s"

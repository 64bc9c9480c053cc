from __future__ import annotations

import pandas as pd

from audit.evaluations import LEVEL_CODES, LEVEL_NAMES, Component, asked_by, limiting
from audit.grains.evaluations import COMPONENTS
from audit.rules import findings, rule, untestable

NUMBER = {code: level for level, code in LEVEL_CODES.items()}


@rule("EVAL-01", grain="evaluation", severity="error", sources=["cpt-eval-levels"])
def level_above_findings(evaluations: pd.DataFrame) -> list[pd.DataFrame]:
    """The evaluation is billed at a higher level than its findings support.

    Why it matters: every component must reach the level; the lowest decides. Medicare pays the three levels
    alike, so this is a matter of compliance, not of dollars, unless the payer pays by level.
    What to do: bill the supported level, or have the evaluation completed by an addendum.
    """
    levels = with_level(evaluations)
    known = levels[readable(levels) & levels["reach"].notna()]
    over = with_names(known[known["level"] > known["reach"]])
    none, some = over[over["reach"] == 0], over[over["reach"] > 0]
    return [
        findings(
            some,
            expected="{reached} ({reached_name})",
            observed="{procedure_code} ({billed_name})",
            because="The evaluation has {said}. That supports {reached} ({reached_name}) at most, not "
            "{procedure_code} ({billed_name}). Limited by: {limits}. {procedure_code} asks for {asked}.",
            change="{procedure_code} -{units}; {reached} +{units}",
        ),
        findings(
            none,
            expected="no evaluation level",
            observed="{procedure_code} ({billed_name})",
            because="The evaluation has {said}. Without a performance deficit no level is supported.",
            change="{procedure_code} -{units}",
        ),
        *unread(levels),
        unstated(levels[~levels.index.isin(over.index)]),
    ]


def with_level(evaluations: pd.DataFrame) -> pd.DataFrame:
    """The evaluations that have a level (a re-evaluation has none), with `level` 1 to 3 as billed."""
    rows = evaluations[evaluations["procedure_code"].isin(NUMBER)]
    return rows.assign(level=rows["procedure_code"].map(NUMBER).astype("int64"))


def readable(rows: pd.DataFrame) -> pd.Series[bool]:
    """Evaluations of a date the codes are on file for, with one note that fits best."""
    return rows["code_known"] & (rows["note_id"] != "") & ~rows["rivals"]


def unread(rows: pd.DataFrame) -> list[pd.DataFrame]:
    known, noted = rows["code_known"], rows["note_id"] != ""
    return [
        untestable(
            rows[~known],
            "{procedure_code} is not on file for this date, so the evaluation cannot be judged."
            "|Load facts (codes) with {procedure_code} on this date",
        ),
        untestable(
            rows[known & ~noted],
            "No note of this day is an evaluation, so there are no findings to judge by."
            "|Load notes with the evaluation's history_level, performance_deficits and decision_making",
        ),
        untestable(
            rows[known & noted & rows["rivals"]],
            "Two notes of this day fit {procedure_code} equally well and their findings differ."
            "|Load notes with claim_id on the note that belongs to this claim",
        ),
    ]


def unstated(rows: pd.DataFrame) -> pd.DataFrame:
    rows = with_names(rows[readable(rows) & ~rows["stated"]])
    return untestable(rows, "The evaluation does not state: {missing}.|Load notes with {missing_columns}")


def with_names(rows: pd.DataFrame) -> pd.DataFrame:
    """What the components say in words, which of them limit, which are missing, and the names of the levels."""
    reached = rows["reach"].map(LEVEL_CODES)
    return rows.assign(
        said=[", ".join(f"{c.name} {c.documented or 'not stated'}" for c in parts) for parts in rows["components"]],
        limits=[", ".join(limiting(parts)) for parts in rows["components"]],
        missing=[_missing(*one) for one in zip(rows["components"], rows["performance_deficits"], strict=True)],
        missing_columns=[
            ", ".join(column for part, column in zip(parts, COMPONENTS, strict=True) if part.reaches is None)
            for parts in rows["components"]
        ],
        asked=rows["procedure_code"].map({code: asked_by(code) for code in LEVEL_NAMES}),
        billed_name=rows["procedure_code"].map(LEVEL_NAMES),
        reached=reached,
        reached_name=reached.map(LEVEL_NAMES),
    )


def _missing(parts: list[Component], deficits: str) -> str:
    names = [part.name for part in parts if part.reaches is None]
    return ", ".join(f"{n} as a number or a list parted by ;" if deficits and "deficits" in n else n for n in names)

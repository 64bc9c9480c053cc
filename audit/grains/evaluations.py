"""The grain `evaluation`: an evaluation or re-evaluation line with the findings of its note."""

from __future__ import annotations

import pandas as pd

from audit.evaluations import Component, components, supported_level

FINDINGS = ["history_level", "performance_deficits", "decision_making", "comorbidities", "assistance"]


def evaluations(lines: pd.DataFrame, linked: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """Lines of codes 97165-97168 with the evaluation note of their day.

    Adds the note's findings, `components` (list of `evaluations.Component`), `supported` (code or ""),
    `stated` (all three components are documented), `minutes` of the evaluation and its author.
    """
    rows = lines[lines["family"] == "eval"].copy()
    told = linked[linked["day"].notna() & linked["note_type"].isin(["evaluation", "re-evaluation", ""])]
    evaluated = told[(told[FINDINGS] != "").any(axis=1) | (told["note_type"] != "")]
    best = evaluated.sort_values(["day", "note_type", "note_id"]).drop_duplicates("day", keep="first")
    notes = best[["day", "note_id", "author", "author_credential", "total_treatment_minutes", *FINDINGS]]
    rows = rows.rename(columns={"note_id": "note_of_day"}).merge(notes, on="day", how="left")
    texts = ["note_id", "author", "author_credential", *FINDINGS]
    rows[texts] = rows[texts].fillna("").astype("str")
    rows = rows.merge(_own_minutes(services), on=["note_id", "procedure_code"], how="left")
    rows["minutes"] = rows["minutes"].fillna(rows["total_treatment_minutes"]).astype("Int64")
    said = list(zip(rows["history_level"], rows["performance_deficits"], rows["decision_making"], strict=True))
    rows["components"] = pd.Series([components(*s) for s in said], index=rows.index, dtype="object")
    rows["supported"] = pd.Series([supported_level(*s) or "" for s in said], index=rows.index, dtype="str")
    rows["stated"] = pd.Series([_stated(parts) for parts in rows["components"]], index=rows.index, dtype="bool")
    return rows


def _own_minutes(services: pd.DataFrame) -> pd.DataFrame:
    wanted = ["minutes", "therapist_minutes", "assistant_minutes", "together_minutes"]
    return services.groupby(["note_id", "procedure_code"])[wanted].sum(min_count=1).reset_index()


def _stated(parts: list[Component]) -> bool:
    return all(part.reaches is not None for part in parts)

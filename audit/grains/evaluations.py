"""The grain `evaluation`: an evaluation or re-evaluation line with the findings of its note."""

from __future__ import annotations

import pandas as pd

from audit.evaluations import LEVEL_CODES, components
from audit.grains.again import belongs
from audit.grains.lines import those
from audit.texts import joined

COMPONENTS = ["history_level", "performance_deficits", "decision_making"]
FINDINGS = [*COMPONENTS, "comorbidities", "assistance"]
KIND = {**dict.fromkeys(LEVEL_CODES.values(), "evaluation"), "97168": "re-evaluation"}
OF_NOTE = ["note_id", "author", "author_credential", "total_treatment_minutes", "text", *FINDINGS]
MINUTES = ["minutes", "therapist_minutes", "assistant_minutes", "together_minutes"]


def evaluates(notes: pd.DataFrame) -> pd.Series[bool]:
    """Which notes are evaluations: by their type, or by one of the components of a level."""
    typed = notes["note_type"].isin(["evaluation", "re-evaluation"])
    return typed | (notes[COMPONENTS] != "").any(axis=1)


def evaluating(lines: pd.DataFrame) -> pd.Series[bool]:
    """Which claim lines are evaluations or re-evaluations."""
    return (lines["family"] == "eval") | lines["procedure_code"].isin(KIND)


def evaluations(lines: pd.DataFrame, linked: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """Lines of codes 97165-97168 with the evaluation note of their day (`note_id`, "" when there is none).

    Adds the note's findings and author, `minutes` of the evaluation and who furnished them (`some_parts`: the note
    states the minutes of one of them at least), and the columns of
    `_judged`. `rivals`, `rival_authors`: another note fits the line as well and has other findings, or is by
    another kind of author.
    """
    rows = those(lines, evaluating(lines)).reset_index(drop=True)
    if rows.empty:
        return rows
    rows = rows.rename(columns={"note_id": "note_of_line"}).join(_note_of(rows, lines, linked))
    texts = ["note_id", "author", "author_credential", "text", *FINDINGS]
    rows[texts] = rows[texts].fillna("").astype("str")
    for flag in ("rivals", "rival_authors"):
        rows[flag] = rows[flag].eq(True)
    rows = rows.merge(_own_minutes(services), on=["note_id", "procedure_code"], how="left")
    rows["some_parts"] = rows["some_parts"].eq(True)
    rows["minutes"] = rows["minutes"].fillna(_rest_of_treatment(rows, lines, services)).astype("Int64")
    return _judged(rows)


def _note_of(rows: pd.DataFrame, lines: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """By row: of the day's evaluations first the one that names the claim, then the one of the right kind, then
    the one of the same practitioner. Of several that fit alike the first, with the `text` of all."""
    told = linked[linked["day"].notna() & evaluates(linked)]
    told = told[["day", "claim_id", "rendering_npi", "note_type", *OF_NOTE]]
    wanted = rows[["day", "claim_id", "rendering_npi", "procedure_code"]].rename_axis("_row").reset_index()
    found = wanted.merge(told, on="day", suffixes=("", "_note"))
    found["_claim"] = found["claim_id"] == found["claim_id_note"]
    found["_kind"] = found["procedure_code"].map(KIND) == found["note_type"]
    found["_npi"] = found["rendering_npi"] == found["rendering_npi_note"]
    found = found[belongs(found["claim_id_note"], found["claim_id"], lines)]
    fit = ["_claim", "_kind", "_npi"]
    found = found.sort_values("note_id").sort_values(fit, ascending=False, kind="stable")
    best = found.drop_duplicates("_row").set_index("_row")
    as_good = found.merge(best[fit].reset_index(), on=["_row", *fit])
    different = as_good.drop_duplicates(["_row", *FINDINGS]).groupby("_row").size() > 1
    authors = as_good.groupby("_row")["author"].nunique() > 1
    best = best[OF_NOTE].assign(rivals=different, rival_authors=authors)
    several = as_good[as_good["_row"].duplicated(keep=False)]
    if len(several):
        texts = joined(several["text"], several["_row"], "\n").str.strip()
        best["text"] = texts.reindex(best.index).fillna(best["text"].astype("str"))
    return best


def _own_minutes(services: pd.DataFrame) -> pd.DataFrame:
    """By note and code, <NA> where a part is not documented; `some_parts`: the minutes of some person are stated."""
    services = services[services["procedure_code"].isin(KIND) | (services["family"] == "eval")]
    each = services.groupby(["note_id", "procedure_code"])
    by_code = each[MINUTES]
    told = by_code.sum().where(by_code.count().eq(by_code.size(), axis=0)).astype("Int64")
    return told.assign(some_parts=each["some_parts"].any()).reset_index()


def _rest_of_treatment(rows: pd.DataFrame, lines: pd.DataFrame, services: pd.DataFrame) -> pd.Series[int]:
    """The note's treatment minutes less those of its other services; <NA> where these are not known."""
    services = services[services["note_id"].isin(rows["note_id"])]
    own = pd.MultiIndex.from_frame(rows[["note_id", "procedure_code"]])
    is_own = pd.MultiIndex.from_frame(services[["note_id", "procedure_code"]]).isin(own)
    told = services.assign(minutes=services["minutes"].mask(is_own, 0)).groupby("note_id")
    by_note = told.agg(minutes=("minutes", "sum"), known=("minutes", "count"), listed=("minutes", "size"))
    by_note = by_note.reindex(rows["note_id"]).set_index(rows.index)
    only_line = rows["day"].map(lines.groupby("day").size()) == 1
    others = by_note["minutes"].where(by_note["known"] == by_note["listed"])
    others = others.mask(by_note["listed"].isna() & only_line, 0)
    rest = rows["total_treatment_minutes"].astype("Int64") - others.astype("Int64")
    return rest.where(rest > 0)


def _judged(rows: pd.DataFrame) -> pd.DataFrame:
    """Adds `components` (list of `evaluations.Component`), `stated` (all three are documented) and `reach`:
    the highest level, 0 to 3, that the documented components allow, <NA> for none."""
    told = rows[COMPONENTS].drop_duplicates()
    parts = [components(*one) for one in told.itertuples(index=False)]
    reached = [[part.reaches for part in one if part.reaches is not None] for one in parts]
    told["components"] = pd.Series(parts, index=told.index, dtype="object")
    told["stated"] = pd.Series([len(one) == len(COMPONENTS) for one in reached], index=told.index, dtype="bool")
    told["reach"] = pd.Series([min(one, default=None) for one in reached], index=told.index, dtype="Int64")
    return rows.merge(told, on=COMPONENTS, validate="m:1")

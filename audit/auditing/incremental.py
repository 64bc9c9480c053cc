"""The rules over what came since the last complete run: findings as if everything had been judged again.

Touched are whole patients (the key that rules declare), the days of the clinicians who gave a visit, whole payers of
whom rules or prices changed; everything, where facts, rules or practitioners are others. A claim that is judged again
with the same findings keeps the run that found them: its signatures stand. Only new claims, those with other findings
and those of which something came since are written, so every finding names the run that truly made it. What is said of
clinicians over many visits stands on no claim and comes from runs over everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine

from audit.grains.clinicians import clinician_of
from audit.store import touched
from audit.store.came_since import came_since
from audit.store.database import read
from audit.store.touched import PERSON

KEY = ["clinician", "service_date"]
SAID = ("rule", "severity", "line_number", "note_id", "procedure_code", "expected", "observed", "because", "sources",
        "change", "dollars_at_risk", "dollars_under", "dollars_because", "facts_unchecked")  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """`claims` are judged again; `beside` are read too, because they share a clinician's day with them. `outdated`:
    those that get a new run whatever is found. `everything`: why all are judged, or ""."""

    claims: list[int]
    beside: list[int]
    outdated: set[int]
    runs: dict[int, int]
    load_id: int
    everything: str


def asked(engine: Engine, facts_sha256: str, code_version: str) -> Asked:
    """Which claims are to be judged again."""
    told = {"facts_sha256": facts_sha256, "code_version": code_version}
    with read(engine) as connection:
        if touched.untouched(connection, **told):
            return Asked([], [], set(), {}, 0, "")
        now = touched.touched(connection, **told)
        chosen = others = touched.outdated(connection, **told)
        beside = set[int]()
        if now.everything:
            chosen = set(touched.current(connection))
        else:
            chosen = chosen | touched.claims_of(connection, "patient_id", now.patients)
            chosen |= touched.claims_of(connection, "payer_id", now.payers)
            people = touched.providers(connection)
            chosen |= _on_days(connection, now.days, people)
            beside = _beside(connection, chosen, people)
        judged = {one: run for one, run in touched.current(connection, chosen).items() if run["run_id"] is not None}
        outdated = others | set(came_since(connection, judged, judged))
    newest = {one: int(run["run_id"]) for one, run in judged.items()}
    return Asked(sorted(chosen), sorted(beside), outdated, newest, now.load_id, now.everything)


def _on_days(connection: Connection, days: pd.DataFrame, people: pd.DataFrame) -> set[int]:
    """Current claims of the visits that the clinicians of `days` gave on them."""
    wanted = _given(days, people)[KEY].drop_duplicates()
    return set(_visits(connection, set(days["service_date"]), people).merge(wanted, on=KEY)["claim_version_id"])


def _beside(connection: Connection, chosen: set[int], people: pd.DataFrame) -> set[int]:
    """Claims that share the day of a clinician with those chosen."""
    dates = touched.dates_of(connection, chosen)
    visits = _visits(connection, dates, people)
    wanted = visits.loc[visits["claim_version_id"].isin(chosen), KEY].drop_duplicates()
    return set(visits.merge(wanted, on=KEY)["claim_version_id"]) - chosen


def _visits(connection: Connection, dates: Collection[date], people: pd.DataFrame) -> pd.DataFrame:
    """`claim_version_id` of the current claims of these days, and the clinicians of each: who bills, who wrote."""
    billed, noted = touched.visits_on(connection, dates)
    day = ["patient_id", "service_date"]
    by_note = _given(noted, people).merge(billed[["claim_version_id", *day]], on=day)
    by_claim = billed.rename(columns={"rendering_npi": "clinician"})
    columns = ["claim_version_id", *KEY]
    rows = pd.concat([by_note[columns], by_claim[columns]]).drop_duplicates(ignore_index=True)
    return rows[rows["clinician"] != ""]


def _given(visits: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """With `clinician`: the author of a note, who bills where there is no author."""
    texts = visits[["rendering_npi", *PERSON]].fillna("").astype("str")
    told = visits.assign(clinician=clinician_of(texts, people))
    by_npi = visits.assign(clinician=texts["rendering_npi"])
    return pd.concat([told, by_npi], ignore_index=True)


def to_write(found: pd.DataFrame, chosen: Asked, before: pd.DataFrame) -> list[int]:
    """Of the claims judged again, those that get the new run: outdated ones, and those of which it finds something
    else than `before`. `found` and `before` have `claim_version_id`."""
    now, then = _said(found), _said(before)
    return [one for one in chosen.claims if one in chosen.outdated or now[one] != then[one]]


def _said(found: pd.DataFrame) -> defaultdict[int, list[tuple[str, ...]]]:
    """What is found, by claim version, in one order and one spelling."""
    result: defaultdict[int, list[tuple[str, ...]]] = defaultdict(list)
    for row in found[["claim_version_id", *SAID]].itertuples(index=False):
        if not pd.isna(row[0]):
            result[int(str(row[0]))].append(tuple(_spelled(cell) for cell in row[1:]))
    for said in result.values():
        said.sort()
    return result


def _spelled(cell: Any) -> str:
    if cell is None or pd.isna(cell):
        return ""
    return str(int(cell)) if isinstance(cell, (bool, int)) or hasattr(cell, "__index__") else str(cell)

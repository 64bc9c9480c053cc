"""The rules over what came since the last complete run: findings as if everything had been judged again.

Touched are whole patients (the key that rules declare), the days of the clinicians who saw one of them on a day of
which something came, whole payers of whom rules or prices changed; everything, where facts, rules or practitioners are
others. On a touched patient's other days what was found of clinicians stands, and on the other patients of a touched
day all else: neither is read again. A claim that is judged again with the same findings keeps the run that found them:
its signatures stand. Only new claims, those with other findings and those of which something came since are written,
so every finding names the run that truly made it. What is said of clinicians over many visits stands on no claim and
comes from runs over everything.
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
from audit.store.choosing import Beside
from audit.store.database import read
from audit.store.touched import PERSON, Touched

PATIENT_DAY = ["patient_id", "service_date"]
KEY = ["clinician", "service_date"]
SAID = ("rule", "severity", "line_number", "note_id", "procedure_code", "expected", "observed", "because", "sources",
        "change", "dollars_at_risk", "dollars_under", "dollars_because", "facts_unchecked")  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What is judged again: `claims` by the rules of one patient's record, `of_days` by those about clinicians' days,
    for which `beside` is read: the visits that share a clinician's day with them. `outdated`: those that get a new run
    whatever is found. `everything`: why all are judged, or ""."""

    claims: set[int]
    of_days: set[int]
    beside: Beside
    outdated: set[int]
    runs: dict[int, int]
    load_id: int
    everything: str

    @property
    def every(self) -> list[int]:
        """All claims of which something is judged again."""
        return sorted(self.claims | self.of_days)


def asked(engine: Engine, facts_sha256: str, code_version: str) -> Asked:
    """Which claims are to be judged again."""
    told = {"facts_sha256": facts_sha256, "code_version": code_version}
    with read(engine) as connection:
        if touched.untouched(connection, **told):
            return Asked(set(), set(), Beside(), set(), {}, 0, "")
        now = touched.touched(connection, **told)
        others = touched.outdated(connection, **told)
        if now.everything:
            chosen = of_days = set(touched.current(connection))
            beside = Beside()
        else:
            people = touched.providers(connection)
            chosen, of_days = _again(connection, now, others, people)
            beside = _beside(connection, of_days, people)
        judged = touched.current(connection, chosen | of_days)
        judged = {one: run for one, run in judged.items() if run["run_id"] is not None}
        outdated = others | set(came_since(connection, judged, judged))
    newest = {one: int(run["run_id"]) for one, run in judged.items()}
    return Asked(chosen, of_days, beside, outdated, newest, now.load_id, now.everything)


def unjudged(engine: Engine, facts_sha256: str, code_version: str) -> tuple[int, str]:
    """How many claims `asked` would have judged again, and why all of them, "" where not all are or none ever was.
    Reads fewer rows."""
    told = {"facts_sha256": facts_sha256, "code_version": code_version}
    with read(engine) as connection:
        if touched.untouched(connection, **told):
            return 0, ""
        now = touched.touched(connection, **told)
        if now.everything:
            return touched.number(connection), now.everything if touched.any_judged(connection) else ""
        others = touched.outdated(connection, **told)
        chosen, of_days = _again(connection, now, others, touched.providers(connection))
    return len(chosen | of_days), ""


def _again(connection: Connection, now: Touched, others: set[int], people: pd.DataFrame) -> tuple[set[int], set[int]]:
    """Claims that are judged again by their patient's record, and by clinicians' days; `others` by both."""
    of_both = others | touched.claims_of(connection, "payer_id", now.payers)
    of_patients = touched.claims_of(connection, "patient_id", now.patients)
    return of_both | of_patients, of_both | _on_days(connection, now.days, people)


def _on_days(connection: Connection, days: pd.DataFrame, people: pd.DataFrame) -> set[int]:
    """Current claims of the visits that clinicians gave on their touched days: those of `days`, and those of everybody
    who saw the same patient on that date, whose minutes may count otherwise now."""
    visits = _visits(connection, set(days["service_date"]), people)
    same = visits.merge(days[PATIENT_DAY].drop_duplicates(), on=PATIENT_DAY)
    wanted = pd.concat([_given(days, people)[KEY], same[KEY]]).drop_duplicates()
    return _ids(visits.merge(wanted, on=KEY)["claim_version_id"])


def beside(engine: Engine, ids: Collection[int]) -> Beside | None:
    """What is read beside these claims so that each is judged with all of its clinicians' days; None where they are all
    that can be judged."""
    with read(engine) as connection:
        if len(ids) == touched.number(connection):
            return None
        return _beside(connection, set(ids), touched.providers(connection))


def _beside(connection: Connection, ids: set[int], people: pd.DataFrame) -> Beside:
    """All that tells of the visits which share the day of a clinician with these claims: what was billed and noted of
    the same patients on those days."""
    visits = _visits(connection, touched.dates_of(connection, ids), people)
    wanted = visits.loc[visits["claim_version_id"].isin(ids), KEY].drop_duplicates()
    patients = visits.merge(wanted, on=KEY)[PATIENT_DAY].drop_duplicates()
    told = visits.merge(patients, on=PATIENT_DAY)
    return Beside(_ids(told["claim_version_id"]), _ids(told["note_version_id"]))


def _ids(told: pd.Series[Any]) -> set[int]:
    return set(told.dropna().astype("int64"))


def _visits(connection: Connection, dates: Collection[date], people: pd.DataFrame) -> pd.DataFrame:
    """What was billed and noted on these days: `claim_version_id` (of a note those of its patient's day, missing where
    nobody billed it), `note_version_id` (missing for a claim), PATIENT_DAY, and the clinicians of each: who bills, who
    wrote."""
    billed, noted = touched.visits_on(connection, dates)
    by_note = _given(noted, people).merge(billed[["claim_version_id", *PATIENT_DAY]], on=PATIENT_DAY, how="left")
    by_claim = billed.rename(columns={"rendering_npi": "clinician"})
    rows = pd.concat([by_note, by_claim], ignore_index=True)
    return rows.loc[rows["clinician"] != "", ["claim_version_id", "note_version_id", *PATIENT_DAY, "clinician"]]


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
    return [one for one in chosen.every if one in chosen.outdated or now[one] != then[one]]


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

"""The grain `provider_day`: a clinician's day over all patients, held against the clock."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
import pandas as pd

from audit.grains.again import belongs
from audit.grains.clock import minute_of_day
from audit.grains.notes import PARTS
from audit.grains.numbered import sums_for
from audit.shared_text import SHARED
from audit.tables import Tables

DAY = ["clinician", "service_date"]
MIDNIGHT = 24 * 60
KEPT = [*DAY, "note_id", "noted"]
"""Columns of `visits` that `provider_days` needs, beside those that rules name."""
OF_NOTE = ["note", "note_id", "claim_id", "patient_id", "service_date", "day", "author_name", "start_time", "end_time",
           "total_timed_minutes"]  # fmt: skip
OWN = {"therapist": "therapist_minutes", "assistant": "assistant_minutes"}
SPAN = ["from", "to", "demand", "shared_by", "told_by"]
Jobs = pd.DataFrame
Cells = np.ndarray[Any, Any]


def seen(
    lines: pd.DataFrame, linked: pd.DataFrame, note_services: pd.DataFrame, tables: Tables
) -> dict[str, pd.DataFrame]:
    """What `provider_days` takes. That of parts of the patients, put together, is that of all.

    `visits`: as `provider_days` gives them, but for what the others of the day make of them; `jobs`: minutes and the
    span in which they were given; `patients`: who was seen by whom on which day, once each."""
    told = _attended(note_services, lines)
    visits = _visits(linked, note_services, told, tables)
    patients = visits.loc[visits["clinician"] != "", [*DAY, "patient_id"]].drop_duplicates(ignore_index=True)
    return {"visits": _on_claims(visits, lines), "jobs": _jobs(visits, told), "patients": patients}


def provider_days(visits: pd.DataFrame, jobs: Jobs, patients: pd.DataFrame) -> pd.DataFrame:
    """Notes of a clinician's day, once for each claim they belong to, on its first line; and claims without a note.

    `clinician`, `name`: who. `one_on_one`, `evaluating` (Int64): their own minutes of 15-minute services and of
    evaluations in this note, <NA> where not told. `clocked`: a start and an end are known. `patients`: of the day,
    all together. `others`: minutes that a second, unnamed person gave. `from`, `to`, `demand`, `shared_by`
    (patients), `told_by` (notes), `with_evaluations`: a span of the day that asks for more of the clinician's minutes
    than it has; <NA> where there is none.

    Such a span exists exactly when no order of work, with breaks allowed, could hold all the minutes within the
    times that the notes give them (preemptive scheduling on one machine with release times and deadlines).
    """
    full = _overfull(jobs[~jobs["evaluation"]]).assign(with_evaluations=False)
    evaluating = jobs.loc[jobs["evaluation"], DAY].drop_duplicates()
    more = _overfull(jobs.merge(evaluating, on=DAY)).assign(with_evaluations=True)
    spans = pd.concat([full, more]).drop_duplicates("note_id")
    rows = visits.merge(spans, on="note_id", how="left")
    rows["with_evaluations"] = rows["with_evaluations"].eq(True)
    number = patients.groupby(DAY)["patient_id"].nunique().astype("Int64").rename("patients").reset_index()
    rows = rows.merge(number, on=DAY, how="left")
    rows["patients"] = rows["patients"].where(rows["noted"])
    return rows


def _visits(linked: pd.DataFrame, services: pd.DataFrame, told: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Notes with their clinician, the minutes they give of them, and their clock (minutes after midnight)."""
    rows = linked[[*OF_NOTE, "clinician"]].copy(deep=False)
    names = tables.providers.drop_duplicates("npi").set_index("npi")["name"]
    signed = rows["author_name"].mask(rows["author_name"] == "", rows["clinician"])
    rows["name"] = rows["clinician"].map(names).astype(SHARED).fillna(signed)
    rows["begins"], rows["ends"] = minute_of_day(rows["start_time"]), minute_of_day(rows["end_time"])
    evaluation = told["evaluation"]
    own = _of_note(rows, told.loc[~evaluation, ["note", "own"]])
    rows["evaluating"] = _of_note(rows, told.loc[evaluation, ["note", "own"]])
    rows["others"] = _of_note(rows, told[["note", "other"]])
    unknown = told["own"].isna() & ~evaluation
    other_timed = services["note"][(services["timed"] == "yes") & (services["in_pool"] != "yes")]
    stated = rows["total_timed_minutes"].mask(rows["note"].isin(other_timed))
    listed = rows["note"].isin(services["note"]) & ~rows["note"].isin(told.loc[unknown, "note"])
    rows["one_on_one"] = stated.mask(listed, own).astype("Int64")
    return rows


def _of_note(rows: pd.DataFrame, parts: pd.DataFrame) -> pd.Series[int]:
    """The sum of the second column of `parts` by note, on the rows of notes; 0 for notes without one."""
    found = sums_for(rows["note"], parts.iloc[:, 1], parts["note"])
    return pd.Series(found, index=rows.index, dtype="Int64")


def _attended(services: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Services that take a clinician's whole attention, with minutes of the author (`own`) and of others (`other`).

    Those of the 15-minute pool, and evaluations. A group is 97150: minutes given in a group count only where they
    are billed as one-on-one.
    """
    group = services["mode"] == "group"
    billed = lines.loc[(lines["units"] > 0) & lines["day"].isin(services.loc[group, "day"]), ["day", "procedure_code"]]
    in_group = pd.MultiIndex.from_frame(services.loc[group, ["day", "procedure_code"]])
    alone = ~group
    alone[group] = in_group.isin(pd.MultiIndex.from_frame(billed))
    evaluation = services["family"] == "eval"
    taking = ((services["in_pool"] == "yes") & alone) | evaluation
    rows = services.loc[taking, ["note", "author", "minutes", *PARTS, "open_share", "start_time", "end_time"]]
    rows["evaluation"] = evaluation
    own = rows["minutes"].copy()
    told = ~rows[PARTS].isna().any(axis=1)
    for author, part in OWN.items():
        by = (rows["author"] == author) & told
        own = own.mask(by, rows[part] + rows["together_minutes"]).mask(by & rows["open_share"])
    rows["own"], rows["other"] = own, (rows["minutes"] - own + rows["together_minutes"].fillna(0)).fillna(0)
    rows["begins"], rows["ends"] = minute_of_day(rows["start_time"]), minute_of_day(rows["end_time"])
    return rows


def _jobs(visits: pd.DataFrame, told: pd.DataFrame) -> Jobs:
    """Minutes with the span of the day in which they were given: those of services with a clock of their own, and
    the rest of each note within the note's clock. No span asks for more than it has: that is the note's own fault."""
    place = [*DAY, "note", "note_id", "patient_id"]
    known = visits[visits["clinician"] != ""]
    told = told[(told["ends"] > told["begins"]).fillna(False) & (told["own"] > 0).fillna(False)]
    clocked = told[["note", "begins", "ends", "evaluation", "own"]].rename(columns={"own": "minutes"})
    clocked = known[place].merge(clocked, on="note")
    rest = []
    for evaluation, name in ((False, "one_on_one"), (True, "evaluating")):
        spent = _of_note(known, clocked.loc[clocked["evaluation"] == evaluation, ["note", "minutes"]])
        left = known[[*place, "begins", "ends"]].assign(evaluation=evaluation, minutes=known[name] - spent)
        rest.append(left[(left["minutes"] > 0).fillna(False)])
    jobs = pd.concat([clocked, *rest], ignore_index=True)
    open_ended = ~(jobs["ends"] > jobs["begins"]).fillna(False)
    jobs["begins"], jobs["ends"] = jobs["begins"].mask(open_ended, 0), jobs["ends"].mask(open_ended, MIDNIGHT)
    jobs[["begins", "ends", "minutes"]] = jobs[["begins", "ends", "minutes"]].astype("int64")
    within = jobs.groupby(["note", "begins", "ends"])["minutes"].cumsum()
    jobs["minutes"] -= (within - (jobs["ends"] - jobs["begins"])).clip(lower=0).clip(upper=jobs["minutes"])
    return jobs[jobs["minutes"] > 0].drop(columns="note")


def _overfull(jobs: Jobs) -> pd.DataFrame:
    """By note: the smallest span of its clinician's day that asks for more minutes than it has."""
    jobs = jobs[["begins", "ends", "minutes", "patient_id", "note_id"]].assign(shift=jobs.groupby(DAY).ngroup())
    clocked = jobs.loc[jobs["ends"] - jobs["begins"] < MIDNIGHT, ["shift", "begins", "ends"]]
    clocked = clocked.sort_values(["shift", "begins", "ends"])
    busy_until = clocked.groupby("shift")["ends"].cummax().groupby(clocked["shift"]).shift()
    meeting = clocked.loc[(clocked["begins"] < busy_until).fillna(False), "shift"]
    long = sums_for(jobs["shift"], jobs["minutes"], jobs["shift"]) > MIDNIGHT
    jobs = jobs[jobs["shift"].isin(meeting) | long]
    columns = {name: jobs[name].to_numpy() for name in ("begins", "ends", "minutes", "patient_id", "note_id")}
    places = jobs.groupby("shift", sort=True).indices.values()
    found = [row for place in places for row in _of_day(*(column[place] for column in columns.values()))]
    rows = pd.DataFrame(found, columns=["note_id", *SPAN])
    return rows.astype({"note_id": SHARED, **dict.fromkeys(SPAN, "Int64")})


def _of_day(begins: Cells, ends: Cells, minutes: Cells, patient: Cells, note: Cells) -> list[dict[str, Any]]:
    """The notes of one clinician's day that lie in an overfull span of two notes or more, each in its smallest. (What
    one note says against itself is no second visit.) A span that holds another says nothing new, unless that one is
    of one patient and this one asks for more above what it has."""
    since, until = np.unique(begins), np.unique(ends)
    asked = ((begins >= since[:, None]) * minutes) @ (ends[:, None] <= until)
    length = until - since[:, None]
    spans = sorted((int(length[a, b]), int(since[a]), int(until[b]), int(asked[a, b]))
                   for a, b in np.argwhere((length > 0) & (asked > length)))  # fmt: skip
    rows: dict[str, dict[str, Any]] = {}
    taken: list[tuple[int, int, float]] = []
    for size, a, b, demand in spans:
        if any(a <= x and y <= b and demand - size <= excess for x, y, excess in taken):
            continue
        within = (begins >= a) & (ends <= b)
        shared_by = len(set(patient[within]))
        taken.append((a, b, demand - size if shared_by == 1 else inf))
        notes = sorted(set(note[within]))
        if len(notes) == 1:
            continue
        said = {"from": a, "to": b, "demand": demand, "shared_by": shared_by, "told_by": len(notes)}
        rows = {one: {"note_id": one, **said} for one in notes} | rows
    return list(rows.values())


def _on_claims(visits: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Each visit on the first one-on-one line of each claim it belongs to; billed claims that have no note besides."""
    taking = (lines["in_pool"] == "yes") | (lines["family"] == "eval")
    place = ["day", "claim_id", "line_number", "procedure_code"]
    asked = [*place, "note_id", "patient_id", "service_date", "rendering_npi", "claim_day"]
    first = lines.loc[taking & (lines["units"] > 0), asked].drop_duplicates("claim_day")
    rows = visits.rename(columns={"claim_id": "named_claim"}).merge(first[place], on="day")
    rows = rows[belongs(rows["named_claim"], rows["claim_id"], lines)]
    alone = first[first["note_id"] == ""].assign(clinician=lambda one: one["rendering_npi"], noted=False)
    kept = [*place, "note_id", "patient_id", "service_date", "clinician", "noted"]
    rows = pd.concat([rows.assign(noted=True), alone[kept]], ignore_index=True)
    rows["clocked"] = (rows["ends"] > rows["begins"]).fillna(False)
    return rows.drop(columns=["day", "note"])

"""The grain `evaluation_course`: an evaluation line with what went before it in the patient's treatment."""

from __future__ import annotations

import pandas as pd

from audit.evaluations import LEVEL_CODES
from audit.grains.again import REPLACED
from audit.grains.treatment_days import DATE, PATIENT
from audit.tables import Tables
from audit.texts import joined

RANK = {"97167": 0, "97166": 1, "97165": 2, "97168": 3}
"""Which of several evaluation codes of a day stands, the first of them."""
REPLACES, VOIDS = "7", "8"
"""Frequency codes of claims that take the place of, or take back, an earlier one."""
NEW_PLAN_WITHIN = pd.Timedelta(days=30)
"""A plan that begins so soon after an evaluation is the plan that it led to."""


def evaluation_courses(
    evaluations: pd.DataFrame, days: pd.DataFrame, tables: Tables, lines: pd.DataFrame, linked: pd.DataFrame
) -> pd.DataFrame:
    """The grain `evaluation` with the columns of `_with_day`, `_with_before`, `_with_plans` and `_with_intervals`."""
    days, lines, linked = (one[one["patient_id"].isin(evaluations["patient_id"])] for one in (days, lines, linked))
    replaces = evaluations["frequency_code"] == REPLACES
    replaced = ~replaces & replaces.groupby([evaluations["day"], evaluations["rendering_npi"]]).transform("any")
    replaced |= evaluations["told_again"] == REPLACED
    stands = ~replaced & (evaluations["frequency_code"] != VOIDS) & (evaluations["units"] > 0)
    rows = evaluations[stands].reset_index(drop=True)
    rows = _with_before(_with_day(rows), days, lines, linked)
    return _with_intervals(_with_plans(rows, tables.plans_of_care), days)


def _with_day(rows: pd.DataFrame) -> pd.DataFrame:
    """Adds `of_day`: the codes of the day's evaluations, in words; `alone`: one code by one practitioner; `stands`:
    of several, the one to keep."""
    ranked = rows.assign(rank=rows["procedure_code"].map(RANK).fillna(len(RANK)))
    ordered = ranked.sort_values(["day", "rank", "claim_id", "line_number"])
    different = ordered.drop_duplicates(["day", "procedure_code", "rendering_npi"])
    by_day = joined(different["procedure_code"], different["day"], " and ")
    first = ordered.drop_duplicates("day").index
    return rows.assign(
        of_day=rows["day"].map(by_day),
        alone=rows["day"].map(different.groupby("day").size()) == 1,
        stands=rows.index.isin(first),
    )


def _with_before(rows: pd.DataFrame, days: pd.DataFrame, lines: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Adds `previous_on`: the date of the patient's evaluation before this one, else of the last treatment before it,
    <NaT> where nothing is on file before; `rested`: days since the treatment before this date; `discharged`: a
    discharge note between the two; `same_condition`: <NA> where the diagnosis of one of them is not stated."""
    evaluated = days.loc[days["evaluated"], DATE].rename(columns={"service_date": "previous_on"})
    rows = _last_before(rows, evaluated, "previous_on")
    treated = days.loc[days["treated"], DATE].rename(columns={"service_date": "treated_on"})
    rows = _last_before(rows, treated, "treated_on")
    rows["previous_on"] = rows["previous_on"].fillna(rows["treated_on"])
    rows["rested"] = (rows["service_date"] - rows["treated_on"]).dt.days.astype("Int64")
    left = linked.loc[linked["note_type"] == "discharge", DATE].rename(columns={"service_date": "left_on"})
    left["left_on"] += pd.Timedelta(days=-1)
    rows = _last_before(rows, left, "left_on")
    rows["discharged"] = rows["left_on"] >= rows["previous_on"] - pd.Timedelta(days=1)
    return rows.assign(same_condition=_same_condition(rows, lines, linked))


def _last_before(rows: pd.DataFrame, dates: pd.DataFrame, name: str) -> pd.DataFrame:
    """Adds column `name`: the last of the patient's `dates` before the row's own."""
    found = rows[DATE].drop_duplicates().merge(dates, on=PATIENT)
    last = found[found[name] < found["service_date"]].groupby(DATE)[name].max().reset_index()
    return rows.merge(last, on=DATE, how="left", validate="m:1")


def _same_condition(rows: pd.DataFrame, lines: pd.DataFrame, linked: pd.DataFrame) -> pd.Series[bool]:
    """Whether the first diagnosis is of a category (three characters) that the evaluation before named too."""
    told = pd.concat([table[[*DATE, "diagnosis_codes"]] for table in (lines, linked)], ignore_index=True)
    told = told[told["diagnosis_codes"] != ""].drop_duplicates()
    said = joined(told["diagnosis_codes"].str.upper(), [told[name] for name in DATE], " ")
    then = said.reindex(pd.MultiIndex.from_frame(rows[[*PATIENT, "previous_on"]])).fillna("")
    now = said.reindex(pd.MultiIndex.from_frame(rows[DATE])).fillna("").map(lambda codes: codes.split()[:1])
    same = [
        first[0][:3] in {one[:3] for one in codes.split()} if first and codes.strip() else None
        for first, codes in zip(now, then, strict=True)
    ]
    return pd.Series(same, index=rows.index, dtype="boolean")


def _with_plans(rows: pd.DataFrame, plans: pd.DataFrame) -> pd.DataFrame:
    """Adds `open_plan`: a plan of care that began earlier and still runs ("" for none); `plans_before`: plans on
    file that began earlier; `undated_plans`: those that do not say when they begin or end; `new_plan`: one begins
    with this evaluation."""
    found = rows[DATE].drop_duplicates().merge(plans, on="patient_id", suffixes=("", "_plan"))
    found = found[found["discipline_plan"].isin([""]) | (found["discipline_plan"] == found["discipline"])]
    date, start, end = found["service_date"], found["start_date"], found["end_date"]
    before = start < date
    running = found[before & (end >= date)].sort_values(["start_date", "plan_id"]).drop_duplicates(DATE, keep="last")
    told = found.assign(
        before=before,
        undated=(before & end.isna()) | start.isna(),
        new=(start >= date) & (start <= date + NEW_PLAN_WITHIN),
    )
    counts = told.groupby(DATE)[["before", "undated", "new"]].sum()
    counts = counts.rename(columns={"before": "plans_before", "undated": "undated_plans", "new": "new_plan"})
    rows = rows.merge(counts.reset_index(), on=DATE, how="left", validate="m:1")
    names = list(counts.columns)
    rows[names] = rows[names].fillna(0).astype("int64")
    rows["new_plan"] = rows["new_plan"] > 0
    open_plan = running.set_index(DATE)["plan_id"].reindex(pd.MultiIndex.from_frame(rows[DATE]))
    return rows.assign(open_plan=open_plan.fillna("").astype("str").to_numpy())


def _with_intervals(rows: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Adds, for re-evaluations, the treatment days and calendar days since the evaluation or re-evaluation before
    it in the same episode (`visits_since`, `days_since`), and the same of that one (`visits_before`, `days_before`);
    <NA> where there is none."""
    number = days.assign(visit=days["treated"].astype("int64").groupby([days[name] for name in PATIENT]).cumsum())
    marks = rows.loc[rows["procedure_code"] == "97168", DATE].drop_duplicates()
    marks = pd.concat([marks, days.loc[days["evaluated"], DATE]]).drop_duplicates()
    marks = marks.merge(number[[*DATE, "visit", "episode"]], on=DATE, how="left").sort_values(DATE)
    by_episode = marks.groupby([*PATIENT, "episode"])
    marks["visits_since"] = by_episode["visit"].diff().astype("Int64")
    marks["days_since"] = by_episode["service_date"].diff().dt.days.astype("Int64")
    for name in ("visits", "days"):
        marks[f"{name}_before"] = by_episode[f"{name}_since"].shift().astype("Int64")
    return rows.merge(marks.drop(columns=["visit", "episode"]), on=DATE, how="left", validate="m:1")


def initial(rows: pd.DataFrame) -> pd.DataFrame:
    """The initial evaluations among them."""
    return rows[rows["procedure_code"].isin(LEVEL_CODES.values())]

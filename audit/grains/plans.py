"""The grain `episode_day`: a claim's day with its plan of care and its place among the treatment days."""

from __future__ import annotations

import pandas as pd

from audit.facts.reference import Facts
from audit.grains.limits import with_limits
from audit.grains.numbered import sums_for
from audit.grains.treatment_days import DATE, PATIENT
from audit.shared_text import SHARED
from audit.tables import Tables
from audit.texts import once_each

PLACE = ["claim_id", "line_number", "note_id", "patient_id", "service_date", "procedure_code"]
DATED = ["start_date", "end_date", "certified_on", "signed_order_on", "sent_on", "verbal_order_on"]
SAID = ["frequency", "duration", "delay_reason", "certification_told", "columns_untold"]
LIMITS = {
    "certify_within": "INITIAL_CERT_DAYS",
    "sign_verbal_within": "VERBAL_CERT_SIGN_DAYS",
    "recertify_within": "RECERT_DAYS",
    "order_within": "POC_SIGNED_ORDER_EXCEPTION",
    "report_within": "PROGRESS_REPORT_TREATMENT_DAYS",
    "report_later_by": "PROGRESS_REPORT_DELAY_DAYS",
}
"""Columns of the limits in force on the day (Int64; <NA> when none is), by their names in `thresholds`."""


def episode_days(tables: Tables, lines: pd.DataFrame, days: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """One row per claim and day, on its first line, with what `treatment_days` and `_plan_of_day` know of the day.

    Adds `medicare` (yes, no, "" when the payer does not say), `only_evaluated` (nothing but evaluations is
    billed), `newest`: the latest date on file for the patient, `due_on` (see `_due_on`), and the columns of LIMITS.
    """
    days = days.merge(_plan_of_day(days, tables.plans_of_care), on=DATE, how="left", validate="1:1")
    rows = lines.loc[~lines["claim_day"].duplicated(), [*PLACE, "day", "discipline", "payer_id", "medicare"]]
    rows["only_evaluated"] = sums_for(rows["day"], lines["family"] != "eval", lines["day"]) == 0
    rows = rows.merge(days, on=DATE, how="left", validate="m:1")
    rows = rows.merge(_newest(tables), on="patient_id", how="left", validate="m:1")
    flags = ["in_plan", "may_be_in_plan", "begun", "initial"]
    rows[flags] = rows[flags].eq(True)
    rows["plans_on_file"] = rows["plans_on_file"].fillna(0).astype("int64")
    rows["plan_id"] = rows["plan_id"].astype(SHARED).fillna("")
    for name in SAID:
        rows[name] = rows[name].astype(SHARED).fillna("")
    rows = with_limits(rows, facts, LIMITS)
    return rows.assign(due_on=_due_on(rows, days))


def _due_on(rows: pd.DataFrame, days: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    """The last treatment day on which the progress report of the row's count was due, NaT where it is yet to come."""
    treated = days[days["treated"]].set_index([*PATIENT, "treated_number"])["service_date"]
    last = (rows["treated_number"] - rows["since_report_at_least"] + rows["report_within"]).fillna(0).astype("int64")
    due = treated.reindex(pd.MultiIndex.from_arrays([rows["patient_id"], rows["discipline"], last]))
    return due.set_axis(rows.index)


def _plan_of_day(days: pd.DataFrame, plans: pd.DataFrame) -> pd.DataFrame:
    """By day with a plan on file: `plans_on_file`, whether one covers the day (`in_plan`) or may, its dates being
    incomplete (`may_be_in_plan`), the plan that does, else the last that began, when the next one begins
    (`next_start`), and the columns of `_histories`."""
    found = days[[*DATE, "treated", "episode", "episode_began"]].merge(plans, on="patient_id", suffixes=("", "_plan"))
    found = found[(found["discipline"] == found["discipline_plan"]) | (found["discipline_plan"] == "")]
    date, start, end = found["service_date"], found["start_date"], found["end_date"]
    found["in_plan"] = (start <= date) & (date <= end)
    found["may_be_in_plan"] = ~(start > date) & ~(end < date)
    found["later_start"] = start.where(start > date)
    by_day = found.groupby(DATE)
    told = {"plans_on_file": ("plan_id", "size"), "in_plan": ("in_plan", "any"), "next_start": ("later_start", "min")}
    result = by_day.agg(**told)
    began = found[~(start > date)].sort_values(["may_be_in_plan", "start_date", "plan_id"], na_position="first")
    chosen = began.drop_duplicates(DATE, keep="last").set_index(DATE)
    result = result.join(chosen[["plan_id", *DATED, *SAID, "may_be_in_plan"]]).reset_index()
    return result.merge(_histories(chosen.reset_index(), found), on=["plan_id", *PATIENT], how="left")


def _histories(chosen: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """By plan: `first_under` (the first treatment day under it), `first_treatment` (of its episode), `begun` (an
    evaluation on file begins the episode), `initial` (it is the first plan of its episode, `plan_episode`), and
    the dates of the plan before it."""
    under = chosen[chosen["may_be_in_plan"] & chosen["treated"]].sort_values(DATE)
    plans = under.drop_duplicates(["plan_id", *PATIENT]).rename(columns={"service_date": "first_under"})
    plans = plans[["plan_id", *PATIENT, "first_under", "episode", "episode_began"]]
    plans = plans.rename(columns={"episode_began": "first_treatment"})
    plans["begun"] = plans["episode"] > 0
    known = found.drop_duplicates(["plan_id", *PATIENT])[[*PATIENT, "plan_id", "start_date", "end_date"]]
    known = known.sort_values([*PATIENT, "start_date", "plan_id"])
    before = known.groupby(PATIENT)[["start_date", "end_date"]].shift()
    known = known.assign(start_before=before["start_date"], end_before=before["end_date"])
    plans = plans.merge(known.drop(columns=["start_date", "end_date"]), on=["plan_id", *PATIENT])
    plans = plans.sort_values([*PATIENT, "first_under", "plan_id"])
    first = ~plans.duplicated([*PATIENT, "episode"])
    plans["initial"] = first & (plans["begun"] | plans["start_before"].isna())
    return plans.rename(columns={"episode": "plan_episode"})


@once_each
def _date_of(moment: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    return pd.to_datetime(moment.str[:10], errors="coerce")


def _newest(tables: Tables) -> pd.DataFrame:
    """By patient: the latest date of a service, a signature or a plan's papers. Not the newest of all patients:
    findings must not depend on how the claims are divided."""
    notes, plans = tables.notes, tables.plans_of_care
    signed = _date_of(notes["signed_at"])
    pairs = [(tables.claims, tables.claims["service_date"]), (notes, notes["service_date"]), (notes, signed)]
    pairs += [(plans, plans[name]) for name in ("certified_on", "signed_order_on", "sent_on")]
    parts = [pd.DataFrame({"patient_id": t["patient_id"], "newest": dates}) for t, dates in pairs]
    return pd.concat(parts).groupby("patient_id")[["newest"]].max().reset_index()

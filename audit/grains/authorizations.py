"""The grain `authorized_line`: a claim line with its authorisation, what was used of it, and a discharge before."""

from __future__ import annotations

import pandas as pd

from audit.grains.again import REPLACED
from audit.grains.lines import those
from audit.grains.treatment_days import DATE, EVALUATIONS, PATIENT
from audit.shared_text import SHARED
from audit.tables import Tables
from audit.texts import once_each

OWN = ["patient_id", "payer_id", "number"]
RENAMED = {"units": "authorized_units", "visits": "authorized_visits", "payer_id": "authorizing_payer"}


def authorized_lines(lines: pd.DataFrame, linked: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Lines of occupational therapy whose patient has an authorisation of their payer, or that name one (`number` is
    "" when none is on file), or that come after a discharge. Claims that were replaced or voided use nothing.

    `in_dates`, `in_codes`: the authorisation covers the line's date and code; dates or codes that it leaves out set
    no limit. `units_used`, `visits_used`: units and dates of the covered lines up to and with this one, in order of
    date; `units_surely_used`, `visits_surely_used`: of those that no other authorisation covers too, or that name this
    one (else `several`). `discharged_on`: the last discharge note of the discipline before the service, NaT where there
    is none or a new evaluation or plan of care follows it.
    """
    discharged = linked.loc[linked["note_type"] == "discharge", "patient_id"]
    patients = pd.concat([tables.authorizations["patient_id"], discharged])
    asked = lines["patient_id"].isin(patients) | (lines["prior_authorization"] != "")
    asked &= (lines["discipline"] == "OT") & (lines["told_again"] != REPLACED)
    wanted = those(lines, asked)
    if wanted.empty:
        return wanted
    best = _chosen(_candidates(wanted, tables.authorizations.rename(columns=RENAMED)))
    rows = wanted.join(best)
    for name in ("number", "refused_row"):
        rows[name] = rows[name].astype(SHARED).fillna("")
    flags = ["in_dates", "in_codes", "several"]
    rows[flags] = rows[flags].eq(True)
    rows = rows.merge(_discharges(rows, lines, linked, tables), on=DATE, how="left", validate="m:1")
    rows = rows[(rows["number"] != "") | (rows["prior_authorization"] != "") | rows["discharged_on"].notna()]
    return _with_use(rows)


def _discharges(rows: pd.DataFrame, lines: pd.DataFrame, linked: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """By patient, discipline and date of service: `discharged_on`, where a discharge still stands."""
    plans = tables.plans_of_care.rename(columns={"start_date": "opened_on"})
    plans = pd.concat([plans[plans["discipline"] != ""], plans[plans["discipline"] == ""].assign(discipline="OT")])
    billed = lines[lines["procedure_code"].isin(EVALUATIONS)].rename(columns={"service_date": "opened_on"})
    noted = linked[linked["note_type"] == "evaluation"].rename(columns={"service_date": "opened_on"})
    opened = pd.concat([table[[*PATIENT, "opened_on"]] for table in (plans, billed, noted)])
    closed = linked[linked["note_type"] == "discharge"].rename(columns={"service_date": "discharged_on"})
    dates = rows[DATE].drop_duplicates()
    before = dates.merge(closed[[*PATIENT, "discharged_on"]], on=PATIENT)
    before = before[before["discharged_on"] < before["service_date"]].groupby(DATE, as_index=False).max()
    since = before.merge(opened, on=PATIENT)
    since = since[(since["opened_on"] > since["discharged_on"]) & (since["opened_on"] <= since["service_date"])]
    reopened = pd.MultiIndex.from_frame(before[DATE]).isin(pd.MultiIndex.from_frame(since[DATE]))
    return before[~reopened]


def _candidates(lines: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Each line (`row`) with each authorisation of its patient and payer; an authorisation that names no payer is
    anybody's. A line that names one has that one only, or none where it is not on file. `several`: more than one covers
    the line, and it names none."""
    wanted = lines[["patient_id", "payer_id", "service_date", "procedure_code", "prior_authorization"]]
    rows = wanted.rename_axis("row").reset_index().merge(held, on="patient_id")
    rows = rows[rows["authorizing_payer"].isin([""]) | (rows["authorizing_payer"] == rows["payer_id"])]
    named = _plain(rows["number"]) == _plain(rows["prior_authorization"])
    rows = rows[named | (rows["prior_authorization"] == "")]
    rows["in_dates"] = ~(rows["service_date"] < rows["from_date"]) & ~(rows["service_date"] > rows["to_date"])
    rows["in_codes"] = _listed(rows)
    covers = rows["in_dates"] & rows["in_codes"] & (rows["refused_row"] == "")
    rows["several"] = covers.groupby(rows["row"]).transform("sum") > 1
    return rows


@once_each
def _plain(number: pd.Series[str]) -> pd.Series[str]:
    """A number without case, spaces and hyphens: claims write it as they like."""
    return number.str.upper().str.replace(r"[^0-9A-Z]", "", regex=True)


def _listed(rows: pd.DataFrame) -> pd.Series[bool]:
    codes = rows["procedure_codes"].str.replace(r"[,;\s]+", " ", regex=True).str.strip()
    one = rows.assign(listed=codes.str.split(" "))[["procedure_code", "listed"]].explode("listed")
    found = (one["listed"] == one["procedure_code"]) | (one["listed"] == "")
    listed: pd.Series[bool] = found.groupby(level=0).any().reindex(rows.index)
    return listed


def _chosen(found: pd.DataFrame) -> pd.DataFrame:
    """By line: the authorisation that covers its date and code, else its date; of several the one that began last."""
    order = ["row", "in_dates", "in_codes", "from_date", "number"]
    last = found.sort_values(order, na_position="first").drop_duplicates("row", keep="last").set_index("row")
    wanted = ["number", "procedure_codes", "authorized_units", "authorized_visits", "from_date", "to_date"]
    return last[[*wanted, "refused_row", "in_dates", "in_codes", "several"]]


def _with_use(rows: pd.DataFrame) -> pd.DataFrame:
    ordered = rows.sort_values(["service_date", "claim_id", "line_number"])
    covered = ordered["in_dates"] & ordered["in_codes"]
    own = [ordered[name] for name in OWN]
    for ending, counted in (("used", covered), ("surely_used", covered & ~ordered["several"])):
        ordered[f"units_{ending}"] = ordered["units"].where(counted, 0).groupby(own).cumsum()
        new_date = counted & ~ordered.assign(counted=counted).duplicated([*OWN, "service_date", "counted"])
        ordered[f"visits_{ending}"] = new_date.astype("int64").groupby(own).cumsum()
    return ordered.sort_index()

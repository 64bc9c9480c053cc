"""The grain `filing`: a claim line as it is filed, held against the dated facts of what may stand on a form."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd

from audit.facts.reference import EARLIEST, LATEST, Facts, once_for_facts, with_facts
from audit.grains.diagnoses import with_diagnoses
from audit.grains.limits import with_limits
from audit.shared_text import SHARED, for_all
from audit.tables import Tables
from audit.texts import told_of

CODES_READ_IN = 2026
"""The year of the fee schedule (release of July) that the statuses in `data/codes.csv` were read in."""


def filing(lines: pd.DataFrame, linked: pd.DataFrame, tables: Tables, facts: Facts) -> pd.DataFrame:
    """Claim lines with what is on file of their code, place, modifiers and authorisation.

    `code_period`, `place_period`: the dates for which the code or place is on file, in words, "" when it is on file
    for none. `code_begins`: the first of them. `codes_covered`, `places_covered`, `modifiers_covered`: the table can be
    relied on for the date.
    `place_setting`: in_person, telehealth, any, "" for a place that was not in use. `modality`: that of the line's
    own note. `status`: Medicare's status of the code, "" where the fee schedule of the date does not tell;
    `statuses`: all that it ever had on file; `fees_covered`: "within" when the fee schedule holds for the date,
    `fee_known`: and lists the code, `fee_before`: it did for an earlier date. `authorization_rule`: what the payer's
    profile says of authorisation numbers. `as_of`: the day of checking, `as_of_told`: the user said
    it. `filing_limit`: the last day to file, NaT where no limit is on file. And the columns of `_with_modifiers`,
    `_with_authorization`, `_with_person` and `diagnoses.with_diagnoses`.
    """
    rows = lines.rename(columns={"authorization": "authorization_rule"}).assign(
        code_period=told_of(lines["procedure_code"], _periods(facts, "codes", "code")),
        code_begins=lines["procedure_code"].map(_first_days(facts, "codes")),
        place_period=told_of(lines["place_of_service"], _periods(facts, "places", "place")),
        modality=told_of(lines["note_id"], linked.set_index("note_id")["modality"]),
        statuses=told_of(lines["procedure_code"], _statuses(facts)),
    )
    for table in ("codes", "places", "modifiers"):
        rows[f"{table}_covered"] = _covered(lines["service_date"], facts, table)
    places = facts["places"].rename(columns={"label": "place_label", "setting": "place_setting"})
    rows = with_facts(rows, places, ["place_label", "place_setting"], on="place_of_service", key="place")
    rows = with_facts(rows, facts["fees"], ["status"], on="procedure_code", key="code")
    rows = rows.rename(columns={"known": "fee_known"})
    rows["status"] = _status(rows, facts)
    rows["fees_covered"] = facts.covered("fees", rows["service_date"])["coverage"]
    rows["fee_before"] = rows["procedure_code"].map(_first_days(facts, "fees")) < rows["service_date"]
    today = pd.Timestamp(facts.as_of or date.today())  # noqa: DTZ011  the clinic's own day
    rows = _with_limit(rows.assign(as_of=today, as_of_told=facts.as_of is not None), facts)
    rows = with_diagnoses(_with_authorization(_with_modifiers(rows, facts), tables), facts)
    return _with_person(rows, linked)


def _status(rows: pd.DataFrame, facts: Facts) -> pd.Series[str]:
    """That of the fee schedule; for a code that it does not list, in the year whose release the list of codes was read
    in, the one that this list has."""
    listed = with_facts(rows[["procedure_code", "service_date"]], facts["codes"], ["medicare_status"],
                        on="procedure_code", key="code")["medicare_status"]  # fmt: skip
    lacking = (rows["status"] == "") & ~rows["fee_known"] & (rows["service_date"].dt.year == CODES_READ_IN)
    return rows["status"].where(~lacking, listed)


def _with_limit(rows: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    months = with_limits(rows[["service_date"]], facts, {"months": "TIMELY_FILING_MEDICARE_MONTHS"})["months"]
    limit = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
    for number in months.dropna().unique():
        holds = months.eq(number).fillna(False).astype("bool")
        limit = limit.mask(holds, rows["service_date"] + pd.DateOffset(months=int(number)))
    return rows.assign(filing_limit=limit)


def _with_person(rows: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """Adds `note_patient_name` and `note_patient_birth_date` of the line's own note."""
    notes = linked.drop_duplicates("note_id").set_index("note_id")
    return rows.assign(
        note_patient_name=told_of(rows["note_id"], notes["patient_name"]),
        note_patient_birth_date=notes["patient_birth_date"].reindex(rows["note_id"]).to_numpy(),
    )


def _covered(dates: pd.Series[pd.Timestamp], facts: Facts, table: str) -> pd.Series[bool]:
    return facts.covered(table, dates)["coverage"] == "within"


@once_for_facts
def _periods(facts: Facts, table: str, key: str) -> pd.Series[str]:
    """By key, the dates for which rows of the table are in force: "from 2018-01-01 to 2019-12-31", "at all times"."""
    rows = facts[table]
    first, last = rows["effective_from"], rows["effective_to"]
    since = ("from " + first.dt.strftime("%Y-%m-%d")).where(first > EARLIEST, "")
    until = ("to " + last.dt.strftime("%Y-%m-%d")).where(last < LATEST, "")
    told = (since + " " + until).str.strip()
    by_key: pd.Series[str] = told.mask(told == "", "at all times").groupby(rows[key]).agg(" and ".join)
    return by_key


@once_for_facts
def _first_days(facts: Facts, table: str) -> pd.Series[pd.Timestamp]:
    """By code, the first day on which the table has a row of it."""
    first: pd.Series[pd.Timestamp] = facts[table].groupby("code")["effective_from"].min()
    none = pd.Series(pd.NaT, index=[""], dtype=first.dtype)  # what is mapped by no row at all becomes a number
    return none if first.empty else first


@once_for_facts
def _statuses(facts: Facts) -> pd.Series[str]:
    """By code, all statuses that it has in the fee schedules or the list of codes, as one text."""
    listed = facts["codes"][["code", "medicare_status"]].rename(columns={"medicare_status": "status"})
    told = pd.concat([facts["fees"][["code", "status"]], listed]).drop_duplicates()
    by_code: pd.Series[str] = told.groupby("code")["status"].agg("".join)
    return by_code


def _with_modifiers(rows: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Adds `strange_modifiers` (not on file), `lapsed_modifiers` (not in use on the date, with the dates they are)
    and `repeated_modifiers`, each as text, "" for none."""
    key = ["modifiers", "service_date"]
    said = rows.loc[rows["modifiers"] != "", key].drop_duplicates()
    each = said.assign(modifier=said["modifiers"].str.split(" ")).explode("modifier").reset_index(drop=True)
    each = with_facts(each, facts["modifiers"], [], on="modifier", key="modifier")
    period = told_of(each["modifier"], _periods(facts, "modifiers", "modifier"))
    each["strange"] = each["modifier"].where(period == "", "")
    lapsed = each["modifier"] + " (in use " + period + ")"
    each["lapsed"] = lapsed.where((period != "") & ~each["known"], "")
    each["repeated"] = each["modifier"].where(each.duplicated([*key, "modifier"]), "")
    names = ["strange", "lapsed", "repeated"]
    each = each[(each[names] != "").any(axis=1)]
    if each.empty:
        return rows.assign(**{f"{name}_modifiers": for_all("", rows) for name in names})
    told = each.groupby(key)[names].agg(_listed).add_suffix("_modifiers").reset_index()
    added = [f"{name}_modifiers" for name in names]
    found = rows[key].merge(told, on=key, how="left", validate="m:1").set_axis(rows.index)
    return rows.assign(**{name: found[name].astype(SHARED).fillna("") for name in added})


def _listed(said: pd.Series[str]) -> str:
    return ", ".join(one for one in dict.fromkeys(said) if one)


def _with_authorization(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Adds, for lines that name no authorisation, `authorization_on_file`: the number of one on file for the line's
    patient, payer, date and code; and `vague_authorization`: of one for its patient and code that lacks its payer or
    both its dates. "" for none."""
    asked = ["patient_id", "payer_id", "procedure_code", "service_date"]
    held = rows["patient_id"].isin(tables.authorizations["patient_id"])
    bare = rows.loc[held & (rows["prior_authorization"] == ""), asked].rename_axis("_row").reset_index()
    found = bare.merge(tables.authorizations, on="patient_id", suffixes=("", "_named")).sort_values("number")
    found = found[(found["payer_id_named"] == "") | (found["payer_id_named"] == found["payer_id"])]
    found = found[found["service_date"].between(found["from_date"].fillna(EARLIEST), found["to_date"].fillna(LATEST))]
    listed = zip(found["procedure_code"], found["procedure_codes"], strict=True)
    named = [not codes or code in re.split(r"[\s,;]+", codes) for code, codes in listed]
    found = found[pd.Series(named, index=found.index, dtype="bool")]
    vague = (found["payer_id_named"] == "") | found[["from_date", "to_date"]].isna().all(axis=1)
    return rows.assign(
        authorization_on_file=told_of(_row_of(rows), _first_number(found[~vague])),
        vague_authorization=told_of(_row_of(rows), _first_number(found[vague])),
    )


def _first_number(found: pd.DataFrame) -> pd.Series[str]:
    return found.drop_duplicates("_row").set_index("_row")["number"]


def _row_of(rows: pd.DataFrame) -> pd.Series[int]:
    return pd.Series(rows.index, index=rows.index)

"""The grain `filing`: a claim line as it is filed, held against the dated facts of what may stand on a form."""

from __future__ import annotations

import re

import pandas as pd

from audit.grains.lines import MODIFIERS
from audit.reference import EARLIEST, LATEST, Facts, with_facts
from audit.tables import Tables


def filing(lines: pd.DataFrame, linked: pd.DataFrame, tables: Tables, facts: Facts) -> pd.DataFrame:
    """Claim lines with what is on file of their code, place, modifiers and authorisation.

    `code_period`, `place_period`: the dates for which the code or place is on file, in words, "" when it is on file
    for none. `codes_covered`, `places_covered`, `modifiers_covered`: the table can be relied on for the date.
    `place_setting`: in_person, telehealth, any, "" for a place that was not in use. `modality`: that of the line's
    own note. `status`: Medicare's status of the code, "" where the fee schedule of the date does not tell;
    `statuses`: all that it ever had on file. And the columns of `_with_modifiers` and `_with_authorization`.
    """
    rows = lines.assign(
        code_period=_told(lines["procedure_code"], _periods(facts["codes"], "code")),
        place_period=_told(lines["place_of_service"], _periods(facts["places"], "place")),
        modality=_told(lines["note_id"], linked.set_index("note_id")["modality"]),
        statuses=_told(lines["procedure_code"], _statuses(facts)),
    )
    for table in ("codes", "places", "modifiers"):
        rows[f"{table}_covered"] = _covered(lines["service_date"], facts, table)
    places = facts["places"].rename(columns={"label": "place_label", "setting": "place_setting"})
    rows = with_facts(rows, places, ["place_label", "place_setting"], on="place_of_service", key="place")
    rows = with_facts(rows, facts["fees"], ["status"], on="procedure_code", key="code").drop(columns="known")
    return _with_authorization(_with_modifiers(rows, facts), tables)


def _told(key: pd.Series[str], by_key: pd.Series[str]) -> pd.Series[str]:
    return key.map(by_key).astype("object").fillna("").astype("str")


def _covered(date: pd.Series[pd.Timestamp], facts: Facts, table: str) -> pd.Series[bool]:
    known = facts.coverage[table]
    return date.between(pd.Timestamp(known.covers_from or EARLIEST), pd.Timestamp(known.covers_to or LATEST))


def _periods(rows: pd.DataFrame, key: str) -> pd.Series[str]:
    """By key, the dates for which its rows are in force: "from 2018-01-01 to 2019-12-31", "at all times"."""
    first, last = rows["effective_from"], rows["effective_to"]
    since = ("from " + first.dt.strftime("%Y-%m-%d")).where(first > EARLIEST, "")
    until = ("to " + last.dt.strftime("%Y-%m-%d")).where(last < LATEST, "")
    told = (since + " " + until).str.strip()
    by_key: pd.Series[str] = told.mask(told == "", "at all times").groupby(rows[key]).agg(" and ".join)
    return by_key


def _statuses(facts: Facts) -> pd.Series[str]:
    """By code, all statuses that it has in the fee schedules or the list of codes, as one text."""
    listed = facts["codes"][["code", "medicare_status"]].rename(columns={"medicare_status": "status"})
    told = pd.concat([facts["fees"][["code", "status"]], listed]).drop_duplicates()
    by_code: pd.Series[str] = told.groupby("code")["status"].agg("".join)
    return by_code


def _with_modifiers(rows: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Adds `strange_modifiers` (not on file), `lapsed_modifiers` (not in use on the date, with the dates they are)
    and `repeated_modifiers`, each as text, "" for none."""
    long = rows[[*MODIFIERS, "service_date"]].rename_axis("_row").reset_index()
    long = long.melt(["_row", "service_date"], MODIFIERS, value_name="modifier")
    long = long[long["modifier"] != ""]
    repeated = long["modifier"][long.duplicated(["_row", "modifier"])]
    long = with_facts(long, facts["modifiers"], [], on="modifier", key="modifier")
    period = long["modifier"].map(_periods(facts["modifiers"], "modifier"))
    lapsed = (long["modifier"] + " (in use " + period + ")")[~long["known"] & period.notna()]
    told = {"strange": long["modifier"][period.isna()], "lapsed": lapsed, "repeated": repeated}
    listed = {f"{name}_modifiers": _listed(found, long["_row"]).reindex(rows.index) for name, found in told.items()}
    return rows.assign(**{name: found.fillna("").astype("str") for name, found in listed.items()})


def _listed(found: pd.Series[str], row: pd.Series[int]) -> pd.Series[str]:
    return found.groupby(row.loc[found.index]).agg(lambda said: ", ".join(dict.fromkeys(said)))


def _with_authorization(rows: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Adds `authorization`: the number of one on file for the line's patient, payer, date and code; and
    `vague_authorization`: of one for its patient and code that lacks its payer or both its dates. "" for none."""
    known = tables.authorizations.assign(
        vague=(tables.authorizations["payer_id"] == "")
        | tables.authorizations[["from_date", "to_date"]].isna().all(axis=1)
    )
    found = rows[["patient_id", "payer_id", "procedure_code", "service_date"]].rename_axis("_row").reset_index()
    found = found.merge(known, on="patient_id", suffixes=("", "_named"))
    listed = zip(found["procedure_code"], found["procedure_codes"], strict=True)
    named = [not codes or code in re.split(r"[\s,;]+", codes) for code, codes in listed]
    found = found[pd.Series(named, index=found.index, dtype="bool")]
    found = found[(found["payer_id_named"] == "") | (found["payer_id_named"] == found["payer_id"])]
    found = found[found["service_date"].between(found["from_date"].fillna(EARLIEST), found["to_date"].fillna(LATEST))]
    first = found.sort_values(["_row", "vague", "number"])
    sure, vague = (first[first["vague"] == kind].drop_duplicates("_row").set_index("_row") for kind in (False, True))
    return rows.assign(
        authorization=sure["number"].reindex(rows.index).fillna("").astype("str"),
        vague_authorization=vague["number"].reindex(rows.index).fillna("").astype("str"),
    )

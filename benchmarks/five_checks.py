"""The five checks of the benchmark in SQL (DuckDB) and as a plain loop over claims, for the clinic of `made_up`.

Each gives its findings as (rule, claim_id, line_number), in order.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq

from audit.facts.reference import Facts, load_facts
from audit.money import REDUCED, medicare_rates
from audit.units import assistant_share, supported_units, total_units

RULES = ("UNIT-01", "UNIT-04", "MOD-04", "MOD-08", "MOD-10", "UNIT-12")
TABLES = ("claims", "notes", "note_services")
Found = list[tuple[str, str, int]]
DATE = pd.Timestamp("2024-08-01")
"""All facts used here are the same on every date of the clinic."""


def by_sql(folder: Path) -> Found:
    con = duckdb.connect()
    con.execute("set threads = 2")
    for name in TABLES:
        con.execute(f"create view {name} as from '{folder / name}.parquet'")
    for name, rows in zip(("codes", "pairs", "rates", "yearly"), _facts(load_facts()), strict=True):
        con.register(name, rows)
    return con.execute(Path(__file__).with_suffix(".sql").read_text()).fetchall()


def _facts(facts: Facts) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    codes = facts["codes"]
    codes = codes[(codes["effective_from"] <= DATE) & (codes["effective_to"] >= DATE)][["code", "in_pool"]]
    rates = medicare_rates(facts, codes["code"])
    now = (rates["effective_from"] <= DATE) & (rates["effective_to"] >= DATE)
    rates = rates[now & rates["priced_as"].str.endswith(" nonfacility") & (rates["mult_proc"] == REDUCED)]
    rates = rates[["code", "full", "reduced", "rank"]].astype(dict.fromkeys(["full", "reduced", "rank"], "int64"))
    due = int(facts.value("KX_OT", DATE.date())) * 100
    well_below = due * int(facts.value("KX_WELL_BELOW_PERCENT", DATE.date())) // 100
    pairs = facts["ncci_pairs"]
    pairs = pairs[(pairs["effective_from"] <= DATE) & (pairs["effective_to"] >= DATE)]
    pairs = pairs[["column_1", "column_2", "indicator"]]
    return codes, pairs, rates, pd.DataFrame({"due": [due], "well_below": [well_below]})


def by_loop(folder: Path) -> Found:
    """As users write it: dictionaries and loops."""
    tables = {name: pq.read_table(folder / f"{name}.parquet").to_pylist() for name in TABLES}
    codes, pairs, rates, yearly = _facts(load_facts())
    pool = {one["code"] for one in codes.to_dict("records") if one["in_pool"] == "yes"}
    listed = {(one["column_1"], one["column_2"]) for one in pairs.to_dict("records") if one["indicator"] == "1"}
    notes = {note["note_id"]: note for note in tables["notes"]}
    documented: dict[str, dict[str, Any]] = defaultdict(dict)
    for service in tables["note_services"]:
        if service["procedure_code"] in pool:
            documented[notes[service["note_id"]]["claim_id"]][service["procedure_code"]] = service
    claims: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in tables["claims"]:
        claims[line["claim_id"]].append(line)
    found: Found = []
    first_line = {}
    for claim_id, lines in claims.items():
        pooled = [line for line in lines if line["procedure_code"] in pool]
        first_line[claim_id] = pooled[0]["line_number"]
        found += [(rule, claim_id, number) for rule, number in _units(pooled, documented[claim_id])]
        for a, b in product(lines, lines):
            if (a["procedure_code"], b["procedure_code"]) in listed:
                found.append(("MOD-10", claim_id, b["line_number"]))
    found += _years(tables["claims"], {one["code"]: one for one in rates.to_dict("records")}, *yearly.iloc[0])
    found += [("UNIT-12", one, first_line[one]) for one in _two_places(tables["notes"], documented)]
    return sorted(found)


def _units(lines: list[dict[str, Any]], services: dict[str, Any]) -> Found:
    minutes = {code: one["minutes"] for code, one in services.items()}
    billed = {line["procedure_code"]: line["units"] for line in lines}
    ways = supported_units(minutes, "total")
    found: list[Any] = []
    most = {code: max(way.get(code, 0) for way in ways) for code in billed}
    if sum(billed.values()) > total_units(sum(minutes.values())):
        found.append(("UNIT-01", lines[0]["line_number"]))
    elif not any(all(units <= way.get(code, 0) for code, units in billed.items()) for way in ways):
        worst = max(lines, key=lambda line: line["units"] - most[line["procedure_code"]])
        found.append(("UNIT-04", worst["line_number"]))
    for line in lines:
        code, units = line["procedure_code"], line["units"]
        has_co = "CO" in (line["modifier_2"], line["modifier_3"])
        fair = min(max(units, min(way.get(code, 0) for way in ways)), most[code])
        service = services[code]
        therapist = service["therapist_minutes"] + service["together_minutes"]
        plain, co = assistant_share(therapist, service["assistant_minutes"], fair)
        if not has_co and min(co, units - max(plain, 0)) > 0:
            found.append(("MOD-04", line["line_number"]))
    return found


def _years(lines: list[dict[str, Any]], rates: dict[str, Any], due: int, well_below: int) -> Found:
    days: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        if line["procedure_code"] in rates:
            days[line["patient_id"], line["service_date"]].append(line)
    patients: dict[str, list[Any]] = defaultdict(list)
    for (patient, day), of_day in days.items():
        first = max(of_day, key=lambda one: 2 * rates[one["procedure_code"]]["rank"] + (one["modifier_2"] != "CO"))
        for line in of_day:
            rate = rates[line["procedure_code"]]
            cents = line["units"] * rate["reduced"] + (rate["full"] - rate["reduced"] if line is first else 0)
            kx = "KX" in (line["modifier_2"], line["modifier_3"])
            cents = min(cents, round(float(line["charge_amount"]) * 100))
            patients[patient].append((day, kx, line["claim_id"], line["line_number"], cents))
    found: Found = []
    for year in patients.values():
        total = 0
        for _, kx, claim_id, number, cents in sorted(year):
            total += cents
            if (total > due and not kx) or (kx and total <= due and total < well_below):
                found.append(("MOD-08", claim_id, number))
    return found


def _two_places(notes: list[dict[str, Any]], documented: dict[str, dict[str, Any]]) -> set[str]:
    days: dict[Any, list[Any]] = defaultdict(list)
    for note in notes:
        a, b = (int(note[name][:2]) * 60 + int(note[name][3:]) for name in ("start_time", "end_time"))
        minutes = sum(one["minutes"] for one in documented[note["claim_id"]].values())
        job = (a, b, min(minutes, b - a), note["patient_id"], note["claim_id"])
        days[note["rendering_npi"], note["service_date"]].append(job)
    found: set[str] = set()
    for jobs in days.values():
        taken: list[tuple[int, int]] = []
        spans = {(b - a, a, b) for a, b in product({job[0] for job in jobs}, {job[1] for job in jobs}) if b > a}
        for length, a, b in sorted(spans):
            within = [job for job in jobs if a <= job[0] and job[1] <= b]
            if sum(job[2] for job in within) <= length or len({job[3] for job in within}) < 2:
                continue
            if not any(a <= x and y <= b for x, y in taken):
                taken.append((a, b))
                found |= {job[4] for job in within}
    return found


def save(found: Found, path: Path) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(found)

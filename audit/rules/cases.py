"""Worked cases of a rule, read from the YAML beside it, as input tables and the findings they must give.

A case is written short: everything it does not say is an ordinary, clean Medicare visit of 2026-03-12.

    two units over:
      lines: [{code: 97530, units: 2}, {code: 97110, units: 2}]
      note: {97530: 23, 97110: 14}       # minutes; 10+13 is therapist + assistant (+ together)
      finds: error                       # or nothing, or a list of what the findings say

`note` may also be a list of notes, or `none`; a note's other columns stand beside its `services`. `payers`,
`providers`, `plans_of_care`, `authorizations` and `fees` are lists of rows, `facts` rows of tables that the user loads.
`days: 11` on a line or a note repeats it on so many days, one after the other; a line gets a claim of its own on each
(C1, C1-2, C1-3, ...).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pandas as pd
import yaml

from audit.facts.fact_merge import Period, typed
from audit.facts.reference import Facts, load_facts
from audit.grains import Prepared
from audit.intake import Batch
from audit.model import TABLES
from audit.rules import Rule, ordered
from audit.shared_text import in_plain
from audit.tables import Tables, check
from audit.worth import priced

LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Every value stays text. The one in C, where PyYAML was built with it, is eight times as quick."""
DATE, NPI = "2026-03-12", "1234567893"
AS_OF = date(2026, 3, 31)
"""The day on which the cases are checked."""
FISCAL_YEAR = Period(pd.Timestamp("2025-10-01"), pd.Timestamp("2026-09-30"))
PAYERS = {
    "medicare": ("total", "required", "required", "yes", "medicare", "no"),
    "midpoint": ("midpoint", "required", "optional", "no", "none", ""),
    "unknown": ("unknown", "required", "optional", "no", "none", ""),
    "medicaid": ("total", "required", "optional", "no", "medicaid", ""),
}
LINE = {
    "claim_id": "C1",
    "patient_id": "P1",
    "payer_id": "medicare",
    "rendering_npi": NPI,
    "service_date": DATE,
    "units": "1",
}
NOTE = {
    "patient_id": "P1",
    "service_date": DATE,
    "note_type": "daily",
    "discipline": "OT",
    "rendering_npi": NPI,
    "author_name": "A. Therapist",
    "author_credential": "OTR/L",
    "signed_by": "A. Therapist",
    "text": "Seen in clinic.",
}
PLAN = {"plan_id": "PLAN", "patient_id": "P1", "discipline": "OT", "start_date": "2026-03-01", "end_date": "2026-04-30",
        "frequency": "twice a week", "duration": "8 weeks"}  # fmt: skip
AUTHORIZATION = {"number": "A1", "payer_id": "midpoint", "patient_id": "P1", "from_date": "2026-03-01",
                 "to_date": "2026-04-30"}  # fmt: skip
SHORT = {"code": "procedure_code", "claim": "claim_id", "patient": "patient_id", "date": "service_date",
         "payer": "payer_id", "npi": "rendering_npi", "line": "line_number"}  # fmt: skip


Rows = dict[str, list[dict[str, str]]]
IDS = ("claim_id", "original_reference", "patient_id", "note_id", "payer_id", "plan_id")
"""Columns by which the cases of a rule are kept apart when they are judged together."""


@dataclass(frozen=True)
class Case:
    """One worked case: its name says in words what it shows."""

    name: str
    rows: Rows
    finds: list[dict[str, str]]
    """What each finding must say: any of severity, claim_id, line_number, expected, observed, change, dollars_at_risk,
    dollars_under, facts_unchecked, and of the reasons a part: `says`, `priced`. Empty: the rule must stay silent."""
    loaded: dict[str, list[dict[str, str]]]
    """Rows of fact tables that the user has loaded, by table."""

    @cached_property
    def tables(self) -> Tables:
        return _checked(self.rows)

    @property
    def facts(self) -> Facts:
        """The shipped facts, and what the case says was loaded: in force through the fiscal year 2026."""
        facts = load_facts()
        dates = {"effective_from": str(FISCAL_YEAR.first.date()), "effective_to": str(FISCAL_YEAR.last.date())}
        added = {name: typed(pd.DataFrame([{**dates, **row} for row in rows])) for name, rows in self.loaded.items()}
        periods = facts.periods | dict.fromkeys(added, (FISCAL_YEAR,))
        return replace(facts, tables=facts.tables | added, periods=periods, as_of=AS_OF)


def cases_of(rule: Rule) -> Iterator[Case]:
    """The cases of a rule in the order of its file. Raises whatever is wrong with them by its own name."""
    for name, case in _written(rule).items():
        yield Case(name, _rows(case), _finds(case["finds"], rule), case.get("facts", {}))


def judge(rule: Rule) -> dict[str, pd.DataFrame]:
    """By case name, what the rule finds. Cases are judged all at once, each with ids of its own, as a run over
    many patients would; those that bring their own providers or facts are judged alone, and so are those of a rule
    that looks at a clinician's patients together."""
    cases = list(cases_of(rule))
    alone = [case for case in cases if case.rows["providers"] or case.loaded]
    alone = cases if rule.split != "patient_id" else alone
    marked = {f"{n}~": case for n, case in enumerate(cases) if case not in alone}
    merged: Rows = {name: [] for name in TABLES}
    for mark, case in marked.items():
        for name, rows in _with_mark(case.rows, mark).items():
            merged[name] += rows
    found = _judged(rule, _checked(merged), replace(load_facts(), as_of=AS_OF))
    mark_of, found = found["claim_id"].str.extract(r"^(\d+~)", expand=False), _without_marks(found)
    result = {case.name: found[mark_of == mark] for mark, case in marked.items()}
    result |= {case.name: _judged(rule, case.tables, case.facts) for case in alone}
    return {name: ordered([rows]) for name, rows in result.items()}


def _judged(rule: Rule, tables: Tables, facts: Facts) -> pd.DataFrame:
    prepared = Prepared(tables, facts)
    return in_plain(priced(ordered([rule.run(prepared)]), prepared))


def _with_mark(rows: Rows, mark: str) -> Rows:
    """The rows with `mark` before each id; payers that the case does not describe keep theirs."""
    payers = {row["payer_id"] for row in rows["payers"]}

    def own(row: dict[str, str]) -> dict[str, str]:
        ids = {name: mark + row[name] for name in IDS if row.get(name) and (name != "payer_id" or row[name] in payers)}
        return {**row, **ids}

    return {name: [own(row) for row in listed] for name, listed in rows.items()}


def _without_marks(found: pd.DataFrame) -> pd.DataFrame:
    numbers = ["dollars_at_risk", "dollars_under", "line_number"]
    texts = found.select_dtypes(["str", "object"]).columns.drop(numbers, errors="ignore")
    return found.assign(**{name: found[name].str.replace(r"\d+~", "", regex=True) for name in texts})


def promises_of(rule: Rule) -> dict[str, list[dict[str, str]]]:
    """The name of each case and what it must find, as in `Case`, without its tables."""
    return {name: _finds(case["finds"], rule) for name, case in _written(rule).items()}


def _written(rule: Rule) -> dict[str, Any]:
    written: dict[str, Any] = yaml.load(rule.cases.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506
    return written


def _finds(said: Any, rule: Rule) -> list[dict[str, str]]:
    if said == "nothing":
        return []
    listed = said if isinstance(said, list) else [{"severity": said} if isinstance(said, str) else said]
    return [{"severity": rule.severity, **_long(one)} for one in listed]


def _long(written: dict[str, Any]) -> dict[str, Any]:
    return {SHORT.get(name, name): value for name, value in written.items()}


def _rows(case: dict[str, Any]) -> Rows:
    rows: Rows = {"claims": [_line(n, one) for n, one in enumerate(_each_day(case["lines"]), 1)]}
    rows["notes"], rows["note_services"] = _notes(case.get("note", "none"))
    rows["payers"] = [
        {
            "payer_id": name,
            "effective_from": "2000-01-01",
            **dict(zip(TABLES["payers"].names[2:8], profile, strict=True)),
        }
        for name, profile in PAYERS.items()
    ]
    for name in ("payers", "providers", "plans_of_care", "authorizations", "fees"):
        rows[name] = [*rows.get(name, []), *(one if name == "providers" else _long(one) for one in case.get(name, []))]
    rows["plans_of_care"] = [{**PLAN, **plan} for plan in rows["plans_of_care"]]
    rows["authorizations"] = [{**AUTHORIZATION, **one} for one in rows["authorizations"]]
    return {name: rows.get(name, []) for name in TABLES}


def _checked(rows: Rows) -> Tables:
    batch = Batch({name: _frame(name, listed) for name, listed in rows.items() if listed})
    tables, refusals = check(batch)
    if refusals:
        raise ValueError(refusals[0].sentence())
    return tables


def _frame(name: str, rows: list[dict[str, str]]) -> pd.DataFrame:
    named = [{**row, "source_file": "case", "source_row": str(n)} for n, row in enumerate(rows, start=1)]
    strange = {column for row in rows for column in row} - set(TABLES[name].names)
    if strange:
        raise ValueError(f"{name} has no column {min(strange)}")
    frame = pd.DataFrame(named, columns=[*TABLES[name].names, "source_file", "source_row"], dtype="str")
    return frame.fillna("")


def _each_day(written: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A row with `days` as that many rows of consecutive dates; a line's claims are C1, C1-2, C1-3, ..."""
    for one in written:
        row = _long({name: said for name, said in one.items() if name != "days"})
        yield row
        first = date.fromisoformat(row.get("service_date", DATE))
        for n in range(1, int(one.get("days", "1"))):
            claim = {} if "services" in row else {"claim_id": f"{row.get('claim_id', 'C1')}-{n + 1}"}
            yield {**row, **claim, "service_date": str(first + timedelta(days=n))}


def _line(number: int, written: dict[str, Any]) -> dict[str, str]:
    line = {**LINE, "line_number": str(number), "modifiers": "GO", **_long(written)}
    modifiers = line.pop("modifiers").split()
    return {**line, **{f"modifier_{n}": modifier for n, modifier in enumerate(modifiers, start=1)}}


def _notes(written: Any) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    if written == "none":
        return [], []
    listed = written if isinstance(written, list) else [written]
    notes: list[dict[str, str]] = []
    services: list[dict[str, str]] = []
    for number, one in enumerate(_each_day(listed), start=1):
        note: dict[str, Any] = dict(one) if "services" in one else {"services": one}
        given = _services(note.pop("services") or {})
        note = {**NOTE, "note_id": f"N{number}", **_totals(given), **_long(note)}
        note.setdefault("signed_at", f"{note['service_date']}T17:00")
        notes.append(note)
        services += [{"note_id": note["note_id"], **service} for service in given]
    return notes, services


def _services(written: Any) -> list[dict[str, str]]:
    if isinstance(written, list):
        return [_long(one) for one in written]
    return [{"procedure_code": code, **_minutes(said)} for code, said in written.items()]


def _minutes(said: str) -> dict[str, str]:
    parts = said.split("+")
    if len(parts) == 1:
        return {"minutes": said}
    named = ("therapist_minutes", "assistant_minutes", "together_minutes")
    return {"minutes": str(sum(map(int, parts))), **dict(zip(named, [*parts, "0"][:3], strict=True))}


def _totals(services: list[dict[str, str]]) -> dict[str, str]:
    """The totals an honest note would state; none where a service has no minutes."""
    minutes = [service.get("minutes", "") for service in services]
    if not all(minutes):
        return {}
    codes = load_facts()["codes"].drop_duplicates("code").set_index("code")["timed"]
    timed = [int(m) for m, s in zip(minutes, services, strict=True) if codes.get(s["procedure_code"]) == "yes"]
    return {"total_timed_minutes": str(sum(timed)), "total_treatment_minutes": str(sum(map(int, minutes)))}

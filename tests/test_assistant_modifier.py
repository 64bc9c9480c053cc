"""CO on whole claims: every shared example, cases derived by hand, and what must hold for all minutes."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.engine import audit, chosen_rules
from audit.model import TABLES
from audit.tables import Tables, typed
from audit.units import assistant_share, assistant_units, supported_units, total_units

SHARED = Path(__file__).parents[2] / "shared" / "examples" / "co_examples.csv"
RULES = chosen_rules(["MOD-04", "MOD-05", "MOD-07"])
Minutes = dict[str, tuple[int, int, int]]
Units = dict[str, tuple[int, int]]
METHODS = {"exact >10%": "exact", "method1": "percent", "method2": "minutes"}
NAMES = {"exact": "the exact share", "percent": "the rounded percent", "minutes": "a tenth plus a minute"}

ONE_CODE = {
    (8, 0, 0): (1, 0),
    (0, 8, 0): (0, 1),
    (7, 8, 0): (0, 1),
    (8, 7, 0): (1, 0),
    (7, 7, 0): (0, 1),
    (9, 10, 0): (1, 0),
    (8, 14, 0): (1, 0),
    (7, 15, 0): (0, 1),
    (9, 14, 0): (1, 1),
    (14, 9, 0): (1, 1),
    (10, 13, 0): (1, 1),
    (12, 14, 0): (1, 1),
    (14, 14, 0): (1, 1),
    (8, 15, 0): (1, 1),
    (7, 16, 0): (0, 2),
    (13, 15, 0): (1, 1),
    (15, 8, 0): (1, 1),
    (16, 7, 0): (1, 1),
    (22, 1, 0): (1, 1),
    (23, 0, 0): (2, 0),
    (29, 1, 0): (2, 0),
    (1, 29, 0): (0, 2),
    (15, 15, 0): (1, 1),
    (8, 30, 0): (1, 2),
    (7, 31, 0): (0, 3),
    (7, 30, 0): (0, 2),
    (24, 24, 0): (2, 1),
    (21, 24, 0): (1, 2),
    (0, 0, 15): (1, 0),
    (0, 8, 7): (0, 1),
    (0, 7, 8): (1, 0),
    (12, 12, 12): (2, 0),
}
"""Minutes of therapist, assistant and both together on 97530 -> units without and with CO, by hand: whole units of
each; of one unit left, 8 minutes of the therapist keep it plain; of two left (9 to 14 minutes each), one each."""
TIED: list[tuple[Minutes, list[Units]]] = [
    (
        {"97110": (20, 0, 0), "97530": (0, 20, 0)},
        [{"97110": (2, 0), "97530": (0, 1)}, {"97110": (1, 0), "97530": (0, 2)}],
    ),
    ({"97110": (10, 0, 0), "97530": (0, 10, 0)}, [{"97110": (1, 0)}, {"97530": (0, 1)}]),
    (
        {"97110": (0, 11, 0), "97112": (11, 0, 0), "97530": (11, 0, 0)},
        [
            {"97110": (0, 1), "97112": (1, 0)},
            {"97110": (0, 1), "97530": (1, 0)},
            {"97112": (1, 0), "97530": (1, 0)},
        ],
    ),
    ({"97110": (9, 5, 0), "97530": (14, 0, 0)}, [{"97110": (1, 0), "97530": (1, 0)}]),
    ({"97110": (7, 7, 0), "97530": (14, 0, 0)}, [{"97110": (0, 1), "97530": (1, 0)}]),
]
"""Several codes tied for the last unit: whichever is billed is right."""


class Clinic:
    """One patient for each bill, all on one date, so that one audit judges them all."""

    def __init__(self, service_date: str = "2026-03-12") -> None:
        self.date, self.number = service_date, 0
        self.rows: dict[str, list[dict[str, object]]] = {"claims": [], "notes": [], "note_services": []}

    def bill(self, minutes: Minutes, lines: list[tuple[str, int, str]]) -> str:
        """(code, units, modifiers) of each line; the id of the claim."""
        self.number += 1
        patient = {"patient_id": f"P{self.number}", "service_date": self.date, "rendering_npi": "1234567893"}
        for n, (code, units, modifiers) in enumerate([line for line in lines if line[1]], 1):
            told = dict(zip(("modifier_1", "modifier_2"), modifiers.split(), strict=False))
            line = {"claim_id": f"C{self.number}", "line_number": n, "payer_id": "MED", "procedure_code": code}
            self.rows["claims"].append({**patient, **line, "units": units, **told})
        note = {"note_id": f"N{self.number}", "discipline": "OT", "author_credential": "OTR/L", "note_type": "daily"}
        self.rows["notes"].append({**patient, **note})
        for code, parts in minutes.items():
            by = dict(zip(("therapist_minutes", "assistant_minutes", "together_minutes"), parts, strict=True))
            service = {"note_id": note["note_id"], "procedure_code": code, "minutes": sum(parts), **by}
            self.rows["note_services"].append(service)
        return f"C{self.number}"

    def tables(self) -> Tables:
        payer = {"payer_id": "MED", "unit_method": "total", "therapy_modifier": "required", "medicare": "yes",
                 "assistant_modifier": "required", "pair_edits": "none", "effective_from": "2000-01-01"}  # fmt: skip
        frames = {"payers": [payer], **self.rows}
        return replace(
            Tables.empty(),
            **{name: typed(pd.DataFrame(r).fillna("").astype("str"), TABLES[name]) for name, r in frames.items()},
        )

    def findings(self) -> dict[str, list[dict[str, object]]]:
        found = audit(self.tables(), rules=RULES)
        return {claim: rows.to_dict("records") for claim, rows in found.groupby("claim_id")}


def split(units: Units) -> list[tuple[str, int, str]]:
    return [line for code, (plain, co) in units.items() for line in ((code, plain, "GO"), (code, co, "GO CO"))]


def merged(units: Units, modifiers: str) -> list[tuple[str, int, str]]:
    return [(code, plain + co, modifiers) for code, (plain, co) in units.items()]


def timed_examples() -> list[tuple[Minutes, list[Units]]]:
    found = []
    for row in examples("timed"):
        minutes = {code: tuple(map(int, parts)) for code, *parts in re.findall(
            r"(\w+):OT=(\d+)\|OTA=(\d+)\|together=(\d+)", row["minutes"])}  # fmt: skip
        units = {code: (int(p), int(c)) for code, p, c in re.findall(r"(\w+): plain (\d+), CO (\d+)", row["expected"])}
        found.append((minutes, [units]))
    return found


def examples(kind: str) -> list[dict[str, str]]:
    if not SHARED.exists():
        pytest.skip(f"{SHARED} is not here: the shared examples were NOT run")
    with SHARED.open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["kind"] == kind]


def by_hand() -> list[tuple[Minutes, list[Units]]]:
    return [({"97530": minutes}, [{"97530": units}]) for minutes, units in ONE_CODE.items()] + TIED


@pytest.mark.parametrize("cases", [timed_examples, by_hand])
def test_claims_split_as_they_should_be_are_clean_and_others_are_not(cases):
    clinic = Clinic()
    right: list[str] = []
    bare: dict[str, Units] = {}
    all_co: dict[str, Units] = {}
    for minutes, ways in cases():
        for units in ways:
            right.append(clinic.bill(minutes, split(units)))
            bare[clinic.bill(minutes, merged(units, "GO"))] = units
            all_co[clinic.bill(minutes, merged(units, "GO CO"))] = units
    found = clinic.findings()
    assert len(right) >= 12
    assert {claim: found[claim] for claim in right if claim in found} == {}
    for claim, units in bare.items():
        wanted = {(code, "MOD-04", "error") for code, (_, co) in units.items() if co}
        assert told(found.get(claim, [])) == wanted, units
    for claim, units in all_co.items():
        wanted = {
            (code, "MOD-07", "error") if co else (code, "MOD-05", "warning") for code, (p, co) in units.items() if p
        }
        assert told(found.get(claim, [])) == wanted, units


def told(rows: list[dict[str, object]]) -> set[tuple[object, ...]]:
    return {(row["procedure_code"], row["rule"], row["severity"]) for row in rows}


def test_untimed_examples_name_the_methods_that_disagree():
    clinic, claims = Clinic(), {}
    for row in examples("untimed"):
        ((code, assistant, total),) = re.findall(r"(\w+):OTA=(\d+) of total=(\d+)", row["minutes"])
        said = {METHODS[part.split(" (")[0].split(":")[0].strip()]: part.rsplit(": ", 1)[1] == "CO"
                for part in row["expected"].split("; ")}  # fmt: skip
        minutes = {code: (int(total) - int(assistant), int(assistant), 0)}
        claims[row["minutes"]] = (
            said,
            clinic.bill(minutes, [(code, 1, "GO")]),
            clinic.bill(minutes, [(code, 1, "GO CO")]),
        )
    found = clinic.findings()
    disputed = 0
    for example, (said, bare, marked) in claims.items():
        without, with_co = found.get(bare, []), found.get(marked, [])
        if len(set(said.values())) == 1:
            due = said["exact"]
            assert [(r["rule"], r["severity"]) for r in without] == [("MOD-04", "error")] * due, example
            assert [(r["rule"], r["severity"]) for r in with_co] == [("MOD-05", "warning")] * (not due), example
            continue
        disputed += 1
        assert [(r["rule"], r["severity"]) for r in without + with_co] == [("MOD-04", "warning"), ("MOD-05", "warning")]
        for finding in without + with_co:
            asks, _, against = finding["because"].partition("but not by")
            assert all((NAMES[way] in (asks if due else against)) for way, due in said.items()), example
    assert disputed >= 4


@pytest.mark.parametrize(
    ("date", "severities"), [("2019-12-31", set()), ("2020-01-01", {"warning"}), ("2021-12-31", {"warning"})]
)
def test_older_dates_give_warnings_at_most(date, severities):
    clinic = Clinic(date)
    for minutes, ways in by_hand():
        clinic.bill(minutes, merged(ways[0], "GO"))
    found = [row for rows in clinic.findings().values() for row in rows]
    assert {row["severity"] for row in found} == severities


def test_the_order_of_the_lines_never_matters():
    clinic = Clinic()
    for minutes, ways in by_hand():
        for units in ways:
            clinic.bill(minutes, merged(units, "GO"))
    tables = clinic.tables()
    shuffled = {
        name: getattr(tables, name).sample(frac=1, random_state=3, ignore_index=True)
        for name in ("claims", "note_services")
    }
    pd.testing.assert_frame_equal(audit(tables, rules=RULES), audit(replace(tables, **shuffled), rules=RULES))


codes = st.sampled_from(["97110", "97112", "97530", "97535", "97140"])
parts = st.tuples(*[st.integers(0, 60)] * 3)


@given(st.dictionaries(codes, parts, min_size=1, max_size=5))
def test_plain_and_co_are_the_units_that_the_minutes_support(minutes):
    shares = assistant_units(minutes)
    units = {code: plain + co for code, (plain, co) in shares.items() if plain + co}
    assert units in supported_units({code: sum(told) for code, told in minutes.items()}, "total")
    assert all(plain >= 0 and co >= 0 for plain, co in shares.values())


@given(st.dictionaries(codes, st.tuples(st.integers(0, 90), st.just(0), st.integers(0, 90)), min_size=1))
def test_a_therapist_alone_or_together_never_gives_co(minutes):
    assert all(co == 0 for _, co in assistant_units(minutes).values())


@given(st.dictionaries(codes, parts, min_size=1, max_size=5), st.data())
def test_a_minute_moved_to_the_assistant_never_lowers_co(minutes, data):
    code = data.draw(st.sampled_from(sorted(minutes)))
    therapist, assistant, together = minutes[code]
    if therapist:
        moved = {**minutes, code: (therapist - 1, assistant + 1, together)}
        assert assistant_units(moved)[code][1] >= assistant_units(minutes)[code][1]


def test_a_minute_moved_to_the_assistant_never_lowers_co_of_one_code_however_long():
    for total in range(8, 181):
        shares = [
            assistant_share(total - assistant, assistant, total_units(total))[1] for assistant in range(total + 1)
        ]
        assert shares == sorted(shares), total
        assert (shares[0], shares[-1]) == (0, total_units(total))


@given(st.dictionaries(codes, parts, min_size=1, max_size=5))
def test_the_order_of_the_codes_matters_only_for_ties(minutes):
    ways = supported_units({code: sum(told) for code, told in minutes.items()}, "total")
    backwards = assistant_units(dict(reversed(minutes.items())))
    if len(ways) == 1:
        assert backwards == assistant_units(minutes)

"""The prepared tables: their columns against the plain arithmetic, and findings that no order or split changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from audit.engine import audit, chosen_rules
from audit.facts.reference import load_facts
from audit.grains import Prepared
from audit.model import TABLES
from audit.rules import rule_book
from audit.tables import Tables, typed
from audit.units import (
    COGNITIVE,
    COGNITIVE_SERVICE,
    assistant_share,
    assistant_units,
    supported_units,
    total_units,
)

FACTS = load_facts()
POOL = ["97530", "97535", "97110", "97112", "97129", "97130"]
UNTIMED, HOURLY, STRANGE = "G0283", "96125", "99999"
METHODS = {"MED": "total", "MID": "midpoint", "WHO": "unknown", "AID": "total"}
OURS = [code for code, rule in rule_book().items() if rule.family in ("units", "evaluations")]
COUNTING = {"total": "UNIT-01", "midpoint": "UNIT-20", "unknown": "UNIT-21"}
few = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
"""Few examples of many days each, because a table takes longer than its rows; not made smaller for minutes."""
MANY = {"min_size": 20, "max_size": 40}

minutes_by_code = st.dictionaries(st.sampled_from(POOL), st.integers(0, 60), min_size=1)
units_by_code = st.dictionaries(st.sampled_from(POOL), st.integers(0, 5), min_size=1)
people = st.dictionaries(st.sampled_from(POOL), st.tuples(*[st.integers(0, 40)] * 3), min_size=1)
method = st.sampled_from(["MED", "MID", "WHO"])


def tables_of(**rows: list[dict[str, object]]) -> Tables:
    payers = [
        {"payer_id": name, "unit_method": how, "assistant_modifier": "required", "therapy_modifier": "required",
         "medicare": "yes" if name == "MED" else "no", "pair_edits": "medicare", "effective_from": "2000-01-01"}
        for name, how in METHODS.items()
    ]  # fmt: skip
    frames = {"payers": payers, **rows}
    named = {name: pd.DataFrame(listed).astype("str") for name, listed in frames.items() if listed}
    return replace(Tables.empty(), **{name: typed(frame, TABLES[name]) for name, frame in named.items()})


def line(patient: object, code: str, units: object, **other: object) -> dict[str, object]:
    base = {"claim_id": f"C{patient}", "line_number": 1, "patient_id": f"P{patient}", "payer_id": "MED"}
    base |= {"rendering_npi": "1", "service_date": "2026-03-12", "modifier_1": "GO"}
    return {**base, "procedure_code": code, "units": units, **other}


def note(patient: object, name: object = "", **other: object) -> dict[str, object]:
    base = {"note_id": f"N{patient}{name}", "patient_id": f"P{patient}", "service_date": "2026-03-12"}
    base |= {"note_type": "daily", "discipline": "OT", "rendering_npi": "1", "author_credential": "OTR/L"}
    return {**base, **other}


def service(patient: object, code: str, minutes: object, name: object = "", **other: object) -> dict[str, object]:
    return {"note_id": f"N{patient}{name}", "procedure_code": code, "minutes": minutes, **other}


def days_of(days: Iterable[tuple[str, dict, dict]]) -> Tables:
    """A patient each: the payer, documented minutes (a number, or therapist, assistant, together), billed units."""
    claims, notes, services = [], [], []
    for n, (payer, documented, billed) in enumerate(days):
        claims += [line(n, code, u, line_number=k, payer_id=payer) for k, (code, u) in enumerate(billed.items(), 1)]
        notes.append(note(n))
        for code, told in documented.items():
            parts = told if isinstance(told, tuple) else ()
            by = dict(zip(("therapist_minutes", "assistant_minutes", "together_minutes"), parts, strict=False))
            services.append(service(n, code, sum(parts) if parts else told, **by))
    return tables_of(claims=claims, notes=notes, note_services=services)


def of_patients(rows: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    """`rows` with the number of their patient."""
    patients = prepared.line.drop_duplicates("day").set_index("day")["patient_id"].str[1:].astype(int)
    return rows.assign(patient=rows["day"].map(patients))


def pooled(by_code: dict[str, int]) -> dict[str, int]:
    """97129 and 97130 added up under the name of their service."""
    result: dict[str, int] = {}
    for code, n in by_code.items():
        service_name = COGNITIVE_SERVICE if code in COGNITIVE else code
        result[service_name] = result.get(service_name, 0) + n
    return result


@few
@given(st.lists(st.tuples(method, minutes_by_code, units_by_code), **MANY))
def test_allotted_units_are_those_of_the_plain_arithmetic(days):
    prepared = Prepared(days_of(days), FACTS)
    rows = of_patients(prepared.services_of_day, prepared)
    for n, (_, documented, billed) in enumerate(days):
        minutes = {**dict.fromkeys(pooled(billed), 0), **pooled(documented)}
        allowed = supported_units(minutes, "total")
        midpoints = supported_units(minutes, "midpoint")[0]
        mine = rows[rows["patient"] == n].set_index("service")
        assert set(mine.index) == set(minutes)
        for name, row in mine.to_dict("index").items():
            assert row["least"] == min(one.get(name, 0) for one in allowed)
            assert row["most"] == max(one.get(name, 0) for one in allowed)
            assert row["midpoint"] == midpoints.get(name, 0)
        units = pooled(billed)
        within = any(all(n <= one.get(name, 0) for name, n in units.items()) for one in allowed)
        assert set(mine["day_fits"]) == {within}


@few
@given(st.lists(st.tuples(method, minutes_by_code, units_by_code), **MANY))
def test_the_days_totals_are_those_of_the_plain_arithmetic(days):
    prepared = Prepared(days_of(days), FACTS)
    rows = of_patients(prepared.day, prepared).set_index("patient")
    for n, (payer, documented, billed) in enumerate(days):
        row = rows.loc[n]
        assert row["minutes_known"] == "per_code"
        assert row["minutes_low"] == row["minutes_high"] == sum(documented.values())
        assert row["supported_low"] == row["supported_high"] == total_units(sum(documented.values()))
        assert row["midpoint_units"] == sum(supported_units(documented, "midpoint")[0].values())
        assert row["units"] == sum(billed.values())
        assert row["method"] == METHODS[payer]


@few
@given(st.lists(st.tuples(method, people, units_by_code), **MANY))
def test_the_assistants_share_of_any_billed_units(days):
    prepared = Prepared(days_of(days), FACTS)
    rows = of_patients(prepared.service, prepared)
    for n, (payer, documented, _) in enumerate(days):
        minutes = pooled({code: sum(parts) for code, parts in documented.items()})
        assistant = pooled({code: parts[1] for code, parts in documented.items()})
        allowed = {name: supported_units(minutes, name) for name in ("total", "midpoint")}
        methods = {"MED": ["total"], "MID": ["midpoint"], "WHO": ["total", "midpoint"]}[payer]
        for row in rows[(rows["patient"] == n) & rows["in_note"]].to_dict("records"):
            name = row["service"]
            able = [one.get(name, 0) for how in methods for one in allowed[how]]
            allotted = min(max(row["units"], min(able)), max(able))
            therapist = minutes[name] - assistant[name]
            wanted = assistant_share(therapist, assistant[name], allotted)
            assert (row["supported_plain"], row["supported_co"]) == wanted
            assert row["parts_known"]


@few
@given(st.lists(people, **MANY))
def test_a_claim_billed_as_the_minutes_say_is_split_as_the_plain_arithmetic_splits_it(days):
    plain = [assistant_units(pooled_parts(documented)) for documented in days]
    billed = [{name.split("+")[0]: sum(units) for name, units in split.items() if sum(units)} for split in plain]
    some = [n for n, units in enumerate(billed) if units]
    prepared = Prepared(days_of([("MED", days[n], billed[n]) for n in some] or [("MED", {}, {"97530": 0})]), FACTS)
    rows = of_patients(prepared.service, prepared)
    for place, n in enumerate(some):
        mine = rows[rows["patient"] == place].set_index("service")
        said = {name: (row["supported_plain"], row["supported_co"]) for name, row in mine.iterrows()}
        assert said == {name: units for name, units in plain[n].items() if sum(units)}


def pooled_parts(documented: dict[str, tuple[int, int, int]]) -> dict[str, tuple[int, ...]]:
    split = [pooled({code: parts[place] for code, parts in documented.items()}) for place in range(3)]
    return {name: tuple(one[name] for one in split) for name in sorted(split[0])}


missing = st.one_of(st.just(""), st.integers(0, 40))
told_days = st.fixed_dictionaries(
    {
        "minutes": st.dictionaries(st.sampled_from([*POOL[:3], UNTIMED]), missing),
        "total": missing,
        "billed": st.dictionaries(st.sampled_from(POOL[:3]), st.integers(0, 4), min_size=1),
    }
)


@few
@given(st.lists(told_days, **MANY))
def test_units_pass_only_where_every_reading_of_the_note_supports_them(days):
    """UNIT-01 against each reading of a note with gaps: error where none supports the units, silent where all do."""
    claims, notes, services = [], [], []
    for n, day in enumerate(days):
        claims += [line(n, code, u, line_number=k) for k, (code, u) in enumerate(day["billed"].items(), 1)]
        notes.append(note(n, total_timed_minutes=day["total"]))
        services += [service(n, code, m) for code, m in day["minutes"].items()]
    found = audit(tables_of(claims=claims, notes=notes, note_services=services), rules=chosen_rules(["UNIT-01"]))
    for n, day in enumerate(days):
        units = sum(day["billed"].values())
        supports = {units <= total_units(m) for m in readings(day)}
        wanted = [] if supports == {True} or not units else ["error"] if supports == {False} else ["untestable"]
        assert list(found.loc[found["patient_id"] == f"P{n}", "severity"]) == wanted, day


def readings(day: dict) -> set[int]:
    """The timed minutes that the note can mean: 10,000 stands for any number."""
    timed = [m for code, m in day["minutes"].items() if code != UNTIMED]
    known = sum(m for m in timed if m != "")
    open_ended = "" in timed or not day["minutes"]
    if day["total"] == "":
        return {known, 10_000} if open_ended else {known}
    return {day["total"]} if open_ended and day["total"] >= known else {known, day["total"]}


def mixed() -> Tables:
    """Many kinds of patients: clean and wrong, one and two claims, sessions and payers, gaps and strange codes."""
    claims, notes, services = [], [], []
    for k in range(10):
        a, b, c, d, e, f, g, h = range(8 * k, 8 * k + 8)
        payer = list(METHODS)[k % 4]
        claims += [line(a, "97530", 2, payer_id=payer), line(a, "97110", 2, line_number=2, payer_id=payer)]
        notes += [note(a)]
        services += [service(a, "97530", 46 - 3 * k), service(a, "97110", 6 + 2 * k)]
        claims += [line(b, "97112", 2), line(b, "97535", 1, claim_id=f"D{b}", payer_id=payer)]
        notes += [note(b, "x"), note(b, "y", author_credential="COTA/L", rendering_npi="2")]
        services += [service(b, "97112", 20, "x"), service(b, "97535", 20, "y"), service(b, "97112", 5, "y")]
        claims += [line(c, "97166", 1), line(c, "97530", 1, line_number=2, modifier_2="CO")]
        findings = {"history_level": "extensive", "performance_deficits": k, "decision_making": "moderate"}
        findings |= {"comorbidities": "none", "assistance": "none" if k % 2 else "min-mod"}
        notes += [
            note(c, "x", note_type="evaluation", author_credential="OTA" if k == 3 else "OT", **findings),
            note(c, "y", author_credential="OTA"),
        ]
        services += [service(c, "97166", 45, "x"), service(c, "97530", "" if k % 4 else 15, "y")]
        claims += [line(d, "97530", 2, line_number=i, modifier_2=m) for i, m in ((1, ""), (2, "CO"))]
        notes += [note(d, total_timed_minutes=50, start_time="09:00", end_time="09:40", total_treatment_minutes=50)]
        services += [service(d, "97530", 45, therapist_minutes=25, assistant_minutes=20)]
        claims += [line(e, UNTIMED, 2), line(e, STRANGE, 1, line_number=2), line(e, "97150", 1, line_number=3)]
        notes += [note(e, claim_id=f"C{e}"), note(e, "late", service_date="2026-03-14", claim_id=f"C{e}")]
        services += [service(e, UNTIMED, 15), service(e, STRANGE, 20)]
        claims += [line(f, "97530", 3, payer_id="NOBODY"), line(f, "97129", 1, line_number=2, modifier_1="GP")]
        claims += [line(g, "97530", k % 4, payer_id=payer)]
        notes += [note(g)]
        services += [service(g, "97530", 7 * (1 + k % 5))]
        claims += [line(h, "97110", 3)]
        notes += [note(h)]
        services += [service(h, "97110", 33), service(h, "97140", 6 + k % 3)]
    return tables_of(claims=claims, notes=notes, note_services=services)


MIXED = mixed()


@pytest.fixture(scope="module")
def whole() -> pd.DataFrame:
    """The findings of MIXED, judged whole."""
    return audit(MIXED)


def test_the_mixed_table_gives_findings_of_many_rules(whole):
    assert (whole["rule"] != "ENGINE").all()
    assert whole.loc[whole["severity"] != "untestable", "rule"].nunique() >= 18
    assert set(whole["severity"]) == {"error", "warning", "info", "untestable"}


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("split", ["buckets", "dask"])
def test_buckets_find_what_the_whole_finds(whole, split):
    pd.testing.assert_frame_equal(audit(MIXED, split=split, buckets=3), whole)


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_rows_changes_no_finding(whole, seed):
    shuffled = {f.name: getattr(MIXED, f.name).sample(frac=1, random_state=seed) for f in fields(MIXED)}
    pd.testing.assert_frame_equal(audit(Tables(**shuffled)), whole)


def test_the_order_of_rows_with_their_old_index_reversed_changes_no_finding(whole):
    reversed_rows = {f.name: getattr(MIXED, f.name)[::-1] for f in fields(MIXED)}
    pd.testing.assert_frame_equal(audit(Tables(**reversed_rows)), whole)


@few
@given(st.lists(st.tuples(method, minutes_by_code, units_by_code), **MANY))
def test_pooled_rules_see_a_second_claim(days):
    """Lines on a claim of their own give what they give on one claim."""
    one = days_of(days)
    split = replace(
        one, claims=one.claims.assign(claim_id=one.claims["claim_id"] + "-" + one.claims["line_number"].astype("str"))
    )
    rules = chosen_rules(
        ["UNIT-01", "UNIT-02", "UNIT-03", "UNIT-04", "UNIT-05", "UNIT-06", "UNIT-07", "UNIT-20", "UNIT-21"]
    )
    told = [
        set(
            audit(tables, rules=rules)[["patient_id", "rule", "severity", "expected", "observed"]].itertuples(
                index=False, name=None
            )
        )
        for tables in (one, split)
    ]
    assert told[0] == told[1]


codes = st.sampled_from([*POOL, UNTIMED, HOURLY, STRANGE, "97165", "97167", "97168", "97003", "97150"])
dates = st.sampled_from(["2026-03-12", "2026-03-12", "2016-12-31"])
npis = st.sampled_from(["1", "2"])
patients = st.sampled_from([f"P{n}" for n in range(12)])
claim_lines = st.fixed_dictionaries(
    {
        "claim_id": st.sampled_from(["A", "B", "C"]),
        "patient_id": patients,
        "payer_id": st.sampled_from([*METHODS, "NOBODY"]),
        "rendering_npi": npis,
        "service_date": dates,
        "procedure_code": codes,
        "modifier_1": st.sampled_from(["GO", "GP", ""]),
        "modifier_2": st.sampled_from(["CO", ""]),
        "units": st.integers(0, 4),
    }
)
visit_notes = st.fixed_dictionaries(
    {
        "claim_id": st.sampled_from(["A", "B", "Z", ""]),
        "patient_id": patients,
        "service_date": dates,
        "note_type": st.sampled_from(["evaluation", "re-evaluation", "daily", ""]),
        "discipline": st.sampled_from(["OT", "PT", ""]),
        "rendering_npi": st.sampled_from(["1", "2", ""]),
        "author_credential": st.sampled_from(["OTR/L", "COTA/L", ""]),
        "start_time": st.sampled_from(["09:00", ""]),
        "end_time": st.sampled_from(["09:40", "08:00", ""]),
        "total_timed_minutes": missing,
        "total_treatment_minutes": missing,
        "history_level": st.sampled_from(["brief", "extensive", ""]),
        "performance_deficits": st.sampled_from(["0", "none", "3-5", "grip; pinch; reach", "12", ""]),
        "decision_making": st.sampled_from(["low", "high", ""]),
        "comorbidities": st.sampled_from(["none", "present", ""]),
        "assistance": st.sampled_from(["none", "significant", ""]),
    }
)
note_parts = st.fixed_dictionaries(
    {
        "note_id": st.sampled_from([f"N{n}" for n in range(20)]),
        "procedure_code": codes,
        "minutes": missing,
        "therapist_minutes": missing,
        "assistant_minutes": missing,
    }
)


messy = (
    st.lists(claim_lines, min_size=20, max_size=90),
    st.lists(visit_notes, max_size=20),
    st.lists(note_parts, max_size=60),
)


def anything(claims: list[dict], notes: list[dict], services: list[dict]) -> Tables:
    named = [
        {**one, "note_id": f"N{n}", "claim_id": one["claim_id"] and f"{one['claim_id']}{one['patient_id']}"}
        for n, one in enumerate(notes)
    ]
    held = [one for one in services if one["note_id"] in {n["note_id"] for n in named}]
    lines = [
        {**one, "line_number": n, "claim_id": f"{one['claim_id']}{one['patient_id']}"}
        for n, one in enumerate(claims, 1)
    ]
    return tables_of(claims=lines, notes=named, note_services=held)


@few
@given(*messy)
def test_no_input_makes_a_rule_raise_or_pass_what_it_cannot_judge(claims, notes, services):
    tables = anything(claims, notes, services)
    found = audit(tables, rules=chosen_rules(OURS))
    assert (found["rule"] != "ENGINE").all(), found["because"].tolist()
    assert not found["because"].str.contains(r"\bnan\b|<NA>|None\b|NaT|-\d+ (?:unit|minute)", regex=True).any()
    prepared = Prepared(tables, FACTS)
    told = set(found[["rule", "claim_id", "service_date"]].itertuples(index=False, name=None))
    billed = prepared.service[prepared.service["in_pool"] & (prepared.service["units"] > 0)]
    for row in billed[billed["minutes_known"].isin(["no_note", "unknown"])].to_dict("records"):
        enough = row["method"] == "total" and row["day_units"] <= least_supported(prepared, row["day"])
        enough |= row["method"] == "midpoint" and row["listed"] and row["units"] <= row["midpoint"]
        assert enough or (COUNTING[row["method"]], row["claim_id"], row["service_date"]) in told, row
    evaluated = prepared.evaluation[prepared.evaluation["note_id"] == ""]
    for row in evaluated.to_dict("records"):
        rules = ["EVAL-08"] if row["procedure_code"] in ("97168", "97003") else ["EVAL-01", "EVAL-02", "EVAL-03"]
        assert all((code, row["claim_id"], row["service_date"]) in told for code in rules), row


def least_supported(prepared: Prepared, day: int) -> int:
    supported = prepared.day.loc[prepared.day["day"] == day, "supported_low"].fillna(0)
    return int(supported.iloc[0])


@few
@given(*messy)
def test_each_grain_has_the_rows_it_says(claims, notes, services):
    tables = anything(claims, notes, services)
    prepared = Prepared(tables, FACTS)
    assert len(prepared.line) == len(claims)
    assert not prepared.day.duplicated(["claim_id", "day"]).any()
    assert not prepared.service.duplicated(["claim_id", "day", "service"]).any()
    assert not prepared.services_of_day.duplicated(["day", "service"]).any()
    assert not prepared.evaluation.duplicated(["claim_id", "line_number"]).any()
    once = prepared.line[prepared.line["told_again"] == ""]
    assert prepared.services_of_day["units"].sum() == once["units"].sum()
    assert (prepared.service["supported_plain"] >= 0).all()
    assert (prepared.service["supported_co"] >= 0).all()
    assert (prepared.day["minutes_low"] <= prepared.day["minutes_high"]).fillna(True).all()


@pytest.mark.parametrize("left_out", [["notes", "note_services"], ["note_services"], ["payers"]])
def test_a_missing_file_makes_claims_untestable_not_clean(left_out):
    tables = replace(MIXED, **{name: getattr(Tables.empty(), name) for name in left_out})
    found = audit(tables)
    assert (found["rule"] != "ENGINE").all()
    counting = found[found["rule"].isin(COUNTING.values())]
    pool = MIXED.claims[MIXED.claims["procedure_code"].isin(POOL) & (MIXED.claims["units"] > 0)]
    if "notes" in left_out:
        assert set(counting["severity"]) == {"untestable"}
        assert set(counting["claim_id"]) >= set(pool["claim_id"])


def test_no_claims_give_no_findings():
    assert audit(Tables.empty()).empty
    assert audit(replace(MIXED, claims=Tables.empty().claims)).empty


def test_a_day_of_another_discipline_is_a_day_of_its_own():
    claims = [line(0, "97530", 1), line(0, "97110", 1, line_number=2, modifier_1="GP", rendering_npi="9")]
    notes = [note(0, "o"), note(0, "p", discipline="PT", rendering_npi="9")]
    told = [service(0, "97530", 10, "o"), service(0, "97110", 30, "p")]
    days = Prepared(tables_of(claims=claims, notes=notes, note_services=told), FACTS).day
    assert dict(zip(days["discipline"], days["minutes_high"], strict=True)) == {"OT": 10, "PT": 30}

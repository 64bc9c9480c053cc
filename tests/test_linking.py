"""Lines and notes find each other as the contract says: by claim_id when the note has one, else by patient, date
of service and discipline, where the rendering practitioner breaks ties; what stays alone is seen on both sides."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.engine import audit
from audit.facts.reference import load_facts
from audit.grains import Prepared
from audit.grains.notes import author_of
from audit.model import TABLES
from audit.rules import rule_book
from audit.tables import Tables, typed

OT, PT = "1234567893", "1111111112"
LINE = {"claim_id": "C1", "patient_id": "P1", "payer_id": "medicare-b", "rendering_npi": OT,
        "service_date": "2026-03-12", "procedure_code": "97530", "modifier_1": "GO", "units": "1"}  # fmt: skip
NOTE = {"patient_id": "P1", "service_date": "2026-03-12", "discipline": "OT", "rendering_npi": OT,
        "author_credential": "OTR/L", "signed_by": "A. Therapist", "signed_at": "2026-03-12T17:00"}  # fmt: skip
PROVIDERS = [{"npi": OT, "discipline": "OT"}, {"npi": PT, "discipline": "PT"}]
OURS = [rule for rule in rule_book().values() if rule.family in ("modifiers", "notes")]


def tables(lines=(), notes=(), services=(), **others) -> Tables:
    numbered = [{"line_number": str(n), **LINE, **line} for n, line in enumerate(lines, 1)]
    named = [{"note_id": f"N{n}", **NOTE, **note} for n, note in enumerate(notes, 1)]
    rows = {"claims": numbered, "notes": named, "note_services": list(services), **others}
    return Tables(**{name: typed(pd.DataFrame(rows.get(name, []), dtype="str"), t) for name, t in TABLES.items()})


def prepared(*args, **others) -> Prepared:
    return Prepared(tables(*args, **others), load_facts())


def linked(found: Prepared) -> list[bool]:
    return found.linked_notes["day"].notna().tolist()


def findings(held: Tables, code: str) -> list[tuple[str, str]]:
    found = audit(held, rules=[rule_book()[code]])
    return list(zip(found["claim_id"], found["severity"], strict=True))


# by claim


def test_a_note_that_names_the_claim_is_its_note_whoever_wrote_it():
    found = prepared([{}], [{"claim_id": "C1", "discipline": "PT", "rendering_npi": PT}], providers=PROVIDERS)
    assert linked(found) == [True]
    assert found.line["note_id"].tolist() == ["N1"]


@pytest.mark.parametrize(
    "note",
    [{"claim_id": "C2"}, {"claim_id": "C1", "patient_id": "P2"}, {"claim_id": "C1", "service_date": "2026-03-13"}],
    ids=["a claim that is not here", "another patient's", "of another date"],
)
def test_a_claim_id_that_does_not_fit_links_nothing(note):
    found = prepared([{}], [note])
    assert linked(found) == [False]
    assert found.line["note_id"].tolist() == [""]
    assert findings(found.tables, "DOC-01") == [("C1", "error")]


def test_of_a_claim_of_two_disciplines_the_note_takes_its_own():
    lines = [{}, {"rendering_npi": PT, "modifier_1": "GP"}]
    notes = [
        {"claim_id": "C1", "discipline": "PT"},
        {"claim_id": "C1", "discipline": "", "rendering_npi": OT},
        {"claim_id": "C1", "discipline": "SLP", "rendering_npi": ""},
    ]
    found = prepared(lines, notes, providers=PROVIDERS)
    assert found.line["note_id"].tolist() == ["N2", "N1"]
    assert linked(found) == [True, True, False]


def test_the_note_of_a_claim_goes_before_one_of_the_same_practitioner():
    found = prepared([{}], [{}, {"claim_id": "C1", "rendering_npi": "9"}])
    assert found.line["note_id"].tolist() == ["N2"]
    assert found.line["notes_of_day"].tolist() == [2]


def test_a_note_of_one_claim_is_not_the_own_note_of_another_but_counts_for_the_day():
    found = prepared([{}, {"claim_id": "C2"}], [{"claim_id": "C1"}])
    assert found.line["note_id"].tolist() == ["N1", ""]
    assert found.line["day"].nunique() == 1
    assert findings(found.tables, "DOC-01") == []
    assert found.note["claim_id"].tolist() == ["C1"]


def test_one_claim_of_two_days_takes_each_note_on_its_day():
    notes = [{"claim_id": "C1", "service_date": "2026-03-13"}, {"claim_id": "C1"}]
    found = prepared([{}, {"service_date": "2026-03-13"}], notes)
    assert found.line["note_id"].tolist() == ["N2", "N1"]


# by patient, date and discipline


def test_a_note_without_a_claim_is_that_of_its_patient_date_and_discipline():
    found = prepared([{}, {"claim_id": "C2"}], [{"rendering_npi": ""}])
    assert linked(found) == [True]
    assert found.line["note_id"].tolist() == ["N1", "N1"]
    assert found.note["claim_id"].tolist() == ["C1", "C2"]


@pytest.mark.parametrize("other", [{"patient_id": "P2"}, {"service_date": "2026-03-13"}, {"discipline": "PT"}])
def test_one_difference_parts_a_note_from_the_line(other):
    found = prepared([{}], [other], providers=PROVIDERS)
    assert linked(found) == [False]
    assert found.line["note_id"].tolist() == [""]
    assert findings(found.tables, "DOC-01") == [("C1", "error")]


def test_the_practitioner_breaks_ties_and_then_the_code():
    lines = [{}, {"procedure_code": "97535"}, {"rendering_npi": "7"}]
    notes = [{"rendering_npi": "7"}, {}, {}]
    services = [
        {"note_id": "N1", "procedure_code": "97530"},
        {"note_id": "N2", "procedure_code": "97530"},
        {"note_id": "N3", "procedure_code": "97535"},
    ]
    assert prepared(lines, notes, services).line["note_id"].tolist() == ["N2", "N3", "N1"]


def test_a_note_that_says_no_discipline_takes_that_of_its_practitioners_lines():
    lines = [{}, {"rendering_npi": PT, "modifier_1": "GP"}]
    notes = [{"discipline": "", "rendering_npi": PT}, {"discipline": "", "rendering_npi": OT}]
    assert prepared(lines, notes).line["note_id"].tolist() == ["N2", "N1"]


def test_a_note_that_says_nothing_takes_the_only_discipline_of_the_day():
    found = prepared([{"modifier_1": "GP"}], [{"discipline": "", "rendering_npi": ""}])
    assert found.line["discipline"].tolist() == ["PT"]
    assert linked(found) == [True]


def test_the_order_of_the_rows_changes_nothing():
    lines = [{}, {"claim_id": "C2"}, {"claim_id": "C3", "patient_id": "P2"}]
    notes = [{"claim_id": "C2"}, {"patient_id": "P2"}, {"rendering_npi": "7"}]
    one, other = prepared(lines, notes), prepared(lines[::-1], notes)
    by_claim = [p.line.set_index("claim_id")["note_id"].to_dict() for p in (one, other)]
    assert by_claim[0] == by_claim[1] == {"C1": "N3", "C2": "N1", "C3": "N2"}


places = {
    "claim_id": st.sampled_from(["A", "B"]),
    "patient_id": st.sampled_from(["P1", "P2"]),
    "service_date": st.sampled_from(["2026-03-12", "2026-03-13"]),
}
any_line = st.fixed_dictionaries({**places, "rendering_npi": st.sampled_from([OT, PT])})
any_note = st.fixed_dictionaries(
    {**places, "claim_id": st.sampled_from(["", "A", "B", "Z"]), "discipline": st.sampled_from(["OT", "PT"])}
)


def by_the_contract(note: dict, lines: list[dict]) -> set[str]:
    """Claims on whose day the note is, read word by word."""
    disciplines = {OT: "OT", PT: "PT"}
    same = [line for line in lines if all(line[k] == note[k] for k in ("patient_id", "service_date"))]
    own = [line for line in same if line["claim_id"] == note["claim_id"]]
    kinds = {disciplines[line["rendering_npi"]] for line in own}
    of = note["discipline"] if not note["claim_id"] or len(kinds) != 1 else kinds.pop()
    if note["claim_id"] and of not in {disciplines[line["rendering_npi"]] for line in own}:
        return set()
    return {line["claim_id"] for line in same if disciplines[line["rendering_npi"]] == of}


@settings(max_examples=60, deadline=None)
@given(st.lists(any_line, min_size=1, max_size=5), st.lists(any_note, max_size=4))
def test_any_few_lines_and_notes(lines, notes):
    found = prepared(lines, notes, providers=PROVIDERS)
    assert (found.line["discipline"] == found.line["rendering_npi"].map({OT: "OT", PT: "PT"})).all()
    claims = found.line.groupby("day")["claim_id"].agg(set)
    got = [claims[day] if pd.notna(day) else set() for day in found.linked_notes["day"]]
    assert got == [by_the_contract(note, lines) for note in notes]
    own = dict(zip(found.linked_notes["note_id"], found.linked_notes["claim_id"], strict=True))
    for note_id, claim_id in zip(found.line["note_id"], found.line["claim_id"], strict=True):
        assert note_id == "" or own[note_id] in ("", claim_id)


def test_divided_by_patient_the_findings_are_the_same():
    lines = [{}, {"claim_id": "C2", "patient_id": "P2"}, {"claim_id": "C3", "patient_id": "P3"}]
    notes = [{"claim_id": "C1", "patient_id": "P2"}, {"patient_id": "P3"}, {"patient_id": "P4", "claim_id": "C3"}]
    held = tables(lines, notes)
    whole = audit(held, rules=OURS)
    assert len(whole) > 3
    pd.testing.assert_frame_equal(whole, audit(held, rules=OURS, split="buckets", buckets=3))


# what a line and a note say of themselves


@pytest.mark.parametrize(
    ("provider", "note", "modifier", "severities"),
    [
        ("OT", None, "GP", ["error"]),
        ("OT", "PT", "GO", []),
        ("PT", "OT", "GO", ["error"]),
        ("PT", None, "GP", []),
        (None, "OT", "GP", ["error"]),
        (None, None, "GP", ["untestable"]),
        (None, None, "GN", ["untestable"]),
        (None, None, "GO", []),
    ],
)
def test_the_discipline_is_the_practitioners_then_the_notes_then_the_modifiers(provider, note, modifier, severities):
    notes = [{"discipline": note}] if note else []
    providers = [{"npi": OT, "discipline": provider}] if provider else []
    found = findings(tables([{"modifier_1": modifier}], notes, providers=providers), "MOD-02")
    assert [severity for _, severity in found] == severities


@pytest.mark.parametrize(
    ("credential", "author"),
    [
        ("OTR/L", "therapist"), ("OTD, OTR/L", "therapist"), ("O.T.R.", "therapist"), ("OTRL", "therapist"),
        ("MOTR/L", "therapist"), ("ot", "therapist"), ("DPT", "therapist"), ("CCC-SLP", "therapist"),
        ("Occupational Therapist", "therapist"), ("OTR/L, CHT", "therapist"),
        ("COTA/L", "assistant"), ("cota", "assistant"), ("OTA", "assistant"), ("C.O.T.A./L.", "assistant"),
        ("OT Assistant", "assistant"), ("Occupational Therapy Assistant", "assistant"), ("LPTA", "assistant"),
        ("physical therapist assistant", "assistant"),
        ("", ""), ("OTS", ""), ("OT student", ""), ("Student OTA", ""), ("OT aide", ""), ("rehab tech", ""),
        ("OTR/L, COTA/L", ""), ("MD", ""), ("RN", ""),
    ],
)  # fmt: skip
def test_who_wrote_a_note(credential, author):
    assert author_of(pd.Series([credential], dtype="str")).tolist() == [author]


def test_minutes_that_nobody_is_named_for_are_the_authors():
    notes = [{}, {"author_credential": "COTA"}, {"author_credential": ""}]
    services = [{"note_id": f"N{n}", "procedure_code": "97530", "minutes": "15"} for n in (1, 2, 3)]
    found = prepared([{}], notes, services).services_of_day
    assert found["minutes"].tolist() == [45]
    assert found["assistant_minutes"].isna().all()
    two = prepared([{}], notes[:2], services[:2]).services_of_day
    assert two[["therapist_minutes", "assistant_minutes"]].to_numpy().tolist() == [[15, 15]]


# nothing raises


HELD = {
    "nothing": Tables.empty,
    "claims only": lambda: tables([{}]),
    "notes only": lambda: tables(notes=[{}]),
    "no note fits": lambda: tables([{}], [{"service_date": "2026-01-01"}]),
    "a payer of whom nothing is known": lambda: tables([{"payer_id": "x"}], [{}], payers=[{"payer_id": "x"}]),
    "no units of no code": lambda: tables([{"units": "0", "procedure_code": "?"}], [{}]),
}


@cache
def held(name: str) -> Prepared:
    """Prepared once for all rules, as an audit does."""
    return Prepared(HELD[name](), load_facts())


@pytest.mark.parametrize("name", HELD)
@pytest.mark.parametrize("rule", OURS, ids=lambda rule: rule.code)
def test_no_rule_raises(rule, name):
    rule.run(held(name))

"""FHIR files: the version first, then claims, answers and the text of visits; what is unsound or hostile is refused."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import InputError
from audit.intake import Batch, fhir
from audit.intake import read as read_files
from audit.intake.fhir.reading import DEEPEST, looks_like_fhir
from audit.intake.fhir.versions import faults, version_of
from audit.tables import check

FILES = Path(__file__).parent / "files" / "fhir"
SAMPLES = Path("/work/shared/samples/fhir")
BUNDLE = (FILES / "r4_bundle.json").read_bytes()
PRIVATE = ("WREN", "ADA", "pat-1", "1951")
ENTRIES = {e["resource"]["resourceType"]: e["resource"] for e in json.loads(BUNDLE)["entry"]}
PEOPLE = [e["resource"] for e in json.loads(BUNDLE)["entry"][:5]]


PICTURE = {"data": "AAAA", "contentType": "image/png"}
SNOMED = {"coding": [{"system": "http://snomed.info/sct", "code": "84478008"}]}


@pytest.fixture
def take(tmp_path: Path):
    """Read these resources as one ndjson file."""

    def _take(*resources: dict[str, Any]) -> Batch:
        path = tmp_path / "export.ndjson"
        path.write_text("\n".join(json.dumps(one) for one in resources))
        return read_files([path])

    return _take


def rows(batch: Batch, table: str = "claims") -> list[dict[str, str]]:
    return batch.tables[table].to_dict("records")


def changed(kind: str, **values: Any) -> dict[str, Any]:
    """The resource of the bundle with other values; None takes one away."""
    made = ENTRIES[kind] | values
    return {name: value for name, value in made.items() if value is not None}


def item(kind: str = "Claim", **values: Any) -> dict[str, Any]:
    """The resource with one item, that with other values."""
    made = ENTRIES[kind]["item"][0] | values
    return changed(kind, item=[{name: value for name, value in made.items() if value is not None}])


def test_a_claim_of_r4_gives_every_column_it_tells():
    batch = read_files([FILES / "r4_bundle.json"])
    first, second = rows(batch)
    assert {name: value for name, value in first.items() if value} == {
        "claim_id": "FH-1001",
        "line_number": "1",
        "patient_id": "pat-1",
        "patient_name": "WREN, ADA Q",
        "patient_birth_date": "1951-07-08",
        "payer_id": "15202",
        "payer_name": "MEDICARE PART B OHIO",
        "billing_npi": "1000000004",
        "rendering_npi": "1000000012",
        "rendering_name": "SORENSEN, KAI",
        "referring_npi": "1000000038",
        "place_of_service": "11",
        "service_date": "2026-03-02",
        "procedure_code": "97530",
        "modifier_1": "GO",
        "modifier_2": "KX",
        "units": "2",
        "charge_amount": "90.50",
        "diagnosis_codes": "M25.641 R27.8",
        "diagnosis_pointers": "2 1",
        "prior_authorization": "PA77",
        "frequency_code": "7",
        "original_reference": "ICN-0900",
        "source_file": "r4_bundle.json",
        "source_row": "6",
    }
    assert (second["charge_amount"], second["service_date"], second["referring_npi"]) == ("40.25", "2026-03-02", "")
    tables, refusals = check(batch)
    assert refusals == []
    assert len(tables.claims) == 2


def test_an_answer_gives_payments_and_no_second_claim():
    batch = read_files([FILES / "r4_bundle.json"])
    paid = rows(batch, "payments")
    names = ("position", "claim_id", "charge_amount", "allowed_amount", "paid_amount", "patient_responsibility")
    assert [[row[name] for name in names] for row in paid] == [
        ["0", "FH-1001", "130.75", "", "64.00", ""],
        ["1", "FH-1001", "90.50", "80.00", "64.00", "16.00"],
        ["2", "FH-1001", "40.25", "", "0.00", ""],
    ]
    assert {row["payment_id"] for row in paid} == {"eob/eob-1"}
    assert [(a["position"], a["group_code"], a["reason_code"], a["amount"]) for a in rows(batch, "adjustments")] == [
        ("1", "PR", "2", "16.00"),
        ("1", "", "45", "10.50"),
        ("2", "", "97", "40.25"),
    ]


def test_an_answer_alone_gives_the_claims_lines_once(take):
    eob = ENTRIES["ExplanationOfBenefit"]
    batch = take(*PEOPLE, eob, eob | {"id": "eob-2"})
    assert [row["line_number"] for row in rows(batch)] == ["1", "2"]
    assert len(rows(batch, "payments")) == 6
    assert check(batch)[1] == []


def test_an_answer_without_amounts_gives_no_payment(take):
    items = [dict(one, adjudication=None) for one in ENTRIES["ExplanationOfBenefit"]["item"]]
    bare = [{name: value for name, value in one.items() if value is not None} for one in items]
    batch = take(*PEOPLE, changed("ExplanationOfBenefit", item=bare, payment=None, total=None))
    assert len(rows(batch)) == 2
    assert rows(batch, "payments") == []


def test_the_text_of_a_visit_comes_with_who_and_when():
    composition, reference = read_files([FILES / "r4_bundle.json"]).documents
    assert composition.text == (
        "Interventions\ncode | minutes\n97530 | 23 min\nTotal timed minutes: 23\nTolerated & safe\n"
        "Assessment\n- Less pain"
    )
    told = ("patient_id", "service_date", "author_name", "author_credential", "rendering_npi", "signed_at")
    assert [composition.told(name) for name in told] == [
        *("pat-1", "2026-03-02", "SORENSEN, KAI", "OTR/L", "1000000012", "2026-03-03T08:05:00-05:00"),
    ]
    assert reference.text.startswith("Occupational therapy daily note")
    assert reference.told("service_date") == "2026-03-04", "as the text has it"
    assert reference.note_id != composition.note_id


def test_when_a_document_was_written_is_not_when_the_visit_was(take):
    (note,) = take(*PEOPLE[:4], ENTRIES["Composition"]).documents
    assert note.told("service_date") == "", "no encounter tells it"
    period = {"period": {"start": "2026-03-01T09:00:00-05:00"}}
    (note,) = take(*PEOPLE, changed("DocumentReference", context=period)).documents
    assert note.told("service_date") == "2026-03-01"


def test_stu3_and_r5_are_read_by_their_own_names():
    batch = read_files([FILES / "stu3.ndjson"])
    (line,) = rows(batch)
    told = ("claim_id", "payer_id", "rendering_npi", "procedure_code", "units", "charge_amount", "diagnosis_codes")
    assert [line[name] for name in told] == ["FH-2001", "HHP01", "1000000020", "97535", "3", "120.00", "S52.501A"]
    assert [note.text for note in batch.documents] == ["97535 self care 40 minutes"]
    (refusal,) = batch.refusals
    assert (refusal.row, refusal.wrong) == (3, "this is a pharmacy claim; Countersign reads professional claims")
    batch = read_files([FILES / "r5.ndjson"])
    assert [row["procedure_code"] for row in rows(batch)] == ["97530", "97110"]
    assert batch.documents[0].told("service_date") == "2026-03-11", "actualPeriod of the encounter"
    assert batch.documents[0].told("signed_by") == "K. Sorensen"


def test_files_given_together_know_each_other(tmp_path: Path):
    """As a bulk export has them: a file for each type."""
    for kind in ("Patient", "Practitioner", "Organization", "Claim"):
        found = [e["resource"] for e in json.loads(BUNDLE)["entry"] if e["resource"]["resourceType"] == kind]
        (tmp_path / f"{kind}.ndjson").write_text("\n".join(json.dumps(one) for one in found))
    (tmp_path / "Observation.ndjson").write_text('{"resourceType": "Observation", "id": "1"}')
    batch = read_files([tmp_path])
    assert [(row["patient_name"], row["rendering_npi"]) for row in rows(batch)] == [("WREN, ADA Q", "1000000012")] * 2
    assert {file.name: file.kind for file in batch.files}["Observation.ndjson"] == "ignored"
    with pytest.raises(InputError, match="holds none of Claim"):
        read_files([tmp_path / "Observation.ndjson"])


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (ENTRIES["Claim"], "R4"),
        (json.loads((FILES / "stu3.ndjson").read_text().splitlines()[0]), "STU3"),
        (json.loads((FILES / "stu3.ndjson").read_text().splitlines()[1]), "STU3"),
        (json.loads((FILES / "r5.ndjson").read_text().splitlines()[1]), "R5"),
        (json.loads((FILES / "r5.ndjson").read_text().splitlines()[2]), "R5"),
        (changed("Claim", meta={"profile": ["http://hl7.org/fhir/us/x|5.0.0"]}), "R5"),
        (changed("DocumentReference", context=[{"reference": "Encounter/1"}]), "R5"),
        (changed("DocumentReference", context={"encounter": {"reference": "Encounter/1"}}), "STU3"),
        (changed("DocumentReference", context={"encounter": [{"reference": "Encounter/1"}]}), "R4"),
        (changed("Composition", attester=[{"mode": ["legal"]}]), "STU3"),
        ({"resourceType": "Claim", "item": "x", "meta": 3, "careTeam": [None]}, "R4"),
    ],
)
def test_the_version_is_found_before_anything_is_read(resource, expected):
    assert version_of(resource) == expected


def test_what_breaks_the_version_is_told_without_values():
    wrong = changed("Claim", priority=None, created="WREN", unheard={"of": "ADA"})
    assert set(faults(wrong, "R4")) == {"unheard is not known", "created does not fit", "priority is missing"}
    assert faults(changed("Claim", priority=None), "R4") == ["priority is missing"]
    assert faults(ENTRIES["Claim"], "R4") == []


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        (changed("Claim", priority=None), "no sound FHIR R4: priority is missing"),
        (changed("Claim", use="preauthorization"), "bills nothing"),
        (changed("Claim", status="cancelled"), "not active"),
        (changed("Claim", item=None), "no item"),
        (item(modifier=[{"coding": [{"code": code}]} for code in ("GO", "KX", "CO", "59", "76")]), "four modifiers"),
        (item(detail=[{"sequence": 1, "productOrService": {"coding": [{"code": "97110"}]}}]), "within an item"),
        (changed("Claim", type={"coding": [{"code": "institutional"}]}), "an institutional claim"),
        (changed("Claim", type={"coding": [{"code": "professional"}, {"code": "OUTPATIENT"}]}), "an institutional"),
        (changed("Claim", type={"coding": [{"code": "other"}]}), "a claim of another kind"),
        (changed("Composition", status="entered-in-error"), "entered in error"),
        (changed("Composition", section=None), "no text"),
        (changed("DocumentReference", content=[{"attachment": {"url": "http://x/y"}}]), "stands elsewhere"),
        (changed("DocumentReference", content=[{"attachment": PICTURE}]), "not read"),
        (changed("DocumentReference", content=[{"attachment": PICTURE | {"contentType": "text/xml"}}]), "broken"),
    ],
)  # fmt: skip
def test_a_resource_that_cannot_be_taken_is_refused_and_the_rest_is_read(take, resource, says: str):
    batch = take(*PEOPLE, resource, changed("ExplanationOfBenefit"))
    (refusal,) = batch.refusals
    assert says in refusal.wrong
    assert (refusal.row, refusal.file) == (6, "export.ndjson")
    assert refusal.do
    assert not [word for word in PRIVATE if word in refusal.sentence()]
    assert len(rows(batch, "payments")) == 3


@pytest.mark.parametrize(
    ("values", "column", "expected"),
    [
        ({"servicedDate": None}, "service_date", ""),
        ({"servicedDate": None, "servicedPeriod": {"start": "2026-03-02", "end": "2026-03-04"}}, "service_date", ""),
        ({"servicedDate": "2026-03"}, "service_date", ""),
        ({"quantity": {"value": 1.5}}, "units", "1.5"),
        ({"quantity": {"value": 45, "unit": "min"}}, "units", "45 min"),
        ({"quantity": {"value": 1, "unit": "unit", "code": "h"}}, "units", "1 h"),
        ({"quantity": {"value": 2, "unit": "Minutes"}}, "units", "2 Minutes"),
        ({"quantity": {"value": 2, "comparator": ">="}}, "units", ">=2"),
        ({"quantity": {"value": 2, "unit": "units", "code": "{unit}"}}, "units", "2"),
        ({"quantity": None}, "units", ""),
        ({"net": None}, "charge_amount", "90.00"),
        ({"productOrService": {"text": "therapy"}}, "procedure_code", ""),
        ({"productOrService": SNOMED}, "procedure_code", ""),
        ({"productOrService": {"coding": [{"code": "97112"}]}}, "procedure_code", "97112"),
        ({"careTeamSequence": None}, "rendering_npi", "1000000012"),
        ({"careTeamSequence": [2]}, "rendering_npi", "1000000004"),
        ({"diagnosisSequence": [9]}, "diagnosis_pointers", ""),
    ],
)  # fmt: skip
def test_what_an_item_does_not_tell_stays_unknown(take, values, column: str, expected: str):
    (line,) = rows(take(*PEOPLE, item(**values)))
    assert line[column] == expected


def test_a_quantity_of_minutes_is_refused_and_never_taken_for_units(take):
    """45 minutes are three units, not 45."""
    _, refusals = check(take(*PEOPLE, item(quantity={"value": 45, "unit": "min"})))
    assert [(one.column, one.value, one.wrong) for one in refusals] == [("units", "45 min", "this is no whole number")]


def test_modifiers_of_one_system_in_one_concept_are_all_read(take):
    """Codings of one system cannot be translations of each other."""
    own, theirs = "https://bluebutton.cms.gov/resources/codesystem/hcpcs", "urn:clinic"
    both = {"coding": [{"system": own, "code": "GO"}, {"system": theirs, "code": "x"}, {"system": own, "code": "KX"}]}
    (line,) = rows(take(*PEOPLE, item(modifier=[both, {"coding": [{"system": own, "code": "CO"}]}])))
    assert [line[f"modifier_{n}"] for n in range(1, 5)] == ["GO", "KX", "CO", ""]


def test_the_claim_that_is_replaced_is_found_wherever_it_stands_among_the_related(take):
    prior = {"relationship": {"coding": [{"code": "prior"}]}, "reference": {"value": "ICN9"}}
    other = {"relationship": {"coding": [{"code": "associated"}]}, "reference": {"value": "X1"}}
    for related in ([other, prior], [prior, other]):
        line = rows(take(*PEOPLE, changed("Claim", related=related)))[0]
        assert (line["frequency_code"], line["original_reference"]) == ("7", "ICN9")
    line = rows(take(*PEOPLE, changed("Claim", related=[other])))[0]
    assert line["frequency_code"] == ""


def test_medicares_own_files_name_no_insurer(take):
    stu3 = json.loads((FILES / "stu3.ndjson").read_text().splitlines()[0])
    system = "https://bluebutton.cms.gov/resources/variables/nch_clm_type_cd"
    stu3 |= {"type": {"coding": [{"system": system, "code": "71"}]}, "insurer": None}
    (line,) = rows(take({name: value for name, value in stu3.items() if value is not None}))
    assert (line["payer_id"], line["payer_name"]) == ("medicare-b", "Medicare Part B")


def test_a_role_leads_to_its_practitioner_and_never_in_circles(take):
    role = {"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "Practitioner/prac-1"}}
    team = [{"sequence": 1, "provider": {"reference": "PractitionerRole/r"}}]
    claim = changed("Claim", careTeam=team, provider={"reference": "PractitionerRole/r"})
    assert [(r["rendering_npi"], r["rendering_name"]) for r in rows(take(*PEOPLE, role, claim))] == [
        ("1000000012", "SORENSEN, KAI")
    ] * 2
    role["practitioner"]["reference"] = "PractitionerRole/r"
    assert {r["rendering_npi"] for r in rows(take(*PEOPLE, role, claim))} == {""}


def test_a_c_cda_within_is_read_as_one(take):
    note = (FILES.parent / "ccda" / "ot_progress.xml").read_bytes()
    attachment = {"contentType": "application/xml", "data": base64.b64encode(note).decode()}
    (document,) = take(changed("DocumentReference", content=[{"attachment": attachment}])).documents
    assert (document.kind, document.told("patient_id")) == ("C-CDA", "pat-1")
    assert document.file == "export.ndjson"


# Hostile


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"resourceType": "Claim"', "broken or cut off"),
        (b'{"resourceType": "Claim", "x": NaN}', "broken or cut off"),
        (b'{"resourceType": 3}', "no FHIR resource"),
        (b'{"a": {"resourceType": "Claim"}}', "no FHIR resource"),
        (b'{"resourceType": "Bundle", "entry": 1}', "no list"),
        (b'{"resourceType": "Bundle", "entry": [1]}', "entry 1: an entry of the Bundle holds no resource"),
        (b'{"resourceType": "Bundle"}', "holds none of Claim"),
        (b'{"resourceType": "Claim", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"resourceType": "Claim", "x": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}", "nested too deeply"),
        (BUNDLE.replace(b"WREN", b"\x00"), "broken or cut off"),
        (BUNDLE.replace(b"WREN", b"\xff\xfe"), "broken or cut off"),
        (b'<Claim xmlns="http://hl7.org/fhir"/>', "written as XML"),
        (b'<?xml version="1.0"?>\n<Bundle xmlns="http://hl7.org/fhir"><entry/></Bundle>', "written as XML"),
        (b"", "empty"),
    ],
)
def test_what_is_no_sound_file_is_refused(tmp_path: Path, content: bytes, says: str):
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says) as refused:
        read_files([path])
    assert not [word for word in PRIVATE if word in str(refused.value)]


def test_brackets_within_text_are_not_nesting(take):
    text = '<div xmlns="http://www.w3.org/1999/xhtml">' + "[" * (DEEPEST + 5) + ' \\" {</div>'
    section = [{"title": "Plan", "text": {"status": "generated", "div": text}}]
    assert take(changed("Composition", section=section)).documents[0].text.startswith("Plan\n[[[")


def test_a_huge_field_is_read_or_refused_in_one_way(take):
    (line,) = rows(take(*PEOPLE, item(sequence=1), changed("Patient", id="x" * 1_000_000)))
    assert line["patient_id"] == "pat-1"
    long = changed("Claim", patient={"reference": "Patient/" + "y" * 1_000_000})
    _, refusals = check(take(*PEOPLE, long))
    assert {refusal.column for refusal in refusals} == {"patient_id", "claim_id"} or refusals


@settings(max_examples=60, deadline=None)
@given(length=st.integers(0, len(BUNDLE) - 2))
def test_cut_anywhere_it_is_refused(tmp_path_factory, length: int):
    path = tmp_path_factory.getbasetemp() / "cut.json"
    path.write_bytes(BUNDLE[:length])
    with pytest.raises(InputError):
        read_files([path])


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, len(BUNDLE)), junk=st.binary(max_size=8), removed=st.integers(0, 60))
def test_damage_is_read_or_refused_but_never_a_crash(tmp_path_factory, place: int, junk: bytes, removed: int):
    path = tmp_path_factory.getbasetemp() / "damaged.json"
    path.write_bytes(BUNDLE[:place] + junk + BUNDLE[place + removed :])
    try:
        fhir.read(path, fhir.Context([path]))
    except InputError:
        return


ODD = [None, "", "x", 0, -1, 10**30, True, [], {}, [None], [{}], {"a": 1}, "2026-13-45"]
READ = ["Claim", "ExplanationOfBenefit", "Composition", "DocumentReference"]


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_value_of_another_kind_never_crashes(tmp_path_factory, data: st.DataObject):
    """One value anywhere in a resource becomes something else."""
    resource = json.loads(json.dumps(ENTRIES[data.draw(st.sampled_from(READ))]))
    here: Any = resource
    while True:
        key = data.draw(st.sampled_from(sorted(here) if isinstance(here, dict) else list(range(len(here)))))
        if not isinstance(here[key], dict | list) or not here[key] or data.draw(st.booleans()):
            break
        here = here[key]
    here[key] = data.draw(st.sampled_from(ODD))
    path = tmp_path_factory.getbasetemp() / "odd.ndjson"
    path.write_text("\n".join(json.dumps(one) for one in (*PEOPLE, resource)))
    try:
        found = fhir.read(path, fhir.Context([path]))
    except InputError:
        return
    assert {type(cell) for table in found.tables.values() for row in table for cell in row.values()} <= {str}


def test_only_json_that_names_a_resource_is_fhir(tmp_path: Path):
    path = tmp_path / "claims.jsonl"
    path.write_text('{"claim_id": "A1", "text": "\\"resourceType\\": no"}\n')
    assert not looks_like_fhir(path)
    path.write_text("\n" + json.dumps(ENTRIES["Claim"]))
    assert looks_like_fhir(path)
    assert not looks_like_fhir(tmp_path / "absent")


def test_every_public_fhir_file_is_read_or_refused_with_a_reason():
    if not SAMPLES.is_dir():
        pytest.skip(f"SKIPPED LOUDLY: the public FHIR samples are not at {SAMPLES}; nothing was compared")
    for path in sorted(p for p in SAMPLES.rglob("*") if p.is_file()):
        batch = read_files([path])
        text = path.read_text(encoding="utf-8")
        plain = [json.loads(line) for line in text.splitlines()] if path.suffix == ".ndjson" else [json.loads(text)]
        taken = {int(row) for row in batch.tables["claims"]["source_row"]}
        refused = {refusal.row for refusal in batch.refusals}
        assert taken | refused == set(range(1, len(plain) + 1)), path.name
        assert not taken & refused
        assert len(batch.tables["claims"]) == sum(len(plain[row - 1]["item"]) for row in taken), path.name
        assert (len(taken), len(refused)) == ((36, 84) if path.suffix == ".ndjson" else (0, 1)), path.name

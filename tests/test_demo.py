"""The demo clinic: the committed bytes come from the seed, the tables hold together, clean claims are right."""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from audit.demo.__main__ import SEED, main
from audit.demo.clinic import is_open
from audit.demo.remittance import ANSWERED_TO, DENIED
from audit.demo.write import PAYMENTS, clinic, files
from audit.errors import StateError
from audit.evaluations import sub_criteria_mismatches, supported_level
from audit.intake import read
from audit.model import TABLES
from audit.tables import check
from audit.units import assistant_units, supported_units, total_units

DATA = Path(__file__).parents[1] / "data"
CONTRACT = {
    "claims": "claim_id, line_number, patient_id, patient_name, patient_birth_date, payer_id, payer_name, billing_npi, "
    "rendering_npi, rendering_name, referring_npi, place_of_service, service_date, procedure_code, modifier_1, "
    "modifier_2, modifier_3, modifier_4, units, charge_amount, diagnosis_codes, diagnosis_pointers, "
    "prior_authorization, frequency_code",
    "notes": "note_id, claim_id, patient_id, patient_name, patient_birth_date, service_date, note_type, discipline, "
    "rendering_npi, author_name, author_credential, start_time, end_time, total_timed_minutes, "
    "total_treatment_minutes, signed_by, signed_at, cosigned_by, cosigned_at, modality, diagnosis_codes, "
    "history_level, performance_deficits, decision_making, comorbidities, assistance, text",
    "note_services": "note_id, procedure_code, minutes, therapist_minutes, assistant_minutes, together_minutes, "
    "start_time, end_time, mode, body_region, text",
    "payers": "payer_id, name, unit_method, therapy_modifier, assistant_modifier, medicare, pair_edits, authorization, "
    "effective_from, effective_to",
    "plans_of_care": "plan_id, patient_id, discipline, start_date, end_date, certified_on, certified_by, "
    "signed_order_on, sent_on, frequency, duration",
    "authorizations": "number, payer_id, patient_id, procedure_codes, units, visits, from_date, to_date",
    "providers": "npi, name, credential, discipline",
}
"""Copied from the contract of formats, so that a column cannot be lost without notice."""
KINDS = {
    "further_cognitive_alone": "UNIT-09",
    "hour_too_short": "UNIT-10",
    "limit_exceeded": "UNIT-11",
    "two_at_once": "UNIT-12",
    "units_over": "UNIT-01",
    "second_claim": "UNIT-01",
    "whole_units_misplaced": "UNIT-03",
    "remainder_misplaced": "UNIT-04",
    "code_not_in_note": "UNIT-05",
    "under_eight": "UNIT-06",
    "untimed_twice": "UNIT-07",
    "minutes_contradict": "UNIT-08",
    "midpoint_over": "UNIT-20",
    "both_methods_fail": "UNIT-21",
    "eval_overcoded": "EVAL-01",
    "eval_undercoded": "EVAL-02",
    "eval_sub_criteria": "EVAL-03",
    "eval_by_assistant": "EVAL-08",
    "go_missing": "MOD-01",
    "wrong_discipline": "MOD-02",
    "co_missing": "MOD-04",
    "co_unwarranted": "MOD-05",
    "co_without_go": "MOD-06",
    "co_not_split": "MOD-07",
    "pair_without_modifier": "MOD-10",
    "needless_59": "MOD-11",
    "never_together": "MOD-12",
    "second_evaluation": "EVAL-06",
    "deficit_twice": "EVAL-05",
    "reevaluation_without_ground": "EVAL-07",
    "signed_late": "DOC-04",
    "outside_plan": "DOC-05",
    "certification_late": "DOC-06",
    "plan_too_long": "DOC-08",
    "progress_missing": "DOC-09",
    "copied_text": "DOC-10",
    "student_minutes": "DOC-12",
    "outside_authorization": "DOC-14",
    "after_discharge": "DOC-14",
    "note_missing": "DOC-01",
    "note_incomplete": "DOC-02",
    "times_overlap": "MOD-13",
    "video_as_visit": "MOD-15",
    "modifier_expired": "MOD-21",
    "notices_at_odds": "MOD-16",
    "kx_too_early": "MOD-08",
    "units_creep": "UNIT-20",
    "template_without_go": "MOD-01",
    "totals_left_out": "DOC-02",
}
HABITS = {"units_creep", "template_without_go", "totals_left_out"}
UNTIMED = {"97165", "97166", "97167", "97168", "97150", "97018", "G0283"}
Row = dict[str, str]


def table(name: str) -> list[Row]:
    return list(csv.DictReader(io.StringIO((DATA / "demo" / f"{name}.csv").read_bytes().decode("utf-8"))))


CLAIMS, NOTES, SERVICES = table("claims"), table("notes"), table("note_services")
ANSWERS, PLANS, PAYERS = table("answers"), table("plans_of_care"), {p["payer_id"]: p for p in table("payers")}
PLANTED = {a["claim_id"] for a in ANSWERS}
LINES: dict[str, list[Row]] = defaultdict(list)
for _line in CLAIMS:
    LINES[_line["claim_id"]].append(_line)
SERVICES_OF: dict[str, list[Row]] = defaultdict(list)
for _service in SERVICES:
    SERVICES_OF[_service["note_id"]].append(_service)


def patients_with(*kinds: str) -> set[str]:
    """Patients of whom an answer is of one of these kinds."""
    return {LINES[a["claim_id"]][0]["patient_id"] for a in ANSWERS if a["kind"] in kinds}


NOTES_BY_CLAIM = {note["claim_id"]: note for note in reversed(NOTES) if note["claim_id"]}
NOTES_BY_DAY = {(n["patient_id"], n["service_date"]): n for n in reversed(NOTES) if not n["claim_id"]}


def note_of(claim_id: str) -> Row | None:
    """The note that names the claim or, of its patient and day, one that names none: the first of them."""
    first = LINES[claim_id][0]
    found = [NOTES_BY_CLAIM.get(claim_id), NOTES_BY_DAY.get((first["patient_id"], first["service_date"]))]
    return min((one for one in found if one), key=NOTES.index, default=None)


NOTE_OF = {claim_id: note_of(claim_id) for claim_id in LINES}
CLEAN = {c: n for c, n in NOTE_OF.items() if c not in PLANTED and n is not None}


def modifiers(line: Row) -> list[str]:
    return [line[f"modifier_{i}"] for i in range(1, 5) if line[f"modifier_{i}"]]


def minutes_at(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)


def pool(note: Row) -> dict[str, int]:
    """Timed code -> minutes; empty minutes raise, so that a totals-only note is never taken for nothing."""
    return {
        s["procedure_code"]: int(s["minutes"])
        for s in SERVICES_OF[note["note_id"]]
        if s["procedure_code"] not in UNTIMED
    }


def billed(claim_id: str) -> dict[str, int]:
    units: Counter[str] = Counter()
    for line in LINES[claim_id]:
        if line["procedure_code"] not in UNTIMED:
            units[line["procedure_code"]] += int(line["units"])
    return dict(units)


def totals_only(note: Row) -> bool:
    return any(not s["minutes"] for s in SERVICES_OF[note["note_id"]])


def test_seed_gives_the_committed_bytes():
    made = files(SEED)
    kept = DATA / "demo"
    assert set(made) == {path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()}
    for name, content in made.items():
        assert content.encode("utf-8") == (DATA / "demo" / name).read_bytes(), name


def test_the_command_writes_the_clinic_or_says_why_not(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["python -m audit.demo", "--out", str(tmp_path / "clinic")])
    assert main() == 0
    written = {str(one.relative_to(tmp_path / "clinic")): one.read_text("utf-8")
               for one in (tmp_path / "clinic").rglob("*") if one.is_file()}  # fmt: skip
    assert written == files(SEED)
    monkeypatch.setattr("audit.demo.__main__.files", _no_hour)
    assert main() == 2
    assert capsys.readouterr().err == "Ann Lee has no free hour on 2026-05-04. Choose another seed.\n"


def _no_hour(_seed: int) -> dict[str, str]:
    raise StateError("Ann Lee has no free hour on 2026-05-04", do="Choose another seed")


def test_another_seed_gives_another_clinic_of_the_same_shape():
    other = list(csv.DictReader(io.StringIO(files(7)["answers.csv"])))
    assert {a["kind"]: a["rule"] for a in other} == KINDS
    assert [a["claim_id"] for a in other] != [a["claim_id"] for a in ANSWERS]


@pytest.mark.parametrize("name", CONTRACT)
def test_columns_are_those_of_the_contract(name):
    raw = (DATA / "demo" / f"{name}.csv").read_bytes()
    assert b"\r" not in raw
    header = raw.decode("utf-8").split("\n", 1)[0].split(",")
    assert header == CONTRACT[name].split(", ")
    assert set(header) <= set(TABLES[name].names)
    words = {column.name: column.words for column in TABLES[name].columns if column.words}
    for row in table(name):
        assert all(row[column] in (*allowed, "") for column, allowed in words.items() if column in row)


def test_size_and_period():
    assert 1400 <= len(LINES) <= 1600
    assert 3800 <= len(CLAIMS) <= 4200
    assert len(table("providers")) == 8
    assert {line["payer_id"] for line in CLAIMS} == set(PAYERS) == {"MEDICARE", "NORTHLAKE", "HARBOR", "STATECAID"}
    days = {date.fromisoformat(line["service_date"]) for line in CLAIMS}
    assert all(is_open(day) for day in days)
    assert (min(days), max(days)) >= (date(2026, 5, 1), date(2026, 10, 28))


def test_one_claim_is_one_visit():
    for lines in LINES.values():
        assert len({(ln["patient_id"], ln["service_date"], ln["rendering_npi"], ln["payer_id"]) for ln in lines}) == 1
        assert [ln["line_number"] for ln in lines] == [str(i) for i in range(1, len(lines) + 1)]


def test_foreign_keys():
    patients = {line["patient_id"] for line in CLAIMS}
    providers = {p["npi"] for p in table("providers")}
    assert {line["rendering_npi"] for line in CLAIMS} | {n["rendering_npi"] for n in NOTES} <= providers
    assert {n["claim_id"] for n in NOTES} <= set(LINES) | {""}
    assert {n["patient_id"] for n in NOTES} <= patients
    assert {s["note_id"] for s in SERVICES} == {n["note_id"] for n in NOTES}
    assert {p["patient_id"] for p in PLANS} == patients
    numbers = {(a["number"], a["patient_id"]) for a in table("authorizations")}
    assert {(ln["prior_authorization"], ln["patient_id"]) for ln in CLAIMS if ln["prior_authorization"]} == numbers
    assert set(LINES) >= PLANTED
    assert all(not a["line_number"] or int(a["line_number"]) <= len(LINES[a["claim_id"]]) for a in ANSWERS)


def test_planted_share_and_kinds():
    assert 0.20 <= len(PLANTED) / len(LINES) <= 0.28
    assert len(PLANTED) == len(ANSWERS)
    assert {a["kind"]: a["rule"] for a in ANSWERS} == KINDS
    counts = Counter(a["kind"] for a in ANSWERS if a["kind"] not in HABITS)
    assert min(counts.values()) >= 3
    assert counts.most_common(1)[0][0] == "units_over"
    assert all(a["what"] and a["rule"] not in a["also"].split() for a in ANSWERS)


def test_therapist_with_most_units_over_drifts_upward():
    over = [LINES[a["claim_id"]][0] for a in ANSWERS if a["kind"] == "units_over"]
    name, count = Counter(line["rendering_name"] for line in over).most_common(1)[0]
    late = sum(line["rendering_name"] == name and line["service_date"] >= "2026-09-01" for line in over)
    assert late >= 2 * (count - late)


def test_each_habit_is_one_persons_or_one_payers_in_its_months():
    months: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for answer in ANSWERS:
        if answer["kind"] in HABITS:
            line = LINES[answer["claim_id"]][0]
            whose = line["payer_id"] if answer["kind"] == "template_without_go" else line["rendering_name"]
            months[answer["kind"], whose][int(line["service_date"][5:7])] += 1
    assert months == {
        ("units_creep", "Bram Halloway"): {7: 2, 8: 4, 9: 6, 10: 9},
        ("template_without_go", "NORTHLAKE"): {7: 31, 8: 23, 9: 21, 10: 23},
        ("totals_left_out", "Callum Drexel"): {5: 18, 6: 26},
    }


def test_npis_pass_luhn():
    npis = {line[column] for line in CLAIMS for column in ("billing_npi", "rendering_npi", "referring_npi")}
    for npi in npis | {p["npi"] for p in table("providers")}:
        digits = [int(d) for d in reversed("80840" + npi)]
        total = sum(digits[::2]) + sum(sum(divmod(2 * d, 10)) for d in digits[1::2])
        assert (len(npi), npi[0], total % 10) == (10, "1", 0), npi


def test_no_practitioner_has_two_patients_at_once_except_where_planted():
    busy: dict[tuple[str, date], set[tuple[int, int, str]]] = defaultdict(set)
    at_once = {a["claim_id"] for a in ANSWERS if a["kind"] == "two_at_once"}
    for visit in clinic(SEED)[0]:
        if visit.claim_id in at_once:
            continue
        for person in filter(None, (visit.author, visit.helper)):
            who = "the group" if visit.in_group else visit.note_id
            busy[person.npi, visit.day].add((visit.start, visit.end, who))
    for hours in busy.values():
        for (_, end, one), (start, _, other) in pairwise(sorted(hours)):
            assert end <= start, (one, other)


def test_clean_units_are_those_supported():
    judged = Counter()
    for claim_id, note in CLEAN.items():
        method = PAYERS[LINES[claim_id][0]["payer_id"]]["unit_method"]
        if not totals_only(note):
            judged[method] += 1
            for one in ("total", "midpoint") if method == "unknown" else (method,):
                assert billed(claim_id) in supported_units(pool(note), one), claim_id
    assert min(judged.values()) > 100
    assert len(judged) == 3


def test_clean_days_are_supported_as_a_whole():
    days: dict[tuple[str, str], list[str]] = defaultdict(list)
    for claim_id, note in CLEAN.items():
        if PAYERS[LINES[claim_id][0]["payer_id"]]["unit_method"] == "total":
            days[note["patient_id"], note["service_date"]].append(claim_id)
    assert sum(len(claims) > 1 for claims in days.values()) >= 2
    for claims in days.values():
        minutes = sum(int(CLEAN[c]["total_timed_minutes"]) for c in claims)
        assert sum(sum(billed(c).values()) for c in claims) == total_units(minutes), claims


def test_clean_medicare_lines_carry_co_as_the_algorithm_says():
    for claim_id, note in CLEAN.items():
        if LINES[claim_id][0]["payer_id"] == "MEDICARE" and not totals_only(note):
            parts = {s["procedure_code"]: shares(s) for s in SERVICES_OF[note["note_id"]]}
            timed = assistant_units({code: p for code, p in parts.items() if code not in UNTIMED})
            whole = {c: (int(not p[1]), int(bool(p[1]))) for c, p in parts.items() if c in UNTIMED}
            assert co_split(claim_id) == {c: s for c, s in (timed | whole).items() if s != (0, 0)}, claim_id


def shares(service: Row) -> tuple[int, int, int]:
    return tuple(int(service[f"{who}_minutes"]) for who in ("therapist", "assistant", "together"))


def co_split(claim_id: str) -> dict[str, tuple[int, int]]:
    split: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for line in LINES[claim_id]:
        split[line["procedure_code"]]["CO" in modifiers(line)] += int(line["units"])
    return {code: (plain, co) for code, (plain, co) in split.items()}


def test_clean_lines_have_go_and_only_medicare_has_co():
    for claim_id in CLEAN:
        for line in LINES[claim_id]:
            assert "GO" in modifiers(line)
            assert not {"GP", "GN", "CQ", "KX"} & set(modifiers(line))
            assert "CO" not in modifiers(line) or line["payer_id"] == "MEDICARE"


def test_clean_claims_have_no_pair_without_59_and_no_needless_59():
    pairs = rows_in_force("ncci_pairs", "column_1", "column_2")
    for claim_id, note in CLEAN.items():
        lines = LINES[claim_id]
        edits = PAYERS[lines[0]["payer_id"]]["pair_edits"]
        codes = {ln["procedure_code"] for ln in lines}
        found = {second for first, second in pairs if {first, second} <= codes}
        separated = {ln["procedure_code"] for ln in lines if "59" in modifiers(ln)}
        assert separated == (found if edits == "medicare" else set()), claim_id
        assert not (edits == "medicaid" and found), claim_id
        clocks = [(s["start_time"], s["end_time"]) for s in SERVICES_OF[note["note_id"]]]
        assert not separated or all(a[1] <= b[0] and a[0] for a, b in pairwise(sorted(clocks))), claim_id


def test_units_stay_within_mue_except_where_planted():
    most = {row["code"]: int(row["units_per_day"]) for row in csv.DictReader((DATA / "mue.csv").open(encoding="utf-8"))}
    for claim_id in CLEAN:
        for code, units in billed(claim_id).items():
            assert units <= most[code], claim_id


def test_medicare_patients_stay_under_the_threshold():
    """Full fees, before any reduction, are an upper bound of the allowed amount."""
    fees = {
        r["code"]: float(r["work"]) + float(r["pe_nonfacility"]) + float(r["mp"])
        for r in csv.DictReader((DATA / "fees.csv").open(encoding="utf-8"))
        if r["effective_from"] <= "2026-10-30" and (r["effective_to"] or "9999") >= "2026-05-01" and r["work"]
    }
    spent: Counter[str] = Counter()
    for line in CLAIMS:
        if line["payer_id"] == "MEDICARE":
            spent[line["patient_id"]] += fees[line["procedure_code"]] * 33.4009 * int(line["units"])
    assert max(spent.values()) < 2480


def rows_in_force(name: str, *columns: str) -> set[tuple[str, ...]]:
    rows = csv.DictReader((DATA / f"{name}.csv").open(encoding="utf-8"))
    return {tuple(row[c] for c in columns) for row in rows if not row["effective_to"]}


def test_clean_evaluations_bill_the_level_their_findings_support():
    levels = Counter()
    for claim_id, note in CLEAN.items():
        if note["note_type"] == "evaluation":
            code = LINES[claim_id][0]["procedure_code"]
            levels[code] += 1
            assert code == supported_level(note["history_level"], note["performance_deficits"], note["decision_making"])
            assert not sub_criteria_mismatches(code, note["comorbidities"], note["assistance"])
            assert note["author_credential"] in ("OTR/L", "OTD, OTR/L")
    assert set(levels) == {"97165", "97166", "97167"}


def test_clean_notes_are_complete_and_consistent():
    for claim_id, note in CLEAN.items():
        timed, treatment = int(note["total_timed_minutes"]), int(note["total_treatment_minutes"])
        assert minutes_at(note["end_time"]) - minutes_at(note["start_time"]) >= treatment >= timed, claim_id
        if not totals_only(note):
            assert sum(pool(note).values()) == timed, claim_id
            assert sum(int(s["minutes"]) for s in SERVICES_OF[note["note_id"]]) <= treatment, claim_id
        day = date.fromisoformat(note["service_date"])
        assert day <= datetime.fromisoformat(note["signed_at"]).date() <= day + timedelta(days=1), claim_id
        assert note["signed_by"] == f"{note['author_name']}, {note['author_credential']}"
        assert {ln["procedure_code"] for ln in LINES[claim_id]} <= {
            s["procedure_code"] for s in SERVICES_OF[note["note_id"]]
        }


def test_some_notes_keep_only_totals():
    share = sum(map(totals_only, NOTES)) / len(NOTES)
    assert 0.06 <= share <= 0.10
    assert len({n["author_name"] for n in NOTES if totals_only(n)}) == 1


def test_plans_are_certified_or_sent_within_thirty_days():
    altered = patients_with("certification_late", "outside_plan", "plan_too_long")
    for plan in [plan for plan in PLANS if plan["patient_id"] not in altered]:
        start = date.fromisoformat(plan["start_date"])
        assert (date.fromisoformat(plan["certified_on"] or plan["sent_on"]) - start).days <= 30
        assert plan["certified_on"] or plan["signed_order_on"]
        days = [line["service_date"] for line in CLAIMS if line["patient_id"] == plan["patient_id"]]
        assert plan["start_date"] == min(days)
        assert max(days) <= plan["end_date"]


def test_a_therapist_reports_progress_every_ten_treatment_days():
    for plan in [plan for plan in PLANS if plan["patient_id"] not in patients_with("progress_missing")]:
        own = sorted((n for n in NOTES if n["patient_id"] == plan["patient_id"]), key=lambda n: n["service_date"])
        days = sorted({ln["service_date"] for ln in CLAIMS if ln["patient_id"] == plan["patient_id"]})
        reports = [n["service_date"] for n in own if n["note_type"] in ("evaluation", "progress", "discharge")]
        places = [days.index(day) for day in reports] + [len(days) - 1]
        assert all(later - earlier <= 9 for earlier, later in pairwise(places)), plan["plan_id"]
        assert all(
            not n["author_credential"].startswith("COTA") for n in own if n["note_type"] in ("progress", "discharge")
        )


def test_texts_have_their_length_and_agree_with_the_minutes():
    for claim_id, note in CLEAN.items():
        longest = 900 if note["note_type"] == "daily" else 1500
        assert 300 <= len(note["text"]) <= longest, claim_id
        assert note["total_treatment_minutes"] in note["text"] or "treatment" in note["text"]
        assert note["start_time"] in note["text"]


def test_no_note_copies_the_one_before():
    by_patient: dict[str, list[set[str]]] = defaultdict(list)
    copied = {a["claim_id"] for a in ANSWERS if a["kind"] == "copied_text"}
    for note in sorted(NOTES, key=lambda n: n["service_date"]):
        if note["claim_id"] not in copied:
            by_patient[note["patient_id"]].append(threes(note["text"]))
    alike = [len(a & b) / len(a | b) for notes in by_patient.values() for a, b in pairwise(notes)]
    assert max(alike) < 0.5
    assert len({note["text"] for note in NOTES}) == len(NOTES)


def threes(text: str) -> set[str]:
    words = text.lower().split()
    return {" ".join(words[i : i + 3]) for i in range(len(words) - 2)}


def test_payers_answered_every_claim_of_the_first_quarter_and_deny_what_they_can_see():
    tables, refusals = check(read([DATA / "demo" / PAYMENTS]))
    assert not refusals
    paid = tables.payments
    answered = {row["claim_id"] for row in table("claims") if row["service_date"] <= str(ANSWERED_TO)}
    assert set(paid["claim_id"]) == answered
    lines = paid[paid["position"].astype(int) > 0]
    assert len(lines) == sum(row["claim_id"] in answered for row in table("claims"))
    planted = {a["claim_id"]: a["rule"] for a in ANSWERS if a["claim_id"] in answered}
    reason = tables.adjustments[tables.adjustments["reason_code"].isin(DENIED.values())]
    by_id = dict(zip(paid["payment_id"], paid["claim_id"], strict=True))
    denied = {by_id[payment_id] for payment_id in reason["payment_id"]}
    assert len(denied) > 20
    assert all(planted[claim_id] in DENIED for claim_id in denied)
    units_over = {claim_id for claim_id, rule in planted.items() if rule == "UNIT-01"}
    assert units_over
    assert not units_over & denied, "minutes stand in the note, which no payer sees"

"""Less information never accuses more, and never passes in silence (docs/decisions/0003, 0005).

Each optional column of each table, and each whole table, is taken away from cases of the rules, one at a time. No error
may appear that was not there, and each that goes must leave an untestable of its rule, but for what stands below with
its reason. `python -m tests.test_less_told ERRORS OTHERS` looks at so many cases of each rule.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from audit.intake import read
from audit.model import ASKED, MODIFIERS, PAID, TABLES, UNTOLD
from tests.less_told import MARKS, differences, judged

ERRORS, OTHERS = 2, 1

ITS_AUTHOR = "minutes that nobody is named for are the author's of the note (rules.md, section 0)"
NO_CONTRADICTION = "two figures contradict one another; without the one the other stands alone (UNIT-08)"
NOT_WRITTEN = "Medicare asks for no minutes by service; what is not written contradicts nothing (rules.md, section 0)"
BY_BOTH = "the payer's method is not known: UNIT-21 judges by both (formats.md, payers)"
FIRST_CLAIM = "a claim that does not say that it corrects or voids another one is a first claim"
NO_NOTE = "DOC-01 asks whether a note is on file, and tells of its lack; no other rule of notes is asked"
NO_LIMIT = "an authorisation limits what it names: without it, nothing; without any, FMT-08 asks for it"
NO_CHECK = "there is nothing to check where it is not told"
NOTE_SAYS = "the rule applies where the note says so, and it does not"
NO_OTHER_CODE = "of one billed code, beside no other that a note lists, no unit can stand on a wrong one"
LENIENT = "a plan without its dates counts as long as it can"

NEW = {
    ("DOC-01", "notes.*"): "that no note is on file is what the rule tells",
    ("MOD-01", "notes.*"): "a line of which nothing tells the discipline is taken for occupational therapy",
    ("MOD-01", "notes.discipline"): "a line of which nothing tells the discipline is taken for occupational therapy",
    ("MOD-01", "notes.rendering_npi"): "a line of which nothing tells the discipline is taken for occupational therapy",
    ("MOD-06", "payers.therapy_modifier"): "only a payer known to refuse GO takes CO without it",
    ("MOD-06", "payers.*"): "only a payer known to refuse GO takes CO without it",
    ("MOD-08", "claims.charge_amount"): "the national rate counts, unless a lower charge is told",
    ("MOD-10", "claims.place_of_service"): "a claim without a place is judged by the practitioners' table",
    ("MOD-12", "claims.place_of_service"): "a claim without a place is judged by the practitioners' table",
    ("FMT-09", "claims.patient_birth_date"): "two names without a birth date that agrees are two people",
    ("FMT-09", "notes.patient_birth_date"): "two names without a birth date that agrees are two people",
    ("DOC-06", "plans_of_care.verbal_order_on"): "an exception, which the plan's papers must show",
    ("DOC-06", "plans_of_care.delay_reason"): "an exception, which the plan's papers must show",
    ("DOC-14", "authorizations.payer_id"): "an authorisation that names no payer is the patient's with any",
    ("DOC-14", "claims.prior_authorization"): "a claim that names no authorisation is held against those on file",
    ("UNIT-01", "payers.effective_from"): "a payer without dates is as it is on all of them",
    ("DOC-02", "note_services.*"): "a note without services whose text is there and empty names none",
    ("UNIT-06", "note_services.*"): "what all services of the day together do not reach, one alone does not",
    (
        "UNIT-08",
        "note_services.therapist_minutes",
    ): "the minutes of a service without any are those of persons it names",
    (
        "UNIT-08",
        "note_services.assistant_minutes",
    ): "the minutes of a service without any are those of persons it names",
    ("UNIT-08", "note_services.minutes"): NO_CONTRADICTION,
    ("MOD-04", "note_services.minutes"): NO_CONTRADICTION,
    ("EVAL-08", "note_services.minutes"): "the minutes of a service without any are those of persons it names",
    ("UNIT-04", "notes.total_treatment_minutes"): NO_CONTRADICTION,
    ("UNIT-21", "payers.unit_method"): BY_BOTH,
    ("UNIT-21", "payers.*"): BY_BOTH,
    **dict.fromkeys(
        [
            (f"UNIT-{rule}", column)
            for rule in ("01", "06", "20", "21")
            for column in ("note_services.minutes", "note_services.*", "notes.total_timed_minutes")
        ],
        NO_CONTRADICTION,
    ),
    **dict.fromkeys([(rule, "note_services.*") for rule in ("MOD-04", "EVAL-08", "DOC-09", "UNIT-12")], ITS_AUTHOR),
    **dict.fromkeys(
        [
            (rule, f"claims.{column}")
            for rule in ("DOC-01", "EVAL-06", "FMT-04", "FMT-05", "MOD-08", "MOD-10", "UNIT-01", "UNIT-07")
            for column in ("frequency_code", "original_reference")
        ],
        FIRST_CLAIM,
    ),
}
"""By rule and what is taken away: why an error may appear."""

GONE = {
    **dict.fromkeys([("DOC-14", f"authorizations.{c}") for c in ("*", "from_date", "to_date", "units", "visits",
                                                                 "procedure_codes")], NO_LIMIT),
    ("DOC-14", "claims.prior_authorization"): "of two authorisations, which one is meant is not told: the kinder",
    ("MOD-08", "claims.modifiers"): "without GO nothing says that a sometimes-therapy code is therapy: MOD-03 says so",
    ("FMT-09", "claims.patient_birth_date"): NO_CHECK,
    ("FMT-09", "notes.patient_birth_date"): NO_CHECK,
    ("FMT-01", "claims.referring_npi"): NO_CHECK,
    ("MOD-15", "claims.place_of_service"): "the claim says nothing of telehealth then",
    ("MOD-15", "notes.modality"): NOTE_SAYS,
    ("MOD-02", "notes.discipline"): NOTE_SAYS,
    ("MOD-02", "notes.rendering_npi"): NOTE_SAYS,
    ("DOC-01", "notes.discipline"): NOTE_SAYS,
    ("DOC-01", "notes.claim_id"): NOTE_SAYS,
    ("UNIT-15", "note_services.mode"): NOTE_SAYS,
    ("DOC-02", "note_services.assistant_minutes"): NOTE_SAYS,
    ("DOC-02", "note_services.therapist_minutes"): NOTE_SAYS,
    ("DOC-02", "note_services.together_minutes"): NOTE_SAYS,
    ("EVAL-08", "note_services.assistant_minutes"): NOTE_SAYS,
    ("MOD-04", "note_services.assistant_minutes"): NOTE_SAYS,
    ("UNIT-05", "note_services.minutes"): "the note lists the service; UNIT-01, 03, 04 and 20 ask for its minutes",
    ("UNIT-08", "note_services.minutes"): NOT_WRITTEN,
    ("UNIT-08", "note_services.*"): NOT_WRITTEN,
    ("UNIT-08", "notes.total_treatment_minutes"): "DOC-02 says that the total is missing",
    ("DOC-09", "notes.total_treatment_minutes"): "a note without services or time tells of no treatment",
    ("UNIT-12", "note_services.minutes"): "the visits' own clocks leave room for both",
    ("UNIT-12", "note_services.start_time"): "the visits' own clocks leave room for both",
    ("UNIT-12", "note_services.end_time"): "the visits' own clocks leave room for both",
    ("UNIT-12", "note_services.*"): "the visits' own clocks leave room for both",
    ("UNIT-12", "notes.start_time"): "two visits of one patient without times do not meet",
    ("UNIT-12", "notes.end_time"): "two visits of one patient without times do not meet",
    ("UNIT-12", "notes.author_credential"): "people are told apart by what is told of them",
    ("DOC-04", "notes.signed_at"): "DOC-02 says untestable: it is not known when the note was signed",
    **dict.fromkeys([(rule, "note_services.*") for rule in ("MOD-04", "MOD-07", "EVAL-08", "DOC-09")], ITS_AUTHOR),
    ("UNIT-15", "note_services.*"): NOTE_SAYS,
    ("UNIT-04", "note_services.*"): NO_OTHER_CODE,
    ("UNIT-04", "notes.*"): NO_OTHER_CODE,
    **dict.fromkeys([(rule, "notes.*") for rule in ("DOC-02", "DOC-04", "UNIT-08", "UNIT-15", "MOD-15", "MOD-02")],
                    NO_NOTE),
    **dict.fromkeys([(f"UNIT-{rule}", f"payers.{column}") for rule in ("01", "04", "15", "20", "21")
                     for column in ("unit_method", "effective_from", "*")], BY_BOTH),
    ("MOD-21", "payers.habilitative_modifier"): "96 and 97 are asked for by payers whose profile says so",
    ("MOD-21", "payers.*"): "96 and 97 are asked for by payers whose profile says so",
    ("DOC-06", "plans_of_care.end_date"): "a plan after one without an end goes on with it: DOC-08 asks of it",
    ("DOC-08", "plans_of_care.start_date"): LENIENT,
    ("DOC-08", "plans_of_care.end_date"): LENIENT,
}  # fmt: skip
"""By rule and what is taken away: why an error may go without an untestable of its rule."""


@pytest.fixture(scope="module")
def found():
    return differences(judged(ERRORS, OTHERS))


def test_without_a_column_or_a_table_no_error_appears(found):
    new, _ = found
    assert {place: cases for place, cases in new.items() if place not in NEW} == {}


def test_an_error_that_goes_without_a_column_or_a_table_leaves_an_untestable(found):
    _, gone = found
    assert {place: cases for place, cases in gone.items() if place not in GONE} == {}


def test_the_cases_are_many_and_something_is_told_of_each_table():
    each = judged(ERRORS, OTHERS)
    assert {one.less.table for one in each if one.less} == set(TABLES) - {*PAID}
    assert sum(any(told[3] == "error" for told in one.found) for one in each if one.less is None) > 90


@pytest.mark.parametrize("name", [name for name in TABLES if name not in PAID])
def test_a_column_that_is_absent_reads_as_one_that_is_empty_but_for_the_marks(tmp_path: Path, name: str) -> None:
    table = TABLES[name]
    words = {column.name: column.words[0] if column.words else "1" for column in table.columns if column.required}
    marked = {**dict(UNTOLD.values()), "columns_untold": ASKED.get(name, ())}
    for column in table.columns:
        if column.required or column.name in MARKS:
            continue
        gone = MODIFIERS if column.name in MODIFIERS else [column.name]
        header = [one for one in table.names if one not in MARKS]
        rows = [_row(tmp_path / f"{name}.csv", one, words) for one in (header, [c for c in header if c not in gone])]
        differ = {one for one in rows[0] if rows[0][one] != rows[1][one]}
        own = {mark for mark, about in marked.items() if mark in table.names and {*gone} & {*about}}
        assert differ == own, column.name


def _row(path: Path, header: list[str], words: dict[str, str]) -> dict[str, str]:
    path.write_text(f"{','.join(header)}\n{','.join(words.get(one, '') for one in header)}\n")
    (row,) = read([path]).tables[path.stem].astype("str").to_dict("records")
    return row


def main(errors: int, others: int) -> None:
    """Every difference with its cases, those without a reason first."""
    for said, told, reasons in zip(("appears", "goes"), differences(judged(errors, others)), (NEW, GONE), strict=True):
        for place, cases in sorted(told.items(), key=lambda one: one[0] in reasons):
            print(said, *place, f"({len(cases)})", reasons.get(place, f"NO REASON: {sorted({*cases})[:3]}"))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

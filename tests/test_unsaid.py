"""Columns that are empty in every row: people are told what the rules take that for."""

from __future__ import annotations

import json

from audit.cli import main
from audit.intake import read
from audit.tables import check
from audit.unsaid import unsaid

CLAIMS = "claim_id,line_number,patient_id,payer_id,rendering_npi,service_date,procedure_code,units"
LINE = "1,P1,medicare-b,1234567893,2026-03-12,97530,2"
NOTES = "note_id,claim_id,patient_id,service_date,note_type,author_credential,total_timed_minutes"


def write(folder, name, *lines):
    path = folder / f"{name}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def told(*paths):
    tables, refusals = check(read(paths))
    assert not refusals
    return unsaid(tables)


def test_columns_without_a_modifier_and_notes_without_signatures(tmp_path):
    bare = write(tmp_path, "claims", f"{CLAIMS},modifier_1", f"C1,{LINE},", f"C2,{LINE},")
    notes = write(tmp_path, "notes", f"{NOTES},signed_by", "N1,C1,P1,2026-03-12,daily,OTR/L,30,")
    modifiers, signatures = told(bare, notes)
    assert modifiers.startswith("No claim line has a modifier: every line is judged as billed without one.")
    assert signatures.endswith("add signed_by and signed_at.")


def test_claims_without_a_column_for_modifiers_and_notes_without_one_for_signatures(tmp_path):
    bare = write(tmp_path, "claims", CLAIMS, f"C1,{LINE}", f"C2,{LINE}")
    notes = write(tmp_path, "notes", NOTES, "N1,C1,P1,2026-03-12,daily,OTR/L,30")
    modifiers, signatures = told(bare, notes)
    assert modifiers.startswith("The claims came without a column for modifiers: what rests on modifiers is not judged")
    assert signatures.endswith("Add signed_by and signed_at.")


def test_one_row_that_says_it_is_enough(tmp_path):
    one = write(tmp_path, "claims", f"{CLAIMS},modifier_4", f"C1,{LINE},", f"C2,{LINE},GO")
    columns = f"{NOTES},signed_by,signed_at"
    notes = write(tmp_path, "notes", columns, "N1,C1,P1,2026-03-12,daily,OTR/L,30,,2026-03-12T17:00")
    assert told(one, notes) == []


def test_plans_without_dates(tmp_path):
    plan = "plan_id,patient_id,start_date,end_date"
    path = write(tmp_path, "plans_of_care", plan, "PL1,P1,2026-03-01,2026-05-01")
    (absent,) = told(path)
    assert absent.startswith("The plans of care came without a column for the date of their certification")
    path = write(tmp_path, "plans_of_care", f"{plan},certified_on", "PL1,P1,2026-03-01,2026-05-01,")
    (says,) = told(path)
    assert says.startswith("No plan of care says when it was certified or ordered")
    dated = write(tmp_path, "plans_of_care", f"{plan},certified_on", "PL1,P1,2026-03-01,2026-05-01,2026-03-02")
    assert told(dated) == []


def test_nothing_is_told_of_tables_without_rows(tmp_path):
    assert told(write(tmp_path, "claims", f"{CLAIMS},modifier_1", f"C1,{LINE},GO")) == []


def test_the_command_line_says_it_once(tmp_path, capsys):
    columns = f"{CLAIMS},modifier_1"
    assert main(["check", str(write(tmp_path, "claims", columns, f"C1,{LINE},", f"C2,{LINE},"))]) == 1
    assert capsys.readouterr().err.count("No claim line has a modifier") == 1


PLAN = "plan_id,patient_id,discipline,start_date,end_date"
RULES = "MOD-01,DOC-02,DOC-06"


def _visit(folder, *, columns):
    """A day of an evaluation long ago, with the columns for modifiers, signature and certification or without."""
    folder.mkdir()
    more = (",modifier_1", ",signed_by", ",certified_on,signed_order_on,sent_on") if columns else ("", "", "")
    cell = "," if columns else ""
    write(folder, "claims", CLAIMS + more[0], f"C1,{LINE}{cell}")
    row = f"N1,C1,P1,2026-03-12,daily,OTR/L,30{cell},30"
    write(folder, "notes", f"{NOTES}{more[1]},total_treatment_minutes", row)
    write(folder, "note_services", "note_id,procedure_code,minutes", "N1,97530,30")
    write(folder, "plans_of_care", PLAN + more[2], f"P1,P1,OT,2026-01-02,2026-04-01{cell * 3}")
    return folder


def test_what_has_no_column_is_untestable_and_what_is_left_empty_is_an_error(tmp_path, capsys):
    for columns, expected, code in ((True, "error", 1), (False, "untestable", 0)):
        folder = _visit(tmp_path / expected, columns=columns)
        late = write(folder, "later", f"{CLAIMS},modifier_1", "C2,1,P1,medicare-b,1234567893,2026-05-12,97530,2,GO")
        late.rename(folder / "claims_later.csv")
        assert main(["check", str(folder), "--rules", RULES, "--format", "jsonl"]) == code
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert {(one["rule"], one["severity"]) for one in found if one["claim_id"] == "C1"} == {
            (rule, expected) for rule in RULES.split(",")
        }

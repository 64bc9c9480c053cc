"""The command line as other programs use it: formats, order, exit codes, one line per cause."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from audit.cli import main
from audit.intake.foreign.proposing import propose
from audit.model import FINDING_COLUMNS
from audit.rules import rule_book

ROOT = Path(__file__).parents[1]
CLAIMS = "claim_id,line_number,patient_id,payer_id,rendering_npi,service_date,procedure_code,units,modifier_1"
NOTES = (
    "note_id,claim_id,patient_id,service_date,author_credential,signed_by,signed_at,"
    "total_timed_minutes,total_treatment_minutes"
)
PAYERS = "payer_id,unit_method,therapy_modifier,assistant_modifier,medicare,pair_edits"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """B1 bills three units for 30 minutes; A1 is clean."""
    files = {
        "claims.csv": [
            CLAIMS,
            "B1,1,P1,MCR,1234567893,2026-03-12,97530,3,GO",
            "A1,1,P2,MCR,1234567893,2026-03-12,97530,2,GO",
        ],
        "notes.csv": [
            NOTES,
            *[f"N{n},{c},P{n},2026-03-12,OTR/L,A,2026-03-12,30,30" for n, c in ((1, "B1"), (2, "A1"))],
        ],
        "note_services.csv": ["note_id,procedure_code,minutes", "N1,97530,30", "N2,97530,30"],
        "payers.csv": [PAYERS, "MCR,total,required,required,yes,medicare"],
    }
    for name, lines in files.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_jsonl_is_the_contract(folder, capsys):
    assert main(["check", str(folder), "--format", "jsonl", "--rules", "UNIT-01"]) == 1
    out, err = capsys.readouterr()
    found = [json.loads(line) for line in out.splitlines()]
    assert [list(one) for one in found] == [list(FINDING_COLUMNS)]
    assert found[0] == {
        "rule": "UNIT-01",
        "severity": "error",
        "claim_id": "B1",
        "line_number": 1,
        "note_id": "N1",
        "patient_id": "P1",
        "service_date": "2026-03-12",
        "procedure_code": "97530",
        "expected": "2 units",
        "observed": "3 units",
        "because": "The timed services of this day come to 30 minutes. That supports 2 units, not the 3 billed.",
        "sources": ["cms-100-04-ch5-20.2"],
        "change": "97530 -1",
        "dollars_at_risk": 25.05,
        "dollars_under": 0.0,
        "dollars_because": "$25.05 too much: with 1 unit of 97530 less the day comes to $60.12, not $85.17 "
        "(Medicare's national rates, before locality).",
        "facts_unchecked": False,
    }
    assert "2 claims with 2 lines checked" in err


def test_csv_and_table(folder, capsys):
    files = ["--claims", str(folder / "claims.csv"), "--notes", str(folder / "notes.csv")]
    files += ["--services", str(folder / "note_services.csv"), "--payers", str(folder / "payers.csv")]
    files += ["--rules", "UNIT-01"]
    assert main(["check", *files, "--format", "csv"]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["claim_id"] for row in rows] == ["B1"]
    assert main(["check", *files]) == 1
    assert "■ error      UNIT-01" in capsys.readouterr().out


def test_exit_0_when_nothing_is_wrong(folder, capsys):
    assert main(["check", str(folder), "--rules", "MOD-01,doc-01"]) == 0
    assert capsys.readouterr().out == ""


def test_the_order_is_claim_line_rule(folder, capsys):
    lines = (folder / "claims.csv").read_text().replace(",GO", ",").replace("A1,1,P2,MCR", "A1,2,P2,MCR")
    (folder / "claims.csv").write_text(lines + "A1,1,P2,MCR,1234567893,2026-03-12,97535,1,\n")
    main(["check", str(folder), "--format", "jsonl"])
    keys = [
        (one["claim_id"], one["line_number"], one["rule"])
        for one in map(json.loads, capsys.readouterr().out.splitlines())
    ]
    assert keys == sorted(keys)
    assert len(keys) > 4


def test_the_split_changes_nothing(folder, capsys):
    told = []
    for split in ("whole", "buckets", "dask"):
        main(["check", str(folder), "--format", "jsonl", "--split", split])
        told.append(capsys.readouterr().out)
    assert told[0]
    assert told[1:] == told[:1] * 2


def test_refused_rows_are_written_and_the_rest_is_checked(folder, tmp_path, capsys):
    with (folder / "claims.csv").open("a") as file:
        file.write("C1,1,P3,MCR,1234567893,2026-03-99,97530,1,GO\n")
    refused = tmp_path / "out" / "refused.csv"
    refused.parent.mkdir()
    assert main(["check", str(folder), "--rules", "UNIT-01", "--refused", str(refused)]) == 1
    assert "claims.csv, row 4, column service_date: this is no date." in capsys.readouterr().err
    rows = list(csv.DictReader(refused.open(encoding="utf-8")))
    assert [(row["row"], row["value"]) for row in rows] == [("4", "2026-03-99")]
    assert main(["check", str(folder), "--strict"]) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check"], "no file is named"),
        (["check", "nowhere"], "no such file"),
        (["check", "FOLDER", "--rules", "UNIT-99"], "no rule UNIT-99"),
        (["rules", "UNIT-99"], "UNIT-99: there is no rule with this code"),
    ],
)
def test_exit_2_with_one_line(folder, capsys, arguments, says):
    assert main([str(folder) if one == "FOLDER" else one for one in arguments]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert len(err.splitlines()) == 1


def test_what_is_left_out_is_named(folder, capsys):
    with_more = [line + (",extra" if not n else ",x") for n, line in enumerate(
        (folder / "claims.csv").read_text().splitlines())]  # fmt: skip
    (folder / "claims.csv").write_text("\n".join(with_more) + "\n")
    (folder / "other.csv").write_text("a,b\n1,2\n")
    assert main(["check", str(folder), "--rules", "UNIT-01"]) == 1
    err = capsys.readouterr().err
    assert "claims.csv: columns left out: extra." in err
    assert "other.csv: none of our tables, left out." in err


def test_rows_that_a_mapping_passes_over_are_named(tmp_path, capsys):
    report = tmp_path / "report.csv"
    report.write_text(
        "Claim No,Acct #,DOS,Therapist NPI,CPT,Units,Ins\nC1,P1,2026-03-12,1234567893,97530,1,Medicare\nTotal,,,,,1,\n",
        encoding="utf-8",
    )
    mapping = replace(propose(report).mapping, name="report")
    (tmp_path / "mapping.json").write_text(mapping.to_json(), encoding="utf-8")
    main(["check", str(report), "--mapping", str(tmp_path / "mapping.json"), "--rules", "UNIT-01"])
    assert "report.csv: passed over: " in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_named_in_one_sentence(folder, capsys):
    assert main(["check", str(folder), "--rules", "UNIT-01", "--refused", str(folder / "none" / "x.csv")]) == 2
    [said] = capsys.readouterr().err.splitlines()
    assert str(folder / "none") in said
    assert said.endswith("Check the path and the disk.")


def test_a_reader_that_goes_away_ends_the_command_without_a_word(folder):
    """As `countersign check ... | head -1` does."""
    command = [sys.executable, "-c", "import sys; from audit.cli import main; sys.exit(main(sys.argv[1:]))",
               "check", str(folder), "--format", "jsonl"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as running:
        running.stdout.close()
        assert "Traceback" not in running.stderr.read()
        assert running.wait() in (0, 1)


def test_without_a_claim_line_nothing_is_checked(folder, capsys):
    (folder / "claims.csv").write_text(CLAIMS + "\n")
    assert main(["check", str(folder), "--rules", "UNIT-01"]) == 2
    assert "there is no claim line to check" in capsys.readouterr().err


def test_a_bucket_holds_one_line_at_least(folder, capsys):
    for number in ("0", "-3", "many"):
        with pytest.raises(SystemExit) as ended:
            main(["check", str(folder), "--lines", number])
        assert ended.value.code == 2
    assert "'many' is no number of lines. Write one of 1 or more" in capsys.readouterr().err


def test_a_formula_in_the_data_stays_text(folder, capsys):
    (folder / "claims.csv").write_text((folder / "claims.csv").read_text().replace("B1,1", "=B1+1,1"))
    main(["check", str(folder), "--rules", "UNIT-01", "--format", "csv"])
    assert "'=B1+1" in capsys.readouterr().out


def test_rules_and_facts_are_explained(capsys):
    assert main(["rules"]) == 0
    listed = capsys.readouterr().out
    assert all(code in listed for code in rule_book())
    assert main(["rules", "unit-04"]) == 0
    page = capsys.readouterr().out
    assert "Why it matters" in page
    assert "Pub 100-04 ch. 5 s20.2.C" in page
    assert main(["facts"]) == 0
    assert "2024-07-01 to 2024-09-30" in capsys.readouterr().out


def test_the_command_runs_as_a_program(folder):
    done = subprocess.run(
        [sys.executable, "-m", "audit.cli", "check", str(folder)], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"UNIT-01" in done.stdout


def test_a_note_that_no_claim_belongs_to_is_named(folder, capsys):
    with (folder / "notes.csv").open("a", encoding="utf-8") as notes:
        notes.write("N9,,P9,2026-03-12,OTR/L,A,2026-03-12,30,30\n")
    main(["check", str(folder), "--rules", "UNIT-01"])
    assert "1 note belongs to no claim line: N9." in capsys.readouterr().err


def test_notes_that_are_billed_are_not_named(folder, capsys):
    main(["check", str(folder), "--rules", "UNIT-01"])
    assert "no claim line" not in capsys.readouterr().err


def test_a_date_that_is_none(folder, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["check", str(folder), "--as-of", "2026-3-1x"])
    assert ended.value.code == 2
    assert "'2026-3-1x' is no date. Write it as YYYY-MM-DD" in capsys.readouterr().err


def test_a_command_loads_no_reader_of_files_that_it_does_not_meet():
    """What a reader needs is loaded when such a file comes: a check of tables starts in half the time without."""
    heavy = ["audit.extraction", "audit.rule_pages", "charset_normalizer", "docx", "fhir.resources", "pypdf",
             "sqlalchemy", "streamlit"]  # fmt: skip
    asked = f"import audit.cli.commands, sys; print([one for one in {heavy} if one in sys.modules])"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.strip() == "[]"


def test_no_module_loads_what_few_pages_need():
    """Each of these costs the server 12 to 60 MB for as long as it runs."""
    rare = ["scipy.optimize", "scipy.stats", "zxcvbn"]
    asked = (
        "import audit, importlib, pkgutil, sys\n"
        "names = [one.name for one in pkgutil.walk_packages(audit.__path__, 'audit.')]\n"
        "for name in names:\n"
        "    if not name.endswith('__main__') and '.migrations.' not in name: importlib.import_module(name)\n"
        f"print([one for one in {rare} if one in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.strip() == "[]"

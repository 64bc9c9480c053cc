"""Every rule whole, in buckets and on dask: the same findings, over small clinics with shared patients."""

from __future__ import annotations

from dataclasses import fields, replace

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.engine import audit, chosen_rules
from audit.intake import read
from audit.pieces import pieces
from audit.reports import as_records, as_text, by_severity, summary
from audit.rules import rule_book
from audit.tables import Tables, check
from tests import handed_in
from tests.test_grains import line, note, service, tables_of

NPIS = ("1", "2", "3")
PEOPLE = [("A. Therapist", "OTR/L"), ("B. Therapist", "OTR/L"), ("C. Assistant", "COTA/L"), ("", "")]
visits = st.fixed_dictionaries(
    {
        "patient": st.integers(0, 7),
        "npi": st.sampled_from(NPIS),
        "person": st.sampled_from(PEOPLE),
        "day": st.sampled_from(["2026-03-12", "2026-03-13"]),
        "begins": st.sampled_from([540, 550, 565, 600, None]),
        "minutes": st.sampled_from([7, 15, 23, 38]),
        "code": st.sampled_from(["97530", "97110", "97150", "97166", "96125", "98980", "97129", "97130"]),
        "units": st.integers(1, 3),
        "billed": st.booleans(),
        "noted": st.booleans(),
        "unconfirmed": st.sampled_from(["", "", "", "start_time"]),
        "refused_row": st.sampled_from(["", "", "", "row 2 of notes.csv"]),
    }
)


def clinic(seen: list[dict]) -> Tables:
    """A note and a claim of one line for each visit, where it has them."""
    claims, notes, services = [], [], []
    for n, one in enumerate(seen):
        who, day = one["patient"], {"service_date": one["day"], "rendering_npi": one["npi"]}
        if one["billed"]:
            claims.append(line(who, one["code"], one["units"], claim_id=f"C{n}", **day))
        if one["noted"]:
            name, credential = one["person"]
            told = note(who, f"-{n}", author_name=name, author_credential=credential, **day)
            told |= {name: one.get(name, "") for name in ("unconfirmed", "refused_row")}
            notes.append(told | _clock(one["begins"], one["minutes"]))
            services.append(service(who, one["code"], one["minutes"], f"-{n}"))
    providers = [{"npi": "1", "name": "A. Therapist", "credential": "OTR/L", "discipline": "OT"}]
    return tables_of(claims=claims, notes=notes, note_services=services, providers=providers)


def _clock(begins: int | None, minutes: int) -> dict[str, str]:
    if begins is None:
        return {}
    ends = begins + minutes
    return {"start_time": f"{begins // 60:02}:{begins % 60:02}", "end_time": f"{ends // 60:02}:{ends % 60:02}"}


@settings(max_examples=3, deadline=None)
@given(st.lists(visits, min_size=8, max_size=25), st.integers(2, 3), st.randoms(use_true_random=False))
def test_no_split_and_no_order_changes_a_finding(seen, buckets, chance):
    tables = clinic(seen)
    rules = chosen_rules([code for code, rule in rule_book().items() if rule.family == "units"])
    whole = audit(tables, rules=rules)
    assert (whole["rule"] != "ENGINE").all(), whole["because"].tolist()
    divided = audit(tables, rules=rules, split="buckets", buckets=buckets)
    pd.testing.assert_frame_equal(divided, whole, check_dtype=False)
    chance.shuffle(seen_again := list(range(len(tables.notes))))
    mixed = {f.name: getattr(tables, f.name)[::-1] for f in fields(tables)} | {"notes": tables.notes.iloc[seen_again]}
    pd.testing.assert_frame_equal(audit(Tables(**mixed), rules=rules), whole, check_dtype=False)


def test_a_clinicians_patients_are_judged_together_wherever_the_pieces_are_cut():
    """Four patients at one time, who fall into several buckets by patient."""
    seen = [
        {"patient": n, "npi": "1", "person": PEOPLE[0], "day": "2026-03-12", "begins": 540, "minutes": 15,
         "code": "97530", "units": 1, "billed": True, "noted": True}
        for n in range(8)
    ]  # fmt: skip
    for split in ("whole", "buckets"):
        found = audit(clinic(seen), rules=chosen_rules(["UNIT-12"]), split=split, buckets=3)
        assert sorted(found["claim_id"]) == [f"C{n}" for n in range(8)], split
        assert set(found["observed"]) == {"120 minutes"}


def test_pieces_hold_every_patient_once_and_whole():
    seen = [
        {"patient": n % 8, "npi": NPIS[n % 3], "person": PEOPLE[n % 4], "day": "2026-03-12", "begins": 540,
         "minutes": 15, "code": "97530", "units": 1, "billed": n % 5 > 0, "noted": n % 7 > 0}
        for n in range(24)
    ]  # fmt: skip
    tables = clinic(seen)
    made = list(pieces(tables, 4))
    held = [patient for piece in made for patient in piece.claims["patient_id"].unique()]
    assert sorted(held) == sorted(tables.claims["patient_id"].unique())
    for name in ("claims", "notes", "note_services"):
        assert sum(len(getattr(piece, name)) for piece in made) == len(getattr(tables, name))


def test_a_rule_that_fails_in_several_pieces_is_told_once_a_claim():
    seen = [
        {"patient": 0, "npi": npi, "person": PEOPLE[1], "day": "2026-03-12", "begins": 540, "minutes": 15,
         "code": "97530", "units": 1, "billed": True, "noted": True}
        for npi in NPIS
    ]  # fmt: skip

    def broken(_: pd.DataFrame) -> pd.DataFrame:
        raise KeyError("clock")

    rule = replace(rule_book()["UNIT-12"], check=broken)
    for split in ("whole", "buckets"):
        found = audit(clinic(seen), rules=[rule], split=split, buckets=4)
        assert list(found["claim_id"]) == ["C0", "C1", "C2"]


def test_patterns_of_clinicians_stand_on_no_claim_and_are_the_same_in_pieces():
    """40 visits of 8 minutes over 8 patients by one clinician, 60 of 22 by another."""
    seen = [
        {"patient": n % 8, "npi": NPIS[n >= 40], "person": PEOPLE[n >= 40], "day": f"2026-{3 + n // 8:02}-12",
         "begins": None, "minutes": 8 if n < 40 else 22, "code": "97530", "units": 1, "billed": True, "noted": True}
        for n in range(72)
    ] + [
        {"patient": 9, "npi": "2", "person": PEOPLE[1], "day": f"2026-03-{n:02}", "begins": None, "minutes": 22,
         "code": "97530", "units": 1, "billed": True, "noted": True}
        for n in range(1, 29)
    ]  # fmt: skip
    rules = chosen_rules(["UNIT-13", "UNIT-14"])
    whole = audit(clinic(seen), rules=rules)
    assert list(zip(whole["rule"], whole["severity"], strict=True)) == [("UNIT-13", "info")]
    (record,) = as_records(whole)
    assert (record["claim_id"], record["line_number"], record["service_date"]) == ("", None, "2026-07-12")
    assert next(iter(as_text(whole, "table"))) == "On no claim: patterns of clinicians"
    assert summary(100, 1000, by_severity(whole)) == "100 claims with 1,000 lines checked: 1 info on 0 claims."
    assert summary(1, 1, {"error": (1, 1), "warning": (2, 1)}) == (
        "1 claim with 1 line checked: 1 error on 1 claim; 2 warnings on 1 claim."
    )
    assert summary(1, 2, {}) == "1 claim with 2 lines checked: nothing found."
    again = audit(clinic(seen), rules=rules, split="buckets", buckets=3)
    pd.testing.assert_frame_equal(again, whole, check_dtype=False)


def test_files_cut_in_two_and_named_in_any_order_give_the_same_findings(tmp_path):
    """Two lines of one claim in two files, and a claim's note in another file than its neighbour's."""
    claims = [handed_in.claim(n, units=3) for n in range(1, 6)]
    claims += [handed_in.claim(1, units=1, line_number="2", procedure_code="97535")]
    notes = [handed_in.note(n) for n in range(1, 6)]
    whole = {"claims.csv": claims, "notes.csv": notes}
    cut = {"claims_b.csv": claims[3:], "claims_a.csv": claims[:3], "notes_b.csv": notes[2:], "notes_a.csv": notes[:2]}
    found = []
    for number, files in enumerate((whole, cut, dict(reversed(cut.items())))):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, rows in files.items():
            (folder / name).write_bytes(handed_in.as_csv(rows))
        named = {folder / name: name.split("_")[0].removesuffix(".csv") for name in files}
        tables, refusals = check(read([*named], named))
        assert not refusals
        found.append(audit(tables, rules=chosen_rules(["UNIT-01", "UNIT-05", "UNIT-11", "UNIT-12"])))
    assert list(found[0].loc[found[0]["rule"] == "UNIT-01", "observed"]) == ["4 units", *["3 units"] * 4]
    for again in found[1:]:
        pd.testing.assert_frame_equal(again, found[0], check_dtype=False)

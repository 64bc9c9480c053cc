"""835 files: what payers paid and took off, reversals, and what does not add up."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import InputError
from audit.intake import read as read_files
from audit.intake.x12 import X12File, read_x12
from audit.model import ADJUSTMENTS, PAYMENTS
from audit.tables import check
from benchmarks import intake

FILES = Path(__file__).parent / "files" / "x12"
SAMPLES = Path("/work/shared/samples/x12")
REMITTANCE = (FILES / "remittance.835").read_bytes()
PRIVATE = ("MARLOW", "JUNE", "RB0001A", "OKONKWO", "HH5500")


@pytest.fixture
def read(tmp_path: Path):
    def _read(content: bytes) -> X12File:
        path = tmp_path / "payments.835"
        path.write_bytes(content)
        return read_x12(path)

    return _read


def swap(old: str, new: str, content: bytes = REMITTANCE) -> bytes:
    assert old.encode() in content
    return content.replace(old.encode(), new.encode())


def paid(found: X12File, claim_id: str) -> list[dict[str, str]]:
    return [row for row in found.tables["payments"] if row["claim_id"] == claim_id]


def told(found: X12File, claim_id: str) -> list[tuple[str, str]]:
    """Position and reason with amount of each adjustment of a claim."""
    rows = [row for row in found.tables["adjustments"] if row["claim_id"] == claim_id]
    return [(a["position"], f"{a['group_code']}-{a['reason_code']} {a['amount']}") for a in rows]


def test_a_payment_holds_the_claim_and_each_of_its_lines():
    found = read_x12(FILES / "remittance.835")
    assert (found.kind, found.count, found.refusals) == ("835", 5, [])
    claim, first, second, third = paid(found, "RB-1001")
    assert claim == dict.fromkeys(PAYMENTS.names, "") | {
        "payment_id": "1999999999/EFT7001/2026-04-01/RB-1001/1",
        "position": "0",
        "claim_id": "RB-1001",
        "payer_control_number": "ICN-1001",
        "status": "1",
        "payer_id": "15202",
        "payer_name": "MEDICARE PART B OHIO",
        "payee_npi": "1000000004",
        "rendering_npi": "1000000012",
        "member_id": "RB0001A",
        "claim_filing": "MB",
        "frequency_code": "1",
        "payment_date": "2026-04-01",
        "payment_method": "ACH",
        "trace_number": "EFT7001",
        "service_date": "2026-03-02",
        "charge_amount": "312.50",
        "allowed_amount": "139.00",
        "paid_amount": "111.20",
        "patient_responsibility": "27.80",
        "remark_codes": "MA01 MA18",
        "source_file": "remittance.835",
        "source_row": "10",
    }
    assert first["line_control_number"] == "RB-1001-1"
    assert [line["procedure_code"] for line in (first, second, third)] == ["97165", "97530", "97110"]
    assert (second["units"], second["billed_units"], second["billed_procedure_code"]) == ("1", "2", "97530")
    assert [line["remark_codes"] for line in (first, second, third)] == ["", "N362", "M15"]
    assert [line["patient_responsibility"] for line in (first, second, third)] == ["20.00", "7.80", "0.00"]
    assert third["service_date"] == "2026-03-02", "DTM*150 is the first day of a line"


def test_every_adjustment_keeps_its_reason_amount_and_place():
    found = read_x12(FILES / "remittance.835")
    assert told(found, "RB-1001") == [
        ("1", "CO-45 40.00"),
        ("1", "PR-2 20.00"),
        ("2", "CO-45 6.00"),
        ("2", "CO-151 45.00"),
        ("2", "PR-2 7.80"),
        ("3", "CO-97 82.50"),
    ]
    assert told(found, "RB-9999") == [("0", "CO-29 100.00")]
    assert set(found.tables["adjustments"][0]) == {*ADJUSTMENTS.names, "source_file", "source_row"}


def test_a_reversal_and_its_correction_are_both_kept():
    rows = paid(read_x12(FILES / "remittance.835"), "RB-2001")
    assert [(row["payment_id"][-1], row["position"], row["status"], row["paid_amount"]) for row in rows] == [
        ("1", "0", "22", "-72.00"),
        ("1", "1", "22", "-72.00"),
        ("2", "0", "1", "36.00"),
    ]


def test_the_second_transaction_has_its_own_payer_and_trace():
    claim, line = paid(read_x12(FILES / "remittance.835"), "RB-2002")
    assert (claim["payer_id"], claim["trace_number"], claim["payment_method"]) == ("HHP01", "NOPAY7002", "NON")
    assert (claim["payee_npi"], claim["member_id"], line["paid_amount"]) == ("", "HH5500", "0.00")


def test_the_payer_is_named_by_its_own_number_last(read):
    found = read(swap("REF*2U*HHP01", "REF*EO*HHP01"))
    assert paid(found, "RB-2002")[0]["payer_id"] == "1888888888"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("CAS*CO*97*82.5", "CAS*CO*97*82.4", "line 3 was paid 0.00, but its charge less its adjustments is 0.10"),
        ("CLP*RB-1001*1*312.5*", "CLP*RB-1001*1*312.4*", "do not make the charge of the claim"),
        ("CLP*RB-1001*1*312.5*111.2", "CLP*RB-1001*1*312.5*111.3", "the claim was paid 111.30"),
        ("CLP*RB-1001*1*312.5*", "CLP*RB-1001*1**", "charge or the payment of the claim is missing"),
        ("CAS*CO*45*40", "CAS*CO*45*forty", "amount is not an amount"),
        ("SVC*HC:97165:GO*140*80", "SVC*HC:97165:GO*140*80.005", "paid_amount is not an amount"),
        ("SVC*HC:97165:GO*140*80", "SVC*HC:97165:GO*1e3*80", "was paid 80.00"),
        ("SVC*HC:97165:GO*140*80", "SVC*HC:97165:GO*NaN*80", "charge_amount is not an amount"),
        ("SVC*HC:97165:GO*", "SVC*HC>97165>GO*", "no code after the separator that ISA16 names"),
    ],
)
def test_a_claim_that_does_not_add_up_is_refused_whole(read, old: str, new: str, says: str):
    found = read(swap(old, new))
    assert not paid(found, "RB-1001")
    assert not told(found, "RB-1001")
    first = found.refusals[0]
    assert (first.row, first.column, first.value, first.table) == (10, "claim_id", "RB-1001", "payments")
    assert says in first.wrong
    assert len(paid(found, "RB-2001")) == 3, "the others are taken"
    assert not [word for word in PRIVATE for r in found.refusals if word in r.sentence() + r.value]


def test_a_payment_that_is_not_the_sum_of_its_claims_is_told_and_the_claims_are_taken(read):
    found = read(swap("BPR*I*326.97", "BPR*I*326.98"))
    (refusal,) = found.refusals
    assert (refusal.row, refusal.column, refusal.record_id) == (4, "paid_amount", "")
    assert "the payment is 326.98 (BPR02), but its claims less what stands in PLB come to 326.97" in refusal.wrong
    assert found.count == 5
    assert read(swap("BPR*I*326.97*C", "BPR*I*-326.97*D")).refusals == [], "a debit is taken from the provider"


def test_a_refused_claim_still_counts_in_the_sum(read):
    assert len(read(swap("CAS*CO*97*82.5", "CAS*CO*97*82.4")).refusals) == 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("SE*44*0001", "SE*3*0001", "SE01"),
        ("GE*2*21", "GE*1*21", "GE01"),
        ("TRN*1*EFT7001", "TRN*1*", "no trace number"),
        ("BPR*I*326.97", "BPR*I*much", "BPR02"),
        ("-251.77", "all", "PLB"),
        ("LX*1~\nCLP*RB-1001", "SVC*HC:97530*1*1~\nCLP*RB-1001", "stands outside a claim"),
        ("X*005010X221A1", "X*005010X299", "unknown guide"),
    ],
)
def test_what_is_broken_refuses_the_file(read, old: str, new: str, says: str):
    with pytest.raises(InputError, match=re.escape(says)):
        read(swap(old, new))


def test_claims_and_payments_in_one_file_are_refused(read):
    claims = (FILES / "simple.837").read_bytes().replace(b"000000001", b"000000099")
    for both in (REMITTANCE + claims, claims + REMITTANCE):
        with pytest.raises(InputError, match="in a file"):
            read(both)


def test_an_835_without_a_claim_is_refused(read):
    bare = re.sub(rb"LX\*1~.*?SE\*", b"SE*", REMITTANCE, flags=re.DOTALL)
    with pytest.raises(InputError, match="no payment of a claim"):
        read(bare.replace(b"SE*44*", b"SE*7*").replace(b"SE*14*", b"SE*7*"))


def test_what_is_read_passes_the_contract():
    tables, refusals = check(read_files([FILES / "remittance.835", FILES / "simple.837"]))
    assert refusals == []
    assert len(tables.payments) == 10
    assert tables.payments["paid_amount"].sum() == Decimal("114.40")
    assert len(tables.adjustments) == 11


@settings(max_examples=200, deadline=None)
@given(length=st.integers(0, len(REMITTANCE)))
def test_cut_anywhere_it_is_whole_or_refused(tmp_path_factory, length: int):
    path = tmp_path_factory.getbasetemp() / "cut.835"
    path.write_bytes(REMITTANCE[:length])
    try:
        found = read_x12(path)
    except InputError:
        return
    assert (found.count, len(found.tables["adjustments"])) == (5, 11)


@settings(max_examples=200, deadline=None)
@given(
    place=st.integers(0, len(REMITTANCE)),
    junk=st.binary(max_size=12) | st.sampled_from([b"~", b"*", b":", b"~CLP*1~", b"~CAS*CO*1*1~", b"~SVC~", b"~PLB~"]),
    removed=st.integers(0, 40),
)
def test_damage_is_read_or_refused_but_never_a_crash(tmp_path_factory, place: int, junk: bytes, removed: int):
    path = tmp_path_factory.getbasetemp() / "damaged.835"
    path.write_bytes(REMITTANCE[:place] + junk + REMITTANCE[place + removed :])
    try:
        found = read_x12(path)
    except InputError:
        return
    assert {row["payment_id"] for row in found.tables["adjustments"]} <= {
        row["payment_id"] for row in found.tables["payments"]
    }


def test_the_files_of_the_benchmark_are_read_whole(tmp_path: Path):
    (tmp_path / "claims.837").write_text(intake.claim_file(5))
    (tmp_path / "payments.835").write_text(intake.payment_file(5))
    tables, refusals = check(read_files([tmp_path]))
    assert (refusals, len(tables.claims), len(tables.payments)) == ([], 10, 15)
    assert tables.claims["patient_id"].nunique() == 5


def plain_counts(path: Path) -> dict[str, int]:
    """Claims and services of an 835 by a plain split."""
    text = path.read_bytes().decode("latin-1").strip()
    names = [segment.strip().split(text[3])[0] for segment in text.split(text[105])]
    return {name: names.count(name) for name in ("CLP", "SVC")}


def test_every_public_835_is_read_whole_or_refused_with_a_reason():
    if not SAMPLES.is_dir():
        pytest.skip(f"SKIPPED LOUDLY: the public X12 samples are not at {SAMPLES}; nothing was compared")
    counts = {"read": 0, "claims": 0, "services": 0, "claims refused": 0, "files refused": 0}
    for path in sorted(p for p in SAMPLES.rglob("*") if p.is_file() and "835" in str(p)):
        try:
            found = read_x12(path)
        except InputError:
            counts["files refused"] += 1
            continue
        plain = plain_counts(path)
        refused = [r for r in found.refusals if r.record_id]
        assert found.count + len(refused) == plain["CLP"], path.name
        services = sum(row["position"] != "0" for row in found.tables["payments"])
        assert services == plain["SVC"] if not refused else services < plain["SVC"], path.name
        counts["read"] += 1
        counts["claims"] += found.count
        counts["services"] += services
        counts["claims refused"] += len(refused)
    assert counts == {"read": 6, "claims": 14, "services": 41, "claims refused": 2, "files refused": 1}

"""837P files: what is taken, what is refused line by line, and what is refused whole.

Every file in `files/x12` is made up; its NPIs pass the check digit and belong to nobody.
"""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import InputError, Refusal
from audit.intake.x12 import looks_like_x12, read_837p
from audit.model import CLAIMS

FILES = Path(__file__).parent / "files" / "x12"
SAMPLES = Path("/work/shared/samples/x12")
SIMPLE = (FILES / "simple.837").read_bytes()
FAMILY = (FILES / "two_transactions.837").read_bytes()
PRIVATE = ("MARLOW", "JUNE", "19480214", "1948-02-14", "EXAMPLE LANE", "OKONKWO", "RB0001A")


@pytest.fixture
def read(tmp_path: Path):
    """Read these bytes as a file."""

    def _read(content: bytes) -> tuple[list[dict[str, str]], list[Refusal]]:
        path = tmp_path / "claims.837"
        path.write_bytes(content)
        return read_837p(path)

    return _read


def swap(old: str, new: str, content: bytes = SIMPLE) -> bytes:
    """The file with one text in place of another; the text must be there."""
    assert old.encode() in content
    return content.replace(old.encode(), new.encode())


def column(lines: list[dict[str, str]], name: str) -> list[str]:
    return [line[name] for line in lines]


def whole_refusal(path: Path) -> str:
    with pytest.raises(InputError) as refused:
        read_837p(path)
    return str(refused.value)


# What is taken


def test_a_line_holds_everything_the_claims_table_asks_for():
    lines, refusals = read_837p(FILES / "simple.837")
    assert refusals == []
    assert lines[0] == {
        "claim_id": "RB-1001",
        "line_number": "1",
        "patient_id": "RB0001A",
        "patient_name": "MARLOW, JUNE",
        "patient_birth_date": "1948-02-14",
        "payer_id": "15202",
        "payer_name": "MEDICARE PART B OHIO",
        "billing_npi": "1000000004",
        "rendering_npi": "1000000012",
        "rendering_name": "SORENSEN, KAI",
        "referring_npi": "1000000038",
        "place_of_service": "11",
        "service_date": "2026-03-02",
        "procedure_code": "97165",
        "modifier_1": "GO",
        "modifier_2": "",
        "modifier_3": "",
        "modifier_4": "",
        "units": "1",
        "charge_amount": "140",
        "diagnosis_codes": "M25.641 R27.8",
        "diagnosis_pointers": "1 2",
        "prior_authorization": "PA77001",
        "frequency_code": "1",
        "claim_filing": "MB",
        "line_control_number": "RB-1001-1",
        "original_reference": "",
        "supervising_npi": "",
        "ordering_npi": "",
        "initial_treatment_date": "",
        "begin_therapy_date": "",
        "last_certification_date": "",
        "recertification_date": "",
        "modifiers_told": "",
        "source_file": "simple.837",
        "source_row": "27",
    }
    assert list(lines[0]) == [*CLAIMS.names, "source_file", "source_row"]


def test_what_a_line_states_stands_before_what_its_claim_states():
    lines, _ = read_837p(FILES / "simple.837")
    assert column(lines, "place_of_service") == ["11", "11", "12"]
    assert column(lines, "prior_authorization") == ["PA77001", "PA77001", "PA77002"]
    assert [lines[2][f"modifier_{n}"] for n in (1, 2, 3, 4)] == ["GO", "CO", "KX", ""]
    assert column(lines, "service_date") == ["2026-03-02"] * 3, "a range of one day is that day"
    assert column(lines, "units") == ["1", "2", "2"], "2.0 units are 2 units"


def test_providers_come_from_the_line_else_the_claim_else_the_billing_provider():
    lines, _ = read_837p(FILES / "two_transactions.837")
    assert column(lines, "rendering_npi")[:3] == ["1000000020", "1000000012", "1000000004"]
    assert column(lines, "rendering_name")[:3] == ["VANCE, ROSA", "SORENSEN, KAI", "RIVERBEND HAND AND HOME OT"]
    assert column(lines, "referring_npi")[:3] == ["1000000046", "", ""]
    assert column(lines, "billing_npi") == ["1000000004"] * 5 + ["1000000053"] * 2


COURSE = (
    "DTP*454*D8*20260115~\nREF*F8*ICN-0900~\nREF*D9*CLEARING-1~\n"
    "HI*ABK:M25641*ABF:R278~\nNM1*DQ*1*OKORO*ANN****XX*1000000046~\nNM1*DQ*1*OTHER*ANN****XX*1000000053~"
)


def test_what_a_claim_says_of_its_course_and_of_the_claim_it_replaces(read):
    content = swap("HI*ABK:M25641*ABF:R278~", COURSE, swap(":B:1*Y", ":B:7*Y", swap("SE*36*", "SE*41*")))
    lines, refusals = read(content)
    assert refusals == []
    assert {line["frequency_code"] for line in lines} == {"7"}
    assert column(lines, "original_reference") == ["ICN-0900"] * 3
    assert column(lines, "supervising_npi") == ["1000000046"] * 3
    assert column(lines, "initial_treatment_date") == ["2026-01-15"] * 3
    assert column(lines, "line_control_number") == ["RB-1001-1", "", ""]


def test_what_a_line_says_of_its_course_stands_before_what_its_claim_says(read):
    line = (
        "DTP*454*D8*20260201~\nDTP*463*D8*20260116~\nDTP*461*D8*20260117~\nDTP*607*D8*20260118~\n"
        "REF*G1*PA77002~\nREF*G1*PA9**2U:OTHER~\nREF*F8*NOT-A-CLAIM~\nNM1*DQ*1*OKORO*ANN****XX*1000000038~\n"
        "NM1*DK*1*BELL*ROY****XX*1000000020~\nNM1*82*1*VANCE*ROSA****XX*1000000053~\nREF*6R*OF-A-PARTY~"
    )
    content = swap("HI*ABK:M25641*ABF:R278~", COURSE, swap("SE*36*", "SE*51*"))
    lines, refusals = read(swap("REF*G1*PA77002~", line, content))
    assert refusals == []
    names = ("initial_treatment_date", "begin_therapy_date", "last_certification_date", "recertification_date")
    assert [lines[2][name] for name in names] == ["2026-02-01", "2026-01-16", "2026-01-17", "2026-01-18"]
    assert [lines[1][name] for name in names] == ["2026-01-15", "", "", ""]
    told = ("supervising_npi", "ordering_npi", "rendering_npi", "original_reference", "line_control_number")
    assert [lines[2][name] for name in told] == ["1000000038", "1000000020", "1000000053", "ICN-0900", ""]
    assert [lines[1][name] for name in told] == ["1000000046", "", "1000000012", "ICN-0900", ""]


def test_a_date_of_the_course_that_is_none_is_unknown_and_refuses_nothing(read):
    lines, refusals = read(swap("REF*G1*PA77002~", "DTP*461*D8*20260231~"))
    assert (refusals, lines[2]["last_certification_date"]) == ([], "")


def test_a_dependant_is_the_patient_and_keeps_one_id_in_the_file():
    lines, refusals = read_837p(FILES / "two_transactions.837")
    assert refusals == []
    assert dict(zip(column(lines, "claim_id"), column(lines, "patient_id"), strict=True)) == {
        "RB-2001": "HH5500-1",
        "RB-2002": "HH5500-1",
        "RB-2003": "HH5500-2",
        "RB-2004": "HH7700",
        "LS-3001": "HH5500-2",
        "LS-3002": "HH5500C3",
    }
    assert lines[3]["patient_name"] == "OKONKWO, IDA"
    assert lines[3]["patient_birth_date"] == "2019-09-30"


def test_another_payers_loops_say_nothing_of_ours():
    lines, _ = read_837p(FILES / "two_transactions.837")
    assert {line["payer_id"] for line in lines} == {"HHP01"}
    assert column(lines, "prior_authorization") == [""] * 7
    assert lines[0]["claim_filing"] == "CI"
    assert lines[0]["patient_name"] == "OKONKWO, NILS"


def test_an_authorization_of_another_payer_is_left_out(read):
    lines, _ = read(swap("REF*G1*PA77002~", "REF*G1*PA77002**2U:OTHER~"))
    assert column(lines, "prior_authorization") == ["PA77001"] * 3


def test_a_reference_or_date_of_a_party_or_another_payer_is_not_the_lines(read):
    content = swap("REF*G1*PA77001~", "PS1~", swap("PRV*PE*PXC*225X00000X~", "REF*G1*NOTOURS~"))
    content = swap(
        "REF*G1*PA77002~\nSE*36", "SVD*S1*40*HC:97110**2~\nREF*G1*NOTOURS~\nDTP*472*D8*20260401~\nSE*38", content
    )
    lines, refusals = read(content)
    assert refusals == []
    assert column(lines, "prior_authorization") == ["", "", ""]
    assert column(lines, "service_date") == ["2026-03-02"] * 3
    lines, _ = read(swap("DTP*573*D8*20260310", "DTP*472*D8*20260310", FAMILY))
    assert lines[0]["service_date"] == "2026-03-03"


def test_dependants_of_one_name_are_told_apart_by_birth_date_and_never_by_ssn(read):
    content = swap("OKONKWO*OMAR", "OKONKWO*IDA", swap("REF*1W*HH5500C3", "REF*SY*000000000", FAMILY))
    lines, _ = read(content)
    assert column(lines, "patient_id")[-2:] == ["HH5500-2", "HH5500-3"]


def test_nothing_carries_over_from_one_transaction_to_the_next(read):
    bare = "SE*36*0001~\nST*837*0002*005010X222A1~\nCLM*RB-9*90***11:B:1~\nLX*1~\nSV1*HC:97530:GO*90*UN*2***1~\n"
    content = swap("SE*36*0001~\n", bare + "DTP*472*D8*20260302~\nSE*6*0002~\n", swap("GE*1*1", "GE*2*1"))
    lines, (refusal,) = read(content)
    assert len(lines) == 3
    assert (refusal.record_id, refusal.column) == ("RB-9", "patient_id")


def test_a_dependant_inherits_nothing_of_the_subscribers_person(read):
    content = swap("DMG*D8*20170311*M~", "PER*IC~", FAMILY)
    lines, _ = read(content)
    assert lines[0]["patient_birth_date"] == ""


def test_other_delimiters_read_the_same(read):
    lines, refusals = read_837p(FILES / "other_delimiters.837")
    assert refusals == []
    assert [(line["claim_id"], line["procedure_code"], line["modifier_1"]) for line in lines] == [
        ("RB-7001", "97530", "GO")
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + SIMPLE,
        b"\xef\xbb\xbf\r\n \n" + SIMPLE,
        SIMPLE.replace(b"~\n", b"~\r\n"),
        SIMPLE.replace(b"~\n", b"~"),
        SIMPLE.replace(b"~\n", b"~\n\n"),
        SIMPLE + b"\r\n" * 9000,
        SIMPLE.replace(b"~\n", b"\r\n"),
        SIMPLE.replace(b"~", b"\x1c").replace(b"*", b"\x1d").replace(b":", b"\x1f"),
        SIMPLE.replace(b"REF*6R*RB-1001-1~", b"REF*6R*RB-1001-1***~"),
    ],
    ids=["BOM", "BOM and blank lines", "CRLF", "one line", "blank lines", "long tail", "CRLF only", "control", "SEG1"],
)
def test_how_the_file_is_laid_out_does_not_matter(read, content: bytes):
    lines, refusals = read(content)
    expected, _ = read_837p(FILES / "simple.837")
    assert refusals == []
    assert lines == [line | {"source_file": "claims.837"} for line in expected]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_names_with_accents_survive_both_encodings(read, encoding: str):
    content = SIMPLE.decode().replace("MARLOW*JUNE", "MÄRLOW*RENÉE").encode(encoding)
    lines, _ = read(content)
    assert lines[0]["patient_name"] == "MÄRLOW, RENÉE"


def test_diagnosis_codes_get_their_point_once_and_icd_9_is_left_out(read):
    lines, _ = read(swap("HI*ABK:M25641*ABF:R278~", "HI*ABK:M25.641*ABF:I10*ABF:S52501A*BF:4019~"))
    assert lines[0]["diagnosis_codes"] == "M25.641 I10 S52.501A"
    lines, _ = read(swap("REF*6R*RB-1001-1~", "HI*ABK:Z999~"))
    assert column(lines, "diagnosis_codes") == ["M25.641 R27.8"] * 3, "HI belongs to the claim"


def test_a_line_without_its_number_is_counted_within_the_claim(read):
    lines, _ = read(swap("LX*3~", "LX~"))
    assert column(lines, "line_number") == ["1", "2", "3"]


def test_a_line_without_its_lx_is_taken_at_its_sv1(read):
    lines, refusals = read(swap("LX*3~\n", "PS1~\n"))
    assert refusals == []
    assert column(lines, "line_number") == ["1", "2", "3"]
    assert column(lines, "source_row") == ["27", "31", "35"]


def test_the_date_of_the_claim_serves_a_line_that_has_none(read):
    content = swap("REF*G1*PA77001~", "DTP*434*RD8*20260227-20260227~")
    lines, _ = read(swap("DTP*472*RD8*20260302-20260302~", "PS1~", content))
    assert column(lines, "service_date") == ["2026-03-02", "2026-02-27", "2026-03-02"]


# What is refused line by line


def test_minutes_are_refused_and_the_rest_of_the_claim_is_kept():
    lines, (refusal,) = read_837p(FILES / "minutes.837")
    assert (refusal.row, refusal.column, refusal.value) == (21, "units", "MJ")
    assert "minutes" in refusal.wrong
    assert (refusal.table, refusal.record_id) == ("claims", "RB-4001")
    assert column(lines, "procedure_code") == ["97140"]


def test_a_true_range_of_dates_is_refused():
    lines, (refusal,) = read_837p(FILES / "range.837")
    assert (refusal.row, refusal.column, refusal.value) == (21, "service_date", "")
    assert "each date of service on a line of its own" in refusal.do
    assert column(lines, "line_number") == ["2"]


@pytest.mark.parametrize(
    ("old", "new", "refused", "value"),
    [
        ("CLM*RB-1001*", "CLM**", "claim_id", ""),
        ("MI*RB0001A", "MI*", "patient_id", ""),
        ("PI*15202", "PI*", "payer_id", ""),
        ("XX*1000000012", "24*990000001", "rendering_npi", ""),
        ("SV1*HC:97530:GO:KX*", "SV1*HC*", "procedure_code", ""),
        ("SV1*HC:97530:GO:KX*", "SV1*HC>97530>GO*", "procedure_code", ""),
        ("SV1*HC:97530:GO:KX*", "SV1*ER:97530*", "procedure_code", "ER"),
        ("UN*2.0*", "UN**", "units", ""),
        ("UN*2.0*", "UN*1.5*", "units", "1.5"),
        ("UN*2.0*", "UN*-2*", "units", "-2"),
        ("UN*2.0*", "UN*MARLOW*", "units", ""),
        ("UN*2.0*", "*2*", "units", ""),
        ("UN*2.0*", "F2*2*", "units", "F2"),
        ("DTP*472*RD8*20260302-20260302~", "PS1~", "service_date", ""),
        ("RD8*20260302-20260302", "D8*20260230", "service_date", ""),
        ("RD8*20260302-20260302", "RD8*20260302-20260303", "service_date", ""),
        ("RD8*20260302-20260302", "D8*2026-03-02", "service_date", ""),
        ("RD8*20260302-20260302", "XX*20260302-20260302", "service_date", ""),
        ("DTP*472*RD8*20260302-20260302~\nLX*3", "DTP*472*D8*20260302~\nDTP*472*D8*20260303", "service_date", ""),
    ],
)
def test_a_line_that_lacks_what_is_required_is_refused_in_words(read, old: str, new: str, refused: str, value: str):
    lines, refusals = read(swap(old, new))
    assert {(r.column, r.value) for r in refusals} == {(refused, value)}
    assert {"27", "31", "34", "35"} >= set(column(lines, "source_row")) | {str(r.row) for r in refusals}
    assert len(lines) + len(refusals) == 3
    assert all(r.file == "claims.837" and r.wrong and r.do for r in refusals)
    assert not [word for word in PRIVATE for r in refusals if word in r.sentence() + r.value]


def test_a_dependant_without_a_name_has_no_id(read):
    content = swap("NM1*QC*1*OKONKWO*IDA~", "NM1*QC*1~", FAMILY)
    _, refusals = read(content)
    assert {(r.column, r.record_id) for r in refusals} == {("patient_id", "RB-2003"), ("patient_id", "LS-3001")}


def test_a_claim_without_lines_is_named(read):
    content = swap("LX*1~\nSV1*HC:97535:GO*90*UN*2***1~", "NTE~\nNTE~", FAMILY)
    _, (refusal,) = read(content)
    assert (refusal.record_id, refusal.column, refusal.row) == ("RB-2002", "line_number", 54)
    last = (FILES / "other_delimiters.837").read_bytes()
    _, (refusal,) = read(swap("LX|1\nSV1|HC>97530>GO|90|UN|2|||1", "NTE\nNTE", last))
    assert (refusal.record_id, refusal.column, refusal.row) == ("RB-7001", "line_number", 19)


# What is refused whole


def test_a_wrong_count_refuses_the_file_and_says_where():
    words = whole_refusal(FILES / "wrong_count.837")
    assert words.startswith("wrong_count.837, segment 24: SE01 does not count the segments")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("SE*36*0001", "SE*36*0002", "SE02"),
        ("GE*1*1", "GE*2*1", "GE01"),
        ("GE*1*1", "GE*1*2", "GE02"),
        ("IEA*1*", "IEA*2*", "IEA01"),
        ("IEA*1*000000001", "IEA*1*000000009", "IEA02"),
        ("HL*2*1*22", "HL*3*1*22", "HL01"),
        ("HL*2*1*22", "HL*2*7*22", "HL02"),
        ("HL*2*1*22", "HL*2**22", "HL02 and HL03"),
        ("HL*2*1*22", "HL*2*1*23", "HL02 and HL03"),
        ("HL*2*1*22", "HL*2*1*21", "HL02 and HL03"),
        ("ST*837*0001", "LX*837*0001", "outside its envelope"),
        ("REF*6R", "*6R", "no valid identifier"),
        ("GE*1*1~", "GE*1*1~\nNTE*ADD*AFTER~", "outside its envelope"),
        ("KX*82.5", "KX\x00*82.5", "control character"),
        ("MARLOW*JUNE", "MARLOW\n*JUNE", "line break"),
        ("IEA*1*000000001~\n", "IEA*1*000000001~\nISA*00*", "ends within"),
        ("LX*2~", "LX*2~~", "ends within"),
        ("^*00501", "^*00701", "ISA"),
        ("*T*:", "*T**", "ISA"),
        ("*T*:", "*T*Q", "ISA"),
    ],
)
def test_a_broken_envelope_or_count_refuses_the_file(read, old: str, new: str, said: str):
    with pytest.raises(InputError, match=re.escape(said)) as refused:
        read(swap(old, new))
    assert not [word for word in PRIVATE if word in str(refused.value)]


def test_an_interchange_twice_or_with_other_delimiters_is_refused(read):
    with pytest.raises(InputError, match="used before"):
        read(SIMPLE + SIMPLE)
    second = SIMPLE.replace(b"000000001", b"000000002").replace(b":", b">")
    with pytest.raises(InputError, match="other delimiters"):
        read(SIMPLE + second)
    lines, _ = read(SIMPLE + second.replace(b">", b":"))
    assert len(lines) == 6


@pytest.mark.parametrize(
    ("name", "said"),
    [("institutional.837", "institutional claim file (837I)"), ("payment.835", "payment file (835)")],
)
def test_other_kinds_of_files_are_named(name: str, said: str):
    words = whole_refusal(FILES / name)
    assert f"this is a{'n' if said[0] == 'i' else ''} {said}" in words
    assert "Countersign reads professional claims (837P)" in words


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("ST*837*0001*005010X222A1", "ST*277*0001*005010X214", "acknowledgement file (277)"),
        ("ST*837*0001*005010X222A1", "ST*999*0001*005010X231A1", "acknowledgement (999)"),
        ("ST*837*0001*005010X222A1", "ST*270*0001*005010X279A1", "eligibility inquiry (270)"),
        ("ST*837*0001*005010X222A1", "ST*850*0001", "holds no claims"),
        ("ST*837*0001*005010X222A1", "ST*837*0001*005010X223A3", "837I"),
        ("X*005010X222A1~\nST*837*0001*005010X222A1", "X*005010X224A2~\nST*837*0001", "837D"),
        ("*1*X*005010X222A1", "*1*X*005010X223A3", "837I"),
        ("X*005010X222A1~\nST*837*0001*005010X222A1", "X*005010~\nST*837*0001", "unknown guide"),
        ("X*005010X222A1~\nST*837*0001*005010X222A1", "X~\nST*837*0001", "unknown guide"),
    ],
)
def test_the_kind_is_read_from_gs_and_st(read, old: str, new: str, said: str):
    with pytest.raises(InputError, match=re.escape(said)):
        read(swap(old, new))


def test_a_file_without_claims_is_refused(read):
    interchange = SIMPLE[: SIMPLE.index(b"GS*")] + b"IEA*0*000000001~\n"
    with pytest.raises(InputError, match="holds no claim"):
        read(interchange)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"\xef\xbb\xbf", b"claim_id,line_number\n", b"ISA", b"\x00" * 5000, bytes(range(256)) * 9],
)
def test_what_is_no_x12_is_refused(read, content: bytes):
    with pytest.raises(InputError):
        read(content)
    assert looks_like_x12(content) is False


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path):
    assert "cannot be read" in whole_refusal(tmp_path / "absent.837")
    assert "cannot be read" in whole_refusal(tmp_path)


def test_every_prefix_reads_wholly_or_is_refused(read):
    """Cut anywhere, a file of two interchanges is read only where an interchange has just ended."""
    second = (FILES / "other_delimiters.837").read_bytes()
    second = second.replace(b"|", b"*").replace(b">", b":").replace(b"!", b"^").replace(b"\n", b"~\n")
    whole = (FILES / "minutes.837").read_bytes() + second
    first_end, last_end = whole.index(b"IEA*1*000000003~") + 16, len(whole) - 1
    read_at = {}
    for length in range(len(whole) + 1):
        try:
            lines, refusals = read(whole[:length])
        except InputError:
            continue
        read_at[length] = (len(lines), len(refusals))
    assert read_at == {first_end: (1, 1), first_end + 1: (1, 1), last_end: (2, 1), last_end + 1: (2, 1)}


def test_a_lost_segment_is_always_noticed(read):
    pieces = SIMPLE.split(b"~\n")[:-1]
    for lost in range(len(pieces)):
        with pytest.raises(InputError):
            read(b"".join(piece + b"~\n" for place, piece in enumerate(pieces) if place != lost))


@settings(max_examples=300, deadline=None)
@given(
    place=st.integers(0, len(SIMPLE)),
    junk=st.binary(max_size=12) | st.sampled_from([b"~", b"~~", b"*", b":", b"~ ~", b"~SE*1~", b"~IEA~", b"~HL~"]),
    removed=st.integers(0, 40),
)
def test_damage_is_read_or_refused_but_never_a_crash(tmp_path_factory, place: int, junk: bytes, removed: int):
    path = tmp_path_factory.getbasetemp() / "damaged.837"
    path.write_bytes(SIMPLE[:place] + junk + SIMPLE[place + removed :])
    try:
        lines, refusals = read_837p(path)
    except InputError:
        return
    assert len(lines) + len(refusals) == 3
    assert all(line[c.name] for line in lines for c in CLAIMS.columns if c.required)


def test_a_huge_file_of_junk_is_refused_without_being_held(tmp_path: Path):
    path = tmp_path / "junk.837"
    path.write_bytes(SIMPLE[:400] + b"A" * 20_000_000)
    tracemalloc.start()
    assert "ends within" in whole_refusal(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_reading_prints_and_logs_nothing(capfd, caplog):
    with caplog.at_level(0):
        read_837p(FILES / "two_transactions.837")
        whole_refusal(FILES / "wrong_count.837")
        whole_refusal(FILES / "payment.835")
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (SIMPLE[:200], True),
        (b"\xef\xbb\xbf\r\n\r\n" + SIMPLE[:200], True),
        (b"ISA*00*", True),
        (b"ISA|00|", True),
        (b"ISA*", True),
        (b"ISAAC,97530,GO\n", False),
        (b"ISA_ID,claim_id\n", False),
        (b"claim_id,line_number\nISA*00*", False),
        (b"GS*HC*", False),
    ],
)
def test_x12_is_known_by_its_first_bytes(head: bytes, expected: bool):
    assert looks_like_x12(head) is expected


# The files themselves


def luhn(npi: str) -> bool:
    """The check digit of an NPI: Luhn over 80840 and its ten digits (45 CFR 162.406, CMS)."""
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed("80840" + npi))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def test_the_made_up_npis_pass_the_check_digit():
    assert not luhn("1000000005")
    for path in FILES.iterdir():
        for npi in re.findall(r"XX[*|](\d{10})", path.read_text(encoding="utf-8")):
            assert luhn(npi), (path.name, npi)


def plain_lines(path: Path) -> dict[int, tuple[str, str]]:
    """The lines of a file by a plain split: segment number of LX -> claim, procedure code ("" when not HC)."""
    text = path.read_bytes().decode("latin-1").strip()
    mark, component, end = text[3], text[104], text[105]
    found, claim, row = {}, "", 0
    for number, segment in enumerate(text.split(end), start=1):
        elements = segment.strip().split(mark)
        if elements[0] == "CLM":
            claim = elements[1]
        elif elements[0] == "LX":
            row = number
        elif elements[0] == "SV1":
            qualifier, *code = elements[1].split(component)
            found[row] = (claim, code[0] if qualifier == "HC" and code else "")
    return found


def test_every_public_sample_is_read_whole_or_refused_with_a_reason():
    if not SAMPLES.is_dir():
        pytest.skip(f"SKIPPED LOUDLY: the public X12 samples are not at {SAMPLES}; nothing was compared")
    counts = {"read": 0, "refused": 0, "lines": 0, "lines refused": 0}
    for path in sorted(p for p in SAMPLES.rglob("*") if p.is_file()):
        try:
            lines, refusals = read_837p(path)
        except InputError:
            assert whole_refusal(path).startswith(path.name)
            counts["refused"] += 1
            continue
        plain = plain_lines(path)
        assert sorted(plain) == sorted([int(x["source_row"]) for x in lines] + [r.row for r in refusals]), path.name
        assert all(plain[int(x["source_row"])] == (x["claim_id"], x["procedure_code"]) for x in lines), path.name
        assert all(plain[r.row][0] == r.record_id for r in refusals), path.name
        counts["read"] += 1
        counts["lines"] += len(lines)
        counts["lines refused"] += len(refusals)
    assert counts == {"read": 24, "refused": 41, "lines": 43, "lines refused": 28}

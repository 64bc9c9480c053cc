"""A file is known by what it holds, whatever it is called; a hostile one is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.errors import InputError
from audit.intake import read
from audit.tables import check

FILES = Path(__file__).parent / "files"
KINDS = {
    "x12/simple.837": ["837P"],
    "x12/remittance.835": ["835"],
    "fhir/r4_bundle.json": ["FHIR", "payments", "document"],
    "fhir/stu3.ndjson": ["FHIR", "document"],
    "ccda/ot_progress.xml": ["document"],
}
CLAIM = (FILES / "x12" / "simple.837").read_bytes()


@pytest.mark.parametrize("name", ["claims.csv", "note.txt", "x.pdf", "notes.xlsx", "nothing", "data.json", "a.xml"])
@pytest.mark.parametrize("held", KINDS)
def test_a_wrong_ending_misleads_nobody(tmp_path: Path, held: str, name: str):
    path = tmp_path / name
    path.write_bytes((FILES / held).read_bytes())
    assert [file.kind for file in read([path]).files] == KINDS[held]


@pytest.mark.parametrize("name", ["a.837", "a.835", "a.json", "a.ndjson", "a.xml"])
@pytest.mark.parametrize("content", [b"", b"\n \r\n", b"\xef\xbb\xbf", b"\x00" * 9000, b"{", b"<", b"<?xml", b"ISA*"])
def test_what_holds_nothing_is_refused(tmp_path: Path, name: str, content: bytes):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        read([path])
    assert str(refused.value).startswith(name)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"RB-1001*312.5", b"R" * 1_000_000 + b"*312.5"),
        (b"MARLOW", b"M" * 1_000_000),
        (b"HC:97165:GO", b"HC:97165:GO" + b":GO" * 100_000),
        (b"HI*ABK:M25641", b"HI" + b"*ABF:M25641" * 50_000),
        (b"MARLOW", "\u202eWOLRAM".encode()),
    ],
)
def test_a_huge_or_odd_field_of_an_837p_ends_in_rows_or_refusals(tmp_path: Path, old: bytes, new: bytes):
    path = tmp_path / "claims.837"
    assert old in CLAIM
    path.write_bytes(CLAIM.replace(old, new, 1))
    try:
        tables, refusals = check(read([path]))
    except InputError:
        return
    assert len(tables.claims) in (0, 3)
    assert len(tables.claims) == 3 or refusals

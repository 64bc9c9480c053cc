"""What is fed to which reader, and what each does with it: the same that the product does with a file handed in."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from audit import fact_files, reports
from audit.engine import audit
from audit.extraction import extract
from audit.fact_files.reading import Asked
from audit.facts.reference import shipped_facts
from audit.figures import dossier
from audit.grains.pairs import known_codes
from audit.intake import Batch, documents, originals, read
from audit.intake.documents import pdf_reader
from audit.intake.documents.limits import LARGEST_TEXT
from audit.intake.documents.pdf import MOST_PAGES
from audit.intake.foreign.mapping import from_json
from audit.intake.foreign.proposing import propose
from audit.loading import linking, mappings
from audit.tables import Tables, check
from benchmarks.fuzz import samples

FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Broken(AssertionError):
    """A promise that does not hold, although nothing was raised."""


@dataclass(frozen=True)
class Reader:
    """`seeds`: names and contents of sound files; `take`: reads the file at a path, raises what the product raises.
    `after`: what is done with what was read; slow, and so done with one case in several."""

    seeds: Callable[[], list[tuple[str, bytes]]]
    take: Callable[[Path], Any]
    after: Callable[[Path, Any], object] = lambda *_: None


def opened(path: Path) -> Batch:
    return read([path])


def checked(path: Path, batch: Batch) -> Tables:
    """As `arrivals` goes on, up to the store; refused rows as they are handed back."""
    linking.settle(batch)
    tables, refusals = check(batch)
    _harmless(reports.refusals_as_csv(refusals))
    for _, text in originals.refused_tables([path], batch, refusals):
        _harmless(text)
    for one in refusals:
        if not one.wrong or not one.do:
            raise Broken("a refusal without its reason or what to do")
    return tables


def judged(path: Path) -> None:
    """What the contract lets in is judged without a rule that fails: the file among the sound others of its clinic."""
    with tempfile.TemporaryDirectory(prefix="countersign-fuzz-") as folder:
        for name, content in samples.tables():
            Path(folder, name).write_bytes(path.read_bytes() if name == path.name else content)
        tables = checked(path, read([Path(folder)]))
    if tables.claims.empty:
        return
    findings = audit(tables, samples.facts())
    failed = findings[findings["rule"].eq("ENGINE")]
    if len(failed):
        raise Broken(f"a rule failed: {failed['because'].iloc[0]}")
    for line in reports.as_text(findings, "csv"):
        _harmless(line)


def _harmless(text: str) -> None:
    for row in csv.reader(io.StringIO(text, newline="")):
        if any(cell.startswith(FORMULA) for cell in row):
            raise Broken("a cell that a spreadsheet takes for a formula")


def mapped(path: Path) -> None:
    """A table of another program: a proposal, completed where a person would, tried and written down again."""
    proposal = propose(path)
    if not proposal.mapping.problems():
        mappings.trial(path, from_json(proposal.mapping.to_json()))


def facts(path: Path) -> None:
    for reading in fact_files.read(path.name, path.read_bytes(), Asked(), _therapy()):
        for frame in reading.tables.values():
            frame.to_csv(index=False)


@cache
def _therapy() -> frozenset[str]:
    return frozenset(known_codes(shipped_facts()))


def pdf(path: Path) -> None:
    """What the process of its own does, in this one: its limits are those of the loop."""
    told = pdf_reader.pages_of(str(path), MOST_PAGES, LARGEST_TEXT)
    if "wrong" not in told:
        documents.from_text("\n\n".join(p["text"] for p in told["pages"]), file="a.pdf", kind="PDF", sha256="0" * 64)


def notes(path: Path) -> None:
    """Values read from a text stand where they say."""
    text = path.read_text(encoding="utf-8", errors="replace")
    whole = documents.plain.clean(text)[:60_000]
    for value in extract(whole):
        if not 0 <= value.start <= value.end <= len(whole):
            raise Broken("a value outside the text it was read from")


READERS: dict[str, Reader] = {
    "837": Reader(samples.claims_837, opened, checked),
    "835": Reader(samples.payments_835, opened, checked),
    "csv": Reader(samples.tables, opened, checked),
    "engine": Reader(samples.tables, judged),
    "workbook": Reader(samples.workbooks, opened, checked),
    "parquet": Reader(samples.parquet, opened, checked),
    "json": Reader(samples.json_lines, opened, checked),
    "fhir": Reader(samples.fhir, opened, checked),
    "ccda": Reader(samples.ccda, opened, checked),
    "pdf": Reader(samples.pdfs, pdf),
    "docx": Reader(samples.word, opened, checked),
    "notes": Reader(samples.notes, notes, lambda path, _: checked(path, opened(path))),
    "mapping": Reader(samples.mapping_files, lambda path: from_json(path.read_text("utf-8", "replace"))),
    "foreign": Reader(samples.foreign, mapped),
    "facts": Reader(samples.national, facts),
    "dossier": Reader(samples.dossiers, dossier.verify),
}

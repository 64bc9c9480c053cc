"""Files into raw tables of text, with the file and row of each record, and the rows that cannot be read.

`read` knows a file by its content and name: CSV, a workbook, Parquet, JSON lines, 837P, 835, FHIR, C-CDA, a
note as a document, or a folder of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from audit.errors import InputError, MappingNeeded, NotUtf8, Refusal
from audit.intake import ccda, columnar, documents, fhir, records, tabular, x12
from audit.model import CLAIMS, NOTES, PAYMENTS, TABLES

if TYPE_CHECKING:
    from audit.intake.documents import Document
    from audit.intake.foreign.mapping import Mapping

PLACE = ["source_file", "source_row"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What one file turned out to be: `kind` is a table's name, "837P", "835", "FHIR", "document" or "ignored".

    `mapping` names the one that read it; `left_out` are rows that are none of its records, in words; `encoding` is
    told where it is another than UTF-8."""

    name: str
    kind: str
    sha256: str
    rows: int
    ignored_columns: tuple[str, ...] = ()
    mapping: str = ""
    left_out: tuple[str, ...] = ()
    encoding: str = ""


@dataclass
class Batch:
    """Raw tables by name (all text, or categories of text, plus `source_file`, `source_row`), refusals, and the files
    they came from.

    `known`: the mappings for tables of other programs; `mapped`: the one that each such file was read by."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    """Notes that came as documents; `linking` makes rows of notes of those whose visit can be told."""
    known: Sequence[Mapping] = ()
    mapped: dict[str, Mapping] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    """Ids of the claims whose lines are known from a payer's answer only."""

    @property
    def sha256(self) -> str:
        """Names the content of the files, whatever their names and order."""
        return hashlib.sha256("\n".join(sorted(f.sha256 for f in self.files)).encode()).hexdigest()

    def in_their_words(self, refusal: Refusal) -> Refusal:
        """The refusal with the column's name as the file has it."""
        mapping = self.mapped.get(refusal.file)
        return replace(refusal, column=mapping.sources_of(refusal.column)) if mapping else refusal

    def add(self, table: str, rows: pd.DataFrame) -> None:
        held = self.tables.get(table)
        self.tables[table] = rows if held is None else pd.concat([held, rows], ignore_index=True).astype("str")


def read(paths: Iterable[Path], tables: dict[Path, str] | None = None, mappings: Sequence[Mapping] = ()) -> Batch:
    """Read files and folders into one batch.

    `tables` says which table a file holds where its name does not tell; `mappings` read tables of other programs.
    Raises InputError for a file that cannot be read at all (MappingNeeded where a mapping could); a file in a folder
    that is none of ours is listed as "ignored".
    """
    batch, told = Batch(known=mappings), tables or {}
    files = [(inside, path.is_dir()) for path in paths for inside in (_inside(path) if path.is_dir() else [path])]
    context = fhir.Context(path for path, _ in files if fhir.looks_like_fhir(path))
    for path, in_folder in files:
        _read_file(batch, path, None if in_folder else told.get(path), context, ignore_unknown=in_folder)
    return batch


def _inside(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _read_file(batch: Batch, path: Path, table: str | None, context: fhir.Context, *, ignore_unknown: bool) -> None:
    content = _digest(path)
    if x12.looks_like_x12(records.head(path)):
        _add_x12(batch, path, table, content)
        return
    if table in (None, CLAIMS.name, NOTES.name) and fhir.looks_like_fhir(path):
        _add_fhir(batch, path, content, context, ignore_unknown=ignore_unknown)
        return
    if table is None and ccda.looks_like_xml(path, records.head(path)):
        _add_ccda(batch, path, content, ignore_unknown=ignore_unknown)
        return
    if table is None and documents.looks_like_document(path, records.head(path)):
        _take_document(batch, path, content, ignore_unknown=ignore_unknown)
        return
    try:
        _read_ours(batch, path, table, content)
    except (MappingNeeded, NotUtf8):
        from audit.intake.foreign.applying import fitting  # noqa: PLC0415  loaded only where a table is not plainly ours

        mapping = fitting(path, batch.known)
        if mapping:
            _read_foreign(batch, path, mapping, content)
        elif ignore_unknown and tabular.table_name(path.stem) not in TABLES:
            batch.files.append(SourceFile(path.name, "ignored", content, 0))
        else:
            raise


def needs_mapping(path: Path, mappings: Sequence[Mapping]) -> bool:
    """Whether the file is a table whose columns are not ours and that none of the mappings fits: only its header is
    looked at. Raises InputError when it cannot be read."""
    records.refuse_large(path)
    start = records.head(path)
    others = (x12.looks_like_x12(start), fhir.looks_like_fhir(path), ccda.looks_like_xml(path, start))
    if any(others) or documents.looks_like_document(path, start):
        return False
    try:
        sheets = [(name, sheet) for name, sheet in tabular.sheets(path).items() if name in TABLES]
        for name, sheet in sheets:
            tabular.check_header([tabular.plain_name(cell) for cell in next(sheet, [])], TABLES[name], path.name)
    except (MappingNeeded, NotUtf8):
        sheets = []
    from audit.intake.foreign.applying import fitting  # noqa: PLC0415

    return not sheets and fitting(path, mappings) is None


def _read_ours(batch: Batch, path: Path, table: str | None, content: str) -> None:
    """All tables of the file or none. Raises MappingNeeded when its columns are not ours."""
    sheets = tabular.sheets(path, table)
    known = {name: sheet for name, sheet in sheets.items() if name in TABLES}
    if not known:
        raise MappingNeeded(
            "the file is none of the tables Countersign knows",
            where=path.name,
            do=f"Name it (or its sheets) after one of: {', '.join(TABLES)}; or map its columns on the page Load",
        )
    if records.kind_of(path) == "parquet":
        read = {name: columnar.rows_of(path, TABLES[name]) for name in known}
    else:
        read = {name: tabular.rows_of(sheet, TABLES[name], path.name) for name, sheet in known.items()}
    for name, (rows, refusals, ignored) in read.items():
        batch.add(name, rows)
        batch.refusals += refusals
        batch.files.append(SourceFile(path.name, name, content, len(rows), ignored))


def _take_document(batch: Batch, path: Path, content: str, *, ignore_unknown: bool) -> None:
    """In a folder, a text or Word file that tells nothing of a visit is none of ours."""
    found = documents.read(path, records.head(path), content)
    told = [one for one in found if one.is_note or one.held.why]
    if ignore_unknown and not told:
        batch.files.append(SourceFile(path.name, "ignored", content, 0))
        return
    batch.documents += found
    batch.files.append(SourceFile(path.name, "document", content, len(found)))


def _add_x12(batch: Batch, path: Path, table: str | None, content: str) -> None:
    if table not in (None, CLAIMS.name, PAYMENTS.name):
        raise InputError(f"an X12 file cannot hold {table}", where=path.name, do="Give it as the claims file")
    found = x12.read_x12(path)
    _add_rows(batch, found.tables)
    batch.refusals += found.refusals
    batch.files.append(SourceFile(path.name, found.kind, content, found.count))


def _add_rows(batch: Batch, tables: dict[str, list[dict[str, str]]]) -> None:
    for name, rows in tables.items():
        batch.add(name, pd.DataFrame(rows, columns=[*TABLES[name].names, *PLACE], dtype="str"))


def _add_fhir(batch: Batch, path: Path, content: str, context: fhir.Context, *, ignore_unknown: bool) -> None:
    found = fhir.read(path, context)
    if not found.ours and ignore_unknown:
        batch.files.append(SourceFile(path.name, "ignored", content, 0))
        return
    if not found.ours:
        wrong = f"the FHIR file holds none of {', '.join(fhir.KINDS)}"
        raise InputError(wrong, where=path.name, do="Export claims or notes as well")
    _add_rows(batch, found.tables)
    batch.documents += found.documents
    batch.refusals += found.refusals
    batch.answered |= found.answered
    counts = {"FHIR": len(found.tables[CLAIMS.name]), PAYMENTS.name: len(found.tables[PAYMENTS.name])}
    counts["document"] = len(found.documents)
    for kind, number in counts.items():
        if number or kind == "FHIR":
            batch.files.append(SourceFile(path.name, kind, content, number))


def _add_ccda(batch: Batch, path: Path, content: str, *, ignore_unknown: bool) -> None:
    if ignore_unknown and not ccda.looks_like_ccda(path):
        batch.files.append(SourceFile(path.name, "ignored", content, 0))
        return
    found = ccda.read(path, content)
    batch.documents += found
    batch.files.append(SourceFile(path.name, "document", content, len(found)))


def _read_foreign(batch: Batch, path: Path, mapping: Mapping, content: str) -> None:
    from audit.intake.foreign.applying import apply  # noqa: PLC0415

    found = apply(path, mapping)
    batch.add(mapping.table, found.rows)
    batch.refusals += found.refusals
    batch.mapped[path.name] = mapping
    encoding = "" if mapping.shape.encoding.startswith("utf-8") else mapping.shape.encoding
    told = SourceFile(path.name, mapping.table, content, len(found.rows), found.ignored, mapping.name)
    batch.files.append(replace(told, left_out=found.left_out, encoding=encoding))


def _digest(path: Path) -> str:
    try:
        records.refuse_large(path)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise InputError("there is no such file", where=str(path), do="Check the path") from None
    except OSError as error:
        raise InputError(f"the file cannot be opened ({error.strerror})", where=str(path)) from error

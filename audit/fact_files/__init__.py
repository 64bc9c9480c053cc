"""The national files as users download them, read into rows of the fact tables.

A file is known by its content: pairs (NCCI practitioner PTP), unit limits (MUE), the fee schedule (PPRRVU) and
diagnoses (ICD-10-CM). What cannot be told from the content (the quarter, practitioner or hospital) stands in the name
that CMS gave the file, or the user says it.
"""

from __future__ import annotations

from audit.errors import InputError
from audit.fact_files import diagnoses, fees, mue, pairs
from audit.fact_files.cells import Sheet, sheets
from audit.fact_files.reading import Asked, Reading

READERS = (pairs, mue, fees, diagnoses)


def read(name: str, content: bytes, asked: Asked, therapy: frozenset[str]) -> list[Reading]:
    """All that a file holds of the tables we know; `therapy`: the codes to keep.

    Raises InputError, in one sentence, for a file that is none of them, or that cannot be relied on.
    """
    readings: dict[tuple[str, str], Reading] = {}
    for sheet in sheets(name, content):
        reader = next((one for one in READERS if one.is_mine(sheet)), None)
        if reader is None:
            continue
        _as_asked(reader.TABLE, sheet, asked)
        readings.setdefault((reader.TABLE, sheet.stem), reader.read(sheet, asked, therapy))
    if not readings:
        raise InputError(
            "this is none of the national files Countersign reads",
            where=name,
            do="Give the PTP pairs, the MUE table, PPRRVU or the ICD-10-CM code file, as CMS publishes them",
        )
    return list(readings.values())


def _as_asked(table: str, sheet: Sheet, asked: Asked) -> None:
    if asked.table and asked.table != table:
        raise InputError(
            f"you said {asked.table}, but the file holds {table}", where=sheet.file, do="Leave out --table, or mend it"
        )

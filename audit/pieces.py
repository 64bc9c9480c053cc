"""The tables divided so that each rule sees in one piece all that it judges together (`Rule.split`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from audit.grains.clinicians import patients_by_clinician
from audit.tables import Tables


@dataclass(frozen=True)
class Piece:
    """`clinicians`: whose days are judged in this piece; None: everybody's. Their patients are in it whole, and so
    are other clinicians' visits to these, which are judged elsewhere."""

    tables: Tables
    clinicians: frozenset[str] | None = None


def pieces(tables: Tables, split: str, number: int) -> Iterator[Piece]:
    """`number` pieces by patient or by clinician; one for rules that compare everybody with everybody."""
    if split == "patient_id":
        patients = pd.concat([tables.claims["patient_id"], tables.notes["patient_id"]]).drop_duplicates()
        for part in _parts(patients, number):
            yield Piece(tables.of_patients(part))
    elif split == "rendering_npi":
        seen = patients_by_clinician(tables)
        for part in _parts(seen["clinician"].drop_duplicates(), number):
            whose = seen.loc[seen["clinician"].isin(part), "patient_id"]
            yield Piece(tables.of_patients(whose), frozenset(part))
    else:
        yield Piece(tables)


def _parts(keys: pd.Series[str], number: int) -> Iterator[pd.Series[str]]:
    bucket = pd.util.hash_pandas_object(keys, index=False) % number
    for chosen in range(number):
        yield keys[bucket == chosen]

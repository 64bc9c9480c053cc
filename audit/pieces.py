"""The tables divided so that each rule sees in one piece all that it judges together (`Rule.split`).

Rules about clinicians see no piece: each piece tells what it knows of clinicians, and they see that of all together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pandas as pd

from audit.facts.reference import Facts
from audit.grains import Prepared
from audit.grains.of_clinicians import SEEN, OfClinicians
from audit.tables import Tables
from audit.unconfirmed import without_doubtful

LINES_A_BUCKET = 100_000
"""About so many claim lines are held in memory at a time, where not all are."""


def pieces(tables: Tables, number: int) -> Iterator[Tables]:
    """`number` pieces by patient, each patient whole in one of them."""
    patients = pd.concat([tables.claims["patient_id"], tables.notes["patient_id"]]).drop_duplicates()
    bucket = bucket_of(patients, number)
    for chosen in range(number):
        yield tables.of_patients(patients[bucket == chosen])


def bucket_of(keys: pd.Series[str], number: int) -> pd.Series[int]:
    """The piece of `number` that each key belongs to, the same on every machine."""
    return (pd.util.hash_pandas_object(keys, index=False) % number).astype("int64")


def seen_in(prepared: Prepared, grains: Iterable[str]) -> dict[str, pd.DataFrame]:
    """What these tables tell of clinicians for the grains: the frames of SEEN by name."""
    return {name: prepared.seen(name) for grain in SEEN if grain in set(grains) for name in SEEN[grain]}


def together(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Frames of several pieces as one; their columns are the same."""
    every = list(parts)
    full = [part for part in every if len(part)] or every[:1]
    return pd.concat(full, ignore_index=True)


@dataclass
class Told:
    """What the pieces told of clinicians: `seen` by all notes, `firm` by those that a table or a person tells."""

    grains: list[str]
    seen: list[dict[str, pd.DataFrame]] = field(default_factory=list)
    firm: list[dict[str, pd.DataFrame]] = field(default_factory=list)
    doubtful: bool = False

    def add(self, prepared: Prepared) -> None:
        tables = without_doubtful(prepared.tables)
        self.seen.append(seen_in(prepared, self.grains))
        self.firm.append(seen_in(Prepared(tables, prepared.facts), self.grains) if tables else self.seen[-1])
        self.doubtful |= tables is not None

    def of(self, providers: pd.DataFrame, facts: Facts) -> tuple[OfClinicians, OfClinicians | None]:
        def made(parts: list[dict[str, pd.DataFrame]]) -> OfClinicians:
            return OfClinicians(lambda name: together(part[name] for part in parts), providers, facts)

        return made(self.seen), made(self.firm) if self.doubtful else None

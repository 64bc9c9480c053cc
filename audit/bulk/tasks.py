"""The tasks of one audit in buckets: each reads files of the work folder and writes files of its own.

in/NNNN    the tables of one bucket of patients, checked, or raw as `partition` wrote them
context    tables that belong to no patient, checked: payers, practitioners, prices
found      findings: one file a bucket, and one for each piece of the clinicians
refused    refusals of one bucket
seen       what the buckets tell of clinicians: by all notes, and by those that are no unconfirmed document's (firm)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd

from audit.bulk import findings, frames
from audit.bulk.partition import raw_bucket
from audit.errors import Refusal, StateError
from audit.facts.reference import Facts, facts_of_run
from audit.grains import Prepared
from audit.grains.of_clinicians import OfClinicians
from audit.grains.provider_days import KEPT
from audit.judging import about_clinicians, by_patient, chosen_rules, failed_on, judge, judge_clinicians
from audit.pieces import seen_in, together
from audit.rules import Rule, nothing, ordered
from audit.rules.columns import named_by
from audit.tables import Tables, check
from audit.unconfirmed import without_doubtful

SHARED = ("payers", "providers", "fees")
BY_PATIENT = ("plans_of_care", "authorizations")
"""May stand in the buckets or in the context."""


@dataclass(frozen=True)
class Work:
    """What every task is told. `raw`: the tables are still to be checked; `clinicians`: into how many pieces they are
    divided."""

    folder: Path
    facts_sha256: str
    codes: tuple[str, ...]
    as_of: date | None = None
    raw: bool = False
    clinicians: int = 1

    @property
    def rules(self) -> list[Rule]:
        return chosen_rules(self.codes)

    @property
    def facts(self) -> Facts:
        """Raises FactError when this machine has other facts."""
        return replace(facts_of_run(self.facts_sha256), as_of=self.as_of)


@dataclass(frozen=True)
class Done:
    """What a task came to. `failed`: rules about clinicians that could not run, with the kind of error."""

    claims: int = 0
    lines: int = 0
    refused: int = 0
    doubtful: bool = False
    failed: tuple[tuple[str, str], ...] = ()


def judge_bucket(work: Work, number: int) -> Done:
    """Judge the patients of one bucket, and write down what it tells of clinicians."""
    tables, refusals = _tables(work, number)
    rules, prepared = work.rules, Prepared(tables, work.facts)
    own, others = by_patient(rules), about_clinicians(rules)
    found = judge(prepared, own) if len(tables.claims) and own else nothing()
    findings.write(found, work.folder / "found" / f"{number:04}.parquet")
    if refusals:
        told = pd.DataFrame([asdict(one) for one in refusals])
        frames.write(told, work.folder / "refused" / f"{number:04}.parquet")
    firm = without_doubtful(tables) if others else None
    if others:
        _tell(work, number, others, prepared, "seen")
    if firm:
        _tell(work, number, others, Prepared(firm, prepared.facts), "firm")
    counts = tables.claims["claim_id"].nunique(), len(tables.claims)
    return Done(*counts, len(refusals), firm is not None)


def judge_piece(work: Work, piece: int, buckets: int, doubtful: bool) -> Done:
    """Judge a piece of the clinicians by what all buckets told of them. `doubtful`: some bucket has doubtful notes."""
    rules = [rule for rule in about_clinicians(work.rules) if rule.split != "nothing" or piece == 0]
    if not rules:
        return Done()
    seen = _seen(work, piece, buckets, ("seen",))
    firm = _seen(work, piece, buckets, ("firm", "seen")) if doubtful else None
    found, failed = judge_clinicians(seen, firm, rules)
    findings.write(ordered([found]), work.folder / "found" / f"clinicians-{piece:04}.parquet")
    return Done(failed=tuple(failed.items()))


def tell_failed(work: Work, number: int, failed: tuple[tuple[str, str], ...]) -> Done:
    """Say on every claim of a bucket that these rules could not run."""
    tables, _ = _tables(work, number)
    found = ordered([failed_on(tables, code, kind) for code, kind in failed])
    findings.write(found, work.folder / "found" / f"failed-{number:04}.parquet")
    return Done()


def _tables(work: Work, number: int) -> tuple[Tables, list[Refusal]]:
    folder = work.folder / "in" / f"{number:04}"
    if not folder.is_dir():
        raise StateError(
            f"this worker does not see the folder {work.folder}",
            do="Name a folder that all machines of the cluster share: COUNTERSIGN_CLUSTER_FOLDER",
        )
    shared = frames.read_tables(work.folder / "context")
    tables, refusals = check(raw_bucket(folder), as_of=work.as_of) if work.raw else (frames.read_tables(folder), [])
    patients = pd.concat([tables.claims["patient_id"], tables.notes["patient_id"]])
    own = {name: getattr(shared, name)[lambda rows: rows["patient_id"].isin(patients)] for name in BY_PATIENT}
    own = {name: together([getattr(tables, name), rows]) for name, rows in own.items()}
    return replace(tables, **own, **{name: getattr(shared, name) for name in SHARED}), refusals


def _tell(work: Work, number: int, rules: list[Rule], prepared: Prepared, which: str) -> None:
    """Keep what these tables tell of clinicians, without the columns that no rule names."""
    told = seen_in(prepared, {rule.grain for rule in rules})
    if "visits" in told:
        wanted = {name for rule in rules for name in named_by(rule.check, told["visits"].columns)}
        told["visits"] = told["visits"][[name for name in told["visits"].columns if name in {*wanted, *KEPT}]]
    for name, rows in told.items():
        pieces = 1 if name == "written" else work.clinicians
        frames.write_by_clinician(rows, work.folder / which / name / f"{number:04}", pieces)


def _seen(work: Work, piece: int, buckets: int, which: Iterable[str]) -> OfClinicians:
    """What all buckets told of a piece of the clinicians; of each the first of `which` that it has."""

    def of(name: str) -> pd.DataFrame:
        folders = [_first(work.folder, which, name, number) for number in range(buckets)]
        paths = [path for folder in folders if (path := folder / f"{piece:04}.parquet").exists()]
        return frames.read(paths or [folders[0] / "0000.parquet"])[: None if paths else 0]

    providers = frames.read_tables(work.folder / "context").providers
    return OfClinicians(of, providers, work.facts)


def _first(folder: Path, which: Iterable[str], name: str, number: int) -> Path:
    every = [folder / one / name / f"{number:04}" for one in which]
    return next((one for one in every if one.is_dir()), every[-1])

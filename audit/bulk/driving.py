"""An audit in buckets from beginning to end: of tables in memory, or of a folder that is larger than memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Protocol

import pandas as pd

from audit.bulk import findings, frames, partition, tasks
from audit.bulk.tasks import SHARED, Done, Work
from audit.errors import InputError, Refusal
from audit.facts.reference import Facts, load_facts
from audit.intake import Batch, read
from audit.judging import Progress, about_clinicians
from audit.pieces import LINES_A_BUCKET, pieces
from audit.rules import Rule
from audit.tables import Tables, check

AS_PARQUET = ("claims", "notes", "note_services")
"""Tables that can be divided as Parquet only."""
REFUSED = "refused.csv"
BUCKETS_A_PIECE = 8
"""So many buckets of patients to a piece of the clinicians, which takes less memory than they; but each bucket writes a
file for each piece."""


class Runner(Protocol):
    def __call__(self, task: Callable[[int], Done], numbers: Sequence[int]) -> Iterator[Done]:
        """What the task comes to for each number, in the order in which they end."""


@dataclass(frozen=True)
class Summary:
    """What an audit in buckets came to; `severities`: findings and claims with one."""

    claims: int
    lines: int
    refused: int
    severities: dict[str, tuple[int, int]]


def in_turn(task: Callable[[int], Done], numbers: Sequence[int]) -> Iterator[Done]:
    return map(task, numbers)


def audit_tables(
    tables: Tables,
    facts: Facts,
    rules: list[Rule],
    runner: Runner,
    *,
    number: int,
    progress: Progress | None = None,
    beside: Path | None = None,
) -> list[pd.DataFrame]:
    """Findings of checked tables. `beside`: where the work folder is made; all workers must see it."""
    with _work_folder(beside) as folder:
        for bucket, piece in enumerate(pieces(tables, number)):
            own = replace(piece, **{name: getattr(tables, name)[:0] for name in SHARED})
            frames.write_tables(own, folder / "in" / f"{bucket:04}")
        shared = {name: getattr(tables, name) for name in SHARED}
        frames.write_tables(replace(Tables.empty(), **shared), folder / "context")
        work = Work(folder, facts.sha256, tuple(rule.code for rule in rules), facts.as_of, False, _pieces(number))
        _drive(work, number, runner, progress)
        return list(findings.read(folder / "found"))


def audit_folder(
    source: Path,
    out: Path,
    rules: list[Rule],
    runner: Runner = in_turn,
    *,
    as_csv: Callable[[list[Refusal]], str],
    as_of: date | None = None,
    lines_a_bucket: int = LINES_A_BUCKET,
    progress: Progress | None = None,
    beside: Path | None = None,
) -> Summary:
    """Findings of a folder of Parquet tables as Parquet in the new folder `out`, and what was refused (`as_csv`, with a
    header) in its refused.csv; memory holds one bucket.

    Tables without patients may be of any kind. `out` is there when all is done, and not before. Raises InputError for
    an `out` that exists, for tables by patient that are no Parquet, and where there is no claim line.
    """
    if out.exists():
        raise InputError("there is something already", where=str(out), do="Name a folder that does not exist yet")
    large, others = partition.files_of(source)
    shared, refusals = check(_without_patients(others, source))
    if not (lines := partition.lines_of(large)):
        raise InputError("there is no claim line to check", where=str(source), do="Give claims.parquet")
    number = -(-lines // lines_a_bucket)
    with _work_folder(beside or out.absolute().parent) as folder:
        partition.divide(large, folder / "in", number)
        frames.write_tables(shared, folder / "context")
        codes = tuple(rule.code for rule in rules)
        work = Work(folder, load_facts().sha256, codes, as_of, True, _pieces(number))
        claims, lines, refused = _drive(work, number, runner, progress)
        _keep_refusals(folder, refusals, as_csv)
        summary = Summary(claims, lines, refused + len(refusals), findings.counted(folder / "found"))
        _put(folder / "found", out)
    return summary


def _without_patients(paths: list[Path], source: Path) -> Batch:
    batch = read(paths)
    if strange := [name for name in AS_PARQUET if name in batch.tables] or ["notes as documents"] * bool(
        batch.documents
    ):
        do = "Write them as Parquet, or leave out --out"
        raise InputError(f"{strange[0]} can be divided into buckets as Parquet only", where=str(source), do=do)
    return batch


def _drive(work: Work, number: int, runner: Runner, progress: Progress | None) -> tuple[int, int, int]:
    """Claims, lines and rows refused. The findings are in the work folder then."""
    pieces_of_clinicians = work.clinicians if about_clinicians(work.rules) else 0
    steps, all_steps = 0, number + pieces_of_clinicians
    claims = lines = refused = 0
    doubtful, failed = False, set[tuple[str, str]]()

    def told(results: Iterator[Done]) -> Iterator[Done]:
        nonlocal steps
        for one in results:
            steps += 1
            if progress:
                progress(min(steps, all_steps), all_steps)
            yield one

    if progress:
        progress(0, all_steps)
    for one in told(runner(partial(tasks.judge_bucket, work), range(number))):
        claims, lines, refused = claims + one.claims, lines + one.lines, refused + one.refused
        doubtful |= one.doubtful
    task = partial(tasks.judge_piece, work, buckets=number, doubtful=doubtful)
    for one in told(runner(task, range(pieces_of_clinicians))):
        failed |= {*one.failed}
    if failed:
        list(runner(partial(tasks.tell_failed, work, failed=tuple(sorted(failed))), range(number)))
    return claims, lines, refused


def _keep_refusals(folder: Path, of_shared: list[Refusal], as_csv: Callable[[list[Refusal]], str]) -> None:
    parts = [*_refusals(folder), of_shared]
    if any(parts):
        with (folder / "found" / REFUSED).open("w", encoding="utf-8") as file:
            for number, part in enumerate(part for part in parts if part):
                text = as_csv(part)
                file.write(text if number == 0 else text.partition("\n")[2])


def _refusals(folder: Path) -> Iterator[list[Refusal]]:
    for path in sorted((folder / "refused").glob("*.parquet")):
        rows = frames.read([path]).to_dict("records")
        yield [Refusal(**{str(name): value for name, value in row.items()}) for row in rows]


def _put(found: Path, out: Path) -> None:
    making = out.with_name(f".{out.name}.part")
    shutil.move(found, making)
    making.rename(out)


def _pieces(buckets: int) -> int:
    return -(-buckets // BUCKETS_A_PIECE)


@contextmanager
def _work_folder(beside: Path | None) -> Iterator[Path]:
    """A new folder that only its owner may read: it holds patients. Gone when the work ends, however it ends."""
    with tempfile.TemporaryDirectory(prefix=".countersign-", dir=beside) as name:
        yield Path(name)

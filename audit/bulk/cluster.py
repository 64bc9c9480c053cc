"""The tasks on a cluster of `dask.distributed`: one that runs already, or one process a core on this machine."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audit.bulk.driving import Runner
from audit.bulk.tasks import Done
from audit.errors import CountersignError, StateError

ADDRESS, FOLDER = "COUNTERSIGN_CLUSTER", "COUNTERSIGN_CLUSTER_FOLDER"
PATIENCE = 10.0
"""Seconds to wait for a scheduler."""


def shared_folder() -> Path | None:
    """Where buckets are written, for all workers to see; None where the setting names none."""
    named = os.environ.get(FOLDER, "")
    if named and not Path(named).is_dir():
        raise CountersignError("there is no such folder", where=f"{FOLDER}={named}", do="Make it, or name another")
    return Path(named) if named else None


@contextmanager
def cluster() -> Iterator[Runner]:
    """A runner for `driving`, on the cluster whose scheduler ADDRESS names, else on this machine.

    A task whose worker is lost is done again by another. Raises CountersignError where the package is missing or the
    scheduler cannot be reached, StateError when the workers of one task were lost again and again.
    """
    distributed = _package()
    client, ours = _client(distributed, os.environ.get(ADDRESS, ""))

    def run(task: Callable[[int], Done], numbers: Sequence[int]) -> Iterator[Done]:
        waiting = client.map(task, numbers, pure=False)
        try:
            for future in distributed.as_completed(waiting):
                yield future.result()
        except distributed.KilledWorker:
            wrong = "the workers that judged one of the buckets were lost again and again"
            raise StateError(wrong, do="Give the workers more memory, or make smaller buckets (--lines)") from None
        finally:
            client.cancel(waiting)

    try:
        yield run
    finally:
        client.close()
        if ours:
            ours.close()


def _package() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise CountersignError(
            "a cluster needs the package distributed", do="pip install 'countersign[cluster]', or use --split buckets"
        ) from None


def _client(distributed: Any, address: str) -> tuple[Any, Any]:
    if not address:
        ours = local_cluster(os.cpu_count() or 1)
        return distributed.Client(ours), ours
    try:
        return distributed.Client(address, timeout=PATIENCE), None
    except (OSError, ValueError) as error:
        wrong = f"no scheduler answers ({type(error).__name__})"
        raise CountersignError(wrong, where=f"{ADDRESS}={address}", do="Start it, or correct the address") from error


def local_cluster(workers: int, *, processes: bool = True) -> Any:
    """Workers on this machine, for which nothing outside it can ask."""
    return _package().LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=processes, host="127.0.0.1" if processes else None,
        dashboard_address="127.0.0.1:0", scheduler_kwargs={"dashboard": False}, silence_logs="ERROR", memory_limit=0,
    )  # fmt: skip

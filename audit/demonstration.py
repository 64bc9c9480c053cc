"""The demo clinic, opened: loaded, audited, with two finished samples, a lesson between them, and claims that wait.

What it tells is told by the generator (`demo/mistakes/habits.py`); here it is audited as a clinic would.
"""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, select

from audit import __version__, sampling
from audit.access import demo
from audit.auditing import audits, running
from audit.demo.write import PAYMENTS
from audit.facts.reference import DATA, load_facts
from audit.feedback import answers, education, items
from audit.intake import read as read_files
from audit.model import ROLE_NAMES
from audit.reviewing import leases, review, sign_off, worklist
from audit.reviewing.opinions import required
from audit.store import database, loading, schema
from audit.tables import check

FILES = DATA / "demo"
FIRST = (date(2026, 5, 1), date(2026, 6, 30))
SECOND = (date(2026, 7, 1), date(2026, 10, 31))
FIRST_SIZE, SECOND_SIZE = 45, 60
SEEDS = "20260706114500271828", "20261102091500314267"
"""Of the two samples. The second was picked so that a sample this small shows what is told: no clinic may do that."""
TAUGHT_RULE, TAUGHT_ON = "DOC-02", date(2026, 6, 30)
TAUGHT = "Went through five notes together: each says its timed minutes and all minutes of treatment, both in figures."


def open_clinic(folder: Path) -> str:
    """Make the demo's database in `folder` unless it is there already; return its address, print the accounts."""
    folder.mkdir(parents=True, exist_ok=True)
    ready, stamp, made_from = folder / "clinic.db", folder / "made_from.txt", _made_from()
    if not (ready.exists() and stamp.exists() and stamp.read_text() == made_from):
        _make(folder / "making.db")
        for name in ("clinic.db", "clinic.db-wal", "clinic.db-shm"):
            (folder / name).unlink(missing_ok=True)
        (folder / "making.db").rename(ready)
        stamp.write_text(made_from)
    print(f"Demo accounts, all with the password: {demo.PASSWORD}")
    for person in demo.PEOPLE:
        print(f"  {person.username:<14} {person.name}, {ROLE_NAMES[person.role]}")
    return f"sqlite:///{ready}"


def _made_from() -> str:
    """Names the demo files, the facts and the code that a database was made from."""
    files = [path.read_bytes() for path in sorted(FILES.rglob("*.*"))]
    code = [path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py"))]
    return hashlib.sha256(b"".join([__version__.encode(), load_facts().sha256.encode(), *files, *code])).hexdigest()


def _make(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        (path.parent / name).unlink(missing_ok=True)
    engine = database.connect(f"sqlite:///{path}")
    event.listen(engine, "connect", _without_waiting)
    database.prepare(engine)
    print("Loading the demo clinic ...", flush=True)
    people: dict[str, int] = {account.role: account.id for account in demo.create_accounts(engine, _now())}
    records = sorted(path for path in FILES.glob("*.csv") if path.name != "answers.csv")
    _load(engine, people["administrator"], "Demo clinic", records)
    print("Auditing it ...", flush=True)
    _first_sample(engine, people)
    _load(engine, people["administrator"], "Answers of the payers, May to July", [FILES / PAYMENTS])
    _second_sample(engine, people)
    _feedback(engine, people)
    engine.dispose()


def _without_waiting(connection: Any, _record: object) -> None:
    """What is interrupted is made anew from its start, so no write waits for the disk."""
    connection.execute("PRAGMA synchronous = OFF")


def _now() -> datetime:
    return datetime.now(UTC)


def _load(engine: Engine, account_id: int, name: str, files: list[Path]) -> None:
    batch = read_files(files)
    tables, refusals = check(batch)
    loading.load(engine, tables, refusals, name=name, sha256=batch.sha256, account_id=account_id, at=_now())


def _first_sample(engine: Engine, people: dict[str, int]) -> None:
    """May and June: a sample by flag, as for the first question of a clinic."""
    run_id = _screened(engine, people, FIRST)
    with database.read(engine) as connection:
        plan = sampling.flag_plan(audits.frame_of(connection, run_id), FIRST_SIZE)
    _finish(engine, people, run_id, plan, ("Sample, May and June", SEEDS[0]))


def _second_sample(engine: Engine, people: dict[str, int]) -> None:
    """July to October: a sample by therapist, to see what the lesson did. Every other flagged claim waits; the first
    few have their first signature."""
    run_id, by = _screened(engine, people, SECOND), people["manager"]
    with database.read(engine) as connection:
        frame = audits.frame_of(connection, run_id, "therapist")
    plan = sampling.stratified_plan(frame, SECOND_SIZE, kind="therapist")
    _finish(engine, people, run_id, plan, ("Sample, July to October", SEEDS[1]))
    name = "Flagged claims, July to October"
    flagged = audits.open_audit(engine, run_id, name=name, plan=None, account_id=by, at=_now())
    rows = worklist.worklist(engine, "to_review", at=_now(), filters=worklist.Filters(audit_id=flagged), size=50).rows
    planted = _answers()
    for claim in rows["claim_version_id"].tolist()[-6:]:
        _review(engine, int(claim), planted, people["reviewer"])


def _screened(engine: Engine, people: dict[str, int], days: tuple[date, date]) -> int:
    start, end = days
    return running.screen(engine, account_id=people["manager"], at=_now(), from_date=start, to_date=end)


def _finish(engine: Engine, people: dict[str, int], run_id: int, plan: sampling.Plan, named: tuple[str, str]) -> None:
    """Drawn, reviewed by the answers of the generator, and approved or returned by a second person. `named`: the name
    of the audit, and its seed."""
    by, (name, seed) = people["manager"], named
    audit_id = audits.open_audit(engine, run_id, name=name, plan=plan, account_id=by, at=_now())
    audits.draw_seed(engine, audit_id, account_id=by, at=_now(), seed=seed)
    planted = _answers()
    for claim in _taken(engine, audit_id):
        _review(engine, claim, planted, people["reviewer"])
        _judge(engine, claim, people["second_reviewer"])


def _feedback(engine: Engine, people: dict[str, int]) -> None:
    """The therapist was taught a rule, agrees with one finding, disputes another; a third waits for an answer."""
    by, doctor = people["therapist"], people["doctor_of_ot"]
    npi = next(person.npi for person in demo.PEOPLE if person.role == "therapist")
    found = items.of_therapist(engine, npi, viewer=by, at=_now()).items
    if found.empty:
        return
    timed = found["rule"].str.startswith("UNIT")
    for agreed in found.loc[~timed, "decision_id"].head(1):
        answers.agree(engine, agreed, account_id=by, at=_now())
    for disputed in found.loc[timed, "decision_id"].head(1):
        text = "Scoring and the report belong to this service; I did them the same day, after the visit."
        answers.dispute(engine, disputed, text=text, account_id=by, at=_now())
    lesson: dict[str, Any] = {"rule": TAUGHT_RULE, "text": TAUGHT, "taught_on": TAUGHT_ON}
    education.teach(engine, npi, **lesson, account_id=doctor, at=_now())


def _taken(engine: Engine, audit_id: int) -> list[int]:
    table = schema.audit_claims
    query = select(table.c.claim_version_id).where(table.c.audit_id == audit_id)
    with database.read(engine) as connection:
        return list(connection.execute(query.order_by(table.c.stratum, table.c.position)).scalars())


def _review(engine: Engine, claim: int, planted: dict[str, set[str]], account_id: int) -> None:
    """Agree where the generator planted the error, dismiss the rest; then sign."""
    with database.read(engine) as connection:
        found = review.findings_of(connection, claim, account_id)
        of_claim = select(schema.claims.c.claim_id).where(schema.claims.c.id == claim)
        claim_id = connection.execute(of_claim).scalar_one()
    leases.take(engine, claim, account_id=account_id, at=_now())
    for one in found[found["severity"] != "untestable"].to_dict("records"):
        kind = review.AGREE if one["rule"] in planted.get(claim_id, set()) else review.DISMISS
        review.decide(engine, one["id"], kind=kind, reason="accepted", account_id=account_id, at=_now())
    sign_off.sign_reviewed(engine, claim, account_id=account_id, at=_now(), confirm=_made_up)


def _judge(engine: Engine, claim: int, account_id: int) -> None:
    """Approve a clean claim; return one in error for correction."""
    leases.take(engine, claim, account_id=account_id, at=_now())
    who: dict[str, Any] = {"account_id": account_id, "at": _now(), "confirm": _made_up}
    with database.read(engine) as connection:
        wrong = required(connection, claim).in_error
    if wrong:
        sign_off.return_claim(engine, claim, text="Correct the lines as the findings say.", **who)
    else:
        sign_off.approve(engine, claim, **who)


def _made_up(_engine: Engine, _account_id: int, _at: datetime) -> str:
    """Nobody sits at the keyboard while the demo's past is made."""
    return "not asked: the demo's past"


def _answers() -> dict[str, set[str]]:
    """By claim: the rules that its planted errors break."""
    found: dict[str, set[str]] = {}
    with (FILES / "answers.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["claim_id"], set()).update([row["rule"], *row["also"].split()])
    return found

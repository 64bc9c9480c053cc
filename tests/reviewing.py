"""Reviews for tests: what a person does at the screen, in one call."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, insert, select

from audit import sampling
from audit.auditing import audits, running
from audit.loading import arrivals
from audit.reviewing import leases, review, second_review, sign_off
from audit.reviewing.opinions import required
from audit.store import loading, schema
from audit.store.database import read, write
from tests.databases import filled
from tests.handed_in import month
from tests.stored import NOW, line, note, service, tables_of

NPI = "1234567893"
PEOPLE = {
    "rita": "reviewer",
    "ron": "reviewer",
    "sam": "second_reviewer",
    "sue": "second_reviewer",
    "dora": "doctor_of_ot",
    "tess": "second_reviewer",
    "max": "manager",
    "ada": "administrator",
    "lucy": "auditor",
}
"""Username -> role. Tess rendered the claims herself."""


def at_the_keyboard(_engine: Engine, _account_id: int, _at: datetime) -> str:
    """In place of the password: who signs is who they say."""
    return "not asked in tests"


def who(account_id: int, at: datetime = NOW) -> dict[str, Any]:
    return {"account_id": account_id, "at": at, "confirm": at_the_keyboard}


def undecided(engine: Engine, claim: int, by: int) -> list[int]:
    """Findings of a claim without a verdict, as this person sees them."""
    with read(engine) as connection:
        found = review.findings_of(connection, claim, by)
    return [int(one) for one in found.loc[(found["severity"] != "untestable") & (found["decision"] == ""), "id"]]


def review_claim(engine: Engine, claim: int, by: int, *, kind: str = review.AGREE, at: datetime = NOW) -> int:
    """Take the claim, give every finding the same verdict and sign; return the signature's id."""
    leases.take(engine, claim, account_id=by, at=at)
    for finding in undecided(engine, claim, by):
        review.decide(engine, finding, kind=kind, reason="accepted", account_id=by, at=at)
    return sign_off.sign_reviewed(engine, claim, **who(by, at))


def review_all(engine: Engine, claims: Iterable[int], by: int) -> None:
    """Agree with every finding and sign."""
    for one in claims:
        review_claim(engine, int(one), by)


def take(engine: Engine, claim: int, by: int, at: datetime = NOW) -> None:
    """Hold a claim, whoever held it before: they are done with it."""
    with read(engine) as connection:
        now = leases.holder(connection, claim, at)
    if now:
        leases.give_back(engine, claim, account_id=now.account_id)
    leases.take(engine, claim, account_id=by, at=at)


def judge_second(engine: Engine, claim: int, by: int, kind: str) -> None:
    """As the second person of a claim, give every finding the same verdict and commit."""
    take(engine, claim, by)
    for finding in undecided(engine, claim, by):
        review.decide(engine, finding, kind=kind, reason="accepted", account_id=by, at=NOW)
    second_review.commit_second(engine, claim, **who(by))


def visit(claim: str, date: str, units: int, minutes: int, patient: str = "P1") -> dict[str, dict[str, str]]:
    """One claim of 97530 with its note."""
    same = {"patient_id": patient, "service_date": date, "rendering_npi": NPI}
    billed = {"billing_npi": "", "charge_amount": "120.50", "payer_id": "medicare-b"}
    written = {"claim_id": claim, "signed_at": f"{date}T17:00", "signed_by": "A. Therapist", "discipline": "OT"}
    total = {"total_timed_minutes": str(minutes), "total_treatment_minutes": str(minutes)}
    return {
        "claims": line(claim, 1, units=str(units), **same, **billed),
        "notes": note(f"N-{claim}", author_credential="OTR/L", **same, **written, **total),
        "note_services": service(f"N-{claim}", minutes=str(minutes), start_time=""),
    }


def load(engine: Engine, *visits: dict[str, dict[str, str]]) -> loading.Loaded:
    tables = tables_of(**{name: [one[name] for one in visits] for name in ("claims", "notes", "note_services")})
    return loading.load(engine, tables, [], name="test", sha256="0" * 64, account_id=None, at=NOW)


def add_people(engine: Engine) -> dict[str, int]:
    """Username -> account id of PEOPLE."""
    rows = [
        {
            "username": name,
            "name": name.title(),
            "role": role,
            "npi": NPI if name == "tess" else "",
            "password_hash": "nobody signs in here",
            "must_change_password": False,
            "active": True,
            "created_at": NOW,
        }
        for name, role in PEOPLE.items()
    ]
    with write(engine) as connection:
        connection.execute(insert(schema.accounts), rows)
    return people_of(engine)


def people_of(engine: Engine) -> dict[str, int]:
    """Username -> the account's id."""
    with read(engine) as connection:
        return {row.username: row.id for row in connection.execute(select(schema.accounts))}


def open_audit(engine: Engine, people: dict[str, int], only: date | None = None) -> int:
    """Screen all that is loaded, or one day, and take every claim of it; return the audit's id."""
    run_id = running.screen(engine, account_id=people["max"], at=NOW, from_date=only, to_date=only)
    with read(engine) as connection:
        frame = audits.frame_of(connection, run_id)
    plan = sampling.simple_plan(frame, frame.size)
    audit_id = audits.open_audit(engine, run_id, name="All", plan=plan, account_id=people["max"], at=NOW)
    audits.draw_seed(engine, audit_id, account_id=people["max"], at=NOW, seed="12345678901234567890")
    return audit_id


def versions(engine: Engine) -> dict[str, int]:
    """Claim id -> the id of its current version."""
    with read(engine) as connection:
        current = select(schema.claims).where(schema.claims.c.is_current)
        return {row.claim_id: row.id for row in connection.execute(current)}


def two_under_audit(engine: Engine) -> dict[str, int]:
    """Claim id -> version: OVER bills one unit too many, CLEAN is clean; both under audit."""
    load(engine, visit("OVER", "2026-03-12", 3, 30), visit("CLEAN", "2026-03-13", 2, 30))
    open_audit(engine, people_of(engine))
    return versions(engine)


def screened_month(engine: Engine) -> int:
    """The screening of 24 claims, 6 of them with two units too many."""
    by = {"account_id": people_of(engine)["rita"], "at": NOW}
    arrivals.take_in(engine, month(), **by)
    return running.screen(engine, **by)


def drawn_of(engine: Engine, files: list[tuple[str, bytes]], n: int, seed: str) -> int:
    """A simple sample of `n` claims of `files`, screened and drawn; the audit's id."""
    now = people_of(engine)
    arrivals.take_in(engine, files, account_id=now["rita"], at=NOW)
    run = running.screen(engine, account_id=now["rita"], at=NOW)
    with read(engine) as connection:
        plan = sampling.simple_plan(audits.frame_of(connection, run), n)
    audit_id = audits.open_audit(engine, run, name="March", plan=plan, account_id=now["max"], at=NOW)
    audits.draw_seed(engine, audit_id, seed=seed, account_id=now["max"], at=NOW)
    return audit_id


people = filled("people", add_people)
claims = filled("claims", two_under_audit, on="people")
run_id = filled("run_id", screened_month, on="people")


def state(engine: Engine, claim: int) -> str:
    with read(engine) as connection:
        return required(connection, claim).state

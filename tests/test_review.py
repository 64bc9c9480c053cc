"""Review and sign-off on a real store: every forbidden step is refused by the service and by the database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from audit import audits, results, review, sampling, sign_off, worklist
from audit.access.people import stop
from audit.errors import AccessError, CountersignError, StateError
from audit.evidence import decided, evidence
from audit.intake import Batch
from audit.model import TABLES
from audit.store import guards, loading, schema, trail
from audit.store.database import connect, prepare, read, write
from audit.tables import check

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LINE = {"patient_id": "P1", "payer_id": "medicare-b", "rendering_npi": "1234567893", "modifier_1": "GO"}
NOTE = {
    "patient_id": "P1",
    "discipline": "OT",
    "rendering_npi": "1234567893",
    "author_credential": "OTR/L",
    "signed_by": "A. Therapist",
    "text": "Seen.",
}


def visit(claim: str, date: str, units: int, minutes: int) -> dict[str, dict[str, str]]:
    """One claim of 97530 with its note."""
    note = f"N-{claim}"
    return {
        "claims": {
            **LINE,
            "claim_id": claim,
            "line_number": "1",
            "service_date": date,
            "procedure_code": "97530",
            "units": str(units),
        },
        "notes": {
            **NOTE,
            "note_id": note,
            "claim_id": claim,
            "service_date": date,
            "signed_at": f"{date}T17:00",
            "total_timed_minutes": str(minutes),
            "total_treatment_minutes": str(minutes),
        },
        "note_services": {"note_id": note, "procedure_code": "97530", "minutes": str(minutes)},
    }


def load(engine, *visits: dict[str, dict[str, str]]) -> loading.Loaded:
    batch = Batch()
    for name in ("claims", "notes", "note_services"):
        rows = [{**one[name], "source_file": "test", "source_row": str(n)} for n, one in enumerate(visits, 2)]
        columns = [*TABLES[name].names, "source_file", "source_row"]
        batch.tables[name] = pd.DataFrame(rows, columns=columns, dtype="str").fillna("")
    tables, refusals = check(batch)
    assert not refusals
    return loading.load(engine, tables, refusals, name="test", sha256="0" * 64, account_id=None, at=NOW)


@pytest.fixture
def engine(tmp_path: Path):
    made = connect(f"sqlite:///{tmp_path / 'test.db'}")
    prepare(made)
    yield made
    made.dispose()


@pytest.fixture
def people(engine) -> dict[str, int]:
    """Username -> account. Tess rendered the claims herself."""
    named = {"rita": "reviewer", "sam": "second_reviewer", "sue": "second_reviewer", "max": "manager"}
    named |= {"ada": "administrator", "tess": "second_reviewer"}
    rows = [
        {
            "username": name,
            "name": name.title(),
            "role": role,
            "npi": "1234567893" if name == "tess" else "",
            "password_hash": "nobody signs in here",
            "must_change_password": False,
            "active": True,
            "created_at": NOW,
        }
        for name, role in named.items()
    ]
    with write(engine) as connection:
        connection.execute(insert(schema.accounts), rows)
        return {row.username: row.id for row in connection.execute(select(schema.accounts))}


@pytest.fixture
def claims(engine, people) -> dict[str, int]:
    """Claim id -> version: OVER bills one unit too many, CLEAN is clean; both under audit."""
    load(engine, visit("OVER", "2026-03-12", 3, 30), visit("CLEAN", "2026-03-13", 2, 30))
    run_id = audits.screen(engine, account_id=people["max"], at=NOW)
    with read(engine) as connection:
        plan = sampling.simple_plan(audits.frame_of(connection, run_id), 2)
        ids = {row.claim_id: row.id for row in connection.execute(select(schema.claims))}
    audit_id = audits.open_audit(engine, run_id, name="Both", plan=plan, account_id=people["max"], at=NOW)
    audits.draw_seed(engine, audit_id, account_id=people["max"], at=NOW, seed="12345678901234567890")
    return {**ids, "audit": audit_id}


def finding_of(engine, claim: int) -> int:
    with read(engine) as connection:
        return int(review.findings_of(connection, claim)["id"].iloc[0])


def agree(engine, claims, person: int) -> int:
    finding = finding_of(engine, claims["OVER"])
    return review.decide(engine, finding, kind=review.AGREE, account_id=person, at=NOW)


def dismiss(engine, claims, person: int, **why: str) -> int:
    finding = finding_of(engine, claims["OVER"])
    return review.decide(engine, finding, kind=review.DISMISS, account_id=person, at=NOW, **why)


def test_the_worklist_puts_the_riskiest_first(engine, claims):
    page = worklist.worklist(engine, "to_review")
    assert list(page.rows["claim_id"]) == ["OVER", "CLEAN"]
    assert list(page.rows["found"]) == ["UNIT-01", ""]
    assert page.total == 2
    assert worklist.counts(engine) == {"to_review": 2, "second": 0, "returned": 0, "approved": 0}
    assert worklist.next_claim(engine, "to_review", after=claims["OVER"]) == claims["CLEAN"]


def test_a_claim_goes_through_two_hands(engine, claims, people):
    with pytest.raises(StateError, match="no verdict"):
        sign_off.sign_reviewed(engine, claims["OVER"], account_id=people["sam"], at=NOW)
    agree(engine, claims, people["sam"])
    sign_off.sign_reviewed(engine, claims["OVER"], account_id=people["sam"], at=NOW)
    with pytest.raises(AccessError, match="Whoever decided on a claim may not approve it"):
        sign_off.approve(engine, claims["OVER"], account_id=people["sam"], at=NOW)
    sign_off.approve(engine, claims["OVER"], account_id=people["sue"], at=NOW)
    assert worklist.counts(engine)["approved"] == 1
    with pytest.raises(StateError, match="approved and locked"):
        agree(engine, claims, people["rita"])
    with read(engine) as connection:
        assert trail.verify(connection) is None
        assert list(sign_off.signatures_of(connection, claims["OVER"])["meaning"]) == ["reviewed", "approved"]


@pytest.mark.parametrize(
    ("person", "says"),
    [
        ("rita", "may not do this"),
        ("max", "may not do this"),
        ("ada", "may not do this"),
        ("tess", "rendered or billed"),
    ],
)
def test_who_may_not_approve(engine, claims, people, person, says):
    sign_off.sign_reviewed(engine, claims["CLEAN"], account_id=people["sam"], at=NOW)
    with pytest.raises(AccessError, match=says):
        sign_off.approve(engine, claims["CLEAN"], account_id=people[person], at=NOW)


def test_the_database_refuses_what_the_service_would(engine, claims, people):
    """An administrator with a database client has no exemption."""
    sign_off.sign_reviewed(engine, claims["CLEAN"], account_id=people["sam"], at=NOW)
    row = {"claim_version_id": claims["CLEAN"], "meaning": "approved", "printed_name": "x", "digest": "x", "at": NOW}
    with pytest.raises(DBAPIError) as caught, write(engine) as connection:
        connection.execute(insert(schema.signatures).values(account_id=people["sam"], **row))
    assert guards.refusal(caught.value) == "whoever reviewed a claim may not approve it"


def test_who_may_not_decide(engine, claims, people):
    with pytest.raises(AccessError):
        agree(engine, claims, people["max"])
    stop(engine, people["rita"], by=None, at=NOW)
    with pytest.raises(AccessError):
        agree(engine, claims, people["rita"])


def test_a_decision_stands_until_its_maker_takes_it_back(engine, claims, people):
    made = agree(engine, claims, people["rita"])
    with pytest.raises(StateError, match="Rita has decided"):
        agree(engine, claims, people["sam"])
    with pytest.raises(AccessError, match="of one's own"):
        review.undo(engine, made, account_id=people["sam"], at=NOW)
    review.undo(engine, made, account_id=people["rita"], at=NOW)
    with pytest.raises(StateError, match="does not stand"):
        review.undo(engine, made, account_id=people["rita"], at=NOW)
    with pytest.raises(StateError, match="reason in words"):
        dismiss(engine, claims, people["sam"], reason="other")
    dismiss(engine, claims, people["sam"], reason="evidence_elsewhere", text="addendum of 13 March")


def test_a_changed_note_makes_the_signature_stale(engine, claims, people):
    agree(engine, claims, people["rita"])
    sign_off.sign_reviewed(engine, claims["OVER"], account_id=people["rita"], at=NOW)
    load(engine, visit("OVER", "2026-03-12", 3, 44))
    with pytest.raises(StateError, match="changed after the first signature"):
        sign_off.approve(engine, claims["OVER"], account_id=people["sam"], at=NOW)
    sign_off.return_claim(engine, claims["OVER"], account_id=people["sam"], at=NOW, text="The note changed")
    assert worklist.counts(engine)["returned"] == 1
    assert worklist.next_claim(engine, "to_review") == claims["OVER"]
    sign_off.sign_reviewed(engine, claims["OVER"], account_id=people["rita"], at=NOW)
    sign_off.approve(engine, claims["OVER"], account_id=people["sue"], at=NOW)


def test_a_corrected_claim_takes_no_signature_on_its_old_version(engine, claims, people):
    sign_off.sign_reviewed(engine, claims["CLEAN"], account_id=people["rita"], at=NOW)
    load(engine, visit("CLEAN", "2026-03-13", 1, 30))
    with pytest.raises(CountersignError, match="newer version"):
        sign_off.approve(engine, claims["CLEAN"], account_id=people["sam"], at=NOW)


def test_the_rate_comes_at_the_planned_end(engine, claims, people):
    assert results.results(engine, claims["audit"]).estimate is None
    agree(engine, claims, people["rita"])
    sign_off.sign_reviewed(engine, claims["OVER"], account_id=people["rita"], at=NOW)
    half = results.results(engine, claims["audit"])
    assert half.estimate is None
    assert "1 of 2 drawn claims" in half.sentence
    sign_off.sign_reviewed(engine, claims["CLEAN"], account_id=people["rita"], at=NOW)
    whole = results.results(engine, claims["audit"])
    assert whole.estimate is not None
    assert (whole.estimate.rate, whole.estimate.lower, whole.estimate.upper) == (0.5, 0.5, 0.5)
    assert whole.by_rule.to_dict("records") == [{"rule": "UNIT-01", "upheld": 1, "dismissed": 0, "open": 0, "found": 1}]


def test_an_error_that_no_rule_saw_counts(engine, claims, people):
    review.report_missed(engine, claims["CLEAN"], text="wrong patient", account_id=people["rita"], at=NOW)
    sign_off.sign_reviewed(engine, claims["CLEAN"], account_id=people["rita"], at=NOW)
    found = results.results(engine, claims["audit"])
    assert found.claims.set_index("claim_id")["in_error"].to_dict() == {"CLEAN": True, "OVER": False}


def test_a_frozen_audit_draws_once(engine, claims, people):
    with pytest.raises(StateError, match="draws nothing"):
        audits.draw_seed(engine, claims["audit"], account_id=people["max"], at=NOW)


def test_the_evidence_of_a_claim(engine, claims):
    record = evidence(engine, claims["OVER"])
    assert record.days["supported_high"].tolist() == [2]
    assert record.services[["service", "minutes", "units"]].values.tolist() == [["97530", 30, 3]]
    with read(engine) as connection:
        now = decided(connection, claims["OVER"])
    assert list(now.undecided["rule"]) == ["UNIT-01"]
    assert now.state == "to_review"

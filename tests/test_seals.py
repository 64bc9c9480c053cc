"""What the digest of a signature covers, and that a stranger can work it out from the rows."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import Engine, select, text

from audit.auditing import running
from audit.reviewing import review, sign_off
from audit.store import schema, seal, verifying
from audit.store.database import read
from tests.reviewing import load, review_claim, take, undecided, versions, visit, who
from tests.stored import NOW, on_sqlite

pytest_plugins = ["tests.databases", "tests.reviewing"]
pytestmark = on_sqlite
People = dict[str, int]
Claims = dict[str, int]


def agree(engine: Engine, claim: int, person: int) -> int:
    take(engine, claim, person)
    [finding] = undecided(engine, claim, person)
    return review.decide(engine, finding, kind=review.AGREE, account_id=person, at=NOW)


def test_a_signature_seals_every_decision_made_before_it(engine: Engine, claims: Claims, people: People) -> None:
    over, by = claims["OVER"], people["rita"]
    made = [agree(engine, over, by)]
    review.undo(engine, made[0], account_id=by, at=NOW, text="once more")
    made.append(agree(engine, over, by))
    sign_off.sign_reviewed(engine, over, **who(by))
    with read(engine) as connection:
        signed = connection.execute(select(schema.signatures)).mappings().one()
        assert signed["decision_id"] == seal.newest_decision(connection, over) == made[-1]
        now = {one: seal.seal(connection, over, signed["run_id"], one, signed["id"]) for one in (*made, None)}
    assert now[made[-1]] == signed["digest"]
    assert now[None] != signed["digest"], "without its decisions it is another seal"


SEALED = {
    "finding": "id rule severity line_number note_id procedure_code expected observed because",
    "decision": "id kind stage review_id finding_id about_id account_id reason text corrected",
    "signature": "id meaning account_id printed_name reason digest",
}


def test_the_digest_of_a_signature_can_be_worked_out_by_a_stranger(
    engine: Engine, claims: Claims, people: People
) -> None:
    """By plain SQL: the claim, the notes of its day as the run saw them, the run, its findings, what was decided and
    who signed before. A note that comes later is none of it, and neither is another claim's."""
    over = claims["OVER"]
    review_claim(engine, over, people["rita"], kind=review.DISMISS)
    take(engine, over, people["sam"])
    sign_off.approve(engine, over, **who(people["sam"]))
    load(engine, visit("OVER", "2026-03-12", 3, 44))

    def rows(table: str, where: str) -> list[dict[str, Any]]:
        with read(engine) as connection:
            return [dict(row) for row in connection.execute(text(f"SELECT * FROM {table} WHERE {where}")).mappings()]  # noqa: S608

    def told(kind: str, row: dict[str, Any]) -> str:
        known = {name: row[name] for name in sorted(SEALED[kind].split()) if row[name] not in (None, "")}
        return f"{kind} {json.dumps(known, separators=(',', ':'), ensure_ascii=False)}"

    [claim], [run], [note] = (
        rows("claims", f"id = {over}"),
        rows("runs", "id = 1"),
        rows("notes", "note_id = 'N-OVER' AND version = 1"),
    )
    assert len(rows("notes", "note_id = 'N-OVER'")) == 2, "the later one is there"
    seen = [
        f"claim OVER 1 {claim['content_sha256']}",
        f"note N-OVER 1 {note['content_sha256']}",
        f"run 1 {run['code_version']} {run['facts_sha256']}",
        *[told("finding", row) for row in rows("findings", f"run_id = 1 AND claim_version_id = {over} ORDER BY id")],
        *[told("decision", row) for row in rows("decisions", f"claim_version_id = {over} ORDER BY id")],
    ]
    first, second = rows("signatures", f"claim_version_id = {over} ORDER BY id")
    assert first["digest"] == hashlib.sha256("\n".join(seen).encode()).hexdigest()
    assert second["digest"] == hashlib.sha256("\n".join([*seen, told("signature", first)]).encode()).hexdigest()


def test_a_signature_without_decisions_stays_whole_when_the_first_of_all_comes_later(
    engine: Engine, claims: Claims, people: People
) -> None:
    clean = claims["CLEAN"]
    review_claim(engine, clean, people["rita"])
    take(engine, clean, people["sam"])
    sign_off.send_back(engine, clean, text="Look at the day again", **who(people["sam"]))
    take(engine, clean, people["rita"])
    assert review.report_missed(engine, clean, text="The wrong visit", account_id=people["rita"], at=NOW) == 1
    with read(engine) as connection:
        assert verifying.verify(connection).breaks == ()


def test_the_trail_says_where_a_claim_went_that_no_audit_took(engine: Engine, people: People) -> None:
    load(engine, visit("CLEAN", "2026-03-13", 2, 30))
    running.screen(engine, account_id=people["max"], at=NOW)
    review_claim(engine, versions(engine)["CLEAN"], people["rita"])
    events = schema.events
    with read(engine) as connection:
        told = connection.execute(select(events.c.details).where(events.c.kind == "reviewed")).scalar_one()
    assert (json.loads(told)["before"], json.loads(told)["after"]) == ("to_review", "ready")

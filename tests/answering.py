"""A therapist and what was returned to her, for tests of feedback."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, select

from audit.feedback import items
from audit.reviewing import sign_off
from audit.store import schema
from audit.store.database import read
from tests.databases import filled
from tests.reviewing import NPI, load, open_audit, people_of, review_claim, take, versions, visit, who
from tests.stored import NOW, add

OTHER = "1999999992"
"""Of Cora, who rendered none of the claims."""


def by(account_id: int, days: int = 0) -> dict[str, Any]:
    return {"account_id": account_id, "at": NOW + timedelta(days=days)}


def item_of(engine: Engine, decision: int, viewer: int, days: int = 0) -> dict[str, Any]:
    found = items.of_therapist(engine, NPI, viewer=viewer, at=NOW + timedelta(days=days)).items
    rows = found[found["decision_id"] == decision].to_dict("records")
    return {str(name): value for name, value in rows[0].items()} if rows else {}


def add_therapists(engine: Engine) -> int:
    """Thea, who rendered the claims; her colleague Cora treats others."""
    fixed = {"role": "therapist", "must_change_password": False}
    add(engine, "accounts", username="cora", name="Cora", npi=OTHER, **fixed)
    return add(engine, "accounts", username="thea", name="Thea", npi=NPI, **fixed)


def give_back(engine: Engine, claim: int, by: int) -> None:
    take(engine, claim, by)
    sign_off.return_claim(engine, claim, text="Correct the units.", **who(by))


def verdict(engine: Engine, claim: int, rule: str = "UNIT-01") -> int:
    """The decision that upheld the finding of this rule."""
    made, findings = schema.decisions, schema.findings
    query = select(made.c.id).join(findings, findings.c.id == made.c.finding_id)
    with read(engine) as connection:
        return connection.execute(
            query.where(findings.c.claim_version_id == claim, findings.c.rule == rule, made.c.kind == "agree")
        ).scalar_one()


def return_over(engine: Engine) -> int:
    """OVER, returned for correction: its verdict (the decision's id) is shown to the therapist."""
    claim, people = versions(engine)["OVER"], people_of(engine)
    review_claim(engine, claim, people["rita"])
    give_back(engine, claim, people["sam"])
    return verdict(engine, claim)


def return_untimed(engine: Engine) -> int:
    """A claim whose note leaves out its total minutes, returned: the verdict on the finding about that."""
    one = visit("SHORT", "2026-03-18", 2, 30, patient="P7")
    one["notes"]["total_treatment_minutes"] = ""
    load(engine, one)
    people = people_of(engine)
    open_audit(engine, people)
    claim = versions(engine)["SHORT"]
    review_claim(engine, claim, people["rita"])
    give_back(engine, claim, people["sam"])
    return verdict(engine, claim, "DOC-02")


therapist = filled("therapist", add_therapists, on="claims")
returned = filled("returned", return_over, on="therapist")
untimed = filled("untimed", return_untimed, on="therapist")

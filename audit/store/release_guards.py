"""What the database refuses about leases, plans, releases and single-person mode, whoever asks.

Every refusal is said earlier and more kindly by `reviewing`, `release` and `access.solo`.
"""
# ruff: noqa: S608  (every part of these conditions is a constant)

from __future__ import annotations

from audit.store.review_conditions import (
    APPROVED,
    FACTS_CHANGED,
    PEOPLE,
    RECORD_CHANGED,
    REPLACED,
    SECOND_REVIEWER,
    THIS_VERSION,
)
from audit.store.triggers import Guard, on_insert


def _single_person_mode() -> list[Guard]:
    administrator = "EXISTS (SELECT 1 FROM accounts WHERE id = NEW.account_id AND active AND role = 'administrator')"
    return on_insert(
        "single_person_mode",
        "NEW.is_on",
        {
            "only an administrator may switch single-person mode on": f"NOT {administrator}",
            "single-person mode is for a practice in which one person reviews; two accounts may": SECOND_REVIEWER,
        },
    )


def every() -> list[Guard]:
    return [
        *_single_person_mode(),
        Guard(
            "leases",
            "UPDATE",
            "NEW.account_id <> OLD.account_id AND OLD.ends_at > NEW.taken_at",
            "another person is at work on this claim",
        ),
        Guard("leases", "INSERT", "NEW.ends_at <= NEW.taken_at", "a lease ends after it begins"),
        Guard("planned_claims", "INSERT", "NEW.people NOT IN (1, 2, 3)", "a plan asks for one, two or three people"),
        Guard(
            "planned_claims",
            "INSERT",
            f"NEW.people < {PEOPLE} AND EXISTS (SELECT 1 FROM decisions WHERE {THIS_VERSION})",
            "a claim on which somebody decided keeps its number of people",
        ),
        *on_insert(
            "release_claims",
            "1 = 1",
            {
                "a newer version has replaced this version of the claim": REPLACED,
                "only an approved claim is released": f"NOT {APPROVED}",
                "the record changed after the rules ran: run them again": RECORD_CHANGED,
                "the facts changed after the rules ran: run them again": f"COALESCE({FACTS_CHANGED}, FALSE)",
                "the signature is not the approval of this version": f"""NOT EXISTS (SELECT 1 FROM signatures s
                    WHERE s.id = NEW.signature_id AND s.{THIS_VERSION} AND s.meaning = 'approved')""",
            },
        ),
    ]

"""Who may do what on a claim, read from the database inside the transaction that does it."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from audit.access.permission import account_may
from audit.errors import AccessError
from audit.store import guards, review_conditions

__all__ = ["account_may"]
REVIEWERS = review_conditions.REVIEWERS
"""Roles that decide on findings."""
APPROVERS = review_conditions.APPROVERS
"""Roles that give a second review, adjudicate, approve, return and send back."""
ASSIGNERS = ("manager", "administrator", "second_reviewer", "doctor_of_ot")
PLANNERS = ("manager", "administrator")
TRAIL_READERS = ("auditor", "administrator", "manager")
"""Roles that read the trail. None of them reviews, so nothing blind is shown to who may not see it."""


def refused(error: DBAPIError) -> Exception:
    """What a guard of the database said, as an AccessError; any other database error as it is."""
    sentence = guards.refusal(error)
    return AccessError(sentence[:1].upper() + sentence[1:]) if sentence else error

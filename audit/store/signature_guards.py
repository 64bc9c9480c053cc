"""What the database refuses about signatures, whoever asks.

Every refusal is said earlier and more kindly by `reviewing.sign_off` and `reviewing.second_review`.
"""
# ruff: noqa: S608  (every part of these conditions is a constant)

from __future__ import annotations

from audit.store.decision_guards import closed
from audit.store.review_conditions import (
    ALONE,
    APPROVERS,
    DECIDED_FIRST,
    DIFFERENT,
    FACTS_CHANGED,
    IN_ERROR,
    LAST,
    LEASED,
    MEANINGS,
    ON_HOLD,
    OWN_WORK,
    PEOPLE,
    RECORD_CHANGED,
    REVIEW,
    REVIEWED,
    REVIEWERS,
    RUN,
    TOOK_SECOND,
    UNDECIDED,
    UNSECONDED,
    listed,
    may,
)
from audit.store.triggers import Guard, on_insert


def every() -> list[Guard]:
    """On each signature, then on what belongs to its meaning."""
    any_signature = on_insert(
        "signatures",
        "1 = 1",
        {
            "this is no meaning of a signature": f"NEW.meaning NOT IN {listed(MEANINGS)}",
            "you do not hold this claim, or your time on it has ended": f"NOT {LEASED}",
            "a signature names the newest run over the claim": f"""(NEW.run_id IS NULL
                OR NEW.run_id IS DISTINCT FROM {RUN})""",
            "a signature carries the mark of single-person mode while that is on, and only then": (
                f"NEW.single_person IS DISTINCT FROM {ALONE}"
            ),
        },
    )
    return [*closed("signatures"), *any_signature, *_first_signature(), *_other_hand(), *_outcomes()]


def _first_signature() -> list[Guard]:
    return on_insert(
        "signatures",
        "NEW.meaning = 'reviewed'",
        {
            "your account may not review claims": f"NOT {may(REVIEWERS)}",
            "the claim is signed as reviewed already": f"COALESCE({LAST}, '') IN ('reviewed', 'second', 'returned')",
            "findings without a verdict are left": UNDECIDED,
            "the claim waits for an answer": ON_HOLD,
            "the record changed after the rules ran: run them again": RECORD_CHANGED,
            "the facts changed after the rules ran: run them again": f"COALESCE({FACTS_CHANGED}, FALSE)",
        },
    )


_SAYS = {
    "second": "review it again",
    "approved": "approve it",
    "returned": "return it",
    "sent_back": "send it back",
}


def _other_hand() -> list[Guard]:
    """Every signature but the first is by another person, who neither rendered nor billed."""
    found = []
    for meaning, says in _SAYS.items():
        found += on_insert(
            "signatures",
            f"NEW.meaning = '{meaning}' AND NOT {ALONE}",
            {
                f"whoever decided on a claim may not {says}": DECIDED_FIRST,
                f"whoever reviewed a claim may not {says}": REVIEWED,
                f"whoever rendered or billed a claim may not {says}": OWN_WORK,
            },
        )
        found += on_insert(
            "signatures",
            f"NEW.meaning = '{meaning}'",
            {f"your account may not {says}": f"NOT {may(APPROVERS)}"},
        )
    return found


def _outcomes() -> list[Guard]:
    signed, reason = f"COALESCE({LAST}, '') IN ('reviewed', 'second')", "NEW.reason = ''"
    held = {"the claim waits for an answer": ON_HOLD}
    changed = {
        "the record changed after the rules ran: run them again": RECORD_CHANGED,
        "the facts changed after the rules ran: run them again": f"COALESCE({FACTS_CHANGED}, FALSE)",
    }
    decided = {
        "another person must review a claim before it is approved or returned": f"""NOT ({signed} AND
            ({ALONE} OR NOT EXISTS (SELECT 1 FROM signatures s WHERE s.id = {REVIEW}
            AND s.account_id = NEW.account_id)))""",
        "the plan asks for a second review": f"{PEOPLE} > 1 AND COALESCE({LAST}, '') <> 'second'",
        "the two reviews differ and are not adjudicated": f"COALESCE({LAST}, '') = 'second' AND {DIFFERENT}",
        "the plan asks for a third person": f"{PEOPLE} > 2 AND {TOOK_SECOND}",
        **held,
        **changed,
    }
    return [
        *on_insert(
            "signatures",
            "NEW.meaning = 'second'",
            {
                "a second review follows the first signature": f"COALESCE({LAST}, '') <> 'reviewed'",
                "a second review names the first signature": f"NEW.review_id IS DISTINCT FROM {REVIEW}",
                "findings without your verdict are left": UNSECONDED,
                **held,
                **changed,
            },
        ),
        *on_insert("signatures", "NEW.meaning = 'approved'", decided),
        *on_insert("signatures", "NEW.meaning = 'returned'", {**decided, "a claim goes back with a reason": reason}),
        *on_insert(
            "signatures",
            "NEW.meaning = 'sent_back'",
            {
                "only a reviewed claim goes back": f"COALESCE({LAST}, '') NOT IN ('reviewed', 'second', 'returned')",
                "a claim goes back with a reason": reason,
            },
        ),
        Guard(
            "signatures",
            "INSERT",
            f"NEW.meaning = 'approved' AND {IN_ERROR}",
            "an upheld error stands: the claim is returned, not approved",
        ),
    ]

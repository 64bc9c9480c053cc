"""What the database refuses about decisions, whoever asks.

Every refusal is said earlier and more kindly by `reviewing.review`.
"""
# ruff: noqa: S608  (every part of these conditions is a constant)

from __future__ import annotations

from audit.store.review_conditions import (
    APPROVED,
    APPROVERS,
    BY_THIS_ACCOUNT,
    DECIDED_FIRST,
    KINDS,
    LAST,
    LEASED,
    OWN_WORK,
    PEOPLE,
    REASONS,
    RELEASED,
    REPLACED,
    REVIEW,
    REVIEWED,
    REVIEWERS,
    RULED,
    RUN,
    STAGES,
    THIS_VERSION,
    TOOK_SECOND,
    VERDICTS,
    listed,
    may,
    standing_sql,
)
from audit.store.triggers import Guard, on_insert


def closed(table: str, unless: str = "FALSE") -> list[Guard]:
    return on_insert(
        table,
        f"NOT ({unless})",
        {
            f"a newer version has replaced this version of the claim; it takes no {table}": REPLACED,
            f"this version of the claim is approved; it takes no more {table}": APPROVED,
            f"this version of the claim is released; it takes no more {table}": RELEASED,
        },
    )


def every() -> list[Guard]:
    """On each decision, then on what belongs to its kind and its stage."""
    return [*closed("decisions", f"NEW.stage = '{RULED}'"), *_any_decision(), *_kinds(), *_stages()]


def _any_decision() -> list[Guard]:
    answers = f"NEW.kind IN {listed(VERDICTS)} AND"
    same = f"""d.stage = NEW.stage AND NOT (d.review_id IS DISTINCT FROM NEW.review_id)
        AND d.kind IN {listed(VERDICTS)} AND {standing_sql("d")}"""
    return on_insert(
        "decisions",
        "1 = 1",
        {
            "your account may not decide on claims": f"NEW.stage <> '{RULED}' AND NOT {may(REVIEWERS)}",
            "you do not hold this claim, or your time on it has ended": f"""NEW.kind <> 'answer'
                AND NEW.stage <> '{RULED}' AND NOT {LEASED}""",
            "the finding is not one of this version of the claim": f"""NEW.finding_id IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM findings WHERE id = NEW.finding_id AND {THIS_VERSION})""",
            "a newer run has replaced this finding": f"""NEW.finding_id IS NOT NULL AND NEW.kind NOT IN
                ('undo', 'answer') AND NEW.stage <> '{RULED}' AND NOT EXISTS (SELECT 1 FROM findings
                WHERE id = NEW.finding_id AND run_id = {RUN})""",
            "the finding has its verdict already": f"""{answers} EXISTS (
                SELECT 1 FROM decisions d WHERE d.finding_id = NEW.finding_id AND {same})""",
            "the missed error has its verdict already": f"""{answers} NEW.about_id IS NOT NULL AND EXISTS (
                SELECT 1 FROM decisions d WHERE d.about_id = NEW.about_id AND {same})""",
        },
    )


def _kinds() -> list[Guard]:
    about = f"SELECT 1 FROM decisions d WHERE d.id = NEW.about_id AND d.{THIS_VERSION} AND {standing_sql('d')}"
    own = f"SELECT 1 FROM decisions WHERE id = NEW.undoes_id AND {BY_THIS_ACCOUNT}"
    return on_insert(
        "decisions",
        "1 = 1",
        {
            "this is no kind of decision": f"NEW.kind NOT IN {listed(KINDS)}",
            "a verdict is on a finding or on a missed error": f"""NEW.kind IN {listed(VERDICTS)}
                AND (NEW.finding_id IS NULL) = (NEW.about_id IS NULL)""",
            "a dismissal needs one of the coded reasons": f"""NEW.kind = 'dismiss'
                AND NEW.reason NOT IN {listed(REASONS)}""",
            "a dismissal for this reason needs words": """NEW.kind = 'dismiss'
                AND NEW.reason IN ('evidence_elsewhere', 'other') AND NEW.text = ''""",
            "a correction names the right value": "NEW.kind = 'correct' AND NEW.corrected = ''",
            "a question, an answer, a missed error and an undoing need words": """NEW.text = ''
                AND NEW.kind IN ('ask', 'answer', 'missed', 'undo')""",
            "a question has the day on which its answer is due": "NEW.kind = 'ask' AND NEW.due_on IS NULL",
            "an answer is to an open question on this version": f"""NEW.kind = 'answer'
                AND NOT EXISTS ({about} AND d.kind = 'ask')""",
            "a verdict on a missed error is on one of this version": f"""NEW.kind IN {listed(VERDICTS)}
                AND NEW.about_id IS NOT NULL AND NOT EXISTS ({about} AND d.kind = 'missed')""",
            "an undoing names what it undoes, and nothing else does": "(NEW.kind = 'undo') = (NEW.undoes_id IS NULL)",
            "only a decision of one's own on the same version of the claim can be undone": f"""
                NEW.undoes_id IS NOT NULL AND NOT EXISTS ({own})""",
            "this decision was taken back already": """NEW.undoes_id IS NOT NULL AND EXISTS (
                SELECT 1 FROM decisions WHERE undoes_id = NEW.undoes_id)""",
            "an undoing cannot be undone: decide again": """NEW.undoes_id IS NOT NULL AND EXISTS (
                SELECT 1 FROM decisions WHERE id = NEW.undoes_id AND kind = 'undo')""",
            "an undoing is of the stage of what it undoes": """NEW.undoes_id IS NOT NULL AND NOT EXISTS (SELECT 1
                FROM decisions d WHERE d.id = NEW.undoes_id AND d.stage = NEW.stage
                AND NOT (d.review_id IS DISTINCT FROM NEW.review_id))""",
        },
    )


def _stages() -> list[Guard]:
    now = f"NEW.review_id = {REVIEW} AND COALESCE({LAST}, '')"
    another = f"""EXISTS (SELECT 1 FROM decisions d WHERE d.{THIS_VERSION} AND d.stage = 'second'
        AND d.review_id = NEW.review_id AND d.account_id <> NEW.account_id AND d.kind <> 'answer'
        AND {standing_sql("d")})"""
    later = "NEW.stage IN ('second', 'adjudication') AND NEW.kind <> 'answer'"
    return [
        *on_insert(
            "decisions",
            "NEW.kind <> 'answer'",
            {
                "this is no stage of a review": f"NEW.stage NOT IN {listed(STAGES)}",
                "the claim is signed as reviewed: the first review is closed": f"""NEW.stage = 'first'
                    AND COALESCE({LAST}, '') IN ('reviewed', 'second', 'returned')""",
                "a first review is not about a signature": "NEW.stage = 'first' AND NEW.review_id IS NOT NULL",
                "a second review follows the first signature and ends with the second": f"""NEW.stage = 'second'
                    AND NOT COALESCE({now} = 'reviewed', FALSE)""",
                "the plan asks for no second review": f"NEW.stage = 'second' AND {PEOPLE} < 2",
                "another person has begun the second review": f"NEW.stage = 'second' AND {another}",
                "an adjudication follows the second review": f"""NEW.stage = 'adjudication'
                    AND NOT COALESCE({now} = 'second', FALSE)""",
                "an adjudicator may not be the second reviewer": f"NEW.stage = 'adjudication' AND {TOOK_SECOND}",
            },
        ),
        *on_insert(
            "decisions",
            later,
            {
                "your account may not give a second review": f"NOT {may(APPROVERS)}",
                "whoever decided on a claim may not review it again": f"({DECIDED_FIRST} OR {REVIEWED})",
                "whoever rendered or billed a claim may not be its second reviewer": OWN_WORK,
            },
        ),
    ]

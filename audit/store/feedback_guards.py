"""What the database refuses about answers of therapists, rulings on disputes and what was taught, whoever asks.

Conditions in SQL that SQLite and PostgreSQL both read, about the row NEW that is to be added. Said earlier and more
kindly by `audit.feedback`.
"""
# ruff: noqa: S608  (every part of these conditions is a constant)

from __future__ import annotations

from audit.store.review_conditions import RULED, listed, standing_sql
from audit.store.triggers import Guard

KINDS = ("agree", "dispute", "addendum", "appeal")
OUTCOMES = ("upheld", "accepted")
FINAL = ("approved", "returned")
"""What was signed last on a claim whose review is final: only then its findings are shown to the therapist."""
TEACHERS = ("doctor_of_ot", "manager")
_NPI = """COALESCE((SELECT l.rendering_npi FROM findings f JOIN claim_lines l
        ON l.claim_version_id = f.claim_version_id AND l.line_number = f.line_number WHERE f.id = d.finding_id),
    (SELECT c.rendering_npi FROM claims c WHERE c.id = d.claim_version_id))"""
"""Who furnished what the decision `d` is about."""
_D = "FROM decisions d WHERE d.id = NEW.decision_id"
_REVIEW = "(SELECT MAX(id) FROM signatures w WHERE w.claim_version_id = d.claim_version_id AND w.meaning = 'reviewed')"
_SUPERSEDED = f"""EXISTS (SELECT 1 FROM decisions x WHERE (x.finding_id = d.finding_id OR x.about_id = d.id)
    AND (x.stage = '{RULED}' OR x.stage = 'adjudication' AND x.review_id = {_REVIEW}
        AND x.id <> d.id AND (d.finding_id IS NOT NULL OR x.kind = 'dismiss')) AND {standing_sql("x")})"""
_STANDS = f"""{standing_sql("d")} AND d.kind IN ('agree', 'correct', 'missed')
    AND (d.stage = 'first' OR d.review_id = {_REVIEW} AND (d.stage = 'adjudication' OR d.kind = 'missed'))
    AND NOT {_SUPERSEDED}"""
_SHOWN = f"""EXISTS (SELECT 1 FROM decisions d JOIN signatures s ON s.claim_version_id = d.claim_version_id
    WHERE d.id = NEW.decision_id AND {_STANDS} AND d.id <= s.decision_id AND s.meaning IN {listed(FINAL)}
    AND s.id = (SELECT MAX(z.id) FROM signatures z WHERE z.claim_version_id = d.claim_version_id)
    AND (d.finding_id IS NULL
        OR EXISTS (SELECT 1 FROM findings f WHERE f.id = d.finding_id AND f.run_id = s.run_id)))"""


def _own_work(account: str) -> str:
    """The account rendered or billed services of the claim that the decision `d` is on."""
    return f"""({account}.npi <> '' AND (
        EXISTS (SELECT 1 FROM claims c WHERE c.id = d.claim_version_id
            AND {account}.npi IN (c.rendering_npi, c.billing_npi))
        OR EXISTS (SELECT 1 FROM claim_lines l WHERE l.claim_version_id = d.claim_version_id
            AND {account}.npi IN (l.rendering_npi, l.billing_npi))))"""


def _free(account: str) -> str:
    """The account neither gave the verdict `d` nor rendered or billed."""
    return f"({account}.active AND {account}.id <> d.account_id AND NOT {_own_work(account)})"


_NO_DOCTOR = f"NOT EXISTS (SELECT 1 FROM accounts q WHERE q.role = 'doctor_of_ot' AND {_free('q')})"
_TURN = f"""(p.role = 'doctor_of_ot' AND a.kind = 'dispute'
    OR p.role = 'manager' AND (a.kind = 'appeal' OR a.kind = 'dispute' AND {_NO_DOCTOR}))"""
"""It is the turn of the account `p` to rule on the answer `a`: of a manager on an appeal, and where no doctor may."""
_OPEN = "NOT EXISTS (SELECT 1 FROM feedback_rulings r WHERE r.answer_id = a.id)"
_RULING = "FROM feedback_answers a JOIN decisions d ON d.id = a.decision_id JOIN accounts p ON p.id = NEW.account_id"


def every() -> list[Guard]:
    return [*_decisions(), *_answers(), *_rulings(), *_education()]


def _when(table: str, condition: str, refused: dict[str, str]) -> list[Guard]:
    return [Guard(table, "INSERT", f"{condition} AND {wrong}", sentence) for sentence, wrong in refused.items()]


def _decisions() -> list[Guard]:
    """On the decision that reverses a disputed verdict."""
    may = f"""EXISTS (SELECT 1 {_RULING} WHERE d.claim_version_id = NEW.claim_version_id
        AND (NEW.finding_id = d.finding_id OR NEW.about_id = d.id) AND {_OPEN} AND {_TURN} AND {_free("p")})"""
    return _when(
        "decisions",
        "1 = 1",
        {
            "an accepted dispute dismisses the finding, for that reason": f"""(NEW.stage = '{RULED}') <>
                (NEW.reason = '{RULED}') OR NEW.stage = '{RULED}' AND NEW.kind <> 'dismiss'""",
            "you may not rule on a dispute about this finding": f"NEW.stage = '{RULED}' AND NOT {may}",
        },
    )


def _answers() -> list[Guard]:
    own = f"""EXISTS (SELECT 1 FROM decisions d, accounts p WHERE d.id = NEW.decision_id AND p.id = NEW.account_id
        AND p.active AND p.npi <> '' AND p.npi = {_NPI})"""
    said = "SELECT 1 FROM feedback_answers b WHERE b.decision_id = NEW.decision_id AND"
    late = """EXISTS (SELECT 1 FROM notes n JOIN loads o ON o.id = n.load_id WHERE n.id = NEW.note_version_id
        AND n.note_id = NEW.note_id AND o.account_id = NEW.account_id)"""
    return _when(
        "feedback_answers",
        "1 = 1",
        {
            "this is no kind of answer": f"NEW.kind NOT IN {listed(KINDS)}",
            "only the therapist who furnished the service answers": f"NOT {own}",
            "the review of this claim is not final, or the finding stands no more": (
                f"NEW.kind <> 'appeal' AND NOT {_SHOWN}"
            ),
            "a dispute, an appeal and a late entry need words": "NEW.kind <> 'agree' AND NEW.text = ''",
            "this finding is answered already": f"""NEW.kind <> 'appeal'
                AND EXISTS ({said} b.kind IN ('agree', 'dispute'))""",
            "an appeal follows a doctor's ruling that upheld the finding": """NEW.kind = 'appeal' AND NOT EXISTS (
                SELECT 1 FROM feedback_answers b JOIN feedback_rulings r ON r.answer_id = b.id
                WHERE b.decision_id = NEW.decision_id AND b.kind = 'dispute' AND r.level = 'doctor'
                AND r.outcome = 'upheld')""",
            "this ruling is appealed already": f"NEW.kind = 'appeal' AND EXISTS ({said} b.kind = 'appeal')",
            "a late entry names its own new version of the note, and nothing else does": (
                f"(NEW.kind = 'addendum') <> {late}"
            ),
        },
    )


def _rulings() -> list[Guard]:
    asked = f"{_RULING} WHERE a.id = NEW.answer_id"
    reversed_ = f"""EXISTS (SELECT 1 FROM feedback_answers a JOIN decisions d ON d.id = a.decision_id JOIN decisions z
        ON z.id = NEW.decision_id AND z.stage = '{RULED}' AND z.account_id = NEW.account_id
        AND (z.finding_id = d.finding_id OR z.about_id = d.id) WHERE a.id = NEW.answer_id)"""
    return _when(
        "feedback_rulings",
        "1 = 1",
        {
            "a ruling upholds the finding or accepts the dispute": f"NEW.outcome NOT IN {listed(OUTCOMES)}",
            "a ruling needs its reason": "NEW.reason = ''",
            "there is no such dispute": f"""NOT EXISTS (SELECT 1 {asked} AND a.kind IN ('dispute', 'appeal'))""",
            "this dispute is ruled on already": (
                "EXISTS (SELECT 1 FROM feedback_rulings r WHERE r.answer_id = NEW.answer_id)"
            ),
            "a doctor of OT rules on a dispute, a manager on an appeal": f"""NOT EXISTS (SELECT 1 {asked}
                AND p.active AND {_TURN}
                AND NEW.level = CASE p.role WHEN 'manager' THEN 'manager' ELSE 'doctor' END)""",
            "whoever gave the verdict, rendered or billed may not rule on it": f"""NOT EXISTS (SELECT 1 {asked}
                AND {_free("p")})""",
            "an accepted dispute names the decision that reverses the verdict, and nothing else does": (
                f"(NEW.outcome = 'accepted') <> {reversed_}"
            ),
        },
    )


def _education() -> list[Guard]:
    may = f"""EXISTS (SELECT 1 FROM accounts p WHERE p.id = NEW.account_id AND p.active
        AND p.role IN {listed(TEACHERS)})"""
    return _when(
        "education_items",
        "1 = 1",
        {
            "only a doctor of OT or a manager records what was taught": f"NOT {may}",
            "what was taught needs words, a rule and a therapist": (
                "NEW.text = '' OR NEW.rule = '' OR NEW.therapist_npi = ''"
            ),
        },
    )

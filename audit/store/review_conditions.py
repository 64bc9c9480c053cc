"""How a claim stands in review, as conditions in SQL about the row NEW that is to be added.

SQLite and PostgreSQL both read them. The guards of decisions, signatures and releases are made of these.
"""
# ruff: noqa: S608  (every part of these conditions is a constant)

from __future__ import annotations

REVIEWERS = ("reviewer", "second_reviewer", "doctor_of_ot")
APPROVERS = ("second_reviewer", "doctor_of_ot")
VERDICTS = ("agree", "correct", "dismiss")
KINDS = (*VERDICTS, "ask", "answer", "missed", "undo")
STAGES = ("first", "second", "adjudication", "dispute")
RULED = "dispute"
"""The stage, and the reason, of a verdict that was reversed because the therapist's dispute was accepted."""
MEANINGS = ("reviewed", "second", "approved", "returned", "sent_back")
REASONS = ("accepted", "not_applicable", "evidence_elsewhere", "reading_error", "other", RULED)
FLAGGING = ("error", "warning")


def listed(words: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{word}'" for word in words) + ")"


SECOND_REVIEWER = f"(SELECT COUNT(*) FROM accounts WHERE active AND role IN {listed(REVIEWERS)}) > 1"
ALONE = f"""(COALESCE((SELECT is_on FROM single_person_mode ORDER BY id DESC LIMIT 1), FALSE)
    AND NOT {SECOND_REVIEWER})"""
"""Single-person mode holds: it is set, and no second person may review."""
THIS_VERSION = "claim_version_id = NEW.claim_version_id"
BY_THIS_ACCOUNT = f"{THIS_VERSION} AND account_id = NEW.account_id"
RUN = f"""(SELECT MAX(s.run_id) FROM run_claims s JOIN runs r ON r.id = s.run_id AND r.state = 'finished'
    WHERE s.{THIS_VERSION})"""
"""The newest finished run over the version: what is signed and decided is about its findings."""
LAST = f"""(SELECT CASE WHEN EXISTS (SELECT 1 FROM decisions o WHERE o.claim_version_id = s.claim_version_id
        AND o.stage = '{RULED}' AND o.id > COALESCE(s.decision_id, 0) AND (o.finding_id IS NULL
        OR EXISTS (SELECT 1 FROM findings g WHERE g.id = o.finding_id AND g.run_id = s.run_id)))
    THEN 'sent_back' ELSE s.meaning END
    FROM signatures s WHERE s.{THIS_VERSION} AND s.run_id = {RUN} ORDER BY s.id DESC LIMIT 1)"""
"""What was signed last about the findings of the newest run; NULL when nothing was. A dispute accepted after it sends
the claim back."""
REVIEW = f"(SELECT MAX(id) FROM signatures WHERE {THIS_VERSION} AND meaning = 'reviewed')"
PEOPLE = f"COALESCE((SELECT people FROM planned_claims WHERE {THIS_VERSION} ORDER BY id DESC LIMIT 1), 1)"
REPLACED = "NOT EXISTS (SELECT 1 FROM claims WHERE id = NEW.claim_version_id AND is_current)"
APPROVED = f"COALESCE({LAST}, '') = 'approved'"
RELEASED = f"EXISTS (SELECT 1 FROM release_claims WHERE {THIS_VERSION})"
LEASED = f"EXISTS (SELECT 1 FROM leases WHERE {BY_THIS_ACCOUNT} AND ends_at > NEW.at)"
OWN_WORK = """EXISTS (
    SELECT 1 FROM accounts WHERE accounts.id = NEW.account_id AND accounts.npi <> '' AND (
        EXISTS (SELECT 1 FROM claims WHERE claims.id = NEW.claim_version_id
            AND accounts.npi IN (claims.rendering_npi, claims.billing_npi))
        OR EXISTS (SELECT 1 FROM claim_lines WHERE claim_lines.claim_version_id = NEW.claim_version_id
            AND accounts.npi IN (claim_lines.rendering_npi, claim_lines.billing_npi))))"""
DECIDED_FIRST = f"EXISTS (SELECT 1 FROM decisions WHERE {BY_THIS_ACCOUNT} AND stage = 'first' AND kind <> 'answer')"
REVIEWED = f"EXISTS (SELECT 1 FROM signatures WHERE {BY_THIS_ACCOUNT} AND meaning = 'reviewed')"
TOOK_SECOND = f"""(EXISTS (SELECT 1 FROM decisions WHERE {BY_THIS_ACCOUNT} AND stage = 'second' AND kind <> 'answer'
    AND review_id = {REVIEW}) OR EXISTS (SELECT 1 FROM signatures WHERE {BY_THIS_ACCOUNT} AND meaning = 'second'
    AND review_id = {REVIEW}))"""
_OF_PAYER = "x.payer_id = l.payer_id AND (x.effective_from IS NULL OR x.effective_from <= l.service_date)"
_BEARS = {
    "plans_of_care": "x.patient_id = l.patient_id AND (x.start_date IS NULL OR x.start_date <= l.service_date)",
    "authorizations": """x.patient_id = l.patient_id AND (x.from_date IS NULL OR x.from_date <= l.service_date)
        AND COALESCE(x.payer_id, '') IN ('', l.payer_id)""",
    "providers": "x.npi IN (l.rendering_npi, l.billing_npi)",
    "payers": _OF_PAYER,
    "fees": _OF_PAYER,
}
"""When a loaded record bears on a claim line, as `came_since` says it."""
_NOT_UNDONE = "NOT EXISTS (SELECT 1 FROM withdrawals w WHERE w.load_id = {0}.load_id)"
_CAME = [
    f"""SELECT 1 FROM notes n JOIN notes x ON x.note_id = n.note_id AND x.is_current
        WHERE n.patient_id = l.patient_id AND n.service_date = l.service_date AND x.load_id > r.load_id
        AND {_NOT_UNDONE.format("n")}""",
    f"""SELECT 1 FROM claim_lines y JOIN claims o ON o.id = y.claim_version_id
        JOIN claims x ON x.claim_id = o.claim_id AND x.is_current WHERE y.patient_id = l.patient_id
        AND y.service_date = l.service_date AND o.claim_id <> l.claim_id AND x.load_id > r.load_id
        AND {_NOT_UNDONE.format("o")}""",
    *[
        f"SELECT 1 FROM {name} x WHERE x.is_current AND {bears} AND x.load_id > r.load_id"
        for name, bears in _BEARS.items()
    ],
    f"SELECT 1 FROM payer_profiles x WHERE {_OF_PAYER} AND x.at > r.started_at",
]
RECORD_CHANGED = f"""EXISTS (SELECT 1 FROM claim_lines l JOIN runs r ON r.id = {RUN}
    WHERE l.{THIS_VERSION} AND ({" OR ".join(f"EXISTS ({came})" for came in _CAME)}))"""
"""What the rules would have read came after they ran."""
FACTS_CHANGED = f"""(SELECT facts_sha256 FROM runs WHERE id = {RUN})
    <> (SELECT facts_sha256 FROM facts_seen ORDER BY id DESC LIMIT 1)"""


def standing_sql(decision: str) -> str:
    return f"({decision}.kind <> 'undo' AND NOT EXISTS (SELECT 1 FROM decisions u WHERE u.undoes_id = {decision}.id))"


def _verdict(stage: str, of: str, name: str, by: str = "") -> str:
    """A standing verdict `name` of a stage on a finding or a missed error; `of` is the condition that joins it."""
    review = "" if stage == "first" else f" AND {name}.review_id = {REVIEW}"
    return f"""FROM decisions {name} WHERE {of} AND {name}.stage = '{stage}'{review}
        AND {name}.kind IN {listed(VERDICTS)} AND {standing_sql(name)}{by}"""


_OF = "a.finding_id = f.id"
_JUDGED = f"FROM findings f WHERE f.{THIS_VERSION} AND f.run_id = {RUN} AND f.severity <> 'untestable'"
_ADJUDICATED = _verdict("adjudication", "{0}.finding_id = f.id", "{0}")
UNDECIDED = f"EXISTS (SELECT 1 {_JUDGED} AND NOT EXISTS (SELECT 1 {_verdict('first', _OF, 'a')}))"
_BY_ME = " AND a.account_id = NEW.account_id"
UNSECONDED = f"EXISTS (SELECT 1 {_JUDGED} AND NOT EXISTS (SELECT 1 {_verdict('second', _OF, 'a', _BY_ME)}))"
_NOT_ADJUDICATED = f"NOT EXISTS (SELECT 1 {_ADJUDICATED.format('c')})"
ON_HOLD = f"""EXISTS (SELECT 1 FROM decisions q WHERE q.{THIS_VERSION} AND q.kind = 'ask' AND {standing_sql("q")}
    AND NOT EXISTS (SELECT 1 FROM decisions w WHERE w.about_id = q.id AND w.kind = 'answer' AND {standing_sql("w")}))"""
_SEEN = f"""FROM decisions m WHERE m.{THIS_VERSION} AND m.kind = 'missed' AND {standing_sql("m")}
    AND (m.stage = 'first' OR m.review_id = {REVIEW})"""
_SEEN_DISMISSED = f"""SELECT 1 FROM decisions v WHERE v.about_id = m.id AND v.kind = 'dismiss'
    AND (v.stage = 'adjudication' AND v.review_id = {REVIEW} OR v.stage = '{RULED}') AND {standing_sql("v")}"""
_SEEN_JUDGED = f"""SELECT 1 FROM decisions v WHERE v.about_id = m.id AND v.kind IN ('agree', 'dismiss')
    AND v.stage = 'adjudication' AND v.review_id = {REVIEW} AND {standing_sql("v")}"""
_SEEN_CONFIRMED = f"""SELECT 1 FROM decisions v WHERE v.about_id = m.id AND v.kind = 'agree'
    AND v.stage = 'second' AND v.review_id = {REVIEW} AND {standing_sql("v")}"""
DIFFERENT = f"""(EXISTS (SELECT 1 {_JUDGED} AND EXISTS (SELECT 1 FROM decisions b, decisions a
        WHERE a.finding_id = f.id AND b.finding_id = f.id AND a.stage = 'first' AND b.stage = 'second'
        AND b.review_id = {REVIEW} AND a.kind IN {listed(VERDICTS)} AND b.kind IN {listed(VERDICTS)}
        AND (a.kind <> b.kind OR a.corrected <> b.corrected) AND {standing_sql("a")} AND {standing_sql("b")})
        AND {_NOT_ADJUDICATED})
    OR EXISTS (SELECT 1 {_SEEN} AND NOT EXISTS ({_SEEN_CONFIRMED}) AND NOT EXISTS ({_SEEN_JUDGED})))"""
"""First and second verdicts differ, and nobody adjudicated yet. To be asked after the second review only."""
_UPHELD = f"""a.kind IN ('agree', 'correct') AND (f.severity IN {listed(FLAGGING)} OR a.kind = 'correct')"""
_NOT_RULED = f"NOT EXISTS (SELECT 1 FROM decisions r WHERE r.finding_id = f.id AND r.stage = '{RULED}')"
IN_ERROR = f"""(EXISTS (SELECT 1 {_JUDGED} AND {_NOT_RULED} AND (
        EXISTS (SELECT 1 {_verdict("adjudication", _OF, "a", f" AND {_UPHELD}")})
        OR EXISTS (SELECT 1 {_verdict("first", _OF, "a", f" AND {_UPHELD}")}) AND {_NOT_ADJUDICATED}))
    OR EXISTS (SELECT 1 {_SEEN} AND NOT EXISTS ({_SEEN_DISMISSED})))"""
"""The verdicts that stand uphold an error or a warning, correct a line, or a person saw an error that no rule did.
A verdict whose dispute was accepted stands no more."""


def may(roles: tuple[str, ...]) -> str:
    return f"EXISTS (SELECT 1 FROM accounts WHERE id = NEW.account_id AND active AND role IN {listed(roles)})"

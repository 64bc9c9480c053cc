"""What the database refuses about decisions, signatures, leases and releases, whoever asks.

Conditions in SQL that SQLite and PostgreSQL both read, about the row NEW that is to be added. `guards` puts them in
force. Every one of them is said earlier and more kindly by `review`, `sign_off` and `release`.
"""
# ruff: noqa: S608  (every part of these conditions is a constant)

from __future__ import annotations

from audit.store.triggers import Guard

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
_CAME = [
    """SELECT 1 FROM notes n JOIN notes x ON x.note_id = n.note_id AND x.is_current
        WHERE n.patient_id = l.patient_id AND n.service_date = l.service_date AND x.load_id > r.load_id""",
    """SELECT 1 FROM claim_lines y JOIN claims o ON o.id = y.claim_version_id
        JOIN claims x ON x.claim_id = o.claim_id AND x.is_current WHERE y.patient_id = l.patient_id
        AND y.service_date = l.service_date AND o.claim_id <> l.claim_id AND x.load_id > r.load_id""",
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


def _may(roles: tuple[str, ...]) -> str:
    return f"EXISTS (SELECT 1 FROM accounts WHERE id = NEW.account_id AND active AND role IN {listed(roles)})"


def _when(table: str, condition: str, refused: dict[str, str]) -> list[Guard]:
    return [Guard(table, "INSERT", f"{condition} AND {wrong}", sentence) for sentence, wrong in refused.items()]


def _closed(table: str, unless: str = "FALSE") -> list[Guard]:
    return _when(
        table,
        f"NOT ({unless})",
        {
            f"a newer version has replaced this version of the claim; it takes no {table}": REPLACED,
            f"this version of the claim is approved; it takes no more {table}": APPROVED,
            f"this version of the claim is released; it takes no more {table}": RELEASED,
        },
    )


def decisions() -> list[Guard]:
    """On each decision, then on what belongs to its kind and its stage."""
    return [*_closed("decisions", f"NEW.stage = '{RULED}'"), *_any_decision(), *_kinds(), *_stages()]


def _any_decision() -> list[Guard]:
    answers = f"NEW.kind IN {listed(VERDICTS)} AND"
    same = f"""d.stage = NEW.stage AND NOT (d.review_id IS DISTINCT FROM NEW.review_id)
        AND d.kind IN {listed(VERDICTS)} AND {standing_sql("d")}"""
    return _when(
        "decisions",
        "1 = 1",
        {
            "your account may not decide on claims": f"NEW.stage <> '{RULED}' AND NOT {_may(REVIEWERS)}",
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
    return _when(
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
        *_when(
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
        *_when(
            "decisions",
            later,
            {
                "your account may not give a second review": f"NOT {_may(APPROVERS)}",
                "whoever decided on a claim may not review it again": f"({DECIDED_FIRST} OR {REVIEWED})",
                "whoever rendered or billed a claim may not be its second reviewer": OWN_WORK,
            },
        ),
    ]


def signatures() -> list[Guard]:
    """On each signature, then on what belongs to its meaning."""
    any_signature = _when(
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
    return [*_closed("signatures"), *any_signature, *_first_signature(), *_other_hand(), *_outcomes()]


def _first_signature() -> list[Guard]:
    return _when(
        "signatures",
        "NEW.meaning = 'reviewed'",
        {
            "your account may not review claims": f"NOT {_may(REVIEWERS)}",
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
        found += _when(
            "signatures",
            f"NEW.meaning = '{meaning}' AND NOT {ALONE}",
            {
                f"whoever decided on a claim may not {says}": DECIDED_FIRST,
                f"whoever reviewed a claim may not {says}": REVIEWED,
                f"whoever rendered or billed a claim may not {says}": OWN_WORK,
            },
        )
        found += _when(
            "signatures",
            f"NEW.meaning = '{meaning}'",
            {f"your account may not {says}": f"NOT {_may(APPROVERS)}"},
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
        *_when(
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
        *_when("signatures", "NEW.meaning = 'approved'", decided),
        *_when("signatures", "NEW.meaning = 'returned'", {**decided, "a claim goes back with a reason": reason}),
        *_when(
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


def single_person_mode() -> list[Guard]:
    administrator = "EXISTS (SELECT 1 FROM accounts WHERE id = NEW.account_id AND active AND role = 'administrator')"
    return _when(
        "single_person_mode",
        "NEW.is_on",
        {
            "only an administrator may switch single-person mode on": f"NOT {administrator}",
            "single-person mode is for a practice in which one person reviews; two accounts may": SECOND_REVIEWER,
        },
    )


def others() -> list[Guard]:
    """On leases, plans and releases."""
    return [
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
        *_when(
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

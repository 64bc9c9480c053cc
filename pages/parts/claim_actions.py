"""The action bar of a claim: one key decides and moves on."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.auditing import running
from audit.auditing.running import SCREENING_AGAIN
from audit.errors import CountersignError
from audit.reviewing import leases, review, second_review, sign_off
from audit.reviewing.evidence import Decided, Evidence
from audit.reviewing.review_rights import TRAIL_READERS
from pages.parts import claim_dialogs
from pages.parts.signing import at_once, sign_button, skip, who
from pages.parts.store import engine

WAITING = {
    "approved": "Approved and locked. A correction comes as a new version of the claim.",
    "released": "Released and locked. A correction comes as a new version of the claim.",
    "returned": "Returned for correction. The corrected claim comes as a new version.",
    "stale": "The record or the rules changed: run the rules on this claim again.",
    "second": "Signed as reviewed. Another person reviews it a second time.",
    "ready": "Reviewed. Another person approves or returns it.",
    "adjudicate": "The two reviews differ. A third person decides where they do.",
}


def show_actions(decided: Decided, person: Account, evidence: Evidence, holds: bool) -> None:
    """The keys that this person has on this claim in its state. `holds`: nobody else is at work on it."""
    with st.container(key="claim_actions", horizontal=True, vertical_alignment="center", gap="small"):
        asked = [one for one in decided.asks.to_dict("records") if not one["answered_by"]]
        if holds and decided.state == "on_hold" and asked:
            if st.button("Record the answer…", shortcut="w", type="primary", key="answer"):
                claim_dialogs.answer(asked[0], decided, person)
        elif decided.came and decided.state == "stale" and person.role in SCREENING_AGAIN:
            again = partial(_run_again, decided, person)
            st.button("Run the rules again", shortcut="g", type="primary", key="again", on_click=again)
        elif holds and decided.stage in ("first", "second", "adjudication"):
            _deciding(decided, person, evidence)
        elif holds and decided.state == "ready":
            _approving(decided, person)
        elif person.role in review.REVIEWERS and not holds:
            st.text(WAITING.get(decided.state, "Another person is at work on this claim."))
        else:
            st.text(WAITING.get(decided.state, "Your role looks at claims, but does not decide on them."))
        if person.role in TRAIL_READERS and st.button("Record", key="record"):
            st.session_state["record_of"] = decided.claim["claim_id"]
            st.switch_page("pages/review/record.py")
        st.button("Next", shortcut="n", key="next", on_click=partial(skip, decided))
        if st.button("Keys", shortcut="h", key="keys", type="tertiary"):
            claim_dialogs.keys()


def take(decided: Decided, person: Account) -> bool:
    """Hold the claim while this person may work on it; who looks only is recorded once. Says who has it instead."""
    claim, now = int(decided.claim["id"]), utc_now()
    first_hand = decided.stage == "first" or decided.state == "on_hold"
    second_hand = decided.stage in ("second", "adjudication") or decided.state == "ready"
    works = (first_hand and person.role in review.REVIEWERS) or (second_hand and person.role in review.APPROVERS)
    st.session_state["person"] = person.id
    held = st.session_state.get("held")
    if held and held[0] == (claim, person.id, works) and now < held[1]:
        return works
    try:
        if works:
            until = leases.take(engine(), claim, **who(person)).ends_at - leases.LEASE / 3
        else:
            leases.viewed(engine(), claim, **who(person))
            until = now + leases.LEASE
    except CountersignError as error:
        st.warning(error.sentence())
        return False
    st.session_state["held"] = ((claim, person.id, works), until)
    return works


def _run_again(decided: Decided, person: Account) -> None:
    try:
        running.screen_again(engine(), [int(decided.claim["id"])], **who(person))
    except CountersignError as error:
        st.session_state["refused"] = error.sentence()
    else:
        st.session_state["said"] = "The rules ran again on this claim"


def _deciding(decided: Decided, person: Account, evidence: Evidence) -> None:
    waiting, seen = decided.undecided, decided.unjudged
    finding = waiting.head(1).to_dict("records")[0] if len(waiting) else None
    if finding:
        give, name = partial(review.decide, engine(), int(finding["id"])), f"finding_{finding['id']}"
    elif len(seen):
        give, name = partial(review.judge_missed, engine(), int(seen["id"].iloc[0])), f"missed_{seen['id'].iloc[0]}"
    if finding or len(seen):
        agree = partial(at_once, lambda: give(kind=review.AGREE, **who(person)), "Agreed. Z takes it back")
        st.button("Agree", shortcut="a", type="primary", key=f"agree_{name}", on_click=agree)
        if finding and st.button("Fix…", shortcut="f", key=f"fix_{name}"):
            claim_dialogs.fix(finding, decided, person, evidence)
        if st.button("Dismiss…", shortcut="d", key=f"dismiss_{name}"):
            claim_dialogs.dismiss(give, name, decided, person)
    if decided.stage != "adjudication":
        if st.button("Ask…", shortcut="q", key="ask"):
            claim_dialogs.ask(int(finding["id"]) if finding else None, decided, person)
        if st.button("Missed…", shortcut="m", key="missed"):
            claim_dialogs.missed(decided, person)
    _undo(decided, person)
    _sign_review(decided, person, len(waiting))


def _sign_review(decided: Decided, person: Account, left: int) -> None:
    """The signature that ends this stage; it waits until every finding has its verdict."""
    claim = int(decided.claim["id"])
    ends = {
        "first": ("Signed as reviewed", partial(sign_off.sign_reviewed, engine(), claim)),
        "second": ("Committed second review", partial(second_review.commit_second, engine(), claim)),
    }
    if decided.stage not in ends:
        return
    label, act = ends[decided.stage]
    shown = f"Sign ({left} left)" if left else label.replace("Signed", "Sign").replace("Committed", "Commit")
    look: dict[str, Any] = {"key": "sign", "type": "secondary" if left else "primary", "disabled": left > 0}
    sign_button(shown, label, person, decided, act, **look)


def _approving(decided: Decided, person: Account) -> None:
    """Approve only where nothing stands against it, else the reason; and return or send back."""
    if decided.not_judge:
        st.text(decided.not_judge)
        return
    if decided.not_approve:
        st.text(decided.not_approve)
    else:
        approve = partial(sign_off.approve, engine(), int(decided.claim["id"]))
        look = {"key": "approve", "type": "primary"}
        sign_button("Approve for submission", "Approved for submission", person, decided, approve, **look)
    if st.button("Return…", shortcut="b", key="return", type="primary" if decided.not_approve else "secondary"):
        claim_dialogs.give_back(decided, person)


def _undo(decided: Decided, person: Account) -> None:
    """One's own newest decision: taken back at once just after it was made here, later with a reason."""
    mine = _last_of(decided, person)
    if mine is not None and st.session_state.get("newest") == mine:
        back = partial(review.undo, engine(), mine, text="taken back at once")
        act = partial(at_once, lambda: back(**who(person)), "Taken back")
        st.button("Undo", shortcut="z", key="undo", on_click=act)
    elif st.button("Undo", shortcut="z", key="undo", disabled=mine is None) and mine is not None:
        claim_dialogs.undo(mine, decided, person)


def _last_of(decided: Decided, person: Account) -> int | None:
    """This person's newest standing decision on the claim."""
    made = decided.findings.loc[decided.findings["account_id"] == person.id, "decision_id"].dropna()
    seen = decided.missed.loc[decided.missed["account_id"] == person.id, "id"]
    asked = decided.asks.loc[(decided.asks["account_id"] == person.id) & (decided.asks["answered_by"] == ""), "id"]
    ids = [int(one) for one in [*made, *seen, *asked]]
    return max(ids) if ids else None

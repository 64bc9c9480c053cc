"""The action bar of a claim: one key decides and moves on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from audit import leases, review, sign_off, worklist
from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.errors import CountersignError
from audit.evidence import Decided
from pages.parts.store import engine


def show_actions(decided: Decided, person: Account) -> None:
    """The keys that this person has on this claim in its state."""
    with st.container(key="claim_actions", horizontal=True, vertical_alignment="center"):
        if decided.stage == "first" and person.role in review.REVIEWERS:
            _deciding(decided, person)
        elif decided.state == "ready" and person.role in sign_off.APPROVERS:
            _approving(decided, person)
        else:
            st.caption(_waiting_for(decided, person))
        if st.button("Next claim", shortcut="n", key="next"):
            go_on(decided)


def _waiting_for(decided: Decided, person: Account) -> str:
    if decided.state in ("approved", "released"):
        return "Approved and locked. A correction comes as a new version of the claim."
    if decided.state == "returned":
        return "Returned for correction: it waits for its corrected version."
    if decided.state in ("second", "ready"):
        return "Signed as reviewed. A second person approves or returns it."
    return "Your role looks at claims, but does not decide on them."


def _deciding(decided: Decided, person: Account) -> None:
    waiting = decided.undecided
    claim = int(decided.claim["id"])
    if len(waiting):
        finding = int(waiting["id"].iloc[0])
        if st.button("Agree: an error", shortcut="a", type="primary", key=f"agree_{finding}"):
            _do(lambda: review.decide(engine(), finding, kind=review.AGREE, **_who(person)), "Agreed")
        if st.button("Dismiss…", shortcut="d", key=f"dismiss_{finding}"):
            _dismiss(finding, person)
    if st.button("Missed error…", shortcut="m", key="missed"):
        _missed(claim, person)
    mine = _last_of(decided, person)
    if st.button("Undo", shortcut="z", key="undo", disabled=mine is None):
        _do(lambda: review.undo(engine(), int(mine or 0), text="Taken back at once", **_who(person)), "Taken back")
    ready = len(waiting) == 0
    label = "Sign as reviewed" if ready else f"Sign ({len(waiting)} to decide)"
    if st.button(label, shortcut="s", key="sign", type="primary" if ready else "secondary", disabled=not ready):
        _sign("Signed as reviewed", person, decided, lambda **who: sign_off.sign_reviewed(engine(), claim, **who))


def _approving(decided: Decided, person: Account) -> None:
    claim = int(decided.claim["id"])
    if st.button("Approve for submission", shortcut="s", type="primary", key="approve"):
        _sign("Approved for submission", person, decided, lambda **who: sign_off.approve(engine(), claim, **who))
    if st.button("Return…", shortcut="b", key="return"):
        _return(claim, person)


def _last_of(decided: Decided, person: Account) -> int | None:
    """This person's newest standing decision on the claim."""
    made = decided.findings.loc[decided.findings["account_id"] == person.id, "decision_id"].dropna()
    seen = decided.missed.loc[decided.missed["account_id"] == person.id, "id"]
    ids = [int(one) for one in [*made, *seen]]
    return max(ids) if ids else None


@st.dialog("Why is this no error?")
def _dismiss(finding: int, person: Account) -> None:
    text = st.text_input("In words (needed for the third and the last)", key=f"why_{finding}")
    for number, (reason, says) in enumerate(review.REASONS.items(), start=1):
        if st.button(says.capitalize(), shortcut=str(number), key=f"{reason}_{finding}", width="stretch"):
            decision: dict[str, Any] = {"kind": review.DISMISS, "reason": reason, "text": text}
            _do(lambda d=decision: review.decide(engine(), finding, **d, **_who(person)), "Dismissed")


@st.dialog("What did the rules miss?")
def _missed(claim: int, person: Account) -> None:
    text = st.text_area("What is wrong on this claim", key="missed_text")
    if st.button("Record the error", type="primary"):
        _do(lambda: review.report_missed(engine(), claim, text=text, **_who(person)), "Recorded")


@st.dialog("What is to be looked at again?")
def _return(claim: int, person: Account) -> None:
    text = st.text_area("For the first reviewer", key="return_text")
    password = st.text_input("Your password again", type="password", key="return_password")
    who = {**_who(person), "confirm": sign_off.by_password(password)}
    if st.button("Return for correction", type="primary"):
        _do(lambda: sign_off.return_claim(engine(), claim, text=text, **who), "Returned")
    if st.button("Send back to the reviewer"):
        _do(lambda: sign_off.send_back(engine(), claim, text=text, **who), "Sent back")


@st.dialog("Sign with your password")
def _sign(said: str, person: Account, decided: Decided, act: Callable[..., object]) -> None:
    password = st.text_input("Your password again", type="password", key="sign_password")
    if st.button(said, type="primary", key="sign_now"):
        who = {**_who(person), "confirm": sign_off.by_password(password)}
        _do(lambda: act(**who), said, then=decided)


def take(decided: Decided, person: Account) -> None:
    """Hold the claim while it is open to this person's work; who cannot is told why."""
    own = person.id in decided.signatures["account_id"].tolist()
    if person.role in review.REVIEWERS and (decided.stage == "first" or (decided.state == "ready" and not own)):
        try:
            leases.take(engine(), int(decided.claim["id"]), **_who(person))
        except CountersignError as error:
            st.warning(error.sentence())


def _who(person: Account) -> dict[str, Any]:
    return {"account_id": person.id, "at": utc_now()}


def _do(act: Callable[[], object], said: str, then: Decided | None = None) -> None:
    """Do it, say so and go on; what cannot be done is said in its own words, and nothing moves."""
    try:
        act()
    except CountersignError as error:
        st.session_state["refused"] = error.sentence()
        st.rerun()
    st.session_state["said"] = said
    if then is not None:
        go_on(then)
    st.rerun()


def go_on(decided: Decided) -> None:
    """Open the next claim of the same view; the worklist when there is none."""
    audit = st.query_params.get("audit")
    audit_id = int(audit) if audit and audit.isdigit() else None
    view = "ready" if decided.state == "ready" else "to_review"
    following = worklist.next_claim(engine(), view, after=int(decided.claim["id"]), audit_id=audit_id)
    if following is None:
        st.switch_page("pages/review/worklist.py", query_params={"view": view})
    st.query_params["claim"] = str(following)
    st.rerun()

"""What is asked before a decision that needs words. What is typed is kept as a draft and survives a reload."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import streamlit as st

from audit.access.accounts import Account
from audit.access.gate import utc_now
from audit.reviewing import correcting, drafts, proposal, review, sign_off
from audit.reviewing.evidence import Decided, Evidence
from pages.parts.claim_lines import proposal as should_read
from pages.parts.claim_units import Row
from pages.parts.signing import done, who, with_password
from pages.parts.store import engine
from pages.parts.work import attempt

DAYS_TO_ANSWER = 7
KEYS = {
    "A": "agree with the finding", "F": "fix: agree, and say how the lines should read",
    "D": "dismiss, then 1 to 5 for the reason", "Q": "ask the therapist; the claim is put on hold",
    "M": "an error that no rule found", "Z": "take back your last decision", "S": "sign, and open the next claim",
    "B": "return for correction, or send back to the reviewer", "N": "next claim",
    "H": "these keys, as ? does", "G": "run the rules again where something came since",
}  # fmt: skip


def draft(decided: Decided, person: Account, field: str, label: str, *, usual: str = "", short: bool = False) -> str:
    """A field for words whose content is kept whenever it is left."""
    claim = int(decided.claim["id"])
    kept = drafts.of(engine(), claim, person.id)
    key = f"draft_{claim}_{field}"

    def keep() -> None:
        fields = drafts.of(engine(), claim, person.id) | {field: st.session_state[key]}
        drafts.keep(engine(), claim, fields=fields, **who(person))

    ask = st.text_input if short else st.text_area
    return str(ask(label, kept.get(field, usual), key=key, on_change=keep))


def settling(decided: Decided, person: Account, field: str, act: Callable[[], object]) -> Callable[[], object]:
    """`act`, and then the words of the field are no draft any more: they became a decision."""

    def run() -> object:
        made = act()
        claim = int(decided.claim["id"])
        fields = drafts.of(engine(), claim, person.id)
        if fields.pop(field, None) is not None:
            drafts.keep(engine(), claim, fields=fields, **who(person))
        return made

    return run


def _save(label: str) -> bool:
    return st.button(label, type="primary", shortcut="s", key="dialog_save")


@st.dialog("Why is this no error?")
def dismiss(give: Callable[..., int], name: str, decided: Decided, person: Account) -> None:
    """`give` records the verdict; `name` tells what it is on."""
    field = f"dismiss_{name}"
    text = draft(decided, person, field, "In words (needed for 3 and 5)", short=True)
    for number, (reason, says) in enumerate(review.REASONS.items(), start=1):
        if st.button(says.capitalize(), shortcut=str(number), key=f"{reason}_{name}", width="stretch"):
            say = {"kind": review.DISMISS, "reason": reason, "text": text, **who(person)}
            done(settling(decided, person, field, lambda say=say: give(**say)), "Dismissed", inside=True)


@st.dialog("How should the claim read?")
def fix(finding: Row, decided: Decided, person: Account, evidence: Evidence) -> None:
    number, field = int(finding["id"]), f"fix_{finding['id']}"
    before = proposal.billed(evidence.lines)
    usual = proposal.written(should_read(evidence, finding) or before)
    st.text("One line each: number, code, modifiers, x and units. A line left out is not billed; “new” adds one.")
    text = draft(decided, person, field, "The claim's lines", usual=usual)
    lines = attempt(
        lambda: [review.LineCorrection(*one) for one in proposal.changes(before, proposal.as_written(text))]
    )
    if lines:
        checked = attempt(lambda: correcting.check(engine(), int(decided.claim["id"]), lines))
        st.text(f"The rules on these lines: {checked.sentence}" if checked else "")
        for one in checked.comes.to_dict("records") if checked else ():
            st.text(f"New: {one['rule']} {one['because']}")
    if lines is not None and _save("Agree, with these lines"):

        def act() -> int:
            return review.decide(engine(), number, kind=review.CORRECT, corrected=lines, **who(person))

        done(settling(decided, person, field, act), "Agreed and corrected", inside=True)


@st.dialog("What is the therapist to answer?")
def ask(finding: int | None, decided: Decided, person: Account) -> None:
    text = draft(decided, person, "ask", "Question")
    today = utc_now().date()
    due = st.date_input("Answer due", today + timedelta(days=DAYS_TO_ANSWER), min_value=today, format="YYYY-MM-DD")
    if _save("Ask, and put the claim on hold"):
        say: dict[str, Any] = {"text": text, "due_on": due, "finding_id": finding, **who(person)}
        act = settling(decided, person, "ask", lambda: review.ask(engine(), int(decided.claim["id"]), **say))
        done(act, "Asked; the claim is on hold", then=decided, inside=True)


@st.dialog("What did the therapist answer?")
def answer(asked: Row, decided: Decided, person: Account) -> None:
    st.text(asked["text"])
    field = f"answer_{asked['id']}"
    text = draft(decided, person, field, "Answer")
    if _save("Record the answer"):
        act = lambda: review.answer(engine(), int(asked["id"]), text=text, **who(person))  # noqa: E731
        done(settling(decided, person, field, act), "Answer recorded", inside=True)


@st.dialog("What did the rules miss?")
def missed(decided: Decided, person: Account) -> None:
    text = draft(decided, person, "missed", "What is wrong on this claim")
    if _save("Record the error"):
        claim = int(decided.claim["id"])
        act = lambda: review.report_missed(engine(), claim, text=text, **who(person))  # noqa: E731
        done(settling(decided, person, "missed", act), "Recorded", inside=True)


@st.dialog("Why is it taken back?")
def undo(decision: int, decided: Decided, person: Account) -> None:
    text = draft(decided, person, "undo", "Reason", short=True)
    if _save("Take the decision back"):
        act = lambda: review.undo(engine(), decision, text=text, **who(person))  # noqa: E731
        done(settling(decided, person, "undo", act), "Taken back", inside=True)


@st.dialog("What is to be done?")
def give_back(decided: Decided, person: Account) -> None:
    """Return a claim in error to whoever bills it, or send it back to the first reviewer."""
    text = draft(decided, person, "return", "In words")
    claim = int(decided.claim["id"])
    ways = {"Send back to the reviewer": (sign_off.send_back, "Sent back")}
    if decided.state == "ready":
        ways = {"Return for correction": (sign_off.return_claim, "Returned"), **ways}
    with st.form("return", border=False):  # a form sends what is typed; a bare field loses it to Tab
        password = st.text_input("Your password again", type="password")
        with st.container(horizontal=True):
            main = "primary" if len(ways) == 2 else "secondary"
            pressed = [
                label for n, label in enumerate(ways) if st.form_submit_button(label, type="secondary" if n else main)
            ]
    for label in pressed:
        act, said = ways[label]
        say = {"text": text, "confirm": with_password(password, person), **who(person)}
        way = settling(decided, person, "return", lambda act=act, say=say: act(engine(), claim, **say))
        done(way, said, then=decided, inside=True)


@st.dialog("Keys")
def keys() -> None:
    st.text("Keys rest while you type in a field.")
    for key, does in KEYS.items():
        st.text(f"{key}   {does}")

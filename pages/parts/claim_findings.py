"""Right side of a claim: the finding to decide on, verdicts so far, what could not be tested."""

from __future__ import annotations

import streamlit as st

from audit.access import solo
from audit.evidence import Decided, Evidence
from audit.gaps import wanted_inputs
from audit.passages import about
from audit.reference import load_facts
from audit.review import REASONS
from audit.rules import Rule, rule_book
from pages.parts.claim_evidence import place_in_note
from pages.parts.claim_lines import as_it_should_read, billed, proposal
from pages.parts.claim_units import Row
from pages.parts.compare_notes import show_copied
from pages.parts.evaluation_table import evaluation_table
from pages.parts.markup import Markup, element, link, show
from pages.parts.words import MARKS, day, dollars, severity

VERDICTS = {"agree": "agreed: an error", "dismiss": "dismissed", "": "open"}


def show_finding(one: Row, place: str, evidence: Evidence) -> None:
    """The finding to decide on: what, why, where in the note, the right way, dollars, rule and source."""
    rule = rule_book().get(one["rule"])
    mark = element("span", severity(one["severity"]), name=f"cs-mark-{one['severity']}")
    line = f" · line {one['line_number']}" if one["line_number"] else ""
    pieces = [
        element("p", place, " · ", element("strong", one["rule"]), " ", mark, line, _worth(one), name="cs-small"),
        element("h3", rule.title if rule else "A rule could not run.", name="cs-title"),
        element("p", one["because"]),
        *_passage(one, evidence),
    ]
    if one["expected"]:
        pieces.append(element("p", "Billed or found: ", element("strong", one["observed"] or "nothing")))
        pieces.append(element("p", "Right way: ", element("strong", one["expected"])))
    if one["facts_unchecked"]:
        pieces.append(element("p", "▲ Rests on a fact that nobody has checked against its source.", name="cs-small"))
    show(element("div", *pieces, name=f"cs-finding cs-{one['severity']}"))
    components = evidence.components.get(int(one["line_number"] or 0)) if one["rule"].startswith("EVAL") else None
    if components:
        show(evaluation_table(components))
    if one["rule"] == "DOC-10":
        show_copied(one["note_id"], evidence)
    if (read := proposal(evidence, one)) is not None:
        show(as_it_should_read(billed(evidence.lines), read))
    if rule:
        _show_rule(rule)


def _worth(one: Row) -> str:
    """ " · $22.21 over" and what is under beside it; "" where the finding has no price."""
    told = [(one.get("dollars_at_risk"), "over"), (one.get("dollars_under"), "under")]
    return "".join(f" · {dollars(value)} {side}" for value, side in told if value)


def rests_on(one: Row | None, evidence: Evidence) -> list[str]:
    """What the passages are about that this finding rests on."""
    return about(one["rule"], _service(one, evidence)) if one else []


def _service(one: Row, evidence: Evidence) -> str:
    code = str(one["procedure_code"] or "")
    return str(dict(zip(evidence.lines["procedure_code"], evidence.lines["service"], strict=True)).get(code, code))


def _passage(one: Row, evidence: Evidence) -> list[Markup]:
    found = place_in_note(evidence, one["rule"], _service(one, evidence))
    return [element("p", "In the note: ", link(found[0], f"“{found[1]}”"))] if found else []


def _show_rule(rule: Rule) -> None:
    titles = load_facts().sources.set_index("source")
    with st.expander(f"Rule {rule.code} · {rule.state}: why it matters, what to do, source"):
        show(
            element("p", element("strong", "Why it matters: "), rule.why),
            element("p", element("strong", "What to do: "), rule.what_to_do),
            *[
                element("p", f"{titles.loc[source, 'title']} · {titles.loc[source, 'citation']}", name="cs-small")
                for source in rule.sources
            ],
        )


def show_verdicts(decided: Decided) -> None:
    """Findings that have a verdict, errors seen by people, signatures, and what could not be tested."""
    for one in decided.findings[decided.findings["decision"] != ""].to_dict("records"):
        why = ", ".join(part for part in (REASONS.get(one["reason"], ""), one["text"]) if part)
        says = f" {one['rule']} {VERDICTS[one['decision']]}{': ' + why if why else ''} · {one['decided_by']}"
        show(element("div", MARKS[one["severity"]], says, name="cs-verdict cs-small"))
    for one in decided.missed.to_dict("records"):
        show(element("div", f"■ seen by {one['name']}: {one['text']}", name="cs-verdict cs-small"))
    for one in decided.signatures.to_dict("records"):
        says = f"{one['meaning'].capitalize()} by {one['printed_name']}, {day(one['at'])} {one['at']:%H:%M} UTC"
        says += f", {solo.MARK}" if one["single_person"] else ""
        reason = f": {one['reason']}" if one["reason"] else ""
        show(element("div", f"{says}{reason}", name="cs-verdict cs-small"))


def show_untestable(decided: Decided) -> None:
    rows = decided.untestable
    if rows.empty:
        return
    with st.expander(f"○ Not testable here ({len(rows)})"):
        for gap in wanted_inputs(rows.assign(claim_id="")).to_dict("records"):
            show(
                element("p", element("strong", gap["rules"]), f" · {gap['because']}", name="cs-small"),
                element("p", f"To test it: {gap['wanted']}.", name="cs-small cs-quiet"),
            )
        for one in rows[rows["expected"] == ""].to_dict("records"):
            show(element("p", element("strong", one["rule"]), f" · {one['because']}", name="cs-small"))

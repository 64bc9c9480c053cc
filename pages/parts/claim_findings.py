"""Right side of a claim: the finding to decide on, verdicts so far, what could not be tested."""

from __future__ import annotations

import json
from collections.abc import Mapping

from audit.access import solo
from audit.facts.reference import load_facts
from audit.feedback.answered import Answered
from audit.feedback.on_claim import Key
from audit.gaps import wanted_inputs
from audit.passages import about, rests_on_level
from audit.reviewing import sign_off
from audit.reviewing.evidence import Decided, Evidence
from audit.reviewing.review import REASONS
from audit.rules import Rule, rule_book
from pages.parts.claim_evidence import place_in_note
from pages.parts.claim_lines import as_it_should_read, billed, proposal
from pages.parts.claim_units import Row
from pages.parts.compare_notes import copied
from pages.parts.evaluation_table import evaluation_table
from pages.parts.feedback_said import with_therapist
from pages.parts.markup import Markup, details, element, link
from pages.parts.words import MARKS, day, dollars, moment, severity

VERDICTS = {"agree": "agreed: an error", "correct": "agreed and corrected", "dismiss": "dismissed"}


def finding_of(one: Row, place: str, evidence: Evidence) -> list[Markup]:
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
        told, right = element("strong", one["observed"] or "nothing"), element("strong", one["expected"])
        pieces.append(element("p", "Billed or found: ", told, " · right way: ", right))
    if one["dollars_because"]:
        pieces.append(element("p", one["dollars_because"], name="cs-small"))
    if one["facts_unchecked"]:
        pieces.append(element("p", "▲ Rests on a fact that nobody has checked against its source.", name="cs-small"))
    drawn = [element("div", *pieces, name=f"cs-finding cs-{one['severity']}")]
    components = evidence.components.get(int(one["line_number"] or 0)) if rests_on_level(one["rule"]) else None
    if components:
        drawn.append(evaluation_table(components))
    if one["rule"] == "DOC-10":
        drawn += copied(one["note_id"], evidence)
    if (read := proposal(evidence, one)) is not None:
        drawn.append(as_it_should_read(billed(evidence.lines), read))
    return [*drawn, _rule(rule)] if rule else drawn


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


def _rule(rule: Rule) -> Markup:
    told = load_facts().sources
    titles = told[told["source"].isin(rule.sources)].set_index("source")
    return details(
        f"Rule {rule.code} · {rule.state}: why it matters, what to do, source",
        element("p", element("strong", "Why it matters: "), rule.why),
        element("p", element("strong", "What to do: "), rule.what_to_do),
        *[
            element("p", f"{titles.loc[source, 'title']} · {titles.loc[source, 'citation']}", name="cs-small")
            for source in rule.sources
        ],
    )


def verdicts(decided: Decided, answers: Mapping[Key, Answered]) -> list[Markup]:
    """Findings that have a verdict and errors seen by people, each with what its therapist answered; questions and
    answers, signatures."""
    drawn: list[Markup] = []
    for one in decided.findings.to_dict("records"):
        if one["decision"]:
            drawn += _with_answers(_verdict(one), answers.get(("finding", int(one["id"]))))
    for one in decided.missed.to_dict("records"):
        seen = f"■ seen by {one['name']}: {one['text']}"
        drawn += _with_answers(seen, answers.get(("missed", int(one["id"]))))
    said: list[str] = []
    for one in decided.asks.to_dict("records"):
        told = f"{one['answered_by']}: {one['answer']}" if one["answered_by"] else f"answer due {day(one['due_on'])}"
        said.append(f"? {one['name']} asked: {one['text']} · {told}")
    for one in decided.signatures.to_dict("records"):
        reason = f": {one['reason']}" if one["reason"] else ""
        stale = "" if one["stands"] else " · changed since"
        alone = f", {solo.MARK}" if one["single_person"] else ""
        what = sign_off.MEANINGS.get(one["meaning"], one["meaning"]).capitalize()
        said.append(f"{what} by {one['printed_name']}, {moment(one['at'])}{alone}{reason}{stale}")
    return [*drawn, *[element("div", words, name="cs-verdict cs-small") for words in said]]


def _with_answers(words: str, answer: Answered | None) -> list[Markup]:
    return [element("div", words, *with_therapist(answer), name="cs-verdict cs-small")]


def _verdict(one: Row) -> str:
    lines = [corrected_line(**line) for line in json.loads(one["corrected"] or "[]")]
    why = [REASONS.get(one["reason"], ""), one["text"], *lines]
    told = ", ".join(part for part in why if part)
    rule = rule_book().get(one["rule"])
    what = f"{one['rule']} {rule.title.rstrip('.')} ·" if rule else one["rule"]
    verdict = f"{VERDICTS[one['decision']]}{': ' + told if told else ''}"
    return f"{MARKS[one['severity']]} {what} {verdict} · {one['decided_by']}"


def corrected_line(line_number: int, procedure_code: str, units: int, modifiers: list[str], remove: bool) -> str:
    """A corrected line in words."""
    if remove:
        return f"line {line_number} not billed"
    return f"line {line_number} {' '.join([procedure_code, *modifiers])} × {units}"


def untestable(decided: Decided) -> list[Markup]:
    rows = decided.untestable
    if rows.empty:
        return []
    said = []
    for gap in wanted_inputs(rows.assign(claim_id="")).to_dict("records"):
        said.append(element("p", element("strong", gap["rules"]), f" · {gap['because']}", name="cs-small"))
        said.append(element("p", f"To test it: {gap['wanted']}.", name="cs-small cs-quiet"))
    for one in rows[rows["expected"] == ""].to_dict("records"):
        said.append(element("p", element("strong", one["rule"]), f" · {one['because']}", name="cs-small"))
    return [details(f"○ Not testable here ({len(rows)})", *said)]

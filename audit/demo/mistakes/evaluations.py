"""Planted errors of evaluations: a level the findings do not support, an assistant who evaluates."""

from __future__ import annotations

from random import Random

from audit.demo.mistakes.kind import Kind, Slip, is_medicare
from audit.demo.records import EVALUATIONS, Findings, Visit
from audit.evaluations import components, limiting, sub_criteria_mismatches


def eval_overcoded(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    return _recode(visit, 1) if visit.findings else None


def eval_undercoded(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    return _recode(visit, -1) if visit.findings else None


def eval_sub_criteria(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    """The level stands, but comorbidity or assistance does not agree with it."""
    found = visit.findings
    if not found:
        return None
    code = visit.lines[0].code
    if code == "97165":
        found.comorbidities = "present"
    elif code == "97166":
        found.assistance = "none"
    elif rng.randrange(2):
        found.comorbidities = "none"
    else:
        found.assistance = "min-mod"
    (what,) = sub_criteria_mismatches(code, found.comorbidities, found.assistance)
    return Slip(what, visit.lines[0])


def eval_by_assistant(_: Random, visit: Visit, visits: list[Visit]) -> Slip | None:
    """CO on a Medicare evaluation, or an evaluation that the assistant gave and signed."""
    if not visit.findings or len(visit.services) > 1:
        return None
    line = visit.lines[0]
    if is_medicare(visit):
        line.modifiers.append("CO")
        return Slip(f"CO on {line.code}: an evaluation cannot be an assistant's", line, ("MOD-20",))
    if _busy(visit, visits):
        return None
    visit.author = visit.patient.assistant
    for service in visit.services:
        service.therapist, service.assistant = 0, service.minutes
    return Slip(f"{line.code} was given and signed by {visit.author.signature}", line)


def _recode(visit: Visit, step: int) -> Slip | None:
    """Billed and named in the note one level off; the findings stay as they are."""
    found, line, right = visit.findings, visit.lines[0], visit.lines[0].code
    place = EVALUATIONS.index(right) + step
    if found is None or not 0 <= place < len(EVALUATIONS):
        return None
    line.code = visit.services[0].code = EVALUATIONS[place]
    also = ("EVAL-03",) if sub_criteria_mismatches(line.code, found.comorbidities, found.assistance) else ()
    reason = f"the findings support {right} (limited by {_limits(found)})"
    return Slip(f"{line.code} is billed, {reason}", line, also)


def _limits(found: Findings) -> str:
    return ", ".join(limiting(components(found.history_level, list(found.deficits), found.decision_making)))


def _busy(visit: Visit, visits: list[Visit]) -> bool:
    """Whether the assistant has another patient while this visit runs."""
    assistant = visit.patient.assistant
    hours = [
        (other.start, other.end)
        for other in visits
        if other.day == visit.day and assistant in (other.author, other.helper)
    ]
    return any(start < visit.end and visit.start < end for start, end in hours)


KINDS = {
    "eval_by_assistant": Kind("EVAL-08", 4, eval_by_assistant),
    "eval_sub_criteria": Kind("EVAL-03", 4, eval_sub_criteria),
    "eval_overcoded": Kind("EVAL-01", 6, eval_overcoded),
    "eval_undercoded": Kind("EVAL-02", 3, eval_undercoded),
}

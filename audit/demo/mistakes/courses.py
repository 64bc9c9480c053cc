"""Planted errors of a course of treatment: plan, certification, progress reports, authorisation, who treats, what the
note says again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

from audit.demo.clinic import QUINTERO, next_weekday
from audit.demo.mistakes.kind import Answer, Kind, Slip, is_medicare
from audit.demo.records import Line, Visit

MOST_CLAIMS = 4
"""Claims at fault by one late certification or one missing report."""
COURSES = 2
REPORT_WITHIN = 10
"""Treatment days, as in `data/thresholds.csv`."""


def of_whole_courses(rng: Random, visits: list[Visit], spared: set[int]) -> Iterator[Answer]:
    """Errors that put several claims of one patient at fault; the patient's other visits are spared from here on."""
    by_patient: dict[str, list[Visit]] = {}
    for visit in visits:
        by_patient.setdefault(visit.patient.patient_id, []).append(visit)
    medicare = [own for own in by_patient.values() if is_medicare(own[0]) and not {id(v) for v in own} & spared]
    left = {"certification_late": COURSES, "progress_missing": COURSES}
    for own in rng.sample(medicare, len(medicare)):
        for name, kind in (("certification_late", _certification_late), ("progress_missing", _progress_missing)):
            if left[name] and (answers := kind(own)):
                left[name] -= 1
                spared |= {id(visit) for visit in own}
                yield from answers
                break


def _certification_late(own: list[Visit]) -> list[Answer]:
    plan = own[0].plan
    certified = next_weekday(plan.start + timedelta(days=32))
    late = [visit for visit in own if visit.day < certified]
    if not plan.certified_on or len(late) > MOST_CLAIMS:
        return []
    plan.certified_on = certified
    what = f"plan of {plan.start} was certified on {certified}, more than 30 days after treatment began"
    return [Answer(visit, None, "certification_late", "DOC-06", what, ()) for visit in late]


def _progress_missing(own: list[Visit]) -> list[Answer]:
    for report in [visit for visit in own if visit.note_type == "progress"]:
        late = _after_too_many(own, report)
        if 0 < len(late) <= MOST_CLAIMS:
            report.note_type = "daily"
            what = "no progress report in the ten treatment days before"
            return [Answer(visit, None, "progress_missing", "DOC-09", what, ()) for visit in late]
    return []


def _after_too_many(own: list[Visit], without: Visit) -> list[Visit]:
    """Visits on which more treatment days than allowed have passed, were it not for the report `without`."""
    late, since = [], 0
    for visit in own:
        since = 1 if visit.note_type == "evaluation" else since + 1
        if since > REPORT_WITHIN:
            late.append(visit)
        if visit.note_type in ("progress", "re-evaluation") and visit is not without:
            since = 0
    return late


def outside_plan(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    if not is_medicare(visit) or visit.note_type != "discharge":
        return None
    visit.plan.end = visit.day - timedelta(days=1)
    return Slip(f"the plan of care ended on {visit.plan.end}")


def plan_too_long(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    if not is_medicare(visit) or not visit.findings:
        return None
    visit.plan.end = visit.plan.start + timedelta(days=104)
    return Slip("the plan of care runs for 104 days; a certification covers 90")


def outside_authorization(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    if not visit.patient.authorization or visit.note_type != "discharge":
        return None
    visit.patient.authorized_to = visit.day - timedelta(days=1)
    return Slip(f"the authorisation ended on {visit.patient.authorized_to}")


def after_discharge(_: Random, visit: Visit, pool: list[Visit]) -> Slip | None:
    """The visit before the last is a discharge already."""
    if visit.note_type != "discharge":
        return None
    before = [one for one in pool if one.plan is visit.plan and one.day < visit.day]
    last = max(before, key=lambda one: one.day, default=visit)
    skipped = visit.treatment_day - last.treatment_day != 1
    if skipped or last.note_type != "daily" or last.author.is_assistant or last.in_group:
        return None
    last.note_type = "discharge"
    return Slip(f"the patient had been discharged on {last.day}", visit.lines[0])


def signed_late(rng: Random, visit: Visit, _: list[Visit]) -> Slip | None:
    if visit.note_type != "daily" or not visit.signed_at or visit.author.is_assistant or not visit.linked:
        return None
    days = rng.randrange(9, 24)
    visit.signed_at += timedelta(days=days)
    return Slip(f"the note was signed {days} days and more after the visit")


def student_minutes(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    plain = visit.note_type == "daily" and visit.per_code and not visit.in_group and visit.modality == "in_person"
    if not is_medicare(visit) or not plain or visit.helper or visit.author.is_assistant:
        return None
    visit.author = replace(visit.author, name="Ines Marchbank", credential="OTS")
    return Slip("a student gave and wrote the visit, and nothing shows a therapist in the room")


def copied_text(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    if visit.note_type != "daily" or visit.treatment_day < 3 or visit.session > 1 or not visit.linked:
        return None
    visit.copied = True
    return Slip("the text is that of the note before it")


def reevaluation_without_ground(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    if visit.note_type != "re-evaluation":
        return None
    visit.with_ground = False
    return Slip("the note names no ground for a re-evaluation", visit.line("97168"))


def second_evaluation(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    if not visit.findings or len(visit.lines) > 1 or not visit.linked or not is_medicare(visit):
        return None
    line = Line("97168", 1, ["GO"])
    visit.lines.append(line)
    return Slip("a re-evaluation is billed beside the evaluation", line, ("EVAL-07", "MOD-12", "UNIT-05"))


def deficit_twice(_: Random, visit: Visit, __: list[Visit]) -> Slip | None:
    found = visit.findings
    if not found or visit.patient.therapist == QUINTERO:
        return None
    deficit, limit = next(iter(found.deficits.items()))
    found.deficits[deficit.capitalize()] = limit
    return Slip(f"the deficit '{deficit}' is listed twice", visit.lines[0])


KINDS = {
    "second_evaluation": Kind("EVAL-06", 3, second_evaluation),
    "deficit_twice": Kind("EVAL-05", 3, deficit_twice),
    "reevaluation_without_ground": Kind("EVAL-07", 3, reevaluation_without_ground),
    "outside_plan": Kind("DOC-05", 3, outside_plan),
    "plan_too_long": Kind("DOC-08", 3, plan_too_long),
    "outside_authorization": Kind("DOC-14", 3, outside_authorization),
    "student_minutes": Kind("DOC-12", 3, student_minutes),
    "copied_text": Kind("DOC-10", 3, copied_text),
    "signed_late": Kind("DOC-04", 3, signed_late),
}

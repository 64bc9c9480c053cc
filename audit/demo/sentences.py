"""Sentences of a note that follow from its structured minutes, in the style of its writer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.demo.diary import clock
from audit.demo.families import voices
from audit.demo.records import Service, Visit
from audit.demo.services import needs_separation, pairs_in


def in_words(number: int) -> str:
    """0 to 99 in words."""
    words: dict[str, list[str]] = voices()["numbers"]
    if number < 20:
        return words["ones"][number]
    tens, ones = divmod(number, 10)
    return words["tens"][tens] + (f"-{words['ones'][ones]}" if ones else "")


def minutes_as(minutes: int, numbers: str) -> str:
    """Minutes as the writer puts them: plain "18 min", words "eighteen minutes", prime "18'"."""
    return {"plain": f"{minutes} min", "words": f"{in_words(minutes)} minutes", "prime": f"{minutes}'"}[numbers]


def listed(things: Sequence[str]) -> str:
    *most, last = things
    return f"{', '.join(most)} and {last}" if most else last


def frequency(per_week: int) -> str:
    return {1: "once a week", 2: "twice a week"}.get(per_week, f"{in_words(per_week)} times a week")


def label(visit: Visit, code: str, long: bool = False) -> str:
    """Our own plain words for a code, long or short as the writer likes."""
    full, short = voices()["labels"][code]
    return str(full if long or _voice(visit)["label"] == "long" else short)


def service_words(visit: Visit, service: Service) -> str:
    """One service as its writer puts it: label, minutes (unless only totals are kept), activity."""
    voice = _voice(visit)
    template: str = voice["service"] if visit.per_code else voice["totals_only"]
    return template.format(
        label=label(visit, service.code),
        code=service.code,
        minutes=minutes_as(service.minutes, voice["numbers"]),
        activity=service.text,
    )


def totals(visit: Visit) -> str:
    """The writer's sentence on total minutes; only the hours when a total is missing from the note."""
    start, end = clock(visit.start), clock(visit.end)
    if visit.stated_timed is None or visit.stated_total is None:
        return f"Seen {start} to {end}."
    said: str = _voice(visit)["totals"]
    return said.format(timed=visit.stated_timed, total=visit.stated_total, start=start, end=end)


def extras(visit: Visit, members: int) -> list[str]:
    """Sentences that only some visits need: video, group, two clinicians, services kept apart."""
    shared = voices()["extra"]
    said = [shared["telehealth"]] if visit.modality == "video" else []
    if visit.in_group:
        said.append(shared["group"].format(members=in_words(members)))
    if visit.helper:
        said.append(_mixed(visit))
    if needs_separation(visit):
        said += [_apart(visit, *pair) for pair in pairs_in({s.code for s in visit.services})]
    return said


def _mixed(visit: Visit) -> str:
    """Who gave how many minutes of what."""
    assert visit.helper is not None
    extra = voices()["extra"]
    parts = [(label(visit, s.code), s) for s in visit.services]
    together = [extra["together"].format(minutes=s.together, label=what) for what, s in parts if s.together]
    said: str = extra["mixed"]
    return said.format(
        therapist=visit.author.name.split()[-1],
        therapist_part=listed([f"{s.therapist} min of {what}" for what, s in parts if s.therapist]),
        assistant=visit.helper.name.split()[-1],
        assistant_part=listed([f"{s.assistant} min of {what}" for what, s in parts if s.assistant]),
        together="".join(together),
    )


def _apart(visit: Visit, first: str, second: str) -> str:
    clocks = {s.code: f"{clock(s.start or 0)}-{clock(s.end or 0)}" for s in visit.services}
    said: str = voices()["extra"]["apart"]
    return said.format(
        first=label(visit, first),
        second=label(visit, second),
        first_clock=clocks[first],
        second_clock=clocks[second],
    )


def _voice(visit: Visit) -> dict[str, Any]:
    style: dict[str, Any] = voices()["voices"][visit.author.voice]
    return style

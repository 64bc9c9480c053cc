"""Left side of a claim: what the record says."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Any

import pandas as pd

from audit.passages import about
from audit.reviewing.evidence import Evidence
from pages.parts.markup import Markup, details, element, note_text, table
from pages.parts.minutes import along_the_clock, by_service
from pages.parts.words import count, day, number

Row = Mapping[Hashable, Any]
VISITS_SHOWN = 12


def minutes(evidence: Evidence) -> list[Markup]:
    """Minutes by service and along the clock."""
    documented = evidence.services[evidence.services["in_note"]]
    drawn = [by_service(documented), along_the_clock(evidence.sessions)] if len(documented) else []
    return [element("h2", "What the note says", name="cs-section"), *drawn]


def notes(evidence: Evidence, now: Collection[str] = ()) -> list[Markup]:
    """Each note with its text. `now`: what the passages are about that the finding to decide rests on."""
    if evidence.notes.empty:
        return [element("p", "▲ There is no note for this day.", name="cs-finding cs-warning")]
    told = enumerate(evidence.note_rows)
    return [piece for place, note in told for piece in _note(place, note, evidence, now)]


def course(evidence: Evidence) -> list[Markup]:
    """Plans of care, earlier visits, the episode."""
    return [*_plans(evidence.plans), *_earlier(evidence)]


def place_in_note(evidence: Evidence, rule: str, service: str) -> tuple[str, str] | None:
    """The nearest passage a finding rests on: its anchor and its words. None when the text has none."""
    for wanted in about(rule, service):
        for place, note in enumerate(evidence.note_rows):
            for number_of, passage in enumerate(evidence.marks[note["note_id"]]):
                if wanted in passage.about:
                    return _anchor(place, number_of), note["text"][passage.start : passage.end]
    return None


def _anchor(note: int, passage: int) -> str:
    return f"passage-{note}-{passage}"


def _note(place: int, note: Row, evidence: Evidence, now: Collection[str]) -> list[Markup]:
    kind = str(note["note_type"] or "visit").capitalize()
    if note["refused_row"]:
        return [_refused(f"{kind} note {day(note['service_date'])} ", note["refused_row"])]
    author = " ".join(part for part in (note["author_name"], note["author_credential"]) if part)
    times = f"{note['start_time']}–{note['end_time']}" if note["start_time"] else "no start and end"
    timed, treatment = count(note["total_timed_minutes"]), count(note["total_treatment_minutes"])
    marks = [
        (passage.start, passage.end, _anchor(place, n), bool(passage.about & set(now)))
        for n, passage in enumerate(evidence.marks[note["note_id"]])
    ]
    return [
        element("p", element("strong", f"{kind} note {day(note['service_date'])}"), f" · {author} · {_signed(note)}"),
        element("p", f"{times} · total timed {timed} · total treatment {treatment} minutes", name="cs-small"),
        note_text(note["text"], marks) if note["text"] else element("p", "(The note has no text.)"),
    ]


def _refused(what: str, row: str) -> Markup:
    says = f"was refused when it was loaded. Mend {row} and load it again."
    return element("p", element("strong", f"▲ {what}"), says, name="cs-finding cs-warning")


def _signed(note: Row) -> str:
    if not note["signed_at"]:
        return "not signed"
    same = note["signed_at"][:10] == f"{note['service_date']:%Y-%m-%d}"
    return f"signed {'the same day' if same else day(note['signed_at'])} {note['signed_at'][11:16]}".strip()


def _plans(plans: pd.DataFrame) -> list[Markup]:
    drawn = []
    for plan in plans.to_dict("records"):
        if plan["refused_row"]:
            drawn.append(_refused("Plan of care ", plan["refused_row"]))
            continue
        by = f" by {plan['certified_by']}" if plan["certified_by"] else ""
        certified = (
            f"certified {day(plan['certified_on'])}{by}" if pd.notna(plan["certified_on"]) else "▲ not certified"
        )
        often = ", ".join(part for part in (plan["frequency"], plan["duration"]) if part)
        says = f" {day(plan['start_date'])} to {day(plan['end_date'])} · {certified}{' · ' + often if often else ''}"
        drawn.append(element("p", element("strong", "Plan of care"), says, name="cs-small"))
    return drawn


def _earlier(evidence: Evidence) -> list[Markup]:
    first = evidence.lines["service_date"].min()
    earlier = evidence.visits[evidence.visits["service_date"] < first]
    if earlier.empty:
        return [element("p", "No earlier visit of this patient is on file.", name="cs-small cs-quiet")]
    episode = [element("p", line, name="cs-small") for line in _episode(evidence, earlier)]
    visits = details(f"Earlier visits ({len(earlier):,})", _visits(earlier.head(VISITS_SHOWN)))
    return [visits, details("Episode", *episode)]


def _visits(earlier: pd.DataFrame) -> Markup:
    rows = [
        [
            element("span", day(one["service_date"]), name="cs-whole"),
            str(one["note_type"] or "visit"),
            " ".join(part for part in (one["author_name"], one["author_credential"]) if part),
            f"{count(one['total_timed_minutes'])} / {count(one['total_treatment_minutes'])}",
            one["codes"],
        ]
        for one in earlier.to_dict("records")
    ]
    header = ["date", "note", "by", "timed / all min", "services"]
    return table(header, rows, caption="The newest first", numbers=[3])


def _episode(evidence: Evidence, earlier: pd.DataFrame) -> list[str]:
    """In words: since when, how many visits, the last evaluation and progress report."""
    first = evidence.lines["service_date"].min()
    begun = evidence.plans.loc[evidence.plans["start_date"] <= first, "start_date"].max()
    of_plan = earlier[earlier["service_date"] >= begun] if pd.notna(begun) else earlier
    since = day(begun) if pd.notna(begun) else day(earlier["service_date"].min())
    said = [f"{number(of_plan['service_date'].nunique(), 'visit')} before this one since {since}."]
    for kind in ("evaluation", "re-evaluation", "progress"):
        told = earlier.loc[earlier["note_type"] == kind, "service_date"]
        if len(told):
            visits = number(earlier.loc[earlier["service_date"] > told.max(), "service_date"].nunique(), "visit")
            said.append(f"Last {kind}{' report' if kind == 'progress' else ''} {day(told.max())}, {visits} ago.")
    return said

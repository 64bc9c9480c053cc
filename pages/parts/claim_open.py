"""The one thing to decide now: a finding, what two reviews differ on, or an error that a person saw."""

from __future__ import annotations

from audit.evidence import Decided, Evidence
from pages.parts.claim_differences import show_difference
from pages.parts.claim_findings import show_finding
from pages.parts.claim_units import Row
from pages.parts.markup import element, show


def show_open(now: Decided, finding: Row | None, record: Evidence) -> None:
    """`finding` is the one to decide on, if there is one."""
    if finding:
        show_finding(finding, _place(now), record)
        _show_differences(now, "id", int(finding["id"]))
    elif len(now.unjudged):
        one = now.unjudged.to_dict("records")[0]
        show(
            element(
                "div",
                element("p", f"Error seen by {one['name']}, found by no rule", name="cs-small"),
                element("h3", one["text"], name="cs-title"),
                name="cs-finding cs-error",
            )
        )
        _show_differences(now, "missed_id", int(one["id"]))
    elif len(now.findings) == len(now.untestable):
        show(element("p", "No rule found anything on this claim.", name="cs-clean"))


def _place(now: Decided) -> str:
    left = len(now.undecided)
    if now.stage == "adjudication":
        return f"Difference, {left} left"
    all_of = len(now.findings) - len(now.untestable)
    return f"Finding {all_of - left + 1} of {all_of}"


def _show_differences(now: Decided, column: str, about: int) -> None:
    for one in now.differences[now.differences[column] == about].to_dict("records"):
        show_difference(one)

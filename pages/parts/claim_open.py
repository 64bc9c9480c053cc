"""The one thing to decide now: a finding, what two reviews differ on, or an error that a person saw."""

from __future__ import annotations

from audit.reviewing.evidence import Decided, Evidence
from pages.parts.claim_differences import difference
from pages.parts.claim_findings import finding_of
from pages.parts.claim_units import Row
from pages.parts.markup import Markup, element


def open_now(now: Decided, finding: Row | None, record: Evidence) -> list[Markup]:
    """`finding` is the one to decide on, if there is one."""
    if finding:
        return [*_differences(now, "id", int(finding["id"])), *finding_of(finding, _place(now), record)]
    if len(now.unjudged):
        one = now.unjudged.to_dict("records")[0]
        seen = element(
            "div",
            element("p", f"Error seen by {one['name']}, found by no rule", name="cs-small"),
            element("h3", one["text"], name="cs-title"),
            name="cs-finding cs-error",
        )
        return [*_differences(now, "missed_id", int(one["id"])), seen]
    if len(now.findings) == len(now.untestable):
        where = "on this claim" if now.untestable.empty else "in what can be tested of this claim"
        return [element("p", f"No rule found anything {where}.", name="cs-clean")]
    return []


def _place(now: Decided) -> str:
    left = len(now.undecided)
    if now.stage == "adjudication":
        return f"Difference, {left} left"
    all_of = len(now.findings) - len(now.untestable)
    return f"Finding {all_of - left + 1} of {all_of}"


def _differences(now: Decided, column: str, about: int) -> list[Markup]:
    return [difference(one) for one in now.differences[now.differences[column] == about].to_dict("records")]

"""The line at the top of a claim: which claim, how risky, how far the work is."""

from __future__ import annotations

from audit.reviewing import worklist
from audit.reviewing.evidence import Decided
from audit.reviewing.review import VIEWS
from audit.worth.words import NATIONAL
from pages.parts.markup import Markup, element, progress, show
from pages.parts.store import engine
from pages.parts.words import day, over_under

RISKS = {"error": ("●●●", "high"), "warning": ("●●○", "medium"), "info": ("●○○", "low")}
OPEN = ("to_review", "on_hold", "sent_back", "stale")


def show_head(now: Decided) -> None:
    claim = now.claim
    worst = next((severity for severity in RISKS if (now.findings["severity"] == severity).any()), "")
    dots, word = RISKS.get(worst, ("○○○", "none found"))
    says = [
        claim["payer_name"] or claim["payer_id"],
        f"service {day(claim['service_date'])}",
        f"rendering {claim['rendering_name'] or claim['rendering_npi']}",
        f"risk {dots} {word}",
    ]
    show(
        element(
            "div",
            element("h1", f"Claim {claim['claim_id']}"),
            *[element("span", text) for text in says],
            _how_far(),
            name="cs-head",
        ),
        *_state(now),
    )


def _how_far() -> Markup:
    done = worklist.counts(engine())
    total = sum(done.values())
    reviewed = total - sum(done[view] for view in OPEN)
    return element("span", f"{reviewed:,} of {total:,} reviewed ", progress(reviewed, total), name="cs-push cs-quiet")


def _since(now: Decided) -> str:
    if now.state != "stale":
        return ""
    return f" the rules ran: {', '.join(now.came)}" if now.came else " it was signed: the rules ran anew"


def _state(now: Decided) -> list[Markup]:
    """By which fees dollars are, the state when it is not simply waiting, why it came back, what is hidden."""
    said = [] if now.state == "to_review" else [element("strong", f"{VIEWS[now.state]}{_since(now)}.")]
    if now.findings["dollars_because"].any():
        national = now.findings["dollars_because"].str.contains(NATIONAL, regex=False).any()
        by = f", by {NATIONAL}" if national and now.over is not None else ""
        said.append(element("span", f"{over_under(now.over, now.under)}{by}."))
    if now.state == "sent_back" and len(now.signatures):
        said.append(element("span", f"“{now.signatures['reason'].iloc[-1]}”"))
    if now.plan.blind and now.covered:
        said.append(element("span", "Blind: the other person's verdicts show once both reviews are committed."))
    if now.plan.people > 1:
        said.append(element("span", f"{now.plan.people} people review it: {now.plan.why}."))
    return [element("p", *[piece for one in said for piece in (one, " ")], name="cs-small cs-state")] if said else []

"""A corrected claim: what became of the findings of the version before it, as the rules say it of this one."""

from __future__ import annotations

from typing import Any

from audit.reviewing.corrected import FATES, Since, since_before
from pages.parts.markup import Markup, element
from pages.parts.store import engine


def since(claim: dict[str, Any]) -> list[Markup]:
    """Nothing for a first version. `claim`: a row of `claims`."""
    if claim["version"] < 2:
        return []
    return [_told(one) for one in since_before(engine(), [claim["id"]])]


def _told(one: Since) -> Markup:
    lines = [
        element("li", element("strong", fate), f": {', '.join(_named(row) for row in one.findings[fate])}")
        for fate in FATES
        if one.findings[fate]
    ]
    return element("div", element("p", element("strong", one.sentence)), element("ul", *lines), name="cs-sum")


def _named(row: Any) -> str:
    return f"{row['rule']} on line {row['line_number']}" if row["line_number"] else str(row["rule"])

"""A corrected claim, judged in memory before anybody decides: which findings go, stay and come.

"Fixed" is proved by running the rules again. Nothing is written; the corrected claim itself comes as a new version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd
from sqlalchemy import Engine, select

from audit.engine import audit
from audit.errors import StateError
from audit.facts.reference import Facts, load_facts
from audit.model import MODIFIERS
from audit.reviewing.review import LineCorrection
from audit.store import reading, schema
from audit.store.database import read
from audit.tables import Tables

_SAME = ["rule", "severity", "line_number", "note_id", "procedure_code"]


@dataclass(frozen=True)
class Checked:
    """Findings on the claim, columns of `model.FINDING_COLUMNS`: those that the correction ends, those that it
    leaves, and those that it brings."""

    goes: pd.DataFrame
    stays: pd.DataFrame
    comes: pd.DataFrame

    @property
    def sentence(self) -> str:
        left = len(self.stays[self.stays["severity"].isin(("error", "warning"))])
        new = len(self.comes[self.comes["severity"].isin(("error", "warning"))])
        return f"{len(self.goes)} findings go, {left} errors or warnings stay, {new} come new."


def check(
    engine: Engine, claim_version_id: int, corrections: Sequence[LineCorrection], facts: Facts | None = None
) -> Checked:
    """Run the rules on the claim as it is and as corrected. Raises StateError for a line or value that cannot be."""
    tables = reading.tables_in_store(engine, claim_version_ids=[claim_version_id])
    claims = schema.claims
    with read(engine) as connection:
        claim_id = connection.execute(select(claims.c.claim_id).where(claims.c.id == claim_version_id)).scalar_one()
    facts = facts or load_facts()
    mended = corrected(tables, claim_id, corrections)  # first: what cannot be is refused before any rule runs
    before, after = (_of_claim(audit(one, facts), claim_id) for one in (tables, mended))
    was, is_now = _keys(before), _keys(after)
    return Checked(before[~was.isin(is_now)], before[was.isin(is_now)], after[~is_now.isin(was)])


def corrected(tables: Tables, claim_id: str, corrections: Sequence[LineCorrection]) -> Tables:
    """The tables with these lines of the claim as they should read. A line number that the claim does not have is
    a new line, like the claim's first one but for code, units and modifiers."""
    rows = tables.claims.copy()
    for one in corrections:
        _refuse_impossible(one)
        here = (rows["claim_id"] == claim_id) & (rows["line_number"] == one.line_number)
        if one.remove:
            if not here.any():
                raise StateError(f"the claim has no line {one.line_number}", do="Name a line of the claim")
            rows = rows[~here]
            continue
        if not here.any():
            first = tables.claims[tables.claims["claim_id"] == claim_id].iloc[[0]]
            rows = pd.concat([rows, first.assign(line_number=one.line_number)], ignore_index=True)
            rows["line_number"] = rows["line_number"].astype("Int64")
            here = (rows["claim_id"] == claim_id) & (rows["line_number"] == one.line_number)
        rows.loc[here, "procedure_code"] = one.procedure_code
        rows.loc[here, "units"] = one.units
        for name, value in zip(MODIFIERS, [*one.modifiers, "", "", "", ""], strict=False):
            rows.loc[here, name] = value
        rows.loc[here, "modifiers_told"] = ""
    return replace(tables, claims=rows.reset_index(drop=True))


def _refuse_impossible(one: LineCorrection) -> None:
    if one.units < 0 or (one.units == 0 and not one.remove):
        raise StateError(f"{one.units} units cannot be billed", do="Give 1 or more, or remove the line")
    if not one.procedure_code.strip():
        raise StateError("a line needs a procedure code", do="Give the code, or remove the line")
    if len(one.modifiers) > len(MODIFIERS):
        raise StateError("a line has at most four modifiers", do="Leave one out")


def _of_claim(found: pd.DataFrame, claim_id: str) -> pd.DataFrame:
    return found[(found["claim_id"] == claim_id) & (found["severity"] != "untestable")].reset_index(drop=True)


def _keys(found: pd.DataFrame) -> pd.Series[str]:
    """What makes two findings the same one, whatever their numbers say."""
    parts = [found[name].astype("str").fillna("") for name in _SAME]
    return pd.Series(["\n".join(values) for values in zip(*parts, strict=True)], index=found.index, dtype="str")

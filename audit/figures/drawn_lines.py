"""The lines of the claims an audit drew, each with what reviewers upheld on it.

A line is in error when an upheld finding of severity error or warning, or a correction, names it. One that names a
code and no line is of all lines with the code; one that names neither, as an error no rule found, is of all lines of
its claim, and so is a missing record. Lines are those of the version that was drawn.
"""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, Engine, select

from audit.figures.results import Results, against_the_claim
from audit.reviewing.review import decisions, findings
from audit.store import schema
from audit.store.database import read
from audit.store.rows import among

DISCIPLINES = {"GO": "OT", "GP": "PT", "GN": "SLP"}
NOT_SAID = "not said"
MISSED = "seen by a person"
"""In place of a rule, for errors that no rule found."""
PARTED = "; "


def drawn_lines(engine: Engine, now: Results) -> pd.DataFrame:
    """A row for each line of each drawn claim of `now.claims`, in its order: claim_version_id, line_number,
    procedure_code, place, discipline, payer, therapist, service_date (of the line), rules (those upheld on it,
    parted by PARTED), in_error."""
    ids = [int(one) for one in now.claims["claim_version_id"]]
    with read(engine) as connection:
        lines, upheld = _lines(connection, ids), _upheld(connection, ids)
    rules: dict[tuple[int, int], set[str]] = {}
    for one in upheld.to_dict("records"):
        of_claim = lines[lines["claim_version_id"] == one["claim_version_id"]]
        for number in _named(of_claim, one["line_number"], one["procedure_code"]):
            rules.setdefault((int(one["claim_version_id"]), number), set()).add(one["rule"])
    keys = zip(lines["claim_version_id"].tolist(), lines["line_number"].tolist(), strict=True)
    lines["rules"] = [PARTED.join(sorted(rules.get(key, ()))) for key in keys]
    of_claims = now.claims[["claim_version_id", "payer", "therapist", "missing"]]
    found = of_claims.merge(lines, on="claim_version_id", how="left", validate="1:m")
    return found.assign(in_error=found["missing"] | (found["rules"] != ""))


def _named(lines: pd.DataFrame, number: float | None, code: str | None) -> list[int]:
    here = lines
    if number is not None and not pd.isna(number):
        here = lines[lines["line_number"] == number]
    elif code and (lines["procedure_code"] == code).any():
        here = lines[lines["procedure_code"] == code]
    return [int(one) for one in here["line_number"]]


def _lines(connection: Connection, ids: list[int]) -> pd.DataFrame:
    table = schema.claim_lines
    modifiers = [table.c[f"modifier_{n}"] for n in (1, 2, 3, 4)]
    columns = [table.c[name] for name in ("claim_version_id", "line_number", "procedure_code", "service_date")]
    query = select(*columns, table.c.place_of_service.label("place"), *modifiers)
    found = connection.execute(query.where(among(connection, table.c.claim_version_id, ids)))
    rows = pd.DataFrame(found.all(), columns=list(found.keys()))
    said = rows[[column.name for column in modifiers]].apply(lambda column: column.map(DISCIPLINES))
    rows["discipline"] = said.bfill(axis=1).iloc[:, 0].fillna(NOT_SAID).astype("str")
    rows["place"] = rows["place"].fillna("").replace("", NOT_SAID)
    keep = ["claim_version_id", "line_number", "procedure_code", "service_date", "place", "discipline"]
    return rows[keep].sort_values(["claim_version_id", "line_number"], kind="stable")


def _upheld(connection: Connection, ids: list[int]) -> pd.DataFrame:
    """claim_version_id, line_number, procedure_code, rule of what stands against these versions."""
    query = (
        select(decisions.c.claim_version_id, findings.c.line_number, findings.c.procedure_code, findings.c.rule)
        .outerjoin(findings, findings.c.id == decisions.c.finding_id)
        .where(against_the_claim(), among(connection, decisions.c.claim_version_id, ids))
    )
    found = connection.execute(query)
    rows = pd.DataFrame(found.all(), columns=list(found.keys()))
    return rows.assign(rule=rows["rule"].fillna(MISSED))

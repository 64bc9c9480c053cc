"""What payers answered: payments and denials of claims and lines, tied to what was billed.

A paid line is tied to its claim line by the line control number (837P REF*6R, returned in the 835), else by the line's
own number where the payer returned that, else by code, modifiers and date where these name one line only, else by
code and date.
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
from sqlalchemy import Connection, Engine, Table, select

from audit import model
from audit.facts.reference import Facts
from audit.model import MODIFIERS
from audit.store import schema
from audit.store.database import read
from audit.store.fetched import fetched
from audit.store.remembered import loaded, once
from audit.store.rows import among

TIED_BY = ["line_number", "line_control_number", "procedure_code", *MODIFIERS, "service_date"]
REVERSAL = "22"
WAYS = {
    "control number": ["line_control_number"],
    "line number": ["as_number"],
    "code, modifiers and date": ["procedure_code", "modifiers", "service_date"],
    "code and date": ["procedure_code", "service_date"],
}
"""How a paid line finds its claim line, the surest first: columns that must be the same."""


def payments_of(engine: Engine, claim_ids: Collection[str] | None = None) -> pd.DataFrame:
    """Current payments of these claims (None: of all), in the order in which they were paid.

    Columns of `model.PAYMENTS`, and: `claim_known` (bool: a claim of this id is loaded), `line_number` (Int64, of the
    claim's current version; missing for the claim as a whole, position 0, and where no line fits), `matched_by` (one
    of WAYS, "" when nothing fits), `reversed` (bool: another payment of the claim takes it back, or it does so).
    """
    with read(engine) as connection:
        return _payments(connection, claim_ids)


def adjustments_of(engine: Engine, claim_ids: Collection[str] | None = None) -> pd.DataFrame:
    """Current adjustments of these claims (None: of all): columns of `model.ADJUSTMENTS`."""
    with read(engine) as connection:
        return _rows(connection, schema.adjustments, model.ADJUSTMENTS, claim_ids)


def answers_of(connection: Connection, claim_id: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Payments and adjustments of one claim, as `payments_of` and `adjustments_of` have them."""
    return (
        _payments(connection, [claim_id]),
        _rows(connection, schema.adjustments, model.ADJUSTMENTS, [claim_id]),
    )


def strays(engine: Engine, most: int = 50) -> tuple[int, pd.DataFrame]:
    """How many paid claims belong to no loaded claim, and the newest of them: claim_id, payer_name, payment_date,
    trace_number, charge_amount, paid_amount. Looked for once for each load, and not whenever the page is shown."""
    paid = schema.payments
    names = ("claim_id", "payer_name", "payment_date", "trace_number", "charge_amount", "paid_amount")
    query = select(*[paid.c[name] for name in names]).order_by(paid.c.payment_date.desc(), paid.c.id)
    with read(engine) as connection:
        ids = once(connection, "payments without a claim", loaded, lambda: _strays(connection))
        rows = connection.execute(query.where(among(connection, paid.c.id, ids[:most]))).all()
    return len(ids), pd.DataFrame(rows, columns=list(names))


def _strays(connection: Connection) -> list[int]:
    """Ids of the payments that belong to no loaded claim, the newest first."""
    paid, claims = schema.payments, schema.claims
    held = select(claims.c.claim_id).where(claims.c.is_current)  # gathered once, not looked up for every payment
    query = select(paid.c.id).where(paid.c.is_current, paid.c.position == 0, paid.c.claim_id.not_in(held))
    return list(connection.execute(query.order_by(paid.c.payment_date.desc(), paid.c.id)).scalars())


def words(facts: Facts) -> dict[tuple[str, str], str]:
    """By kind (group, status, reason, remark) and code, what the code says; codes not on file are not in it."""
    rows = facts["remittance_codes"]
    return dict(zip(zip(rows["kind"], rows["code"], strict=True), rows["label"], strict=True))


def _payments(connection: Connection, claim_ids: Collection[str] | None) -> pd.DataFrame:
    found = _rows(connection, schema.payments, model.PAYMENTS, claim_ids)
    ids = found["claim_id"].unique().tolist()
    lines, claims = schema.claim_lines, schema.claims
    columns = [claims.c.claim_id, *[lines.c[name] for name in TIED_BY]]
    query = select(*columns).join(claims).where(claims.c.is_current, among(connection, claims.c.claim_id, ids))
    billed = fetched(connection, query, model.CLAIMS)
    tied = matched(found, billed)
    return tied.assign(claim_known=tied["claim_id"].isin(billed["claim_id"]), reversed=_taken_back(tied))


def _rows(connection: Connection, held: Table, table: model.Table, claim_ids: Collection[str] | None) -> pd.DataFrame:
    query = select(*[held.c[name] for name in table.names]).where(held.c.is_current)
    if claim_ids is not None:
        query = query.where(among(connection, held.c.claim_id, list(claim_ids)))
    order = [held.c[name] for name in ("payment_date",) if name in held.c]
    return fetched(connection, query.order_by(*order, held.c.load_id, held.c.id), table)


def matched(payments: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """`payments` with `line_number` and `matched_by`, each line in the surest way that names one claim line."""
    paid, billed = _keyed(payments), _keyed(lines)
    # a code that the payer changed is sought under the one that was billed
    paid["procedure_code"] = paid["billed_procedure_code"].where(
        paid["billed_procedure_code"] != "", paid["procedure_code"]
    )
    paid["as_number"] = paid["line_control_number"]
    billed["as_number"] = billed["line_number"].astype("str").where(billed["line_control_number"] == "", "")
    number = pd.Series(pd.NA, index=payments.index, dtype="Int64")
    way = pd.Series("", index=payments.index, dtype="str")
    for name, columns in WAYS.items():
        key = ["claim_id", *columns]
        single = billed[~billed.duplicated(key, keep=False) & (billed[columns[0]] != "")]
        sought = paid.loc[(paid["position"] > 0) & number.isna() & (paid[columns[0]] != ""), key]
        found = sought.reset_index().merge(single[[*key, "line_number"]], on=key).set_index("index")["line_number"]
        number.loc[found.index] = found
        way.loc[found.index] = name
    return payments.assign(line_number=number, matched_by=way)


def _keyed(rows: pd.DataFrame) -> pd.DataFrame:
    """With `modifiers`: in alphabetical order, since payers reorder them."""
    several = rows[(rows[MODIFIERS[1:]] != "").any(axis=1)]
    cells = several[MODIFIERS].itertuples(index=False, name=None)
    told = pd.Series([" ".join(sorted(filter(None, of))) for of in cells], index=several.index, dtype="str")
    return rows.assign(modifiers=told.reindex(rows.index).fillna(rows["modifier_1"]))


def _taken_back(payments: pd.DataFrame) -> pd.Series[bool]:
    """Reversals (claim status 22), and the payments of the same payer and claim that came before the last of them."""
    key = [payments["claim_id"], payments["payer_id"]]
    place = pd.Series(range(len(payments)), index=payments.index)
    last = place.where(payments["status"] == REVERSAL, -1).groupby(key).transform("max")
    return place <= last

"""Payer profiles edited in the app: each change is a new row with its first day, who saved it, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

import pandas as pd
from sqlalchemy import Engine, insert

from audit.access.permission import account_may
from audit.errors import InputError
from audit.facts.reference import load_facts
from audit.grains.pairs import table_of
from audit.model import PAYERS
from audit.store import kept, payers, schema, trail
from audit.store.came_since import concerned_by_profile
from audit.store.database import read, write

EDITORS = ("administrator",)
CHOICES = {column.name: ("", *column.words) for column in PAYERS.columns if column.words}
"""Words of each column; "" is "not known"."""
PAYER_ID = re.compile(r"[^\x00-\x1f]{1,200}")


def pair_lists() -> list[str]:
    """Lists of pairs a profile may name: those on file, Medicaid's, "none", and "" for not known."""
    own = [name.removeprefix("pairs:") for name in load_facts().tables if name.startswith("pairs:")]
    return list(dict.fromkeys(["", "medicare", "medicaid", "none", *own]))


def saved(engine: Engine) -> pd.DataFrame:
    """As `store.payers.history`, newest first."""
    with read(engine) as connection:
        return payers.history(connection).iloc[::-1].reset_index(drop=True)


def save(
    engine: Engine,
    profile: Mapping[str, str],
    *,
    effective_from: date,
    reason: str,
    account_id: int,
    at: datetime,
) -> int:
    """Add a profile that holds from `effective_from` on; return its id. `profile`: the words of PAYERS by column.

    Raises InputError for a missing payer or reason, or a word that is not one of the column's; AccessError for
    someone who may not.
    """
    row = {name: str(profile.get(name, "")).strip() for name in PAYERS.names if not name.startswith("effective_")}
    _check(row, reason)
    with write(engine) as connection:
        account_may(connection, account_id, EDITORS)
        values = {**row, "effective_from": effective_from, "reason": reason.strip(), "account_id": account_id, "at": at}
        table = schema.payer_profiles
        new: int = connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one()
        kept.refresh(connection, sorted(concerned_by_profile(connection, new)), at)
        details = {**row, "effective_from": effective_from.isoformat()}
        subject = f"payer {row['payer_id']}"[:200]
        trail.record(connection, kind="payer profile saved", subject=subject, account_id=account_id, at=at,
                     details=details)  # fmt: skip
    return new


def _check(row: Mapping[str, str], reason: str) -> None:
    if not PAYER_ID.fullmatch(row["payer_id"]):
        raise InputError("no payer is named", where="payer_id", do="Write the id that stands on its claims")
    if not reason.strip():
        raise InputError("no reason is given", where="reason", do="Say where this is known from")
    for name, words in CHOICES.items():
        if row[name] not in words:
            raise InputError("the word is not known", where=name, do=f"Use one of: {', '.join(words[1:])}")
    named = row["pair_edits"]
    if named not in ("", "medicaid", "none") and table_of(named) not in load_facts().tables:
        raise InputError("this list of pairs is not loaded", where="pair_edits", do="Load it as facts first")

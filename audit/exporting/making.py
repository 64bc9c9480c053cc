"""Who may take a report out of the house, in which form, and the event that it leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from audit.access import permission
from audit.access.permission import account_may
from audit.errors import InputError
from audit.exporting.on_paper import on_paper
from audit.exporting.report import Report, report_of
from audit.exporting.text import as_csv, as_json
from audit.exporting.workbook import workbook
from audit.model import Role
from audit.store import trail
from audit.store.database import write

EXPORTERS: tuple[Role, ...] = ("manager", "administrator", "auditor")
"""Roles that take reports out. None of them reviews: the verdict on a claim is shown to nobody who may not see it."""
IDENTIFIERS: tuple[Role, ...] = ("manager", "auditor")
"""Roles that may take one out that names claims and patients by their ids."""


@dataclass(frozen=True, slots=True)
class Form:
    says: str
    ending: str
    mime: str
    write: Callable[[Report, datetime], bytes]


FORMS: dict[str, Form] = {
    "pdf": Form("PDF", "pdf", "application/pdf", lambda report, _: on_paper(report)),
    "xlsx": Form(
        "Workbook", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook
    ),
    "csv": Form("CSV files (zip)", "zip", "application/zip", as_csv),
    "json": Form("JSON", "json", "application/json", lambda report, _: as_json(report)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    name: str
    content: bytes
    sha256: str


def export(
    engine: Engine,
    audit_id: int,
    form: str,
    *,
    account_id: int,
    at: datetime,
    identified: bool = False,
    reason: str = "",
) -> Made:
    """The report on an audit as a file, recorded with who, what, why and its SHA-256.

    Raises AccessError for roles that may not, InputError when patients are asked for without a reason.
    """
    made_by = permission.printed_name(engine, account_id)
    permission.demand_now(engine, account_id, IDENTIFIERS if identified else EXPORTERS)
    if identified and not reason.strip():
        raise InputError("no reason is given", where="reason", do="Say why patients have to be named")
    content = FORMS[form].write(report_of(engine, audit_id, made_by=made_by, at=at, identified=identified), at)
    digest = hashlib.sha256(content).hexdigest()
    told = {
        "form": form,
        "sha256": digest,
        "patients": "named" if identified else "not named",
        "reason": reason.strip(),
    }
    with write(engine) as connection:
        account_may(connection, account_id, IDENTIFIERS if identified else EXPORTERS)
        subject = f"audit {audit_id}"
        trail.record(connection, kind="report exported", subject=subject, account_id=account_id, at=at, details=told)
    return Made(f"audit-{audit_id}{'-identified' if identified else ''}.{FORMS[form].ending}", content, digest)

"""The dossier of a sample: one file with all that a stranger needs to draw it again and come to the same numbers.

A zip of `dossier.json` (what, who, when, seed, results), `frame.csv`, `plan.json`, `sample.csv` (the claims in the
order drawn, with their reviews) and `dossier.pdf` for people. It names claims by their ids and no patient.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import typst
from sqlalchemy import Engine, select

from audit import __version__
from audit.access import permission
from audit.auditing.audits import Audit
from audit.errors import CountersignError, InputError, StateError
from audit.estimates import Estimate
from audit.estimates.projections import Projection
from audit.figures.judging import Dollars, dollars_of, estimate_of, strata_of, watched
from audit.figures.results import Results, results
from audit.model import Role
from audit.sampling import Frame, Plan, draw_sample
from audit.store import database, schema, trail
from audit.store.database import read
from audit.workbook_look import UNREADABLE

FORMAT = "countersign dossier 2"
TEMPLATE = Path(__file__).parents[1] / "templates" / "dossier.typ"
SAMPLE = ["position", "stratum", "claim_id", "reviewed", "missing", "in_error", "over", "under", "unpriced"]
"""`over` and `under` are dollars and cents, `unpriced` yes or no; empty where the plan does not ask for dollars, or
before every claim is reviewed."""
PARTS = ("dossier.json", "frame.csv", "plan.json", "sample.csv")
EXPORTERS: tuple[Role, ...] = ("manager", "administrator")
"""Not those who review: it holds the verdict on each claim, which a blind second reviewer must not see."""
LARGEST = 200_000_000
"""Bytes that one part of a dossier may unpack to: a frame of two million claims."""
Facts = dict[str, Any]


def export(engine: Engine, audit_id: int, *, account_id: int, at: datetime) -> bytes:
    """`write` for a person of EXPORTERS, with the event that it leaves."""
    permission.demand_now(engine, account_id, EXPORTERS)
    made = write(engine, results(engine, audit_id), made_by=permission.printed_name(engine, account_id), at=at)
    with database.write(engine) as connection:
        details = {"sha256": hashlib.sha256(made).hexdigest()}
        subject = f"audit {audit_id}"
        trail.record(connection, kind="dossier", subject=subject, account_id=account_id, at=at, details=details)
    return made


def write(engine: Engine, now: Results, *, made_by: str, at: datetime) -> bytes:
    """The dossier of a drawn sample as it stands now. Raises StateError when the audit is no sample or not drawn."""
    if not now.audit.plan or not now.audit.seed:
        raise StateError("there is no drawn sample to tell of", do="Freeze a plan and draw its seed")
    facts = _facts(engine, now, made_by, at)
    sample = sample_csv(now.claims)
    parts = {
        "dossier.json": json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False) + "\n",
        "frame.csv": now.audit.frame.to_csv(),
        "plan.json": now.audit.plan.to_json(),
        "sample.csv": sample,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, text.encode())
        file.writestr("dossier.pdf", on_paper(facts, now))
    return out.getvalue()


def sample_csv(claims: pd.DataFrame) -> str:
    """The drawn claims in their order, as canonical CSV (LF, no BOM)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(SAMPLE)
    for position, row in enumerate(claims.to_dict("records"), start=1):
        flags = [_yes(row[name]) for name in SAMPLE[3:6]]
        money = [row["over"], row["under"], _yes(row["unpriced"])] if "over" in row else ["", "", ""]
        writer.writerow([position, row["stratum"], row["claim_id"], *flags, *money])
    return text.getvalue()


def _facts(engine: Engine, now: Results, made_by: str, at: datetime) -> Facts:
    audit, plan = now.audit, now.audit.plan
    assert plan is not None
    accounts, audits, runs = schema.accounts, schema.audits, schema.runs
    with read(engine) as connection:
        row = connection.execute(
            select(audits.c.frozen_at, audits.c.seeded_at, accounts.c.name)
            .join(accounts, accounts.c.id == audits.c.account_id)
            .where(audits.c.id == audit.id)
        ).one()
        run = connection.execute(select(runs).where(runs.c.id == audit.run_id)).mappings().one()
        same_frame = select(audits.c.id).where(audits.c.frame_sha256 == audit.frame.sha256, audits.c.id != audit.id)
        others = list(connection.execute(same_frame.order_by(audits.c.id)).scalars())
    dates = now.claims["service_date"]
    return {
        "format": FORMAT,
        "audit": audit.name,
        "audit_id": audit.id,
        "objective": now.question,
        "universe": "the claims of one screening, as they were loaded and current when the frame was frozen",
        "unit": "claim",
        "dates_of_service_drawn": [str(dates.min()), str(dates.max())],
        "screening": {key: str(run[key]) for key in ("id", "code_version", "facts_sha256", "finished_at")},
        "frame": {
            "sha256": audit.frame.sha256,
            "claims": audit.frame.size,
            "excluded": len(audit.frame.rows) - audit.frame.size,
        },
        "plan_sha256": plan.plan_sha256,
        "seed": audit.seed,
        "frozen_by": row.name,
        "frozen_at": row.frozen_at.isoformat(),
        "seeded_at": row.seeded_at.isoformat(),
        "other_audits_of_this_frame": others,
        "replacements": "none; a drawn claim without a record counts as an error",
        "results": results_of(now.strata, now.estimate, now.dollars, now),
        "answer": now.sentence,
        "made_by": made_by,
        "made_at": at.isoformat(),
        "made_with": f"Countersign {__version__}",
    }


def results_of(
    strata: pd.DataFrame, estimate: Estimate | None, dollars: Dollars | None, now: Results | None = None
) -> Facts:
    """Counts by stratum, the interval and the dollars (None before the planned end), the verdict of the monitor."""
    seen = now.watch if now else None
    return {
        "strata": strata.astype(object).to_dict("records"),
        "estimate": None
        if estimate is None
        else {"rate": estimate.rate, "lower": estimate.lower, "upper": estimate.upper},
        "dollars": None
        if dollars is None
        else {
            "over": _projected(dollars.over),
            "under": _projected(dollars.under),
            "over_one_sided": _projected(dollars.recovery),
            "claims_with_an_error_without_price": dollars.unpriced,
        },
        "monitor": None if seen is None else asdict(seen),
    }


def _projected(one: Projection) -> Facts:
    """In cents, so that another machine's last digit does not matter; no limits where there are none."""
    lower, upper = (round(one.lower, 2), round(one.upper, 2)) if one.bounded else (None, None)
    return {"total": round(one.total, 2), "lower": lower, "upper": upper, "confidence": one.confidence}


def on_paper(facts: Facts, now: Results) -> bytes:
    """The dossier as a PDF, with the same words and numbers as on the screen."""
    plan = now.audit.plan
    assert plan is not None
    frame, run = facts["frame"], facts["screening"]
    drawn = "{} to {}".format(*facts["dates_of_service_drawn"])
    strata = [
        [str(row[name]) if name == "stratum" else f"{row[name]:,}" for name in now.strata.columns]
        for row in now.strata.to_dict("records")
    ]
    told = {
        "title": f"Sample audit: {facts['audit']}",
        "answer": facts["answer"],
        "parts": [
            _pairs("What was asked", [("Objective", facts["objective"]), ("Universe", facts["universe"]),
                                      ("Unit", facts["unit"]), ("Dates of service drawn", drawn)]),
            _pairs("What was fixed, in this order", [
                ("Screening", f"no. {run['id']} of {run['finished_at'][:10]}, version {run['code_version']}"),
                ("Facts SHA-256", run["facts_sha256"]),
                ("Frame", f"{frame['claims']:,} claims, {frame['excluded']:,} excluded"),
                ("Frame SHA-256", frame["sha256"]), ("Plan", plan.description), ("Method", plan.method),
                ("It ends", plan.stop_rule), ("Plan SHA-256", facts["plan_sha256"]),
                ("Frozen", f"{facts['frozen_at'][:16]} UTC by {facts['frozen_by']}"),
                ("Seed", facts["seed"]), ("Seed drawn", f"{facts['seeded_at'][:16]} UTC"),
                ("Replacements", facts["replacements"]),
            ]),
            {"heading": "What was found", "head": ["stratum", "in the frame", "drawn", "reviewed", "in error"],
             "rows": strata, "text": now.interval},
            *([{"heading": "What it comes to in dollars", "text": now.dollars.sentence}] if now.dollars else []),
            _pairs("How to check it", [
                ("Draw it again", "countersign verify-sample DOSSIER.zip"),
                ("By hand", "Sort the claim ids of each stratum by the SHA-256 of seed, comma, id; the first are "
                            "the sample (watched and by-dollars plans: see docs/statistics.md)."),
                ("Made", f"{facts['made_at'][:16]} UTC by {facts['made_by']} with {facts['made_with']}"),
            ]),
        ],
        "claims": [
            [str(place), row["claim_id"], row["stratum"], "missing" if row["missing"] else _yes(row["reviewed"]),
             _yes(row["in_error"])]
            for place, row in enumerate(now.claims.to_dict("records"), start=1)
        ],
    }  # fmt: skip
    return bytes(typst.compile(TEMPLATE, sys_inputs={"dossier": json.dumps(told)}, ignore_system_fonts=False))


def _pairs(heading: str, rows: list[tuple[str, str]]) -> Facts:
    return {"heading": heading, "pairs": [[name, text, "SHA" in name or name == "Seed"] for name, text in rows]}


def _yes(flag: object) -> str:
    return "yes" if flag else "no"


def verify(path: Path) -> list[str]:
    """Draw the sample of a dossier again and count its reviews anew: what differs, in words; [] when all is equal.

    Raises InputError for a file that is no dossier.
    """
    parts = _parts(path)
    try:
        facts = json.loads(parts["dossier.json"])
        seed, said = facts["seed"], facts["results"]
        frame_hash, plan_hash, name = facts["frame"]["sha256"], facts["plan_sha256"], facts["audit"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("dossier.json is not what a dossier holds", where=str(path), do="Use it as saved") from error
    frame, plan = Frame.from_csv(parts["frame.csv"]), Plan.from_json(parts["plan.json"])
    wrong = []
    if frame.sha256 != frame_hash:
        wrong.append(f"frame.csv has the SHA-256 {frame.sha256}, the dossier names {frame_hash}")
    if plan.plan_sha256 != plan_hash:
        wrong.append(f"plan.json has the SHA-256 {plan.plan_sha256}, the dossier names {plan_hash}")
    claims = _claims(parts["sample.csv"], path)
    try:
        order = draw_sample(frame, plan, seed).order
    except CountersignError as error:
        return [*wrong, error.sentence()]
    found = list(zip(claims["stratum"], claims["claim_id"], strict=True))
    for place, (drawn, listed) in enumerate(zip(order, found, strict=False), start=1):
        if drawn != listed:
            wrong.append(f"sample.csv, position {place}: {listed[1]} is listed, {drawn[1]} is drawn")
            break
    if len(order) != len(found):
        wrong.append(f"sample.csv lists {len(found):,} claims, {len(order):,} are drawn")
    if not wrong:
        wrong = _counted_again(Audit(0, name, 0, plan.kind, frame, plan, seed), claims, said)
    return wrong


def _counted_again(audit: Audit, claims: pd.DataFrame, said: Facts) -> list[str]:
    strata = strata_of(audit, claims)
    dollars = dollars_of(audit, claims) if (claims["over"] != "").all() else None
    again = json.loads(json.dumps(results_of(strata, estimate_of(audit, strata), dollars)))
    wrong = [f"{key}: the reviews give {again[key]}, the dossier says {said.get(key)}"
             for key in ("strata", "estimate", "dollars") if again[key] != said.get(key)]  # fmt: skip
    seen, told = watched(audit, claims), said.get("monitor")
    if seen and (told is None or seen.verdict != told.get("verdict") or seen.reviewed != told.get("reviewed")):
        wrong.append(f"monitor: the reviews give '{seen.verdict}' after {seen.reviewed}, the dossier says {told}")
    return wrong


def _parts(path: Path) -> dict[str, str]:
    try:
        with zipfile.ZipFile(path) as file:
            missing = [name for name in PARTS if name not in file.namelist()]
            large = [name for name in PARTS if name not in missing and file.getinfo(name).file_size > LARGEST]
            if missing or large:
                wrong = f"{missing[0]} is missing" if missing else f"{large[0]} is larger than a dossier's can be"
                raise InputError(wrong, where=str(path), do="Use the dossier as it was saved")
            return {name: file.read(name).decode() for name in PARTS}
    except FileNotFoundError:
        raise InputError("there is no such file", where=str(path), do="Name a dossier") from None
    except UNREADABLE as error:
        raise InputError("the file is no dossier", where=str(path), do="Use the dossier as it was saved") from error


def _claims(text: str, path: Path) -> pd.DataFrame:
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:
        rows = []
    if not rows or rows[0] != SAMPLE or any(len(row) != len(SAMPLE) for row in rows):
        raise InputError("sample.csv is not what a dossier holds", where=str(path), do="Use it as saved")
    claims = pd.DataFrame(rows[1:], columns=SAMPLE, dtype="str")
    money = claims[["over", "under"]].to_numpy().ravel().tolist()
    if not all(re.fullmatch(r"(\d+\.\d\d)?", one) for one in money):
        wrong = "sample.csv holds an amount that is not dollars and cents"
        raise InputError(wrong, where=str(path), do="Use the dossier as it was saved")
    flags = {name: claims[name] == "yes" for name in [*SAMPLE[3:6], "unpriced"]}
    return claims.assign(**flags)

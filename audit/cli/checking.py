"""`countersign check`: files of claims and notes, without a database."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from audit import reports
from audit.cli.remaining import remaining
from audit.engine import SPLITS, audit, chosen_rules
from audit.errors import InputError
from audit.facts.reference import load_facts
from audit.gaps import unbilled_notes
from audit.grains import Prepared
from audit.intake import Batch, read
from audit.loading import linking
from audit.pieces import LINES_A_BUCKET
from audit.tables import check
from audit.unsaid import unsaid
from audit.whole_files import write_whole

if TYPE_CHECKING:
    from audit.intake.foreign.mapping import Mapping
    from audit.rules import Rule

OPTIONS = {
    "claims": "claims",
    "notes": "notes",
    "services": "note_services",
    "payers": "payers",
    "plans": "plans_of_care",
    "authorizations": "authorizations",
    "providers": "providers",
    "fees": "fees",
}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="a folder, a workbook, tables, 837P files")
    for name in OPTIONS:
        parser.add_argument(f"--{name}", type=Path, metavar="F")
    parser.add_argument("--as-of", type=_date, metavar="DATE", help="refuse services after this date")
    parser.add_argument("--rules", metavar="ID,...", help="only these rules")
    parser.add_argument("--format", choices=reports.FORMATS, default="table")
    parser.add_argument("--split", choices=SPLITS, default="whole")
    says = "write the findings of a folder of Parquet tables as Parquet to the new folder F; memory holds one bucket"
    parser.add_argument("--out", type=Path, metavar="F", help=says)
    says = "claim lines of a bucket, about, with --out (default: %(default)s)"
    parser.add_argument("--lines", type=_some, metavar="N", default=LINES_A_BUCKET, help=says)
    parser.add_argument("--refused", type=Path, metavar="F", help="write the refused rows with reasons to F")
    says = "how a table of another program is read: JSON from the page Load"
    parser.add_argument("--mapping", type=Path, action="append", default=[], metavar="F", help=says)
    parser.add_argument("--strict", action="store_true", help="check nothing when a row is refused")
    parser.set_defaults(run=_run)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no date. Write it as YYYY-MM-DD, such as 2026-03-12") from None


def _some(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of lines. Write one of 1 or more")
    return int(text)


def _run(chosen: argparse.Namespace) -> int:
    rules = chosen_rules(chosen.rules.split(",") if chosen.rules else None)
    if chosen.out:
        return _to_parquet(chosen, rules)
    batch = _read(chosen)
    for line in linking.says(linking.settle(batch)):
        print(line, file=sys.stderr)
    tables, refusals = check(batch, as_of=chosen.as_of)
    for refusal in refusals:
        print(refusal.sentence(), file=sys.stderr)
    for line in unsaid(tables):
        print(line, file=sys.stderr)
    if chosen.refused:
        write_whole(chosen.refused, reports.refusals_as_csv(refusals))
    if refusals and chosen.strict:
        wrong = f"{len(refusals)} rows were refused, so nothing was checked"
        raise InputError(wrong, do="Mend them, or leave out --strict")
    if tables.claims.empty:
        raise InputError("there is no claim line to check", do="Give claims.csv, a workbook, a folder or an 837P file")
    prepared = Prepared(tables, replace(load_facts(), as_of=chosen.as_of))
    for line in reports.unbilled_lines(unbilled_notes(prepared)):
        print(line, file=sys.stderr)
    with remaining() as tell:
        progress = tell and partial(tell, "rules" if chosen.split == "whole" else "buckets")
        findings = audit(tables, prepared.facts, rules=rules, split=chosen.split, prepared=prepared, progress=progress)
    gaps = reports.gap_lines(findings) if chosen.format == "table" else ()
    for line in chain(reports.as_text(findings, chosen.format), gaps):
        print(line)
    print(
        reports.summary(tables.claims["claim_id"].nunique(), len(tables.claims), reports.by_severity(findings)),
        file=sys.stderr,
    )
    return int((findings["severity"] == "error").any())


def _to_parquet(chosen: argparse.Namespace, rules: list[Rule]) -> int:
    """A folder that may be larger than memory."""
    from audit.bulk import cluster, driving  # noqa: PLC0415  only this way of checking needs them

    named = [f"--{name}" for name in (*OPTIONS, "mapping", "strict") if getattr(chosen, name)]
    if named or len(chosen.paths) != 1 or not chosen.paths[0].is_dir() or chosen.split == "whole":
        do = "Give one folder, --split buckets or --split dask, and no other file"
        raise InputError("--out takes a folder in buckets", where=named[0] if named else "", do=do)
    with ExitStack() as opened:
        tell = opened.enter_context(remaining())
        runner = opened.enter_context(cluster.cluster()) if chosen.split == "dask" else driving.in_turn
        summary = driving.audit_folder(
            chosen.paths[0],
            chosen.out,
            rules,
            runner,
            as_csv=reports.refusals_as_csv,
            as_of=chosen.as_of,
            lines_a_bucket=chosen.lines,
            progress=tell and partial(tell, "buckets"),
            beside=cluster.shared_folder() if chosen.split == "dask" else None,
        )
    refused = chosen.out / driving.REFUSED
    if chosen.refused:
        chosen.refused.write_text(refused.read_text(encoding="utf-8") if refused.exists() else "", encoding="utf-8")
    if summary.refused:
        print(f"{summary.refused:,} refusals are in {refused}.", file=sys.stderr)
    print(reports.summary(summary.claims, summary.lines, summary.severities), file=sys.stderr)
    return int("error" in summary.severities)


def _read(chosen: argparse.Namespace) -> Batch:
    named = {path: table for name, table in OPTIONS.items() if (path := getattr(chosen, name))}
    if not (named or chosen.paths):
        raise InputError("no file is named", do="Give a folder, or --claims F --notes F; see countersign check --help")
    batch = read([*chosen.paths, *named], named, [_mapping(path) for path in chosen.mapping])
    for file in batch.files:
        if file.kind == "ignored":
            print(f"{file.name}: none of our tables, left out.", file=sys.stderr)
        if file.ignored_columns:
            print(f"{file.name}: columns left out: {', '.join(file.ignored_columns)}.", file=sys.stderr)
        if file.left_out:
            print(f"{file.name}: passed over: {', '.join(file.left_out)}.", file=sys.stderr)
    return batch


def _mapping(path: Path) -> Mapping:
    from audit.intake.foreign.mapping import from_json  # noqa: PLC0415  loaded only where there is a mapping

    try:
        return from_json(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError):
        raise InputError("the mapping cannot be read", where=str(path), do="Check the path") from None

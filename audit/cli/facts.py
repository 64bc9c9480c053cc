"""`countersign facts`: the tables of facts, and loading a national file."""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path

from audit import reports
from audit.facts.reference import load_facts


def options(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_facts)
    load = parser.add_subparsers(metavar="load").add_parser("load", help="add a national file as its user downloads it")
    load.add_argument("files", nargs="+", type=Path, metavar="FILE", help="PTP pairs, MUE, PPRRVU, ICD-10-CM; zip too")
    load.add_argument("--table", default="", choices=["ncci_pairs", "mue", "fees", "diagnoses"], help="what it is")
    load.add_argument("--list", default="", metavar="NAME", help="pairs of this list: medicaid, or a payer's own")
    load.add_argument("--period", default="", help="where the name does not tell: 2026q3, or the fiscal year 2027")
    load.set_defaults(run=_load_facts)


def _facts(_: argparse.Namespace) -> int:
    print("\n".join(reports.fact_lines(load_facts(), datetime.now(UTC).date())))
    return 0


def _load_facts(chosen: argparse.Namespace) -> int:
    from audit.fact_files import fact_loading  # noqa: PLC0415  the database is loaded only where it is needed
    from audit.fact_files.reading import Asked  # noqa: PLC0415

    asked = Asked(chosen.table, chosen.list, chosen.period)
    for report in fact_loading.take_paths(chosen.files, asked, by=getpass.getuser()):
        for refusal in report.refusals:
            print(refusal.sentence(), file=sys.stderr)
        print(report.sentence)
    return 0

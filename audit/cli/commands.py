"""The commands: their options, and what runs each of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from audit import __version__, reports
from audit.cli import accounts, backups, checking, facts, retention, serving, watching
from audit.cli.remaining import remaining
from audit.errors import CountersignError
from audit.rules import rule_book


def run(arguments: Sequence[str] | None = None) -> int:
    """As `audit.cli.main`."""
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except CountersignError as error:
        print(error.sentence(), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; nothing of it is kept.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        from audit.store import troubles  # noqa: PLC0415  the database is loaded only where it is needed

        print(troubles.of_file(error).sentence(), file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="countersign", description="The second pair of eyes on OT claims.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    checking.options(commands.add_parser("check", help="check files of claims and notes; needs no database"))
    rules = commands.add_parser("rules", help="list the rules, or explain one")
    rules.add_argument("rule", nargs="?", metavar="ID")
    rules.set_defaults(run=_rules)
    facts.options(commands.add_parser("facts", help="list the fact tables with age and evidence, or load a file"))
    verify = commands.add_parser("verify", help="check the events, decisions and signatures in the database")
    verify.set_defaults(run=_verify)
    sample = commands.add_parser("verify-sample", help="draw the sample of a dossier again; needs no database")
    sample.add_argument("dossier", type=Path, metavar="DOSSIER")
    sample.set_defaults(run=_verify_sample)
    watching.options(commands.add_parser("watch", help="load, audit and report the files that arrive in a folder"))
    retention.add_commands(commands)
    accounts.add_commands(commands)
    serving.add_commands(commands)
    backups.add_commands(commands)
    return parser


def _rules(chosen: argparse.Namespace) -> int:
    from audit.rule_pages import not_built, page_of  # noqa: PLC0415  its cases are read only where they are shown

    if chosen.rule:
        print(reports.rule_page(page_of(chosen.rule.upper(), datetime.now(UTC).date())))
    else:
        print("\n".join(map(reports.rule_line, rule_book().values())))
        for code in not_built():
            print(f"{code:<8} {'':<8} {'not built':<9} planned; nothing judges this yet")
    return 0


def _verify_sample(chosen: argparse.Namespace) -> int:
    from audit.figures import dossier  # noqa: PLC0415  its libraries are loaded only where they are needed

    wrong = dossier.verify(chosen.dossier)
    print("\n".join(wrong) if wrong else "Equal: the same claims in the same order, and the same counts.")
    return 1 if wrong else 0


def _verify(_: argparse.Namespace) -> int:
    from audit.store import database, verifying  # noqa: PLC0415  the database is loaded only where it is needed

    engine = database.connect()
    database.prepare(engine)
    with database.read(engine) as connection, remaining() as tell:
        found = verifying.verify(connection, tell)
    for sentence in found.breaks:
        print(sentence)
    if not found.breaks:
        print(f"The chain of events is whole; its head is {found.head}.")
        print(
            f"{found.recomputed} signatures hold; {found.old} are from before their digest could be worked out again."
        )
    return int(bool(found.breaks))

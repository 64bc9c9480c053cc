"""The command line of Countersign; `countersign --help` lists the commands."""

from __future__ import annotations

import argparse
import getpass
import os
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from audit import __version__, linking, reports
from audit.engine import SPLITS, audit, chosen_rules
from audit.errors import CountersignError, InputError
from audit.gaps import unbilled_notes
from audit.intake import Batch, read
from audit.model import ROLE_NAMES
from audit.reference import load_facts
from audit.rule_pages import not_built, page_of
from audit.rules import rule_book
from audit.tables import check

if TYPE_CHECKING:
    from sqlalchemy import Engine

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code: 0 no error found, 1 at least one, 2 the input cannot be read."""
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except CountersignError as error:
        print(error.sentence(), file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="countersign", description="The second pair of eyes on OT claims.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _check_options(commands.add_parser("check", help="check files of claims and notes; needs no database"))
    rules = commands.add_parser("rules", help="list the rules, or explain one")
    rules.add_argument("rule", nargs="?", metavar="ID")
    rules.set_defaults(run=_rules)
    _facts_options(commands.add_parser("facts", help="list the fact tables with age and evidence, or load a file"))
    verify = commands.add_parser("verify", help="check the events, decisions and signatures in the database")
    verify.set_defaults(run=_verify)
    sample = commands.add_parser("verify-sample", help="draw the sample of a dossier again; needs no database")
    sample.add_argument("dossier", type=Path, metavar="DOSSIER")
    sample.set_defaults(run=_verify_sample)
    account = commands.add_parser("account", help="add an account; prints a first password, to be changed at once")
    account.add_argument("username")
    account.add_argument("--name", required=True, help="the name that stands in signatures")
    account.add_argument("--role", required=True, choices=list(ROLE_NAMES))
    account.add_argument("--npi", default="", help="for those who treat: they cannot sign off their own claims")
    account.set_defaults(run=_account)
    invite = commands.add_parser("invite", help="print a one-time link with which a person sets a new password")
    invite.add_argument("username")
    invite.add_argument("--port", type=int, default=8501)
    invite.set_defaults(run=_invite)
    bind = commands.add_parser("bind", help="bind an account to a person of your sign-in provider")
    bind.add_argument("username")
    bind.add_argument("--issuer", required=True, help="the provider's address, as it writes it itself")
    bind.add_argument("--subject", required=True, help="what the provider calls the person: the claim sub")
    bind.set_defaults(run=_bind)
    for name, run, says in (
        ("demo", _demo, "open the demo clinic: load it, audit it, serve the app"),
        ("serve", _serve, "serve the app on the database of COUNTERSIGN_DATABASE_URL"),
    ):
        command = commands.add_parser(name, help=says)
        command.add_argument("--port", type=int, default=8501)
        command.set_defaults(run=run)
        if name == "demo":
            command.add_argument("--no-serve", action="store_true", help="make it ready, but do not serve")
            command.add_argument("--folder", type=Path, default=Path("var/demo"), help="where its database goes")
    return parser


def _facts_options(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_facts)
    load = parser.add_subparsers(metavar="load").add_parser("load", help="add a national file as its user downloads it")
    load.add_argument("files", nargs="+", type=Path, metavar="FILE", help="PTP pairs, MUE, PPRRVU, ICD-10-CM; zip too")
    load.add_argument("--table", default="", choices=["ncci_pairs", "mue", "fees", "diagnoses"], help="what it is")
    load.add_argument("--list", default="", metavar="NAME", help="pairs of this list: medicaid, or a payer's own")
    load.add_argument("--period", default="", help="where the name does not tell: 2026q3, or the fiscal year 2027")
    load.set_defaults(run=_load_facts)


def _check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="a folder, a workbook, tables, 837P files")
    for name in OPTIONS:
        parser.add_argument(f"--{name}", type=Path, metavar="F")
    parser.add_argument("--as-of", type=_date, metavar="DATE", help="refuse services after this date")
    parser.add_argument("--rules", metavar="ID,...", help="only these rules")
    parser.add_argument("--format", choices=reports.FORMATS, default="table")
    parser.add_argument("--split", choices=SPLITS, default="whole")
    parser.add_argument("--refused", type=Path, metavar="F", help="write the refused rows with reasons to F")
    parser.add_argument("--strict", action="store_true", help="check nothing when a row is refused")
    parser.set_defaults(run=_check)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no date. Write it as YYYY-MM-DD, such as 2026-03-12") from None


def _check(chosen: argparse.Namespace) -> int:
    rules = chosen_rules(chosen.rules.split(",") if chosen.rules else None)
    batch = _read(chosen)
    for line in linking.says(linking.settle(batch)):
        print(line, file=sys.stderr)
    tables, refusals = check(batch, as_of=chosen.as_of)
    for refusal in refusals:
        print(refusal.sentence(), file=sys.stderr)
    if chosen.refused:
        chosen.refused.write_text(reports.refusals_as_csv(refusals), encoding="utf-8")
    if refusals and chosen.strict:
        wrong = f"{len(refusals)} rows were refused, so nothing was checked"
        raise InputError(wrong, do="Mend them, or leave out --strict")
    if tables.claims.empty:
        raise InputError("there is no claim line to check", do="Give claims.csv, a workbook, a folder or an 837P file")
    for line in reports.unbilled_lines(unbilled_notes(tables)):
        print(line, file=sys.stderr)
    findings = audit(tables, rules=rules, split=chosen.split, as_of=chosen.as_of)
    gaps = reports.gap_lines(findings) if chosen.format == "table" else ()
    for line in chain(reports.as_text(findings, chosen.format), gaps):
        print(line)
    print(reports.summary(tables.claims["claim_id"].nunique(), len(tables.claims), findings), file=sys.stderr)
    return int((findings["severity"] == "error").any())


def _read(chosen: argparse.Namespace) -> Batch:
    named = {path: table for name, table in OPTIONS.items() if (path := getattr(chosen, name))}
    if not (named or chosen.paths):
        raise InputError("no file is named", do="Give a folder, or --claims F --notes F; see countersign check --help")
    batch = read([*chosen.paths, *named], named)
    for file in batch.files:
        if file.kind == "ignored":
            print(f"{file.name}: none of our tables, left out.", file=sys.stderr)
        if file.ignored_columns:
            print(f"{file.name}: columns left out: {', '.join(file.ignored_columns)}.", file=sys.stderr)
    return batch


def _rules(chosen: argparse.Namespace) -> int:
    if chosen.rule:
        print(reports.rule_page(page_of(chosen.rule.upper(), _today())))
    else:
        print("\n".join(map(reports.rule_line, rule_book().values())))
        for code in not_built():
            print(f"{code:<8} {'':<8} {'not built':<9} planned; nothing judges this yet")
    return 0


def _facts(_: argparse.Namespace) -> int:
    print("\n".join(reports.fact_lines(load_facts(), _today())))
    return 0


def _load_facts(chosen: argparse.Namespace) -> int:
    from audit import fact_loading  # noqa: PLC0415  the database is loaded only where it is needed
    from audit.fact_files.reading import Asked  # noqa: PLC0415

    asked = Asked(chosen.table, chosen.list, chosen.period)
    for report in fact_loading.take_paths(chosen.files, asked, by=getpass.getuser()):
        for refusal in report.refusals:
            print(refusal.sentence(), file=sys.stderr)
        print(report.sentence)
    return 0


def _today() -> date:
    return datetime.now(UTC).date()


def _verify_sample(chosen: argparse.Namespace) -> int:
    from audit import dossier  # noqa: PLC0415  its libraries are loaded only where they are needed

    wrong = dossier.verify(chosen.dossier)
    print("\n".join(wrong) if wrong else "Equal: the same claims in the same order, and the same counts.")
    return 1 if wrong else 0


def _verify(_: argparse.Namespace) -> int:
    from audit.store import database, verifying  # noqa: PLC0415  the database is loaded only where it is needed

    engine = database.connect()
    database.prepare(engine)
    with database.read(engine) as connection:
        found = verifying.verify(connection)
    for sentence in found.breaks:
        print(sentence)
    if not found.breaks:
        print(f"The chain of events is whole; its head is {found.head}.")
        print(
            f"{found.recomputed} signatures hold; {found.old} are from before their digest could be worked out again."
        )
    return int(bool(found.breaks))


def _account(chosen: argparse.Namespace) -> int:
    from audit.access import accounts  # noqa: PLC0415
    from audit.store import database  # noqa: PLC0415

    engine = database.connect()
    database.prepare(engine)
    password, now = secrets.token_urlsafe(12), datetime.now(UTC)
    person = {"username": chosen.username, "name": chosen.name, "role": chosen.role, "npi": chosen.npi}
    made = accounts.create(engine, **person, password=password, now=now)
    print(f"{made.username} can sign in with the first password {password} and must change it then.")
    return 0


def _invite(chosen: argparse.Namespace) -> int:
    from audit import serving  # noqa: PLC0415
    from audit.access import invitations, people  # noqa: PLC0415

    engine, account_id = _account_called(chosen.username)
    token = people.invite(engine, account_id, by=None, at=datetime.now(UTC))
    print(f"Within a day, once: {serving.site(chosen.port)}{invitations.path_of(token)}")
    return 0


def _bind(chosen: argparse.Namespace) -> int:
    from audit.access import identities  # noqa: PLC0415

    engine, account_id = _account_called(chosen.username)
    identities.bind(engine, account_id, issuer=chosen.issuer, subject=chosen.subject, at=datetime.now(UTC))
    print(f"{chosen.username} can sign in with {chosen.issuer}.")
    return 0


def _account_called(username: str) -> tuple[Engine, int]:
    from audit.access import accounts  # noqa: PLC0415
    from audit.store import database  # noqa: PLC0415

    engine = database.connect()
    database.prepare(engine)
    account = accounts.find_by_username(engine, username)
    if account is None:
        raise InputError(f"there is no account {username}", do="Add it with countersign account")
    return engine, account.id


def _demo(chosen: argparse.Namespace) -> int:
    from audit import demonstration, serving  # noqa: PLC0415

    os.environ.setdefault("COUNTERSIGN_FACTS", str((chosen.folder / "facts").resolve()))
    url = demonstration.open_clinic(chosen.folder)
    return 0 if chosen.no_serve else serving.serve(url, chosen.port, demo=True)


def _serve(chosen: argparse.Namespace) -> int:
    from audit import serving  # noqa: PLC0415

    return serving.serve(None, chosen.port, demo=False)


if __name__ == "__main__":
    sys.exit(main())

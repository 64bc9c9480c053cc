"""What the documents tell people to type is real: commands, options, modules, files and settings.

Every fenced block without a name is taken for commands. Those that are quick and change nothing are run; the rest are
parsed by the command line's own parser, and stand in NOT_RUN with the reason.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
from functools import cache
from pathlib import Path

import pytest

import run
from audit import cli
from audit.cli import commands
from tests import contributing

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
NO_COMMANDS = ("caddy", "csv", "diff", "ini", "nginx", "python", "sql", "yaml")
"""Languages of blocks that hold no commands."""
RUN = {
    "countersign --version": 0,
    "countersign rules UNIT-01": 0,
    "countersign rules": 0,
    "countersign facts": 0,
}
"""Commands that are run here -> the exit code they end with."""
NOT_RUN = {
    "countersign account": "makes an account; test_access_admin does",
    "countersign backup": "the tests of backups do",
    "countersign bind": "binds an account; test_access_oidc does",
    "countersign retention": "removes for good; test_retention does",
    "countersign check": "test_cli runs it on files",
    "countersign demo": "serves; tests.installed runs it",
    "countersign facts": "loads facts; test_fact_files_bad does",
    "countersign invite": "needs an account; test_access_desk does",
    "countersign restore": "the tests of backups do",
    "countersign rules": "one of the example in CONTRIBUTING.md; tests.contributing does",
    "countersign serve": "serves; tests.installed runs its like",
    "countersign verify": "test_cli does",
    "python -m": "takes minutes or writes into the project; each says so where it stands",
    "python3 run.py": "sets itself up; test_run does",
}
OTHERS = {
    "docker": "no engine in CI",
    "pipx": "installs; tests.installed does",
    "podman": "no engine in CI; docs/quality.md says how the image was tried",
    "schtasks": "Windows",
    "sudo": "the machine's services, and a PostgreSQL server of its own",
}
"""Programs that are not ours -> why they are not run."""


@cache
def parser() -> argparse.ArgumentParser:
    return commands._parser()


def told() -> list[tuple[str, str]]:
    """(page, command) of every line of a block of commands."""
    found = []
    for page in PAGES:
        for language, block in FENCE.findall(page.read_text(encoding="utf-8")):
            lines = block.replace("\\\n", " ").splitlines() if language not in NO_COMMANDS else []
            found += [(page.name, part.strip()) for line in lines for part in line.split(" && ")]
    return [(page, line) for page, line in found if line and not line.startswith("#")]


def ours(line: str) -> list[str]:
    """The words of a command as `countersign ...`, `python -m ...` or another program's, without what surrounds it."""
    words = shlex.split(line.replace("\\", "/"), comments=True)
    words = [word for word in words if not re.match(r"[A-Z_]+=|[<>]|2>", word)]
    if "audit.cli" in words:
        return ["countersign", *words[words.index("audit.cli") + 1 :]]
    if "countersign" in words and words[0] not in OTHERS:
        return words[words.index("countersign") :]
    return [re.sub(r"^.*/bin/", "", words[0]), *words[1:]]


def fault(words: list[str]) -> str:
    """What is wrong with a command, "" when it could be typed."""
    program, rest = words[0], words[1:]
    if program == "countersign":
        try:
            parser().parse_args([word.removesuffix("...") for word in rest])
        except SystemExit as stopped:
            return "" if stopped.code == 0 else "the command line does not take it"
        return ""
    if program in ("python", "python3") and rest[:1] == ["-m"]:
        return _module(rest[1], rest[2:])
    if rest[:1] == ["run.py"] and program == "python3":
        return "" if f"python3 run.py {rest[1]}" in run.USAGE else "run.py has no such command"
    return "" if program in OTHERS else "neither ours nor in OTHERS"


def _module(name: str, rest: list[str]) -> str:
    if importlib.util.find_spec(name) is None and name not in ("build", "pipx"):
        return f"there is no module {name}"
    missing = [word for word in rest if word.startswith("tests/") and not (ROOT / word).exists()]
    return (
        f"there is no {missing[0]}" if missing and "test_toml" not in missing[0] and "loads" not in missing[0] else ""
    )


@pytest.mark.parametrize(("page", "line"), sorted(set(told())))
def test_a_command_of_the_documents_can_be_typed(page: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ours(line)
    assert fault(words) == "", f"{page}: {line}"
    command = " ".join(words)
    if command in RUN:
        assert _ended(words[1:]) == RUN[command]
        assert capsys.readouterr().out
    else:
        assert words[0] in OTHERS or " ".join(words[:2]) in NOT_RUN, (
            f"say in RUN or NOT_RUN what is done with: {command}"
        )


def _ended(arguments: list[str]) -> object:
    try:
        return cli.main(arguments)
    except SystemExit as stopped:
        return stopped.code


def test_a_wrong_command_would_be_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (
        "countersign chek F",
        "countersign demo --prot 1",
        "python -m tests.nothing",
        "python3 run.py start",
        "rm x",
    ):
        assert fault(ours(wrong)), wrong


def test_what_the_text_names_is_there() -> None:
    """Commands, options, files and settings in the running text, between single backticks."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in [*(ROOT / "audit").rglob("*.py"), ROOT / "app.py"])
    known = next(action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)).choices
    wrong = []
    for page in PAGES:
        for span in INLINE.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
            words = span.split()
            if words[0] == "countersign" and len(words) > 1 and words[1] not in known and not words[1].startswith("-"):
                wrong.append(f"{page.name}: {span}")
            elif words[0] == "countersign" and len(words) > 1 and words[1] in known:
                options = known[words[1]]._option_string_actions
                wrong += [f"{page.name}: {span}" for word in words if word.startswith("--") and word not in options]
            elif re.fullmatch(r"(audit|docs|tests|pages|data|benchmarks|changes)/[\w./-]*", span):
                wrong += [] if (ROOT / span).exists() else [f"{page.name}: {span}"]
            elif re.fullmatch(r"COUNTERSIGN_\w+", span):
                wrong += [] if span in source or _built(span, source) else [f"{page.name}: {span}"]
    assert wrong == []


def test_every_link_leads_to_a_file() -> None:
    for page in [*PAGES, *(ROOT / "docs" / "decisions").glob("*.md"), ROOT / "CHANGELOG.md"]:
        links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        assert [link for link in links if not (page.parent / link).exists()] == [], page.name


def _built(setting: str, source: str) -> bool:
    """Settings of the sign-in provider are put together from their prefix."""
    prefix = "COUNTERSIGN_OIDC_"
    return setting.startswith(prefix) and f'"{setting.removeprefix(prefix)}"' in source


def test_the_examples_of_contributing_fit_the_code() -> None:
    """`python -m tests.contributing` carries them out; here, that each has its place still."""
    for kind, name, block in contributing.FENCE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        path = ROOT / name.removeprefix("+")
        if kind == "diff":
            contributing.changed(path.read_text(encoding="utf-8"), block)
        elif name:
            assert path.exists() == name.startswith("+"), name


def test_every_decision_is_in_the_index_and_has_its_own_number() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = sorted(path.name for path in folder.glob("0*.md"))
    assert re.findall(r"\]\((0[\w.-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8")) == pages
    assert len({name[:4] for name in pages}) == len(pages)

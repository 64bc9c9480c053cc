"""`python -m tests.contributing FOLDER [PART ...]`: CONTRIBUTING.md carried out in copies of the project, one a part.

A fenced block with a file's name is that file; `+name` adds to the end of it; a diff changes it: lines with "-" or " "
are looked for together, and those with "+" or " " put in their place. A block without a name is run, `python` being
this one. Then ruff, mypy and the import contracts look at what came of it. Ends with 1 at the first thing that fails.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.access_server import ROOT

FENCE = re.compile(r"^```(?:(\w+) (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PARTS = re.compile(r"^## (.+)$", re.MULTILINE)
TOOLS = Path(sys.executable).parent
CHECKS = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"], ["lint-imports", "--no-logo"])


def parts(text: str) -> dict[str, str]:
    """The text of each part by its heading."""
    found = PARTS.split(text)
    return dict(zip(found[1::2], found[2::2], strict=True))


def changed(old: str, diff: str) -> str:
    """`old` with the one place that the diff names changed."""
    lines = diff.splitlines()
    before = "\n".join(line[1:] for line in lines if not line.startswith("+"))
    after = "\n".join(line[1:] for line in lines if not line.startswith("-"))
    if old.count(before) != 1:
        raise SystemExit(f"the diff fits {old.count(before)} places:\n{diff}")
    return old.replace(before, after)


def write(copy: Path, kind: str, name: str, text: str) -> None:
    path = copy / name.removeprefix("+")
    print(f"  {kind} {name}", flush=True)
    if kind == "diff":
        path.write_text(changed(path.read_text(encoding="utf-8"), text), encoding="utf-8")
    elif name.startswith("+"):
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    else:
        if path.exists():
            raise SystemExit(f"{name} is there already: choose another name in the text")
        path.write_text(text.replace('"LAST"', f'"{_last_revision(copy)}"'), encoding="utf-8")


def _last_revision(copy: Path) -> str:
    names = sorted(path.name for path in (copy / "audit/store/migrations/versions").glob("v*.py"))
    return names[-1][1:5]


def run(copy: Path, command: list[str]) -> None:
    print("  $", *command, flush=True)
    program = {"python": [sys.executable], "python3": []}.get(command[0], [str(TOOLS / command[0])])
    if not program:
        return  # run.py: its venv is not that of the copy; what it runs is run here by itself
    done = subprocess.run([*program, *command[1:]], cwd=copy, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def main(folder: Path, wanted: list[str]) -> None:
    for part, text in parts((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")).items():
        if wanted and part not in wanted:
            continue
        copy = folder / part.replace(" ", "_")
        print(part, flush=True)
        subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(copy)], check=True)
        for kind, name, block in FENCE.findall(text):
            if name:
                write(copy, kind, name, block)
            else:
                for line in block.splitlines():
                    run(copy, shlex.split(line, comments=True))
        for check in CHECKS:
            run(copy, check)
    print("Every example of CONTRIBUTING.md works as written.")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])

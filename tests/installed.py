"""`python -m tests.installed FOLDER`: the packages, built and used as a stranger would.

Builds the source package and, from it, the wheel; installs the wheel by pipx; then, from an empty folder and with an
empty environment, checks the demo clinic's files, opens the demo, signs in and reads the home page. Needs a package
index within pip's reach. Everything stays in FOLDER. Ends with 1 at the first step that fails.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

from audit.access import demo
from tests.access_server import ROOT, Browser, run

READY = 600
"""Seconds that a busy machine may take for the demo."""


def main(folder: Path) -> None:
    away = folder / "away"
    away.mkdir(parents=True)
    countersign = _installed(folder)
    _say(countersign, away, "--version")
    _say(countersign, away, "rules", "UNIT-01")
    shipped = next(folder.glob("pipx/venvs/countersign/**/_shipped"))
    _say(countersign, away, "check", str(shipped / "data" / "demo"), expected=1)
    _demo(countersign, away)
    print("The wheel works outside this folder.")


def _installed(folder: Path) -> Path:
    """The command that pipx made of the wheel of the source package."""
    tools = folder / "tools"
    _do(sys.executable, "-m", "venv", str(tools))
    python = str(tools / "bin" / "python")
    _do(python, "-m", "pip", "install", "--quiet", "build", "pipx")
    _do(python, "-m", "build", "--outdir", str(folder / "dist"), str(ROOT))
    (wheel,) = (folder / "dist").glob("*.whl")
    _do(python, "-m", "pipx", "install", str(wheel), PIPX_HOME=f"{folder}/pipx", PIPX_BIN_DIR=f"{folder}/bin")
    return folder / "bin" / "countersign"


def _do(*command: str, **settings: str) -> None:
    print("$", *command, flush=True)
    subprocess.run(command, check=True, env={**os.environ, **settings}, stdout=subprocess.DEVNULL)


def _bare(away: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": str(away)}


def _say(countersign: Path, away: Path, *arguments: str, expected: int = 0) -> None:
    print("$ countersign", *arguments, flush=True)
    done = subprocess.run(
        [countersign, *arguments], cwd=away, env=_bare(away), capture_output=True, text=True, check=False
    )
    if done.returncode != expected:
        raise SystemExit(f"ended with {done.returncode}, not {expected}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _demo(countersign: Path, away: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    print("$ countersign demo --port", port, flush=True)
    server = subprocess.Popen([countersign, "demo", "--port", str(port)], cwd=away, env=_bare(away))
    try:
        _use(_when_up(port, server))
    finally:
        server.terminate()
        server.wait(60)
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise SystemExit("the server outlived the command that started it")


def _when_up(port: int, server: subprocess.Popen[bytes]) -> Browser:
    until = time.monotonic() + READY
    while time.monotonic() < until and server.poll() is None:
        try:
            Browser(port).get("/sign-in")
        except OSError:
            time.sleep(1)
        else:
            return Browser(port)
    raise SystemExit("the demo did not start")


def _use(browser: Browser) -> None:
    person = demo.PEOPLE[0]
    answer = browser.sign_in(person.username, demo.PASSWORD)
    page = browser.open("/")
    with browser.socket() as line:
        shown = run(line)
    print(f"sign-in {answer.status}, page {page.status}, {person.name} named: {person.name in shown}")
    if (answer.status, page.status) != (303, 200) or person.name not in shown or re.search("Something went", shown):
        raise SystemExit("the demo does not show its home page")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())

#!/usr/bin/env python3
"""Sets Countersign up and runs it: see USAGE. Needs Python 3.11 and its standard library, nothing else.

`.venv` is built beside this file from requirements.lock, and built again when it is broken or out of date.
The syntax is that of Python 3.6, so that an old Python gets a sentence and not a SyntaxError.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    import msvcrt

USAGE = """\
python3 run.py demo    set up, load the demo clinic, audit it, serve the app
python3 run.py serve   serve the app on your own database
python3 run.py test    run the tests
python3 run.py check   run ruff, mypy and the import contracts
What follows demo, serve or test is handed on: python3 run.py test tests/test_units.py -k midpoint"""

HERE = Path(__file__).resolve().parent
LOCK = HERE / "requirements.lock"
VENV = HERE / ".venv"
PROGRAMS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = PROGRAMS / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "countersign.json"
SETUP = HERE / ".venv.setup"
PATIENCE = 15 * 60  # seconds to wait for another run.py
VERSION = platform.python_version()


def main() -> None:
    """The program: ends with the exit code of what it ran, and quietly on Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(obey(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)


def obey(arguments: list) -> int:
    """Carry out one command line, given without the program's name; returns the exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - older Pythons do come here
        raise SystemExit(f"Countersign needs Python 3.11 or newer; this is Python {VERSION}.")
    command, rest = (arguments or [""])[0], arguments[1:]
    if command in ("-h", "--help"):
        print(USAGE)
        return 0
    if command not in ("demo", "serve", "test", "check") or (command == "check" and rest):
        print(USAGE, file=sys.stderr)
        return 2
    set_up()
    if command == "check":
        return check()
    if command == "test":
        run("python", "-m", "tests.browser")
        return run("python", "-m", "pytest", "--numprocesses", "auto", "--dist", "loadscope", *rest)
    return run("python", "-m", "audit.cli", command, *rest)


def check() -> int:
    """Run every checker, also after one has failed."""
    failed = []
    for tool in (["ruff", "check", "."], ["mypy"], ["lint-imports", "--no-logo"]):
        print(f"== {tool[0]}", flush=True)
        if run(*tool) != 0:
            failed.append(tool[0])
    print("check: " + (f"{', '.join(failed)} failed" if failed else "passed"))
    return 1 if failed else 0


def run(program: str, *arguments: str) -> int:
    """Run a program of .venv in the project folder until it has really ended; returns its exit code."""
    child = subprocess.Popen([str(PROGRAMS / program), *arguments], cwd=str(HERE), env=environment())
    try:
        code = child.wait()
    except KeyboardInterrupt:  # the child heard Ctrl-C too, and may need a moment to close
        child.wait()
        raise
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()
    return code if code >= 0 else 128 - code


def environment() -> dict:
    """The caller's environment, pip's settings included, less what would lead Python out of .venv."""
    astray = ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")
    return dict({name: value for name, value in os.environ.items() if name not in astray}, PYTHONUTF8="1")


def set_up() -> None:
    """Make sure that .venv is whole and holds what requirements.lock says."""
    if why_build():
        with only_one():
            reason = why_build()  # again: another run.py may have built it in the meantime
            if reason:
                build(reason)


def why_build() -> str:
    """The reason to build .venv (again), or '' when it can be used as it is."""
    if not os.path.lexists(str(VENV)):
        return "first run"
    if not PYTHON.exists():
        return "its Python is missing"
    stamp = read_stamp()
    if not stamp:
        return "its set-up was not finished"
    for name, value in origin().items():
        if stamp.get(name) != value:
            return f"{name} has changed"
    if not set(stamp["packages"]) <= set(packages()):
        return "packages are missing from it"
    return "" if python_runs() else "its Python does not run"


def origin() -> dict:
    """What .venv is built from, by and in; when one of these changes, it has to be built again."""
    return {
        "requirements.lock": hashlib.sha256(LOCK.read_bytes()).hexdigest(),
        "Python": f"{sys.implementation.cache_tag} {sys.platform} {platform.machine()}",
        "the folder": str(VENV),
    }


def packages() -> list:
    """The packages installed in .venv, as the names of their .dist-info folders."""
    found = [*VENV.glob("lib/python*/site-packages/*.dist-info"), *VENV.glob("Lib/site-packages/*.dist-info")]
    return sorted({folder.name for folder in found})


def read_stamp() -> dict:
    """What the last complete build wrote down; empty when there is none or it cannot be read."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) and stamp.get("packages") else {}


def write_stamp() -> None:
    """Note a complete build: at once or not at all, for half a stamp must not pass for one."""
    unfinished = STAMP.with_suffix(".part")
    unfinished.write_text(json.dumps(dict(origin(), packages=packages()), indent=1), encoding="utf-8")
    os.replace(str(unfinished), str(STAMP))


def python_runs() -> bool:
    """Whether .venv's Python starts, is a virtual one, and is of this Python's version."""
    question = "import sys; print(sys.implementation.cache_tag, sys.prefix != sys.base_prefix)"
    try:
        answer = subprocess.check_output(
            [str(PYTHON), "-c", question], env=environment(), stderr=subprocess.DEVNULL, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.decode().split() == [sys.implementation.cache_tag, "True"]


@contextlib.contextmanager
def only_one():
    """Let one run.py build at a time. The system frees the lock when its holder ends, however it ends."""
    SETUP.mkdir(exist_ok=True)
    with (SETUP / "lock").open("w") as file:
        give_up = time.monotonic() + PATIENCE
        if not take(file):
            print("Another run.py is setting up .venv; waiting for it.", flush=True)
            while not take(file):
                if time.monotonic() > give_up:
                    raise SystemExit("Another run.py is still setting up .venv. End it, then try again.")
                time.sleep(0.5)
        yield


def take(file) -> bool:
    """Lock an open file; False when another process holds it."""
    try:
        if os.name == "nt":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def build(reason: str) -> None:
    """Make .venv anew; its stamp goes first and comes last, so that a half-made one is known as such."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise SystemExit(
            "This Python cannot make a virtual environment: its venv or ensurepip is missing.\n"
            "On Debian and Ubuntu: apt-get install python3-venv. Elsewhere: install a complete Python."
        )
    print(f"Setting up .venv ({reason}); this takes a minute or two.", flush=True)
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    if STAMP.exists():
        STAMP.unlink()
    # the base Python, because the one that runs this may live in the .venv that goes
    base = getattr(sys, "_base_executable", "") or sys.executable
    quietly(base, "-m", "venv", "--clear", str(VENV))
    options = ["--disable-pip-version-check", "--no-input", "--only-binary", ":all:", "--require-hashes"]
    quietly(str(PYTHON), "-m", "pip", "install", *options, "-r", str(LOCK))
    write_stamp()


def quietly(*command: str) -> None:
    """Run a step of the set-up; its output is shown only when it fails, and then run.py ends."""
    said = SETUP / "output.txt"
    with said.open("wb") as out:
        code = subprocess.call(
            command, cwd=str(HERE), env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    if code != 0:
        print(said.read_text(encoding="utf-8", errors="replace"), file=sys.stderr)
        raise SystemExit(
            "The set-up failed, for the reason above. It needs Python 3.11 to 3.14 (this is "
            f"{VERSION}) and a package index within pip's reach. Run the same command again to retry."
        )


if __name__ == "__main__":
    main()

"""run.py: what it hands on, when it builds .venv again, and what the lock file must hold. Nothing is installed."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from playwright.sync_api import Browser

import run
from tests.browser import find_chromium
from tests.places import PATIENCE

SOURCE = Path(run.__file__).read_text(encoding="utf-8")
LOCK = run.LOCK.read_text(encoding="utf-8")
posix = pytest.mark.skipif(os.name == "nt", reason="signals and shell scripts")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The programs that run.py would have run; nothing is set up."""
    made: list[tuple[str, ...]] = []
    monkeypatch.setattr(run, "set_up", lambda: None)
    monkeypatch.setattr(run, "run", lambda *command: made.append(command) or 0)
    return made


def point_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VENV", "PROGRAMS", "PYTHON", "STAMP", "SETUP", "LOCK"):
        monkeypatch.setattr(run, name, folder / getattr(run, name).relative_to(run.HERE))
    monkeypatch.setattr(run, "HERE", folder)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with a whole .venv of one package, made by hand."""
    project = tmp_path / "project"
    point_at(project, monkeypatch)
    venv.create(run.VENV, symlinks=os.name != "nt")
    run.LOCK.write_text("one==1 --hash=sha256:0")
    next(run.VENV.glob("[Ll]ib/**/site-packages")).joinpath("one-1.dist-info").mkdir()
    run.write_stamp()
    return project


# The command line


def test_arguments_are_handed_on(calls: list[tuple[str, ...]]) -> None:
    whole = ("python", "-m", "pytest", "--numprocesses", "auto", "--dist", "loadscope")
    assert run.obey(["test", "tests/test_units.py", "-k", "midpoint"]) == 0
    assert run.obey(["demo", "--port", "8700"]) == 0
    assert run.obey(["serve"]) == 0
    assert calls == [
        ("python", "-m", "tests.browser"),
        (*whole, "tests/test_units.py", "-k", "midpoint"),
        ("python", "-m", "audit.cli", "demo", "--port", "8700"),
        ("python", "-m", "audit.cli", "serve"),
    ]


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["tset"], 2), (["check", "audit"], 2), (["--help"], 0)])
def test_usage(
    arguments: list[str], code: int, calls: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.obey(arguments) == code
    assert "python3 run.py demo" in "".join(capsys.readouterr())
    assert calls == []


@pytest.mark.parametrize("failing", ["ruff", "mypy", "lint-imports", "none"])
def test_check_runs_every_tool_though_one_fails(
    failing: str, calls: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "run", lambda *command: calls.append(command) or int(command[0] == failing))
    assert run.obey(["check"]) == int(failing != "none")
    assert [command[0] for command in calls] == ["ruff", "mypy", "lint-imports"]


def test_an_old_python_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 9))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer"):
        run.obey(["demo"])


def test_an_old_python_can_parse_it_and_needs_no_library() -> None:
    tree = ast.parse(SOURCE, feature_version=(3, 6))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert "pathlib" in imported
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_a_program_runs_in_the_project_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("PIP_INDEX", "kept")
    seen = "import os; print(os.getcwd(), os.getenv('PYTHONPATH'), os.getenv('PIP_INDEX'), file=open('seen', 'w'))"
    assert run.run("python", "-c", seen) == 0
    assert (folder / "seen").read_text().split() == [str(folder), "None", "kept"]
    assert run.run("python", "-c", "raise SystemExit(7)") == 7


@posix
def test_ctrl_c_waits_for_the_child_and_says_nothing(folder: Path) -> None:
    server = (
        "import time\ntry: print('up', flush=True); time.sleep(60)\n"
        "except KeyboardInterrupt: time.sleep(1); print('closed')"
    )
    wrapped = (
        f"import run, signal, sys; from pathlib import Path; run.PROGRAMS = Path({str(run.PROGRAMS)!r})\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background job ignores it
        f"run.obey = lambda _: run.run('python', '-c', {server!r}); run.main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", wrapped], cwd=Path(run.__file__).parent, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=PATIENCE) == ("closed\n", "")
    assert process.returncode == 130


@posix
def test_a_killed_program_fails(folder: Path) -> None:
    assert run.run("python", "-c", "import os; os.kill(os.getpid(), 9)") == 137


# When .venv is built again


def test_a_whole_venv_is_used_as_it_is(folder: Path) -> None:
    assert run.why_build() == ""
    next(run.VENV.glob("[Ll]ib/**/site-packages")).joinpath("added_by_hand-2.dist-info").mkdir()
    assert run.why_build() == ""


def test_a_missing_or_dangling_venv(folder: Path) -> None:
    shutil.rmtree(run.VENV)
    assert run.why_build() == "first run"
    run.VENV.symlink_to(folder / "gone")
    assert run.why_build() == "its Python is missing"


def test_a_missing_or_dangling_python(folder: Path) -> None:
    run.PYTHON.unlink()
    assert run.why_build() == "its Python is missing"
    run.PYTHON.symlink_to(folder / "gone")
    assert run.why_build() == "its Python is missing"


@pytest.mark.parametrize("stamp", [None, "", "{", "[]", '"text"', "{}"])
def test_a_half_made_venv(stamp: str | None, folder: Path) -> None:
    run.STAMP.unlink() if stamp is None else run.STAMP.write_text(stamp)
    assert run.why_build() == "its set-up was not finished"


def test_another_lock(folder: Path) -> None:
    run.LOCK.write_text("one==2 --hash=sha256:0")
    assert run.why_build() == "requirements.lock has changed"


def test_another_python(folder: Path) -> None:
    stamp = json.loads(run.STAMP.read_text())
    run.STAMP.write_text(json.dumps(dict(stamp, Python="cpython-310 linux x86_64")))
    assert run.why_build() == "Python has changed"


def test_a_venv_moved_from_another_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = folder.rename(folder.with_name("moved"))
    point_at(moved, monkeypatch)
    monkeypatch.setattr(run, "VENV", moved / ".venv")
    assert run.why_build() == "the folder has changed"


def test_a_package_that_is_gone(folder: Path) -> None:
    shutil.rmtree(next(run.VENV.glob("[Ll]ib/**/one-1.dist-info")))
    assert run.why_build() == "packages are missing from it"


@posix
@pytest.mark.parametrize("script", ["exit 1", "echo cpython-310 True", "echo $0"])
def test_a_python_that_does_not_run_as_it_should(script: str, folder: Path) -> None:
    run.PYTHON.unlink()
    run.PYTHON.write_text(f"#!/bin/sh\n{script}\n")
    assert run.why_build() == "its Python does not run"
    run.PYTHON.chmod(0o755)
    assert run.why_build() == "its Python does not run"


def test_a_python_that_is_not_a_virtual_one(folder: Path) -> None:
    (run.VENV / "pyvenv.cfg").unlink()
    assert run.why_build() == "its Python does not run"


# Building it


def test_the_stamp_goes_first_and_comes_last(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[tuple[str, ...]] = []
    monkeypatch.setattr(run, "quietly", lambda *step: steps.append(step) or _absent(run.STAMP))
    run.build("test")
    assert [step[2] for step in steps] == ["venv", "pip"]
    assert {"--require-hashes", "-r", str(run.LOCK)} <= set(steps[1])
    assert run.why_build() == ""


def _absent(path: Path) -> None:
    assert not path.exists()


def test_a_failed_step_shows_its_output_and_leaves_no_stamp(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "_base_executable", str(run.PYTHON))
    run.SETUP.mkdir()
    (folder / "venv.py").write_text("raise SystemExit('the disk is full')")
    with pytest.raises(SystemExit, match="set-up failed"):
        run.build("test")
    assert "the disk is full" in capfd.readouterr().err
    assert run.why_build() == "its set-up was not finished"


@pytest.mark.parametrize("what", ["a file", "a dangling link"])
def test_what_is_no_folder_makes_way(what: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(run.VENV)
    run.VENV.touch() if what == "a file" else run.VENV.symlink_to(folder / "gone")
    monkeypatch.setattr(run, "quietly", lambda *_: run.VENV.mkdir(exist_ok=True))
    run.build("test")
    assert run.VENV.is_dir()
    assert not run.VENV.is_symlink()


def test_a_python_without_ensurepip_is_told_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        run.build("test")
    assert run.why_build() == ""


def test_who_waited_for_another_run_does_not_build_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = ["first run", ""]
    monkeypatch.setattr(run, "why_build", lambda: reasons.pop(0))
    monkeypatch.setattr(run, "build", lambda _: pytest.fail("built twice"))
    run.set_up()
    assert reasons == []


def test_one_run_builds_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PATIENCE", 0)
    with run.only_one(), pytest.raises(SystemExit, match="Another run"), run.only_one():
        pass
    with run.only_one():
        pass


# The lock file


def locked() -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", LOCK, re.MULTILINE))


def test_every_locked_requirement_has_hashes_and_no_address() -> None:
    blocks = re.sub(r" \\\n\s*", " ", LOCK).splitlines()
    pinned = re.compile(r"[a-z0-9-]+==\S+( ; [^\\]+?)?( --hash=sha256:[0-9a-f]{64})+")
    assert [block for block in blocks if not pinned.fullmatch(block)] == []
    assert len(blocks) == len(locked()) > 50
    assert "://" not in LOCK


def test_the_lock_answers_pyproject() -> None:
    project = tomllib.loads((run.HERE / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = map(Requirement, project["project"]["dependencies"] + project["dependency-groups"]["dev"])
    versions = locked()
    assert [str(need) for need in wanted if versions.get(need.name, "") not in need.specifier] == []


# The browser


@posix
def test_a_chromium_that_does_not_start_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_chromium() is None
    for name, code in (("chromium", 1), ("google-chrome", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / name).chmod(0o755)
    assert find_chromium() == str(tmp_path / "google-chrome")


def test_the_browser_runs_a_page(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<p id=sum></p><script>document.all.sum.textContent = 3 + 4</script>")
    assert page.inner_text("#sum") == "7"
    page.close()


@posix
def test_without_a_browser_the_skip_is_loud(tmp_path: Path) -> None:
    test = f"{__file__}::test_the_browser_runs_a_page"
    bare = dict(os.environ, PATH=str(tmp_path), PLAYWRIGHT_BROWSERS_PATH=str(tmp_path))
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", test], cwd=run.HERE, env=bare, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0
    assert "BROWSER TESTS SKIPPED: 1" in answer.stdout
    assert answer.stdout.splitlines()[-1].startswith("1 skipped in")

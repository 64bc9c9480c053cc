"""What all tests share: one browser, and a loud word when there is none."""

import gc
import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, Error, sync_playwright

from audit.bulk.cluster import ADDRESS, local_cluster
from tests.browser import find_chromium, launch_arguments
from tests.places import MEMORY
from tests.sharing import Pieces, place

settings.register_profile("countersign", deadline=None)  # no test may fail by the clock
settings.load_profile("countersign")

# plugins of some test modules, imported by others
pytest.register_assert_rewrite("tests.answering", "tests.backed_up", "tests.databases", "tests.reviewing")
# Facts that somebody loaded on this machine are not the tests' business.
_facts = tempfile.TemporaryDirectory(prefix="countersign-facts-")
os.environ["COUNTERSIGN_FACTS"] = _facts.name
if MEMORY:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)
SKIPPED = "BROWSER TESTS SKIPPED"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium: the machine's own, else Playwright's download, else the test is skipped.

    It ends with its module: while Playwright's event loop runs, nothing else in this process can use asyncio.
    """
    chromium = find_chromium()
    with sync_playwright() as playwright:
        try:
            found = playwright.chromium.launch(executable_path=chromium, args=launch_arguments())
        except Error as why:
            if chromium:
                raise
            pytest.skip(f"{SKIPPED}: no Chromium on this machine and none to download ({first_line(why)})")
        yield found
        found.close()


@pytest.fixture(autouse=True)
def own_main() -> Iterator[None]:
    """Streamlit puts a page in the place of `__main__`, which processes that a later test spawns would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A cluster of two threads of this process, by its address as a clinic would name its own."""
    with local_cluster(2, processes=False) as ours:
        os.environ[ADDRESS] = ours.scheduler_address
        yield
        del os.environ[ADDRESS]


def first_line(why: Error) -> str:
    return why.message.splitlines()[0]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the browser, and put the tests in the order in which several processes take them.

    pytest-randomly has shuffled them before, module by module; within each of the three places its order stays.
    """
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors: tests of servers, browsers and databases wait for these."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Pieces:
    config.option.loadscopereorder = False
    return Pieces(config, log)


def pytest_collection_finish() -> None:
    """Modules and collected tests stay: without this, every collection of garbage looks through them again.

    Installed packages stay too: Streamlit looks through all of them for components whenever a page is tested.
    """
    if "streamlit.testing.v1" in sys.modules:
        scanner = importlib.import_module("streamlit.components.v2.manifest_scanner")
        scanner.scan_component_manifests = cache(scanner.scan_component_manifests)
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how to run them in this order again, and once more, just above the totals, when browser tests did not run."""
    if (seed := config.getoption("randomly_seed", None)) is not None:
        terminalreporter.line(f"In random order; in the same one again with --randomly-seed={seed}")
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    skipped = [reason for reason in reasons if SKIPPED in reason]
    if skipped:
        terminalreporter.section(f"{SKIPPED}: {len(skipped)}", red=True, bold=True)
        terminalreporter.line("Install chromium or Google Chrome, then run the tests again.", red=True)

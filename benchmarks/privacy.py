"""Where patients' data go: `python -m benchmarks.privacy [FOLDER]`.

A clinic with marked names, birth dates, member numbers, words of notes and file names is served from a folder of its
own; a real browser with a profile on disk loads, audits, reviews, signs, exports, meets an error on purpose and signs
out. Then everything that was left is searched for the marks: the log and output of the server, temporary files,
caches and compiled files, every address that was asked, the browser's history, storage, cookies and disk cache, and
the exports that name nobody. The marks also hold pictures, scripts and links: none may run or be fetched.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

from playwright.sync_api import BrowserContext, Page, sync_playwright
from pypdf import PdfReader
from sqlalchemy import select

from audit import exporting, sampling
from audit.access import demo
from audit.auditing import audits, running
from audit.store import schema
from audit.store.database import connect, prepare, read
from tests import planted
from tests.access_server import ROOT, Browser, serving
from tests.browser import find_chromium, launch_arguments

PATIENCE = 120_000
FAILS = "zqfail"
"""In the address of the claim's page: there it raises an error that quotes the patient."""
PAGES = {
    "administrator": ["load", "documents", "run", "people", "payers", "facts", "trail", "overpayments", "record"],
    "manager": ["", "worklist", "error_rates", "denials", "trail", "review_plan", "reaudits", "rule_quality"],
    "doctor": ["disputes", "coding", "together", "release", "rule_book", "yours"],
}


@dataclass
class Watched:
    """What the browser asked and said."""

    addresses: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    failed: str = ""
    """The text of the error page."""
    shown: set[str] = field(default_factory=set)
    """Marks that some page showed: else nothing is proved."""


def main(folder: Path) -> int:
    site = made(folder)
    database = folder / "data" / "clinic.db"
    database.parent.mkdir()
    url = f"sqlite:///{database}"
    engine = connect(url)
    prepare(engine)
    demo.create_accounts(engine, datetime.now(UTC))
    with serving(site, url, **surroundings(folder)) as server, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder / "profile", executable_path=find_chromium(), args=launch_arguments(), viewport={"width": 1440,
            "height": 1000}, downloads_path=folder / "downloads")  # fmt: skip
        seen = driven(context, server, folder, engine)
        storage = stored(context, server.origin)
        context.close()
    exports = taken_out(engine)
    engine.dispose()
    found = [*searched(folder), *_marks("an address that was asked", map(unquote, seen.addresses))]
    found += [*_marks("the browser's storage", storage), *_marks("an export that names nobody", exports)]
    found += _marks("the error page", [seen.failed])
    found += _marks("the browser's console", seen.console)
    found += [f"asked elsewhere: {one}" for one in seen.addresses if not one.startswith((server.origin, "data:",
              "blob:", server.origin.replace("http", "ws"))) and not one.startswith("chrome")]  # fmt: skip
    found += [f"a dialog: {one}" for one in seen.dialogs] + [f"ran: {one}" for one in seen.titles if one == "RAN"]
    if not {planted.NAME, planted.MEMBER, planted.WORDS, planted.FILE} <= seen.shown:
        found.append(f"only {sorted(seen.shown)} were ever shown: the run proves nothing of the rest")
    if "Something went wrong" not in seen.failed:
        found.append("the error page was not met")
    sizes = [path.stat().st_size for path in _files(folder)]
    print(f"{len(seen.addresses)} addresses, {len(sizes)} files with {sum(sizes) >> 20} MB searched, "
          f"{len(exports)} texts of exports.")  # fmt: skip
    print("\n".join(found) or "No mark where none belongs; nothing ran, nothing was fetched from elsewhere.")
    return int(bool(found))


def made(folder: Path) -> Path:
    """A site as it is installed, with one page that can be made to fail."""
    site = folder / "site"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("audit", "pages", "data", ".streamlit"):
        shutil.copytree(ROOT / name, site / name, ignore=ignored)
    shutil.copy(ROOT / "app.py", site)
    page = site / "pages/review/claim.py"
    words = f'\nif st.query_params.get("{FAILS}"):\n    raise ValueError("{planted.NAME} {planted.MEMBER}001")\n'
    page.write_text(page.read_text() + words)
    return site


def surroundings(folder: Path) -> dict[str, str]:
    """Every place that a program may write to, inside the folder."""
    places = {"HOME": "home", "TMPDIR": "tmp", "XDG_CACHE_HOME": "home/.cache", "COUNTERSIGN_FACTS": "facts"}
    for place in places.values():
        (folder / place).mkdir(parents=True, exist_ok=True)
    made_up = {name: str(folder / place) for name, place in places.items()}
    return {**made_up, "PYTHONPATH": str(folder / "site"), "PYTHONDONTWRITEBYTECODE": ""}


def driven(context: BrowserContext, server: Browser, folder: Path, engine: object) -> Watched:
    seen = Watched()
    context.on("request", lambda asked: seen.addresses.append(asked.url))
    page = context.pages[0]
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda said: seen.console.append(said.text))
    page.on("dialog", lambda dialog: (seen.dialogs.append(dialog.message), dialog.dismiss()))
    page.on("framenavigated", lambda frame: seen.addresses.append(frame.url))
    page.on("websocket", lambda line: seen.addresses.append(line.url))
    sign_in(page, server, "administrator")
    load(page, server, seen, folder)
    audit(engine)
    visit(page, server, seen, PAGES["administrator"])
    sign_out(page, server)
    claims = versions(engine)
    sign_in(page, server, "reviewer")
    review(page, server, seen, claims)
    page.goto(f"{server.origin}/claim?claim={claims['C01']}&{FAILS}=1")
    page.get_by_text("Something went wrong").wait_for()
    page.wait_for_timeout(500)
    seen.failed = page.get_by_text("Something went wrong").first.inner_text() + "\n".join(
        page.locator("[data-testid=stAlert], [data-testid=stException]").all_inner_texts()
    )
    sign_out(page, server)
    for name in ("manager", "doctor"):
        sign_in(page, server, name)
        visit(page, server, seen, PAGES[name])
        sign_out(page, server)
    page.goto(f"{server.origin}/no-such-page/{'x' * 20}")
    return seen


def rests(page: Page) -> None:
    page.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()


def sign_in(page: Page, server: Browser, username: str) -> None:
    page.goto(server.origin)
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(demo.PASSWORD)
    page.keyboard.press("Enter")
    page.locator("h1").first.wait_for()
    rests(page)


def sign_out(page: Page, server: Browser) -> None:
    page.goto(f"{server.origin}/sign-out")
    page.get_by_role("button", name="Sign out").first.click()
    page.get_by_label("Username").wait_for()


def load(page: Page, server: Browser, seen: Watched, folder: Path) -> None:
    """Hand the files in as a person does; the browser sends them under their own names."""
    source = folder.parent / f"{folder.name}-handed-in"
    source.mkdir(exist_ok=True)
    given = [*planted.files(), planted.document()]
    paths = []
    for name, content in given:
        path = source / name
        path.write_bytes(content)
        paths.append(str(path))
    page.goto(f"{server.origin}/load")
    page.locator("h1").first.wait_for()
    page.set_input_files("input[type=file]", paths)
    button = page.get_by_role("button", name="Check and load")
    page.wait_for_function("() => [...document.querySelectorAll('button')]"
                           ".some(b => b.innerText.includes('Check and load') && !b.disabled)")  # fmt: skip
    button.click()
    page.get_by_text("refused", exact=False).first.wait_for()
    rests(page)
    look(page, seen)
    shutil.rmtree(source)


def audit(engine: object) -> None:
    """All claims under review, as the page Run an audit does it."""
    with read(engine) as connection:  # type: ignore[arg-type]
        by = connection.execute(
            select(schema.accounts.c.id).where(schema.accounts.c.username == "manager")
        ).scalar_one()
    at = datetime.now(UTC)
    run_id = running.screen(engine, account_id=by, at=at)  # type: ignore[arg-type]
    with read(engine) as connection:  # type: ignore[arg-type]
        frame = audits.frame_of(connection, run_id)
    plan = sampling.simple_plan(frame, frame.size)
    made = audits.open_audit(engine, run_id, name="All", plan=plan, account_id=by, at=at)  # type: ignore[arg-type]
    audits.draw_seed(engine, made, account_id=by, at=at, seed="12345678901234567890")  # type: ignore[arg-type]


def versions(engine: object) -> dict[str, int]:
    with read(engine) as connection:  # type: ignore[arg-type]
        return {row.claim_id: row.id for row in connection.execute(select(schema.claims))}


def review(page: Page, server: Browser, seen: Watched, claims: dict[str, int]) -> None:
    """Agree with every finding of two claims and sign them, with the password."""
    for name in ("C01", "C04"):
        page.goto(f"{server.origin}/claim?claim={claims[name]}")
        page.locator(".cs-head h1").wait_for()
        rests(page)
        look(page, seen)
        for _ in range(8):
            if not page.locator("div.cs-finding").count():
                break
            page.keyboard.press("a")
            page.wait_for_timeout(800)
            rests(page)
        page.keyboard.press("s")
        page.wait_for_timeout(800)
        if page.get_by_role("dialog").count():
            page.get_by_label("Your password again").fill(demo.PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_timeout(1500)
        rests(page)


def visit(page: Page, server: Browser, seen: Watched, names: Iterable[str]) -> None:
    for name in names:
        page.goto(f"{server.origin}/{name}")
        page.locator("h1").first.wait_for()
        rests(page)
        look(page, seen)


def look(page: Page, seen: Watched) -> None:
    page.wait_for_timeout(400)
    text = page.content()
    seen.shown |= {mark for mark in planted.MARKS if mark in text}
    seen.titles.append(page.title())
    broken = page.locator("main img[src^='http'], main script:not([src^='/'])").count()
    if broken:
        seen.titles.append("RAN")


def stored(context: BrowserContext, origin: str) -> list[str]:
    """Local and session storage, cookies, databases and caches that scripts can reach."""
    page = context.pages[0]
    page.goto(f"{origin}/sign-in")
    kept = page.evaluate(
        """async () => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href,
        (await indexedDB.databases()).map(d => d.name), await caches.keys()])"""
    )
    return [str(kept), str(context.cookies())]


def taken_out(engine: object) -> list[str]:
    """The texts of every form of the report that names nobody."""
    with read(engine) as connection:  # type: ignore[arg-type]
        by = connection.execute(
            select(schema.accounts.c.id).where(schema.accounts.c.username == "manager")
        ).scalar_one()
        audit_id = connection.execute(select(schema.audits.c.id)).scalar_one()
    texts = []
    for form in exporting.FORMS:
        content = exporting.export(engine, audit_id, form, account_id=by, at=datetime.now(UTC)).content  # type: ignore[arg-type]
        texts += readable(content)
    return texts


def readable(content: bytes) -> list[str]:
    """The texts in a file: of a PDF its pages, of a zip its parts."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [archive.read(name).decode("utf-8", "replace") for name in archive.namelist()]
    if content.startswith(b"%PDF"):
        return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    return [content.decode("utf-8", "replace")]


def searched(folder: Path) -> Iterator[str]:
    """Files with a mark; the database itself, which holds them by purpose, is left out."""
    marks = [mark.encode() for mark in planted.MARKS] + [mark.encode("utf-16-le") for mark in planted.MARKS]
    own = (folder / "site/pages/review/claim.py",)
    for path in _files(folder):
        if path.parent == folder / "data" or path in own:
            continue
        content = path.read_bytes()
        for mark in marks:
            if mark in content and not _of_the_failing_page(path):
                yield f"{path.relative_to(folder)} holds {mark.decode('utf-8', 'replace')}"


def _of_the_failing_page(path: Path) -> bool:
    """Compiled from the page into which this program itself wrote the mark."""
    return re.fullmatch(r"claim\.cpython-\d+\.pyc", path.name) is not None


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]


def _marks(where: str, texts: Iterable[str]) -> list[str]:
    return sorted({f"{where} holds {mark}" for text in texts for mark in planted.MARKS if mark in text})


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(Path(sys.argv[1])))
    with tempfile.TemporaryDirectory(prefix="countersign-privacy-") as made_up:
        sys.exit(main(Path(made_up)))

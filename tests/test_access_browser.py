"""In a real Chromium: what the security policy lets through, the idle log-off, the sign-in pages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, update

from audit.access import demo
from audit.store import schema
from audit.store.database import connect, prepare, write
from tests.access_server import ROOT, Browser, serving
from tests.keys import PATIENCE

APP = """
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
if get_script_run_ctx(suppress_warning=True) is None:
    from pages.parts import server
    server.start()
    app = st.App(__file__, routes=server.routes(), middleware=server.middleware(), on_script_error=server.failed)
else:
    import pandas as pd
    import plotly.graph_objects as go
    from pages.parts import who
    person = who.require()
    who.show(person)
    st.title("Everything a page may need")
    st.dataframe(pd.DataFrame({"units": range(50)}))
    st.plotly_chart(go.Figure(go.Bar(x=[1, 2, 3], y=[3, 1, 2])))
    st.metric("rate", "4 %", chart_data=[1, 2, 3, 2])
    st.line_chart({"rate": [1, 3, 2]})
    sent = st.file_uploader("A file")
    if sent:
        st.text(f"got {sent.getvalue().decode()}")
    st.download_button("Download", "downloaded", "x.txt")
    st.text_input("A note")
    if st.button("Fail"):
        raise ValueError("Jane Doe, born 1950")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of one page, behind the gate and with the settings of the real one."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / ".streamlit", folder / ".streamlit")
    (folder / "app.py").write_text(APP)
    return folder


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{folder}/site.db")
    prepare(engine)
    demo.create_accounts(engine, datetime.now(UTC))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def site(folder: Path, engine: Engine) -> Iterator[Browser]:
    with serving(folder, f"sqlite:///{folder}/site.db", COUNTERSIGN_DEMO="1") as served:
        yield served


@pytest.fixture
def page(browser: Chromium) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1440, "height": 2400}) as context:
        context.set_default_timeout(PATIENCE)
        yield context.new_page()


def sign_in(page: Page, site: Browser) -> None:
    page.goto(site.origin)
    page.get_by_label("Username").fill("doctor")
    page.get_by_label("Password").fill(demo.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Everything a page may need")).to_be_visible()
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def test_pages_work_under_the_policy_and_ask_no_other_server(page: Page, site: Browser, folder: Path) -> None:
    console: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: console.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, site)
    for drawn in (
        "[data-testid=stDataFrame] canvas >> nth=0",
        ".js-plotly-plot .bars path >> nth=0",
        "[data-testid=stMetric] :is(canvas, svg) >> nth=0",
        "[data-testid=stVegaLiteChart] :is(canvas, svg) >> nth=0",
    ):
        page.wait_for_selector(drawn, state="attached")
    (folder / "sent.txt").write_text("what was sent")
    page.set_input_files("input[type=file]", folder / "sent.txt")
    expect(page.get_by_text("got what was sent")).to_be_visible()
    for field in ("input[type=file]", "input[type=text]"):  # else the browser keeps on its disk what they hold
        expect(page.locator(field).first).to_have_attribute("autocomplete", "off")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    assert download.value.path().read_text() == "downloaded"
    assert [text for text in console if re.search("Content.Security.Policy|Refused to|violates", text)] == []
    assert [url for url in asked if not url.startswith((site.origin, "data:", "blob:"))] == []
    assert len(asked) > 50


def test_the_policy_stops_what_text_could_smuggle_in(page: Page, site: Browser) -> None:
    """Else the test above could pass without a policy."""
    sign_in(page, site)
    stopped = page.evaluate(
        """() => new Promise(done => {
            const seen = [];
            document.addEventListener("securitypolicyviolation", event => {
                seen.push(event.effectiveDirective);
                if (seen.length == 3) done(seen.sort());
            });
            new Image().src = "https://example.invalid/pixel.png";
            fetch("https://example.invalid/").catch(() => 0);
            const script = document.createElement("script");
            script.textContent = "window.smuggled = true";
            document.body.append(script);
        })"""
    )
    assert stopped == ["connect-src", "img-src", "script-src-elem"]
    assert page.evaluate("window.smuggled") is None


def test_a_failure_shows_a_number_and_the_log_holds_no_data(page: Page, site: Browser, folder: Path) -> None:
    sign_in(page, site)
    page.get_by_role("button", name="Fail").click()
    said = page.get_by_text("Something went wrong.").inner_text()
    number = re.search(r"number (\w{8})\.", said)
    assert number
    assert "Jane Doe" not in page.content()
    log = (folder / "server.log").read_text()
    assert number[1] in log
    assert "ValueError at app.py:" in log
    assert "Jane Doe" not in log


def test_an_idle_page_warns_and_leaves(page: Page, site: Browser, engine: Engine) -> None:
    sign_in(page, site)

    def idle_for(minutes: float) -> None:
        seen_at = datetime.now(UTC) - timedelta(minutes=minutes)
        with write(engine) as connection:
            connection.execute(update(schema.sessions).values(seen_at=seen_at))

    warning = page.get_by_text("You will be signed out in less than a minute.")
    expect(warning).to_have_count(0)
    idle_for(14.2)
    expect(warning).to_be_visible(timeout=40_000)
    page.keyboard.press("Shift")
    expect(warning).to_have_count(0, timeout=40_000)
    idle_for(15)
    page.wait_for_url("**/sign-in?ended*")
    expect(page.get_by_role("status")).to_contain_text("You were signed out")
    assert "Everything a page may need" not in page.content()


def test_signing_out_from_the_sidebar(page: Page, site: Browser) -> None:
    sign_in(page, site)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto(site.origin)
    expect(page.get_by_label("Password")).to_be_visible()
    assert demo.PASSWORD in page.content(), "in the demo a stranger is told how to begin"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_sign_in_page_is_accessible_and_fits(browser: Chromium, site: Browser, scheme: str, width: int) -> None:
    with browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(site.origin)
        expect(page.get_by_label("Username")).to_be_focused()
        page.get_by_label("Username").fill("nobody")
        page.get_by_label("Password").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_label("Password")).to_be_focused()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert [found["id"] for found in Axe().run(page).response["violations"]] == []

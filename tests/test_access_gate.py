"""The gate of a real server: what strangers, the signed in, and those no longer signed in can reach."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from audit.access import accounts, demo, people, sessions, solo
from audit.access.accounts import TRIES
from audit.access.request import COOKIE
from audit.access.sign_in import WRONG
from audit.reviewing.review import REVIEWERS
from audit.store import schema
from audit.store.database import connect, prepare, read, write
from pages.parts.who import SINGLE_PERSON
from tests import gate_routes
from tests.access_server import PAGE, ROOT, Browser, run, serving
from tests.places import PATIENCE

FIRST_PASSWORD = "given by the administrator"  # noqa: S105
CLOSED_PARTS = [
    "/media/0123456789abcdef.csv",
    "/_stcore/health",
    "/_stcore/script-health-check",
    "/_stcore/metrics",
    "/_stcore/host-config",
    "/_stcore/stream",
    "/_stcore/upload_file/a/b",
    "/_stcore/bidi-components/x/y.js",
    "/_stcore/agent/openapi.json",
    "/component/x/index.html",
    "/static/../_stcore/metrics",
    "/static/%2e%2e/_stcore/metrics",
    "/%5fstcore/metrics",
]
CLOSED_PAGES = [
    *("/", "/home", "/yours", "/change-password", "/session"),
    *("/auth/login", "/auth/logout", "/oauth2callback", "/favicon.png", "/assets", "/Static/x"),
]
UNTOUCHED = {
    "timer": BackMsg(rerun_script=ClientState(is_auto_rerun=True)),
    "heartbeat": BackMsg(app_heartbeat=True),
}
"""Messages a browser sends while nobody is there."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('gate')}/gate.db"


@pytest.fixture(scope="module")
def engine(url: str) -> Iterator[Engine]:
    engine = connect(url)
    prepare(engine)
    now = datetime.now(UTC)
    demo.create_accounts(engine, now)
    for name in ("newcomer", "leaver", "unlucky"):
        new = name == "newcomer"
        accounts.create(
            engine,
            username=name,
            name=name,
            role="reviewer",
            password=FIRST_PASSWORD,
            now=now,
            must_change_password=new,
        )
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def server(url: str, engine: Engine) -> Iterator[Browser]:
    with serving(ROOT, url) as browser:
        yield browser


@pytest.fixture
def stranger(server: Browser) -> Browser:
    return Browser(server.port)


def signed_in(server: Browser, engine: Engine, username: str = "reviewer") -> Browser:
    """Someone signed in, without the cost of a password."""
    with read(engine) as connection:
        chosen = select(schema.accounts.c.id).where(schema.accounts.c.username == username)
        account_id = connection.execute(chosen).scalar_one()
    return Browser(server.port, sessions.begin(engine, account_id, datetime.now(UTC)))


def seen_ago(engine: Engine, browser: Browser, ago: timedelta) -> None:
    this = schema.sessions.c.token_sha256 == sessions.sha256(browser.token)
    with write(engine) as connection:
        connection.execute(update(schema.sessions).where(this).values(seen_at=datetime.now(UTC) - ago))


def read_to_the_end(line: ClientConnection) -> None:
    while True:
        line.recv(timeout=PATIENCE)


def was_seen_now(engine: Engine, browser: Browser) -> bool:
    session = sessions.find(engine, sessions.sha256(browser.token), datetime.now(UTC))
    return session is not None and datetime.now(UTC) - session.seen_at < timedelta(minutes=1)


@pytest.mark.parametrize("path", CLOSED_PARTS)
@pytest.mark.parametrize("headers", [{}, PAGE], ids=["fetched", "opened"])
def test_strangers_reach_no_part_of_the_app(stranger: Browser, path: str, headers: dict[str, str]) -> None:
    answer = stranger.ask("GET", path, headers)
    assert (answer.status, answer.text) in [(401, ""), (303, "")]


@pytest.mark.parametrize("path", CLOSED_PAGES)
def test_strangers_who_open_a_page_are_asked_to_sign_in(stranger: Browser, path: str) -> None:
    answer = stranger.open(path + "?claim=7")
    assert answer.status == 303
    assert answer.headers["location"] == f"/sign-in?next={path.replace('/', '%2F')}%3Fclaim%3D7"
    assert stranger.get(path).status == 401


def test_what_is_open_to_strangers(stranger: Browser) -> None:
    assert stranger.get("/health").text == "ok"
    assert "Sign in" in stranger.open("/sign-in").text
    assert demo.PASSWORD not in stranger.open("/sign-in").text
    for path in ("/assets/access.css", "/assets/mark.svg", "/assets/watch.js", "/static/media/none.woff2"):
        assert stranger.get(path).status == 200
    assert stranger.get("/assets/..%2faccounts.py").status == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/_stcore/upload_file/a/b", "/static/x", "/media/x", "/session"])
def test_strangers_change_nothing(stranger: Browser, method: str, path: str) -> None:
    assert stranger.ask(method, path, {"origin": stranger.origin}, "x").status == 401


@pytest.mark.parametrize("token", ["", "made-up", "' OR 1=1 --", "%00"])
def test_strangers_get_no_websocket(stranger: Browser, token: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        Browser(stranger.port, token).socket()
    assert refused.value.response.status_code == 403


def over(server: Browser, engine: Engine, end: str) -> str:
    """The token of a session that is none (any more)."""
    if end in ("", "made-up"):
        return end
    browser = signed_in(server, engine)
    session = sessions.find(engine, sessions.sha256(browser.token), datetime.now(UTC))
    assert session
    if end == "expired":
        seen_ago(engine, browser, sessions.IDLE)
    else:
        sessions.end(engine, session, datetime.now(UTC))
    return browser.token


def test_every_route_is_closed_by_every_method(server: Browser) -> None:
    told = list(gate_routes.every(server))
    closed = [one for one in told if not gate_routes.is_open(one.path)]
    assert len(closed) >= 20 * len(gate_routes.METHODS)
    assert {(one.status, one.body) for one in closed} == {(401, b"")}
    files = [one for one in told if one.path.startswith(("/assets", "/static"))]
    assert {one.status for one in files if one.method not in ("GET", "HEAD", "OPTIONS")} == {401}


@pytest.mark.parametrize("end", ["made-up", "expired", "ended"])
def test_a_session_that_is_none_opens_no_route(server: Browser, engine: Engine, end: str) -> None:
    told = gate_routes.every(server, over(server, engine, end), ("GET", "PUT"))
    assert {(one.status, one.body) for one in told if not gate_routes.is_open(one.path)} == {(401, b"")}


def test_the_routes_are_found_at_all(server: Browser, engine: Engine) -> None:
    """Else the tests above could not fail: somebody signed in reaches what strangers do not."""
    token = signed_in(server, engine).token
    reached = {one.path for one in gate_routes.every(server, token, ("GET",)) if one.status == 200}
    assert {"/", "/_stcore/health", "/_stcore/host-config", "/session"} <= reached
    for path in ("/_stcore/agent/interact", "/_stcore/agent/mcp"):
        assert 400 <= gate_routes.ask(server, "POST", path, token).status < 500, "the agent API is off"


def test_an_upload_is_refused_before_it_is_read(server: Browser, engine: Engine) -> None:
    most = 50 * 1024 * 1024
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        head = f"PUT /_stcore/upload_file/a/b HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\norigin: {server.origin}\r\n"
        cookie = f"cookie: {COOKIE}={signed_in(server, engine).token}\r\n"
        kind = "content-type: multipart/form-data; boundary=x\r\n"
        line.sendall(f"{head}{cookie}{kind}content-length: {most * 2}\r\n\r\n".encode())
        assert b" 4" in line.recv(64)[:12]


def test_no_header_and_no_spelling_opens_the_gate(server: Browser) -> None:
    for path in ("/", "/_stcore/metrics", "/media/x", "/_stcore/upload_file/a/b"):
        for name, value in gate_routes.FORGED.items():
            assert gate_routes.ask(server, "GET", path, **{name: value}).status == 401, (path, name)
        assert gate_routes.ask(server, "GET", path, **gate_routes.FORGED).status == 401
    for path in gate_routes.TRICKS:
        told = gate_routes.ask(server, "GET", path)
        assert (told.status, told.body) in [(401, b""), (400, b""), (400, told.body)], path
        assert b"stcore" not in told.body


def test_headers_a_browser_sends_do_not_tell_who_it_is(server: Browser, stranger: Browser, engine: Engine) -> None:
    theirs = signed_in(server, engine, "administrator")
    forged = {
        "X-Countersign-Account": "5",
        "x-countersign-session": sessions.sha256(theirs.token),
        "X-COUNTERSIGN-ROLE": "administrator",
    }
    assert stranger.ask("GET", "/_stcore/health", forged).status == 401
    with pytest.raises(InvalidStatus):
        stranger.socket(**forged)
    with signed_in(server, engine).socket(**forged) as line:
        shown = run(line, "yours")
    assert "Imke Sorrel" in shown
    assert "Ada Quill" not in shown


def test_signing_in_with_the_form(stranger: Browser) -> None:
    answer = stranger.sign_in("Reviewer", demo.PASSWORD, next="/yours?x=1")
    assert (answer.status, answer.headers["location"]) == (303, "/yours?x=1")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("countersign_session=")
    assert {"httponly", "samesite=strict", "path=/"} <= set(cookie.lower().split("; "))
    assert "secure" not in cookie.lower()
    assert stranger.open("/").status == 200
    assert stranger.open("/sign-in?next=/yours").headers["location"] == "/yours"
    with stranger.socket() as line:
        assert "Imke Sorrel" in run(line, "yours")


def test_the_cookie_is_secure_behind_a_proxy_with_tls(stranger: Browser) -> None:
    form = f"username=reviewer&password={demo.PASSWORD.replace(' ', '+')}"
    headers = {"origin": stranger.origin, "x-forwarded-proto": "https"}
    answer = stranger.ask("POST", "/sign-in", headers, form)
    assert "secure" in answer.headers["set-cookie"].lower().split("; ")


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example"]
)
def test_signing_in_leads_to_no_other_site(stranger: Browser, elsewhere: str) -> None:
    answer = stranger.sign_in("reviewer", demo.PASSWORD, next=elsewhere)
    assert (answer.status, answer.headers["location"]) == (303, "/")


def test_a_refused_sign_in_says_the_same_whatever_was_wrong(stranger: Browser, engine: Engine) -> None:
    typed = "<script>alert(1)</script>"
    unknown = stranger.sign_in(typed, FIRST_PASSWORD)
    assert typed not in unknown.text
    assert "&lt;script&gt;" in unknown.text
    wrong = [stranger.sign_in("unlucky", "x") for _ in range(TRIES)]
    locked = stranger.sign_in("unlucky", FIRST_PASSWORD)
    for answer in [unknown, *wrong, locked]:
        assert answer.status == 401
        assert WRONG in answer.text
        assert 'role="alert"' in answer.text
        assert "set-cookie" not in answer.headers
    assert len({answer.text for answer in [*wrong, locked]}) == 1


def test_signing_in_takes_a_new_token_and_ends_the_old_session(stranger: Browser) -> None:
    planted = "planted-by-someone-else"
    stranger.token = planted
    stranger.sign_in("reviewer", demo.PASSWORD)
    first = stranger.token
    stranger.sign_in("reviewer", demo.PASSWORD)
    assert len({planted, first, stranger.token}) == 3
    assert [Browser(stranger.port, token).open("/").status for token in (planted, first, stranger.token)] == [
        *(303, 303, 200)
    ]


def test_signing_out_ends_the_session(server: Browser, engine: Engine) -> None:
    browser = signed_in(server, engine)
    token = browser.token
    assert "Imke Sorrel" in browser.open("/sign-out").text
    assert Browser(server.port, token).open("/").status == 200, "asking does not sign out"
    answer = browser.post("/sign-out")
    assert (answer.status, answer.headers["location"]) == (303, "/sign-in")
    assert Browser(server.port, token).open("/").status == 303


@pytest.mark.parametrize("end", ["expired", "ended", "stopped"])
def test_a_session_that_is_over_reaches_nothing(server: Browser, engine: Engine, end: str) -> None:
    browser = signed_in(server, engine, "leaver")
    with write(engine) as connection:
        connection.execute(update(schema.accounts).values(active=True))
    assert browser.open("/").status == 200
    with browser.socket() as line:
        run(line, "yours")
        session = sessions.find(engine, sessions.sha256(browser.token), datetime.now(UTC))
        assert session
        if end == "expired":
            seen_ago(engine, browser, sessions.IDLE)
        elif end == "ended":
            sessions.end(engine, session, datetime.now(UTC))
        else:
            people.stop(engine, session.account_id, by=None, at=datetime.now(UTC))
        with pytest.raises(ConnectionClosed) as closed:
            run(line, "yours")
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 4401
    assert browser.open("/").status == 303
    assert browser.get("/session").status == 401
    with pytest.raises(InvalidStatus):
        browser.socket()


@pytest.mark.parametrize("message", ["timer", "heartbeat", "no message at all"])
def test_messages_no_person_made_end_with_the_session_too(server: Browser, engine: Engine, message: str) -> None:
    browser = signed_in(server, engine)
    with browser.socket() as line:
        run(line, "yours")
        seen_ago(engine, browser, sessions.IDLE)
        line.send(UNTOUCHED[message].SerializeToString() if message in UNTOUCHED else b"\xff\xff")
        with pytest.raises(ConnectionClosed) as closed:
            read_to_the_end(line)
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 4401


def test_only_what_a_person_does_keeps_a_session_alive(server: Browser, engine: Engine) -> None:
    browser, ago = signed_in(server, engine), timedelta(minutes=5)
    with browser.socket() as line:
        seen_ago(engine, browser, ago)
        run(line, "yours")
        assert not was_seen_now(engine, browser), "the page's own first message"
        run(line, "yours", timer=True)
        line.send(BackMsg(app_heartbeat=True).SerializeToString())
        browser.get("/session")
        browser.get("/_stcore/health")
        assert not was_seen_now(engine, browser)
        run(line, "yours")
        assert was_seen_now(engine, browser), "a click"
    for person_does in (lambda: browser.open("/yours"), lambda: browser.post("/session")):
        seen_ago(engine, browser, ago)
        person_does()
        assert was_seen_now(engine, browser)


def test_the_time_left_is_told(server: Browser, engine: Engine) -> None:
    browser = signed_in(server, engine)
    seen_ago(engine, browser, timedelta(minutes=10))
    assert browser.get("/session").text.startswith('{"left":29')


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "http://127.0.0.1", "http://127.0.0.1:1", "http://[::1"]
)
def test_nothing_is_taken_from_the_pages_of_other_sites(server: Browser, engine: Engine, origin: str) -> None:
    browser = signed_in(server, engine)
    for path in ("/sign-out", "/change-password", "/session", "/_stcore/upload_file/a/b"):
        assert browser.post(path, origin=origin).status == 403
    assert browser.post("/sign-in", origin=origin, username="reviewer", password=demo.PASSWORD).status == 403
    with pytest.raises(InvalidStatus):
        browser.socket(origin=origin)
    assert browser.open("/").status == 200


def test_who_must_change_the_password_reaches_only_that_page(stranger: Browser) -> None:
    answer = stranger.sign_in("newcomer", FIRST_PASSWORD)
    assert answer.status == 303
    assert stranger.open("/").headers["location"] == "/change-password"
    assert stranger.open("/media/x").status == 403
    assert stranger.get("/_stcore/health").status == 403
    with pytest.raises(InvalidStatus):
        stranger.socket()
    assert "New password" in stranger.open("/change-password").text

    new = "chosen by myself alone"
    differ = stranger.post("/change-password", old=FIRST_PASSWORD, new=new, again=new + "!")
    assert (differ.status, "The two new passwords differ" in differ.text) == (400, True)
    before = stranger.token
    assert stranger.post("/change-password", old=FIRST_PASSWORD, new=new, again=new).headers["location"] == "/"
    assert stranger.token != before
    assert stranger.open("/").status == 200
    assert Browser(stranger.port, before).open("/").status == 303


def test_a_form_that_is_too_large_or_no_form_is_refused(stranger: Browser) -> None:
    assert stranger.sign_in("x", "y" * 10_000).status == 413
    assert stranger.post("/sign-in", **{f"field{number}": "x" for number in range(20)}).status == 400
    assert stranger.sign_in("", "").status == 401


def test_every_answer_carries_the_security_headers(server: Browser, engine: Engine) -> None:
    browser, stranger = signed_in(server, engine), Browser(server.port)
    answers = [browser.open("/"), stranger.open("/sign-in"), stranger.open("/"), stranger.get("/media/x")]
    for answer in [*answers, browser.get("/media/x"), stranger.get("/static/media/none.woff2")]:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "'unsafe-eval'" not in policy
        assert "script-src 'self' 'wasm-unsafe-eval' 'sha256-" in policy
        assert f"ws://127.0.0.1:{server.port}" in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
    for answer in [*answers, browser.get("/media/x"), browser.get("/session")]:
        assert answer.headers["cache-control"] == "no-store"


def test_a_host_that_would_change_the_policy_is_left_out_of_it(stranger: Browser) -> None:
    policy = stranger.get("/sign-in", host="x; script-src *").headers["content-security-policy"]
    assert "script-src *" not in policy


@pytest.mark.parametrize("role", ["reviewer", "second", "doctor", "manager", "auditor"])
def test_the_page_of_people_is_for_administrators_on_the_wire(server: Browser, engine: Engine, role: str) -> None:
    """Streamlit runs the first page for a page a role may not see; that page's own guard is tested beside."""
    with signed_in(server, engine, role).socket() as line:
        shown = run(line, "people")
    assert "Add and make the link" not in shown
    assert "Change an account" not in shown


def test_a_role_changed_under_an_open_websocket_ends_it(server: Browser, engine: Engine) -> None:
    leaver, ada = (accounts.find_by_username(engine, name) for name in ("leaver", "administrator"))
    assert leaver
    assert ada
    with write(engine) as connection:
        connection.execute(update(schema.accounts).values(active=True))
    browser = signed_in(server, engine, "leaver")
    with browser.socket() as line:
        run(line, "yours")
        people.change_role(engine, leaver.id, "auditor", by=ada.id, at=datetime.now(UTC))
        with pytest.raises(ConnectionClosed) as closed:
            run(line, "yours")
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 4401
    people.change_role(engine, leaver.id, "reviewer", by=ada.id, at=datetime.now(UTC))


def test_the_administrators_page_and_the_mode_on_every_screen(server: Browser, engine: Engine) -> None:
    ada = accounts.find_by_username(engine, "administrator")
    assert ada
    reviewing = [one.account.id for one in people.everyone(engine, datetime.now(UTC)) if one.account.role in REVIEWERS]
    with write(engine) as connection:
        these = schema.accounts.c.id.in_(reviewing[1:])
        connection.execute(update(schema.accounts).where(these).values(active=False))
    solo.switch(engine, True, by=ada.id, at=datetime.now(UTC), reason="test")
    with signed_in(server, engine, "administrator").socket() as line:
        for page in ("people", "yours", "rule_book"):
            assert SINGLE_PERSON in run(line, page)
        assert "Add and make the link" in run(line, "people")
    solo.switch(engine, False, by=ada.id, at=datetime.now(UTC), reason="test")
    with write(engine) as connection:
        connection.execute(update(schema.accounts).values(active=True))
    with signed_in(server, engine, "administrator").socket() as line:
        assert SINGLE_PERSON not in run(line, "yours")


@pytest.fixture
def other(engine: Engine, tmp_path: Path) -> Iterator[Engine]:
    """A copy of the database, for another server: one file has one server."""
    copy = sqlite3.connect(tmp_path / "other.db")
    with closing(sqlite3.connect(str(engine.url.database))) as held, closing(copy):
        held.backup(copy)
    made = connect(f"sqlite:///{tmp_path / 'other.db'}")
    yield made
    made.dispose()


def test_behind_a_proxy_with_tls(other: Engine) -> None:
    """The public name passes, with a secure cookie and strict transport; other names and sites do not."""
    site = {"COUNTERSIGN_PUBLIC_URL": "https://countersign.example"}
    from_there = {"host": "countersign.example", "x-forwarded-proto": "https"}
    with serving(ROOT, str(other.url), **site) as served:
        stranger = Browser(served.port)
        page = stranger.get("/sign-in", **from_there)
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        form = f"username=reviewer&password={demo.PASSWORD.replace(' ', '+')}"
        headers = {**from_there, "origin": "https://countersign.example"}
        answer = stranger.ask("POST", "/sign-in", headers, form)
        assert "secure" in answer.headers["set-cookie"].lower().split("; ")
        assert stranger.get("/sign-in", host="evil.example").status == 400
        with stranger.socket("https://countersign.example", **from_there) as line:
            assert "Imke Sorrel" in run(line, "yours")
        for origin, host in (("https://evil.example", "countersign.example"), ("https://evil.example", "evil.example")):
            with pytest.raises(InvalidStatus):
                stranger.socket(origin, host=host)
    with read(other) as connection:
        last = connection.execute(select(schema.events.c.details).order_by(schema.events.c.id.desc()).limit(1)).scalar()
    assert last == '{"by":"password","from":"127.0.0.1"}'

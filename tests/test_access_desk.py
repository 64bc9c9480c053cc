"""The front desk over HTTP: one-time links, signing out everywhere, hosts, where people sit, brute force."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, select

from audit import cli, serving
from audit.access import accounts, invitations, passwords, people, request, sessions, settings, throttle
from audit.access.accounts import TRIES
from audit.access.request import COOKIE
from audit.errors import InputError
from audit.model import Role
from audit.store import schema, trail
from audit.store.database import VARIABLE, connect, prepare, read
from tests.access_provider import front_desk
from tests.access_server import Browser
from tests.places import PATIENCE

RIGHT = "a blue heron on the pier"
PEOPLE: dict[str, Role] = {"ada": "administrator", "imke": "reviewer"}
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "MADEUP"]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module", autouse=True)
def quick_hashes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        patch.setattr(trail, "where", request.came_from.get)
        passwords._hash_of_nobody.cache_clear()
        yield
    passwords._hash_of_nobody.cache_clear()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('desk')}/desk.db"


@pytest.fixture(scope="module")
def engine(url: str, quick_hashes: None) -> Iterator[Engine]:
    engine = connect(url)
    prepare(engine)
    for username, role in PEOPLE.items():
        whole = {"username": username, "name": username.title(), "password": RIGHT, "must_change_password": False}
        accounts.create(engine, role=role, now=now(), **whole)  # type: ignore[arg-type]
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def desk(engine: Engine) -> Iterator[Browser]:
    with front_desk(engine) as served:
        yield served


@pytest.fixture
def browser(desk: Browser) -> Browser:
    return Browser(desk.port)


def events(engine: Engine) -> list[Any]:
    with read(engine) as connection:
        return list(connection.execute(select(schema.events).order_by(schema.events.c.id)))


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[tuple[Engine, Browser]]:
    """A server on a database without anybody."""
    engine = connect(f"sqlite:///{tmp_path}/fresh.db")
    prepare(engine)
    with front_desk(engine) as served:
        yield engine, served
    engine.dispose()


def test_the_console_makes_the_first_administrator_and_nothing_else_does(
    fresh: tuple[Engine, Browser], capsys: pytest.CaptureFixture[str]
) -> None:
    engine, browser = fresh
    assert browser.open("/first-password").status == 404
    assert browser.open("/first-password?key=").status == 404
    serving.welcome(engine, browser.origin)
    printed = capsys.readouterr().out
    link = next(line.strip() for line in printed.splitlines() if browser.origin in line)
    path, key = link.removeprefix(browser.origin), link.partition("key=")[2]
    assert len(key) >= 43
    for _ in range(2):
        assert "You will be the first administrator" in browser.open(path).text, "looking does not use it"

    whole = {"key": key, "username": "Ada", "name": 'Ada "Q" <Quill>', "new": RIGHT, "again": RIGHT}
    assert browser.post("/first-password", origin="https://evil.example", **whole).status == 403
    assert browser.post("/first-password", **{**whole, "key": "guessed"}).status == 404
    for wrong in ({"again": "x"}, {"new": "short", "again": "short"}, {"new": "password1234", "again": "password1234"}):
        again = browser.post("/first-password", **{**whole, **wrong})
        assert (again.status, 'role="alert"' in again.text) == (400, True)
        assert "&lt;Quill&gt;" in again.text
        assert f'value="{wrong.get("new", RIGHT)}"' not in again.text
    assert browser.token == ""

    answer = browser.post("/first-password", **whole)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert browser.open("/").text == 'Ada "Q" <Quill>'
    assert Browser(browser.port).post("/first-password", **whole).status == 404
    assert Browser(browser.port).open(path).status == 404
    serving.welcome(engine, browser.origin)
    assert capsys.readouterr().out == ""
    told = [event.kind for event in events(engine)]
    assert told == ["one-time link made", "account created", "password set by one-time link", "sign-in"]
    assert key not in str(events(engine))


def test_a_link_of_an_administrator_and_of_the_command_line(
    engine: Engine, url: str, browser: Browser, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = accounts.find_by_username(engine, "ada")
    assert ada
    key = people.add(engine, username="jo", name="Jo Marsh", role="manager", npi="", by=ada.id, at=now())
    assert "<code>jo</code>" in browser.open(invitations.path_of(key)).text
    forged = {"username": "ada", "name": "Eve", "key": key, "new": RIGHT, "again": RIGHT}
    assert browser.post("/first-password", **forged).status == 303
    assert browser.open("/").text == "Jo Marsh", "the link says whose password, not the form"

    monkeypatch.setenv(VARIABLE, url)
    monkeypatch.setenv(settings.PUBLIC_URL, "https://countersign.example")
    assert cli.main(["invite", "IMKE"]) == 0
    assert "https://countersign.example/first-password?key=" in capsys.readouterr().out
    assert cli.main(["invite", "nobody"]) == 2
    assert "there is no account nobody" in capsys.readouterr().err


def test_signing_out_everywhere(engine: Engine, browser: Browser) -> None:
    browser.sign_in("imke", RIGHT)
    other = Browser(browser.port)
    other.sign_in("imke", RIGHT)
    tokens = [browser.token, other.token]
    assert browser.post("/sign-out", everywhere="1").status == 303
    assert [Browser(browser.port, token).open("/").status for token in tokens] == [303, 303]


def test_a_session_planted_in_a_browser_is_not_taken_up(engine: Engine, browser: Browser) -> None:
    """Fixation: whether the planted token is invented or the attacker's own."""
    attacker = Browser(browser.port)
    attacker.sign_in("ada", RIGHT)
    for planted in ("invented-by-somebody", attacker.token):
        victim = Browser(browser.port, planted)
        victim.sign_in("imke", RIGHT)
        assert victim.token != planted
        assert Browser(browser.port, planted).open("/").status == 303


def test_every_route_with_every_method_without_a_session(engine: Engine, browser: Browser) -> None:
    """Beside the sign-in pages there is nothing for strangers, whatever the verb; and no verb tells what exists."""
    paths = ["/", "/session", "/change-password", "/anything", "/assets/none", "/static/../session"]
    for path in paths:
        for method in METHODS:
            answer = browser.ask(method, path, {"origin": browser.origin})
            assert answer.status in (401, 404), (method, path)
            assert "set-cookie" not in answer.headers
            assert answer.status == 401 or path.startswith("/assets")
    for path in ("/sign-in", "/first-password", "/sign-out", "/health", "/oidc/start", "/oidc/callback"):
        for method in METHODS:
            answer = browser.ask(method, path, {"origin": browser.origin}, "x=y")
            assert answer.status in (200, 303, 401, 404, 405), (method, path)
            assert "set-cookie" not in answer.headers or answer.headers["set-cookie"].startswith(f'{COOKIE}=""')


@pytest.mark.parametrize("cookie", ["a=b; " * 200, f"{COOKIE}=" + "x" * 4000, f"{COOKIE}=%0d%0aset-cookie:x"])
def test_strange_cookies_are_nobodys(browser: Browser, cookie: str) -> None:
    assert browser.ask("GET", "/", {"cookie": cookie}).status == 401


def test_guessing_gets_five_tries_and_tells_nothing(engine: Engine, browser: Browser) -> None:
    guesses = [f"guess number {number}" for number in range(TRIES)]
    answers = {browser.sign_in("imke", guess).text for guess in [*guesses, RIGHT]}
    assert len(answers) == 1
    assert {event.kind for event in events(engine)[-7:]} == {"sign-in failed", "lock-out"}
    imke, ada = accounts.find_by_username(engine, "imke"), accounts.find_by_username(engine, "ada")
    assert imke
    assert ada
    people.unlock(engine, imke.id, by=ada.id, at=now())
    assert browser.sign_in("imke", RIGHT).status == 303


def test_one_address_that_fails_too_often_waits_whoever_it_names(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One password on many accounts locks none of them; the place that tries it is held back."""
    monkeypatch.setattr(throttle, "TRIES", 3)
    with front_desk(engine) as served:
        answers = [served.sign_in(f"somebody{number}", "Autumn 2026 sale") for number in range(5)]
        assert [answer.status for answer in answers] == [401, 401, 401, 429, 429]
        assert 0 < int(answers[-1].headers["retry-after"]) <= 901
        assert "Wait for a quarter of an hour" in answers[-1].text
        assert served.sign_in("ada", RIGHT).status == 429, "the right password too: nothing is told"
    told = [event for event in events(engine) if event.kind == "sign-in paused"]
    assert [json.loads(event.details) for event in told] == [{"from": "127.0.0.1", "tries": 3}]


def test_events_say_where_and_only_a_trusted_proxy_speaks_for_others(
    engine: Engine, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = f"username=imke&password={RIGHT.replace(' ', '+')}"
    headers = {"origin": browser.origin, "x-forwarded-for": "203.0.113.9, 198.51.100.7"}
    assert browser.ask("POST", "/sign-in", headers, form).status == 303
    assert json.loads(events(engine)[-1].details)["from"] == "198.51.100.7", "what the proxy saw, not what it was told"
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "192.0.2.1")
    with front_desk(engine) as direct:
        headers["origin"] = direct.origin
        assert direct.ask("POST", "/sign-in", headers, form).status == 303
        assert json.loads(events(engine)[-1].details)["from"] == "127.0.0.1"


def test_the_names_of_proxies_and_of_the_site_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.trusted_proxies() == "127.0.0.1"
    monkeypatch.setenv(settings.TRUSTED_PROXIES, "10.0.0.0/24, 192.0.2.7")
    assert settings.trusted_proxies() == "10.0.0.0/24, 192.0.2.7"
    for wrong in ("*", "proxy.example", "10.0.0.0/24,,"):
        monkeypatch.setenv(settings.TRUSTED_PROXIES, wrong)
        with pytest.raises(InputError, match="is no address of a machine or network"):
            settings.trusted_proxies()


def test_a_live_session_whose_account_must_change_its_password_reaches_nothing_else(
    engine: Engine, browser: Browser
) -> None:
    new = accounts.create(engine, username="new", name="New", role="auditor", password=RIGHT, now=now())
    browser.token = sessions.begin(engine, new.id, now())
    assert browser.open("/").headers["location"] == "/change-password"
    for method in METHODS[2:]:
        assert browser.ask(method, "/session", {"origin": browser.origin}).status == 403


def test_the_answer_of_the_server_under_another_name_is_a_refusal(engine: Engine) -> None:
    """A site that leads its own name to this machine (DNS rebinding) gets nothing, not even the sign-in page."""
    with front_desk(engine, hosts=("127.0.0.1",)) as served:
        assert served.get("/sign-in").status == 200
        for host in (
            "evil.example",
            f"evil.example:{served.port}",
            "127.0.0.1.evil.example",
            "x y",
            "[::1",
            "127.0.0.1@evil.example",
            "evil@127.0.0.1",
        ):
            connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
            connection.putrequest("GET", "/sign-in", skip_host=True)
            connection.putheader("Host", host)
            connection.endheaders()
            assert connection.getresponse().status == 400, host
            connection.close()

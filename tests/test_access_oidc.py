"""Signing in with a provider of the practice's own: only an honest answer, only for an account that is bound to it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine, delete, select

from audit.access import accounts, identities, oidc, passwords, people, settings
from audit.errors import InputError, StateError
from audit.store import schema
from audit.store.database import connect, prepare, read, write
from tests.access_provider import CLIENT, SECRET, Provider, front_desk, provider
from tests.access_server import Answer, Browser

USERNAME = "imke@clinic.example"
VERIFIED = {"email": "Imke@Clinic.example", "email_verified": True}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('oidc')}/oidc.db")
    prepare(engine)
    with write(engine) as connection:
        for username, role in ((USERNAME, "reviewer"), ("ada", "administrator")):
            accounts.add(
                connection, username=username, name=f"name of {username}", role=role, npi="", at=now(), by=None
            )
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def desk(engine: Engine) -> Iterator[tuple[Browser, Provider]]:
    """Our server and theirs, bound by a verified e-mail address."""
    with provider() as theirs, pytest.MonkeyPatch.context() as patch:
        patch.setenv("COUNTERSIGN_OIDC_ISSUER", theirs.issuer)
        patch.setenv("COUNTERSIGN_OIDC_CLIENT_ID", CLIENT)
        patch.setenv("COUNTERSIGN_OIDC_CLIENT_SECRET", SECRET)
        patch.setenv("COUNTERSIGN_OIDC_MATCH", "email")
        patch.setenv(settings.PUBLIC_URL, "http://127.0.0.1")
        with front_desk(engine) as ours:
            yield ours, theirs


@pytest.fixture
def sides(desk: tuple[Browser, Provider], engine: Engine) -> tuple[Browser, Provider]:
    """Nobody is bound, nobody signed in, and the provider is honest."""
    ours, theirs = desk
    theirs.claims, theirs.sign = dict(VERIFIED), "honest"
    with write(engine) as connection:
        connection.execute(delete(schema.identities))
    return Browser(ours.port), theirs


def now() -> datetime:
    return datetime.now(UTC)


def begin(browser: Browser, next_path: str = "/") -> tuple[str, str]:
    """Go to the provider: the address there, and the cookie for the way back."""
    answer = browser.open("/oidc/start?" + urlencode({"next": next_path}))
    assert answer.status == 303
    cookie = answer.headers["set-cookie"]
    assert {"httponly", "samesite=lax", f"path={oidc.CALLBACK}"} <= set(cookie.lower().split("; "))
    return answer.headers["location"], cookie.partition(";")[0]


def come_back(browser: Browser, back: dict[str, str], cookie: str) -> Answer:
    return browser.ask("GET", f"{oidc.CALLBACK}?{urlencode(back)}", {"accept": "text/html", "cookie": cookie})


def there_and_back(browser: Browser, theirs: Provider, next_path: str = "/", **changed: str) -> Answer:
    address, cookie = begin(browser, next_path)
    return come_back(browser, {**theirs.authorize(address), **changed}, cookie)


def events(engine: Engine, kind: str) -> list[Any]:
    with read(engine) as connection:
        return list(connection.execute(select(schema.events).where(schema.events.c.kind == kind)))


def test_a_person_whose_verified_address_is_a_username_signs_in(
    sides: tuple[Browser, Provider], engine: Engine
) -> None:
    browser, theirs = sides
    assert "/oidc/start" in browser.open("/sign-in").text
    answer = there_and_back(browser, theirs, "/yours?x=1")
    assert answer.status == 200
    assert 'content="0;url=/yours?x=1"' in answer.text
    assert {"httponly", "samesite=strict"} <= set(answer.headers["set-cookie"].lower().split("; "))
    assert browser.open("/").text == f"name of {USERNAME}"
    assert '"by":"provider"' in events(engine, "sign-in")[-1].details
    with read(engine) as connection:
        bound = connection.execute(select(schema.identities)).one()
    assert (bound.issuer, bound.subject) == (theirs.issuer, "person 7")


def test_once_bound_the_subject_counts_and_no_longer_the_address(
    sides: tuple[Browser, Provider], engine: Engine
) -> None:
    browser, theirs = sides
    assert there_and_back(browser, theirs).status == 200
    theirs.claims = {}
    assert there_and_back(Browser(browser.port), theirs).status == 200
    theirs.claims = {**VERIFIED, "sub": "person 8"}
    taken_over = there_and_back(Browser(browser.port), theirs)
    assert (taken_over.status, "Ask an administrator" in taken_over.text) == (403, True)


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": "stranger@clinic.example"},
        {"email": None, "preferred_username": USERNAME},
    ],
)
def test_who_has_no_account_gets_none(sides: tuple[Browser, Provider], engine: Engine, claims: dict[str, Any]) -> None:
    browser, theirs = sides
    theirs.claims |= claims
    assert there_and_back(browser, theirs).status == 403
    assert browser.token == ""
    assert events(engine, "sign-in failed")[-1].subject == "unknown account"


def test_a_stopped_account_stays_outside(sides: tuple[Browser, Provider], engine: Engine) -> None:
    browser, theirs = sides
    account = accounts.find_by_username(engine, USERNAME)
    assert account
    assert there_and_back(browser, theirs).status == 200
    people.stop(engine, account.id, by=None, at=now())
    assert browser.open("/").status == 303, "the session ended"
    assert there_and_back(Browser(browser.port), theirs).status == 403
    people.start_again(engine, account.id, by=None, at=now())
    assert there_and_back(Browser(browser.port), theirs).status == 200


HOUR = 3600
LIES: dict[str, dict[str, Any]] = {
    "the nonce of another sign-in": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "made for another program": {"aud": "another"},
    "made for several, and used by another": {"aud": [CLIENT, "another"], "azp": "another"},
    "made for several, and nobody says whose": {"aud": [CLIENT, "another"]},
    "no audience": {"aud": None},
    "expired": {"exp": int(time.time()) - HOUR},
    "never expires": {"exp": None},
    "of the future": {"iat": int(time.time()) + HOUR},
    "not good yet": {"nbf": int(time.time()) + HOUR},
    "of another issuer": {"iss": "https://evil.example"},
    "no subject": {"sub": None},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_lies_is_refused(sides: tuple[Browser, Provider], lie: str) -> None:
    browser, theirs = sides
    theirs.claims |= LIES[lie]
    given = theirs.tokens_given
    answer = there_and_back(browser, theirs)
    assert theirs.tokens_given == given + 1, "the lie was told"
    assert (answer.status, browser.token) == (403, "")
    assert "was not accepted" in answer.text


@pytest.mark.parametrize("sign", ["by another key", "with the shared secret", "not at all"])
def test_a_token_signed_otherwise_is_refused(sides: tuple[Browser, Provider], sign: str) -> None:
    browser, theirs = sides
    theirs.sign = sign
    assert (there_and_back(browser, theirs).status, browser.token) == (403, "")


@pytest.mark.parametrize(
    "changed", [{"state": "another"}, {"state": ""}, {"code": "made up"}, {"code": ""}, {"error": "access_denied"},
                {"iss": "https://evil.example"}]
)  # fmt: skip
def test_an_answer_that_was_tampered_with_is_refused(sides: tuple[Browser, Provider], changed: dict[str, str]) -> None:
    browser, theirs = sides
    assert (there_and_back(browser, theirs, **changed).status, browser.token) == (403, "")


def test_an_answer_counts_once_and_only_in_the_browser_that_asked(sides: tuple[Browser, Provider]) -> None:
    browser, theirs = sides
    address, cookie = begin(browser)
    back = theirs.authorize(address)
    other_address, other_cookie = begin(browser)
    for stolen in ("", "countersign_oidc=made-up", other_cookie):
        assert come_back(Browser(browser.port), back, stolen).status == 403
    assert come_back(browser, back, cookie).status == 200
    assert come_back(Browser(browser.port), back, cookie).status == 403
    assert come_back(Browser(browser.port), theirs.authorize(other_address), other_cookie).status == 403


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9", "http://localhost:PORT"], ids=["away", "another"])
def test_a_provider_that_is_away_or_another_leaves_the_password(engine: Engine, issuer: str) -> None:
    """Nothing listens on port 9; and one that describes itself by another name than ours for it is not believed."""
    with provider() as theirs, pytest.MonkeyPatch.context() as patch:
        patch.setenv("COUNTERSIGN_OIDC_ISSUER", issuer.replace("PORT", theirs.issuer.rpartition(":")[2]))
        patch.setenv("COUNTERSIGN_OIDC_CLIENT_ID", CLIENT)
        patch.setenv("COUNTERSIGN_OIDC_CLIENT_SECRET", SECRET)
        patch.setenv(settings.PUBLIC_URL, "http://127.0.0.1")
        with front_desk(engine) as ours:
            answer = ours.open("/oidc/start")
            assert answer.status == 502
            assert "was not accepted. Please try again." in answer.text
            assert "set-cookie" not in answer.headers
            assert ours.open("/sign-in").status == 200


def test_nobody_is_led_to_another_site(sides: tuple[Browser, Provider]) -> None:
    browser, theirs = sides
    assert 'content="0;url=/"' in there_and_back(browser, theirs, "https://evil.example/").text


def test_the_sign_in_asks_for_a_code_with_state_nonce_and_pkce(sides: tuple[Browser, Provider]) -> None:
    browser, theirs = sides
    asked = []
    for _ in range(2):
        address, _cookie = begin(browser)
        code = theirs.authorize(address)["code"]
        asked.append(theirs.begun[code])
        assert SECRET not in address
    first, second = asked
    assert (first["response_type"], first["code_challenge_method"]) == ("code", "S256")
    assert all(first[name] != second[name] for name in ("state", "nonce", "code_challenge"))


def test_the_secret_and_the_code_are_in_no_log_and_not_in_the_database(
    sides: tuple[Browser, Provider], engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    browser, theirs = sides
    theirs.claims |= {"nonce": "another"}
    with caplog.at_level(logging.DEBUG):
        there_and_back(browser, theirs)
    assert "sign-in with the provider refused" in caplog.text
    settings_shown = repr(oidc.provider()) + caplog.text
    assert SECRET not in settings_shown
    assert "person 7" not in settings_shown
    with read(engine) as connection:
        kept = "".join(str(connection.execute(select(table)).all()) for table in schema.metadata.sorted_tables)
    assert USERNAME in kept
    assert SECRET not in kept


def test_an_account_is_bound_from_the_command_line_once(sides: tuple[Browser, Provider], engine: Engine) -> None:
    browser, theirs = sides
    theirs.claims = {"sub": "boss"}
    account = accounts.find_by_username(engine, "ada")
    assert account
    identities.bind(engine, account.id, issuer=theirs.issuer, subject="boss", at=now())
    assert there_and_back(browser, theirs).status == 200
    assert browser.open("/").text == "name of ada"
    with pytest.raises(StateError, match="bound already"):
        identities.bind(engine, account.id, issuer=theirs.issuer, subject="another", at=now())


def test_the_password_before_a_signature_stays_ours(engine: Engine) -> None:
    """Whoever came from the provider has none until they set one by a one-time link."""
    account = accounts.find_by_username(engine, USERNAME)
    assert account
    assert not passwords.matches("", "")
    with pytest.raises(Exception, match="the password is not right"):
        accounts.confirm_password(engine, account.id, "", now())


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("COUNTERSIGN_OIDC_ISSUER", "http://idp.example", "not the address of a site with TLS"),
        ("COUNTERSIGN_OIDC_CLIENT_ID", "", "COUNTERSIGN_OIDC_CLIENT_ID: is not set"),
        ("COUNTERSIGN_OIDC_CLIENT_SECRET", "", "COUNTERSIGN_OIDC_CLIENT_SECRET: is not set"),
        ("COUNTERSIGN_OIDC_CLIENT_SECRET_FILE", "/nowhere", "the file cannot be read"),
        ("COUNTERSIGN_OIDC_MATCH", "name", "'name' is none of subject, email, username"),
        (settings.PUBLIC_URL, "", "COUNTERSIGN_PUBLIC_URL: is not set"),
        (settings.PUBLIC_URL, "http://countersign.example", "not the address of a site with TLS"),
    ],
)
def test_settings_that_are_not_whole_are_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    whole = {"ISSUER": "https://idp.example", "CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET}
    for part, written in whole.items():
        monkeypatch.setenv(f"COUNTERSIGN_OIDC_{part}", written)
    monkeypatch.setenv(settings.PUBLIC_URL, "https://countersign.example/")
    assert oidc.provider() is not None
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=says):
        oidc.provider()


def test_the_secret_can_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    monkeypatch.setenv("COUNTERSIGN_OIDC_ISSUER", "https://idp.example")
    monkeypatch.setenv("COUNTERSIGN_OIDC_CLIENT_ID", CLIENT)
    monkeypatch.setenv("COUNTERSIGN_OIDC_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv(settings.PUBLIC_URL, "https://countersign.example")
    found = oidc.provider()
    assert found
    assert found.client_secret == SECRET

"""Every route that the server has, Streamlit's and ours, and one connection to ask them all by every method."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import MagicMock

from streamlit.web.server.starlette.starlette_app import create_streamlit_routes

from audit.access import sign_in
from audit.access.request import COOKIE
from tests.access_server import Browser

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get")
"""Also one that nobody knows and one in small letters."""
OPEN = ("/sign-in", "/sign-out", "/health", "/first-password", "/oidc/start", "/oidc/callback")
"""What strangers reach by their nature; `/assets` and `/static` hold files without data."""
FORGED = {
    "x-countersign-account": "1",
    "x-countersign-session": "0" * 64,
    "x_countersign_account": "1",
    "x-forwarded-user": "administrator",
    "x-remote-user": "administrator",
    "remote-user": "administrator",
    "x-forwarded-for": "127.0.0.1",
    "x-real-ip": "127.0.0.1",
    "x-forwarded-host": "localhost",
    "x-forwarded-prefix": "/static/",
    "x-original-url": "/sign-in",
    "x-rewrite-url": "/static/x",
    "x-http-method-override": "GET",
    "forwarded": "for=127.0.0.1;host=localhost;proto=https",
    "authorization": "Basic YWRtaW5pc3RyYXRvcjp4",
    "sec-fetch-site": "same-origin",
    "upgrade-insecure-requests": "1",
}
TRICKS = (
    *("/static/../_stcore/metrics", "/static/..%2f_stcore/metrics", "/static/%2e%2e/_stcore/metrics"),
    *("/static/..;/_stcore/metrics", "/assets/..%5c..%5caccounts.py", "/assets/%2e%2e/accounts.py"),
    *("//_stcore/metrics", "/./_stcore/metrics", "/_stcore//metrics", "/_STCORE/metrics", "/_stcore/metrics/"),
    *(
        "/_stcore/metrics;x=/static/",
        "/_stcore/metrics%00/static/",
        "/_stcore/metrics%3f/sign-in",
        "/_stcore/metrics#/",
    ),
    *("http://elsewhere.invalid/_stcore/metrics", "/sign-in/../_stcore/metrics", "/sign-in%2f..%2f_stcore%2fmetrics"),
    *("/health/../_stcore/health", "/%5fstcore%2fmetrics", "/%2575", "/sign-in/", "/Sign-In", "/session?x=/static/"),
)


@dataclass(frozen=True)
class Told:
    """One request and its answer."""

    method: str
    path: str
    status: int
    body: bytes
    headers: dict[str, str]


def paths() -> list[str]:
    """One address of every route; what stands in braces is made up."""
    routes: list[Any] = [*create_streamlit_routes(MagicMock()), *sign_in.routes(MagicMock())]
    found = {re.sub(r"\{[^}]*\}", "x1", route.path) for route in routes if route.path}
    return sorted(found | {"/", "/home", "/people", "/static/x.js", "/none-such"})


def is_open(path: str) -> bool:
    return path in OPEN or path.startswith(("/assets/", "/static/"))


def every(server: Browser, token: str = "", methods: tuple[str, ...] = METHODS, **headers: str) -> Iterator[Told]:
    """Each path by each method over one connection, as the page of this server itself would send it."""
    for path in paths():
        for method in methods:
            yield ask(server, method, path, token, **headers)


_lines: dict[int, http.client.HTTPConnection] = {}


def ask(server: Browser, method: str, path: str, token: str = "", **headers: str) -> Told:
    """`headers`: with _ for -. A line that the server closed since the last question is opened anew."""
    told = _ask(server, method, path, token, headers)
    return told if told.status else _ask(server, method, path, token, headers)


def _ask(server: Browser, method: str, path: str, token: str, headers: dict[str, str]) -> Told:
    line = _lines.setdefault(server.port, http.client.HTTPConnection("127.0.0.1", server.port, timeout=30))
    cookie = {"cookie": f"{COOKIE}={token}"} if token else {}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    body = "x" if method in ("POST", "PUT", "PATCH") else None
    try:
        line.putrequest(method, path, skip_host="host" in given)
        for name, value in ({"origin": server.origin} | cookie | given).items():
            line.putheader(name, value)
        if body:
            line.putheader("content-length", str(len(body)))
        line.endheaders(body.encode() if body else None)
        answer = line.getresponse()
        told = Told(method, path, answer.status, answer.read(), {n.lower(): v for n, v in answer.getheaders()})
    except (http.client.HTTPException, OSError):
        line.close()
        told = Told(method, path, 0, b"", {})
    if told.headers.get("connection", "").lower() == "close":
        line.close()
    return told

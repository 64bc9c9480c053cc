"""What an ASGI request says about itself: its path, cookie, origin, and whether a person opened a page with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextvars import ContextVar
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

COOKIE = "countersign_session"
OURS = b"x-countersign-"
"""The gate's own headers begin so; those that a browser sends are thrown away."""

came_from: ContextVar[str] = ContextVar("came_from", default="")
"""The address of whoever sent the request in hand."""

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]+)?")
_OPEN = ("/sign-in", "/sign-out", "/health", "/first-password", "/oidc/start", "/oidc/callback")
_OPEN_FOLDERS = ("/static/", "/assets/")
_PARTS = ("/_stcore/", "/media/", "/component/", "/static/", "/assets/")
_SAFE = ("GET", "HEAD", "OPTIONS")


def is_open(scope: Scope) -> bool:
    """Whether strangers may have it: the sign-in pages, files without data, the bare health answer."""
    path = scope["path"]
    if scope["type"] != "http" or ".." in path or "\\" in path:
        return False
    return path in _OPEN or (scope["method"] in _SAFE and path.startswith(_OPEN_FOLDERS))


def is_part(scope: Scope) -> bool:
    """Whether it is a part of a page (a script, a picture, an upload) and not a page."""
    return str(scope["path"]).startswith(_PARTS)


def is_public_file(scope: Scope) -> bool:
    return str(scope["path"]).startswith(_OPEN_FOLDERS)


def opens_page(scope: Scope) -> bool:
    """Whether a person opens a page or sends a form, so that an answer can send them elsewhere."""
    headers = Headers(scope=scope)
    if is_part(scope) or scope["method"] == "OPTIONS":
        return False
    mode = headers.get("sec-fetch-mode")
    return mode == "navigate" if mode else changes_nothing(scope) and "text/html" in headers.get("accept", "")


def changes_nothing(scope: Scope) -> bool:
    return scope["method"] in _SAFE


def is_same_origin(scope: Scope) -> bool:
    """Whether the page that sent it is of this host. Browsers name it on every form, upload and websocket."""
    headers = Headers(scope=scope)
    origin, host = headers.get("origin", "").lower(), headers.get("host", "").lower()
    return bool(host) and origin in (f"http://{host}", f"https://{host}")


def is_for(scope: Scope, hosts: Sequence[str]) -> bool:
    """Whether it names one of our hosts. Else another site's name may have been led to this machine."""
    named = _HOST.fullmatch(Headers(scope=scope).get("host", "").lower())
    return not hosts or "*" in hosts or (named is not None and named["name"].strip("[]") in hosts)


def address(scope: Scope) -> str:
    """The client's address; behind a trusted proxy the server has put there whom the proxy speaks for."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def token(scope: Scope) -> str:
    """The session token in the cookie, or ""."""
    return HTTPConnection(scope).cookies.get(COOKIE, "")


def here(scope: Scope) -> str:
    """Path and query, to come back to after signing in."""
    query = scope["query_string"].decode("latin-1")
    return quote(scope["path"]) + (f"?{query}" if query else "")


def local_path(written: str) -> str:
    """`written` when it is a path of this server, else "/": nobody is sent to another site by a link."""
    plain = written.isascii() and written.isprintable() and "\\" not in written
    return written if plain and written.startswith("/") and not written.startswith("//") else "/"


def identified(scope: Scope, account_id: int, token_sha256: str) -> Scope:
    """The same request, with who it is of; whatever it claimed itself is gone."""
    known = {"account": str(account_id), "session": token_sha256, "address": address(scope)}
    ours = [(OURS + name.encode(), value.encode()) for name, value in known.items()]
    return {**anonymous(scope), "headers": [*anonymous(scope)["headers"], *ours]}


def anonymous(scope: Scope) -> Scope:
    theirs = [(name, value) for name, value in scope["headers"] if not name.lower().startswith(OURS)]
    return {**scope, "headers": theirs}

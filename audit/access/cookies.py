"""The cookie that holds the session token."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from audit.access import settings
from audit.access.request import COOKIE


def keep(asked: Request, answer: Response, token: str) -> Response:
    """Let the browser hold the token: no script sees it, and it comes with nothing that another site sends."""
    answer.set_cookie(COOKIE, token, path="/", httponly=True, samesite="strict", secure=is_secure(asked))
    return answer


def is_secure(asked: Request) -> bool:
    """Whether people reach us by TLS only."""
    return asked.url.scheme == "https" or settings.public_url().startswith("https:")

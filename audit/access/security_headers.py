"""The headers that tell a browser what our pages may load and who may show or keep them."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Scope, Send

from audit.access.request import is_public_file

_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_HOST = re.compile(r"[\w.\-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")


def script_hashes(page: str) -> list[str]:
    """The CSP sources of the scripts written into an HTML page: 'sha256-...', one each."""
    found = _INLINE_SCRIPT.findall(re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL))
    return [f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in found]


def policy(scripts: Sequence[str], host: str) -> str:
    """The content security policy of every answer. `host` is added because older browsers do not count
    websockets to 'self'."""
    allowed_scripts = " ".join(("'self'", "'wasm-unsafe-eval'", *scripts))
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return "; ".join(
        (
            "default-src 'self'",
            "img-src 'self' data: blob:",
            "style-src 'self' 'unsafe-inline'",
            f"script-src {allowed_scripts}",
            f"connect-src 'self'{sockets}",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )


STRICT_TRANSPORT = "max-age=31536000"


def with_headers(scope: Scope, send: Send, scripts: Sequence[str]) -> Send:
    """`send`, which adds the headers to the answer's beginning."""
    fixed = {
        "content-security-policy": policy(scripts, Headers(scope=scope).get("host", "")),
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
    }
    if scope["scheme"] == "https":
        fixed["strict-transport-security"] = STRICT_TRANSPORT
    if not is_public_file(scope):
        fixed["cache-control"] = "no-store"

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(fixed)
        await send(message)

    return sending

"""A small OpenID provider on this machine, that a test can make lie, and our front desk without the app behind it."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from audit.access import sign_in
from audit.access.gate import Gate
from tests.access_server import Browser

CLIENT, SECRET = "countersign", "known to the two of us"


@dataclass
class Provider:
    """`claims` and `sign` say how the next ID token differs from an honest one; None takes a claim away."""

    issuer: str
    key: RSAKey
    claims: dict[str, Any] = field(default_factory=dict)
    sign: str = "honest"
    begun: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens_given: int = 0

    def authorize(self, address: str) -> dict[str, str]:
        """A person signs in there; what the provider sends back to us, by way of the browser."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code {len(self.begun)}"
        self.begun[code] = asked
        return {"code": code, "state": asked["state"]}

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.begun.pop(form.get("code", ""), None)
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or authorization != basic or form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        hashed = sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(hashed).decode().rstrip("=")
        if asked.get("code_challenge_method") != "S256" or challenge != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        self.tokens_given += 1
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self._id_token(asked["nonce"])}

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        honest = {"iss": self.issuer, "aud": CLIENT, "sub": "person 7", "iat": now, "exp": now + 60, "nonce": nonce}
        claims = {name: value for name, value in {**honest, **self.claims}.items() if value is not None}
        if self.sign == "by another key":
            return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048))
        if self.sign == "with the shared secret":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        if self.sign == "not at all":
            head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
            return f"{head}.{token.split('.')[1]}."
        return token


@contextmanager
def provider() -> Iterator[Provider]:
    key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = made.issuer
            answers: dict[str, Any] = {
                "/.well-known/openid-configuration": {
                    "issuer": at,
                    "authorization_endpoint": f"{at}/authorize",
                    "token_endpoint": f"{at}/token",
                    "jwks_uri": f"{at}/keys",
                },
                "/keys": KeySet([key]).as_dict(private=False),
            }
            self._say(200 if self.path in answers else 404, answers.get(self.path, {}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._say(*made.token(form, self.headers.get("authorization", "")))

        def _say(self, status: int, content: dict[str, Any]) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    made = Provider(f"http://127.0.0.1:{server.server_port}", key)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def front_desk(engine: Engine, hosts: tuple[str, ...] = ()) -> Iterator[Browser]:
    """The gate and the sign-in routes, with one page behind them that says who came through."""
    routes = [*sign_in.routes(engine), Route("/", lambda asked: PlainTextResponse(asked.scope["user"].account.name))]
    gate = Middleware(
        Gate, engine=engine, made_by_person=bool, scripts=(), hosts=hosts, clock=lambda: datetime.now(UTC)
    )
    config = uvicorn.Config(Starlette(routes=routes, middleware=[gate]), port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Browser(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)

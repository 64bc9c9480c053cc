"""The gate: nothing of the app is reached without a live session.

Pure ASGI, because Starlette's own middleware class does not see websockets. It stands in front of everything the
server offers, so that a page, picture, upload or websocket that somebody adds later is behind it as well.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Engine
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from audit.access import accounts, forms, request, sessions
from audit.access.accounts import Account
from audit.access.security_headers import with_headers
from audit.access.sessions import Session
from audit.errors import StoreError

Clock = Callable[[], datetime]
SIGNED_OUT, REFUSED, LATER = 4401, 4403, 1013
"""Codes with which a websocket is closed: no live session; another site's page or a password to be changed; the
database cannot be asked, so the browser tries again in a moment."""
log = logging.getLogger("countersign")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who a request is of."""

    session: Session
    account: Account


class Gate:
    """ASGI middleware. `made_by_person` tells of a websocket message whether somebody is there (or a timer sent
    it); `scripts` are the CSP hashes of the app's own inline scripts; `hosts` the names of this server (empty: any)."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        engine: Engine,
        made_by_person: Callable[[bytes], bool],
        scripts: Sequence[str],
        hosts: Sequence[str] = (),
        clock: Clock = utc_now,
    ) -> None:
        self.app, self.engine, self.clock = app, engine, clock
        self.made_by_person, self.scripts, self.hosts = made_by_person, scripts, hosts
        self._threads = CapacityLimiter(8)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request.came_from.set(request.address(scope))
        if scope["type"] == "http":
            await self._http_or_why(scope, receive, with_headers(scope, send, self.scripts))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def visitor(self, token_sha256: str) -> Visitor | None:
        return await to_thread.run_sync(self._look_up, token_sha256, limiter=self._threads)

    async def touch(self, visitor: Visitor) -> None:
        """Somebody is there: move the idle log-off on. Where that cannot be written the session ends the sooner."""
        now = self.clock()
        try:
            await to_thread.run_sync(sessions.touch, self.engine, visitor.session, now, limiter=self._threads)
        except StoreError as error:
            log.error("the idle log-off was not moved on: %s", error)

    def _look_up(self, token_sha256: str) -> Visitor | None:
        session = sessions.find(self.engine, token_sha256, self.clock())
        if session is None:
            sessions.expire(self.engine, token_sha256, self.clock())
        account = accounts.find(self.engine, session.account_id) if session else None
        return Visitor(session, account) if session and account else None

    async def _http_or_why(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Nobody passes while the database cannot be asked; what is wrong is said, where it stands is not."""
        try:
            await self._http(scope, receive, send)
        except StoreError as error:
            log.error("a request was not answered: %s", error)
            await _unavailable(error)(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not request.is_for(scope, self.hosts):
            return await PlainTextResponse("This is not the address of this server.", 400)(scope, receive, send)
        visitor = None if request.is_open(scope) else await self._visitor_of(scope)
        refused = refusal(scope, visitor)
        if refused is not None:
            return await refused(scope, receive, send)
        if visitor and (request.opens_page(scope) or not request.changes_nothing(scope)):
            await self.touch(visitor)
        return await self.app(_introduced(scope, visitor), receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = request.is_for(scope, self.hosts) and request.is_same_origin(scope)
        try:
            visitor = await self._visitor_of(scope)
        except StoreError as error:
            log.error("a page was not opened: %s", error)
            await receive()
            return await send({"type": "websocket.close", "code": LATER})
        if visitor is None or not ours or visitor.account.must_change_password:
            await receive()
            return await send({"type": "websocket.close", "code": REFUSED if visitor else SIGNED_OUT})
        line = _Line(self, visitor.session.token_sha256, receive, send)
        return await self.app(_introduced(scope, visitor), line.receive, line.send)

    async def _visitor_of(self, scope: Scope) -> Visitor | None:
        token = request.token(scope)
        return await self.visitor(sessions.sha256(token)) if token else None


class _Line:
    """One websocket: a message passes only while its session lives."""

    def __init__(self, gate: Gate, token_sha256: str, receive: Receive, send: Send) -> None:
        self._gate, self._token_sha256 = gate, token_sha256
        self._receive, self._send = receive, send
        self._begun = self._closed = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return message
        try:
            visitor = await self._gate.visitor(self._token_sha256)
        except StoreError as error:
            log.error("a click was not taken: %s", error)
            return await self._close(LATER)
        if visitor is None:
            return await self._close(SIGNED_OUT)
        if self._by_person(message.get("bytes") or b""):
            await self._gate.touch(visitor)
        return message

    async def _close(self, code: int) -> Message:
        self._closed = True
        await self._send({"type": "websocket.close", "code": code})
        return {"type": "websocket.disconnect", "code": code}

    async def send(self, message: Message) -> None:
        if not self._closed:
            await self._send(message)

    def _by_person(self, message: bytes) -> bool:
        """The first message is the page's own: it is sent again whenever a lost connection comes back."""
        begun, self._begun = self._begun, True
        return begun and self._gate.made_by_person(message)


def _unavailable(error: StoreError) -> Response:
    said = f"{error.wrong[:1].upper()}{error.wrong[1:]}. For your administrator: {error.do}."
    page = forms.message("Countersign cannot use its database", said)
    return HTMLResponse(page, 503, headers={"Retry-After": "30"})


def refusal(scope: Scope, visitor: Visitor | None) -> Response | None:
    """The answer to a request that may not pass the gate; None when it may."""
    if not request.changes_nothing(scope) and not request.is_same_origin(scope):
        return PlainTextResponse("This was sent from another site.", 403)
    if request.is_open(scope):
        return None
    if visitor is None:
        to_sign_in = "/sign-in?" + urlencode({"next": request.here(scope)})
        return RedirectResponse(to_sign_in, 303) if request.opens_page(scope) else Response(status_code=401)
    if visitor.account.must_change_password and scope["path"] != "/change-password":
        return RedirectResponse("/change-password", 303) if request.opens_page(scope) else Response(status_code=403)
    return None


def _introduced(scope: Scope, visitor: Visitor | None) -> Scope:
    """The request as the app sees it: with who it is of, and without what it claimed itself."""
    if visitor is None:
        return request.anonymous(scope)
    known = request.identified(scope, visitor.account.id, visitor.session.token_sha256)
    return {**known, "user": visitor}

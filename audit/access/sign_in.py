"""The front desk: the routes where people sign in, sign out and change their password."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Engine
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from audit.access import accounts, cookies, forms, invitations, oidc, provider_desk, request, sessions, throttle
from audit.access.accounts import LOCKED_FOR, TRIES
from audit.access.gate import Clock, Visitor, utc_now
from audit.errors import CountersignError
from audit.store import trail
from audit.store.database import write

ASSETS = Path(__file__).parent / "assets"
LONGEST_FORM = 8192
WRONG = (
    "The username or the password is not right. "
    f"After {TRIES} wrong tries an account waits {LOCKED_FOR // timedelta(minutes=1)} minutes."
)
TOO_OFTEN = (
    f"From your network {throttle.TRIES} tries to sign in have failed within "
    f"{throttle.WITHIN // timedelta(minutes=1)} minutes. Wait for a quarter of an hour, or ask an administrator."
)
ENDED = "You were signed out, because nothing was done for a while or because the session was ended."
OVER = "It was used already or is too old. Ask an administrator for a new one."

_hashing = CapacityLimiter(2)
"""At most two passwords are checked at once: each takes 64 MB and a core."""


def routes(engine: Engine, *, demo: bool = False, clock: Clock = utc_now) -> list[BaseRoute]:
    """What the server answers beside the app. `demo`: show the demo's accounts to strangers."""
    provider = oidc.provider()
    desk = Desk(engine, clock, demo, provider is not None)
    return [
        Route("/sign-in", desk.ask_who, methods=["GET"]),
        Route("/sign-in", desk.sign_in, methods=["POST"]),
        Route("/sign-out", desk.ask_to_leave, methods=["GET"]),
        Route("/sign-out", desk.sign_out, methods=["POST"]),
        Route("/change-password", desk.ask_password, methods=["GET"]),
        Route("/change-password", desk.change_password, methods=["POST"]),
        Route(invitations.PATH, desk.ask_first_password, methods=["GET"]),
        Route(invitations.PATH, desk.first_password, methods=["POST"]),
        Route("/session", desk.time_left, methods=["GET", "POST"]),
        Route("/health", lambda _: PlainTextResponse("ok")),
        *provider_desk.routes(engine, provider, clock),
        *(Route(f"/assets/{file.name}", partial(_asset, file)) for file in sorted(ASSETS.iterdir())),
    ]


@dataclass(frozen=True)
class Desk:
    engine: Engine
    clock: Clock
    demo: bool
    provider: bool
    tries: throttle.Throttle = field(default_factory=throttle.Throttle)

    async def ask_who(self, asked: Request) -> Response:
        next_path = request.local_path(asked.query_params.get("next", "/"))
        if await self._session(asked):
            return RedirectResponse(next_path, 303)
        notice = ENDED if "ended" in asked.query_params else ""
        return HTMLResponse(forms.sign_in(next_path=next_path, notice=notice, demo=self.demo, provider=self.provider))

    async def sign_in(self, asked: Request) -> Response:
        form, address, now = await _form(asked), request.address(asked.scope), self.clock()
        username, next_path = form.get("username", ""), request.local_path(form.get("next", "/"))
        shown = partial(forms.sign_in, demo=self.demo, provider=self.provider, next_path=next_path, username=username)
        if wait := self.tries.begin(address, now):
            seconds = str(int(wait.total_seconds()) + 1)
            return HTMLResponse(shown(wrong=TOO_OFTEN), 429, headers={"Retry-After": seconds})
        check = partial(accounts.verify, self.engine, username, form.get("password", ""), now)
        account = await to_thread.run_sync(check, limiter=_hashing)
        if account is None:
            if self.tries.is_full(address):
                await to_thread.run_sync(self._tell_throttled, now)
            return HTMLResponse(shown(wrong=WRONG), 401)
        self.tries.succeeded(address)
        return await self._begin(asked, account.id, next_path)

    def _tell_throttled(self, now: datetime) -> None:
        """For the trail, which says from where."""
        with write(self.engine) as connection:
            details = {"tries": throttle.TRIES}
            trail.record(connection, kind="sign-in paused", subject="an address", account_id=None, at=now,
                         details=details)  # fmt: skip

    async def ask_to_leave(self, asked: Request) -> Response:
        session = await self._session(asked)
        account = await to_thread.run_sync(accounts.find, self.engine, session.account_id) if session else None
        return HTMLResponse(forms.sign_out(account.name)) if account else RedirectResponse("/sign-in", 303)

    async def sign_out(self, asked: Request) -> Response:
        form, session = await _form(asked), await self._session(asked)
        if session and form.get("everywhere"):
            await to_thread.run_sync(sessions.end_everywhere, self.engine, session.account_id, self.clock())
        elif session:
            await to_thread.run_sync(sessions.end, self.engine, session, self.clock())
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(request.COOKIE, path="/", httponly=True, samesite="strict")
        return answer

    async def ask_password(self, asked: Request) -> Response:
        account = _visitor(asked).account
        return HTMLResponse(forms.change_password(account.username, must=account.must_change_password))

    async def change_password(self, asked: Request) -> Response:
        form, account = await _form(asked), _visitor(asked).account
        try:
            _same_twice(form)
            change = partial(accounts.change_password, self.engine, account, form.get("old", ""), form.get("new", ""))
            await to_thread.run_sync(change, self.clock(), limiter=_hashing)
        except CountersignError as error:
            must = account.must_change_password
            page = forms.change_password(account.username, must=must, wrong=_sentence(error))
            return HTMLResponse(page, 400)
        return await self._begin(asked, account.id, "/")

    async def ask_first_password(self, asked: Request) -> Response:
        """Shows the form and uses nothing up: programs that look at links before people do cannot spoil it."""
        key = asked.query_params.get("key", "")
        invited = await to_thread.run_sync(invitations.find, self.engine, key, self.clock())
        if invited is None:
            return HTMLResponse(forms.message("This link is over", OVER), 404)
        username = invited.account.username if invited.account else None
        return HTMLResponse(forms.first_password(key=key, username=username, typed={}))

    async def first_password(self, asked: Request) -> Response:
        form = await _form(asked)
        key = form.get("key", "")
        invited = await to_thread.run_sync(invitations.find, self.engine, key, self.clock())
        if invited is None:
            return HTMLResponse(forms.message("This link is over", OVER), 404)
        try:
            _same_twice(form)
            chosen = {"username": form.get("username", ""), "name": form.get("name", "")}
            use = partial(invitations.use, self.engine, key, form.get("new", ""), self.clock(), **chosen)
            account = await to_thread.run_sync(use, limiter=_hashing)
        except CountersignError as error:
            username = invited.account.username if invited.account else None
            page = forms.first_password(key=key, username=username, typed=form, wrong=_sentence(error))
            return HTMLResponse(page, 400)
        return await self._begin(asked, account.id, "/")

    async def time_left(self, asked: Request) -> Response:
        """Seconds until the idle log-off. The gate refuses it without a session and lets a POST extend it."""
        session = await self._session(asked)
        return JSONResponse({"left": (session.ends_at - self.clock()).total_seconds() if session else 0})

    async def _session(self, asked: Request) -> sessions.Session | None:
        token_sha256 = sessions.sha256(request.token(asked.scope))
        return await to_thread.run_sync(sessions.find, self.engine, token_sha256, self.clock())

    async def _begin(self, asked: Request, account_id: int, next_path: str) -> Response:
        """A new session and token; what the browser held before is worth nothing from here on."""
        start = partial(sessions.begin, self.engine, account_id, instead_of=request.token(asked.scope))
        token = await to_thread.run_sync(start, self.clock())
        answer = RedirectResponse(next_path, 303)
        return cookies.keep(asked, answer, token)


async def _asset(file: Path, _: Request) -> Response:
    return FileResponse(file, headers={"cache-control": "no-cache"})


def _visitor(asked: Request) -> Visitor:
    """Who the gate let through."""
    visitor = asked.scope["user"]
    assert isinstance(visitor, Visitor)
    return visitor


def _same_twice(form: dict[str, str]) -> None:
    if form.get("new", "") != form.get("again", ""):
        raise CountersignError("the two new passwords differ", do="Type the new password twice")


def _sentence(error: CountersignError) -> str:
    return str(error)[:1].upper() + str(error)[1:]


async def _form(asked: Request) -> dict[str, str]:
    """The fields of a small form. Raises HTTPException 413 or 400."""
    body = b""
    async for part in asked.stream():
        body += part
        if len(body) > LONGEST_FORM:
            raise HTTPException(413)
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=8, errors="strict")
    except ValueError:
        raise HTTPException(400) from None
    return {name: values[0] for name, values in fields.items()}

"""The routes by which people sign in with the practice's own provider: to it, and back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from anyio import to_thread
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from audit.access import cookies, forms, identities, oidc, request, sessions
from audit.errors import AccessError

HANDLE = "countersign_oidc"
NO_ACCOUNT = ("You are not signed in", "No account here that may sign in is yours. Ask an administrator.")
DISBELIEVED = ("You are not signed in", "The answer of your organisation's sign-in was not accepted. Please try again.")
NOT_SET_UP = ("No such way in", "Signing in with another organisation is not set up here.")
log = logging.getLogger("countersign")


def routes(engine: Engine, provider: oidc.Provider | None, clock: Callable[[], datetime]) -> list[BaseRoute]:
    """Without a provider both say so: else the app would answer there, to strangers."""
    if provider is None:
        return [Route(path, _not_set_up) for path in (oidc.START, oidc.CALLBACK)]
    desk = ProviderDesk(engine, clock, oidc.SignIns(provider))
    return [
        Route(oidc.START, desk.ask_provider, methods=["GET"]),
        Route(oidc.CALLBACK, desk.hear_provider, methods=["GET"]),
    ]


@dataclass(frozen=True)
class ProviderDesk:
    engine: Engine
    clock: Callable[[], datetime]
    sign_ins: oidc.SignIns

    async def ask_provider(self, asked: Request) -> Response:
        """Off to the provider, with a cookie that only the callback gets: another person's answer finds none."""
        next_path = request.local_path(asked.query_params.get("next", "/"))
        try:
            address, handle = await to_thread.run_sync(self.sign_ins.begin, next_path, self.clock())
        except AccessError as error:
            return HTMLResponse(forms.message(*_disbelieved(error)), 502)
        answer = RedirectResponse(address, 303)
        lasts, secure = oidc.LASTS // timedelta(seconds=1), cookies.is_secure(asked)
        answer.set_cookie(
            HANDLE, handle, max_age=lasts, path=oidc.CALLBACK, httponly=True, samesite="lax", secure=secure
        )
        return answer

    async def hear_provider(self, asked: Request) -> Response:
        handle, now = asked.cookies.get(HANDLE, ""), self.clock()
        try:
            finish = partial(self.sign_ins.finish, handle, asked.query_params, now)
            person, next_path = await to_thread.run_sync(finish)
        except AccessError as error:
            return HTMLResponse(forms.message(*_disbelieved(error)), 403)
        look_up = partial(identities.account_for, self.engine, person, self.sign_ins.provider.match, now)
        account = await to_thread.run_sync(look_up)
        if account is None:
            return HTMLResponse(forms.message(*NO_ACCOUNT), 403)
        begin = partial(
            sessions.begin, self.engine, account.id, instead_of=request.token(asked.scope), proof="provider"
        )
        token = await to_thread.run_sync(begin, now)
        return cookies.keep(asked, HTMLResponse(forms.onward(next_path)), token)


async def _not_set_up(_: Request) -> Response:
    return HTMLResponse(forms.message(*NOT_SET_UP), 404)


def _disbelieved(error: AccessError) -> tuple[str, str]:
    """What a person is told; the reason is for the log."""
    log.warning("sign-in with the provider refused: %s", error.wrong)
    return DISBELIEVED

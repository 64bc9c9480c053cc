"""What stands around the pages: the gate and the sign-in routes before them, and what is said when one fails."""

from __future__ import annotations

import gc
import logging
import os
import secrets
import sys
import traceback
from pathlib import Path
from typing import IO

import streamlit as st
from google.protobuf.message import DecodeError
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from audit import serving, temporary
from audit.access import demo, oidc, request, security_headers, sessions, settings, sign_in
from audit.access.gate import Gate
from audit.errors import CountersignError
from audit.store import trail, troubles
from audit.store.database import prepare
from pages.parts.store import engine

log = logging.getLogger("countersign")
LOGS = ("streamlit.error_util", "uvicorn.error", "asyncio")
"""Where Streamlit and its server write the exceptions of pages and requests."""
_mark: IO[bytes] | None = None
_INDEX = Path(st.__file__).parent / "static" / "index.html"


def start() -> None:
    """Bring the database up to date, keep data out of the logs, and fail early on a wrong setting."""
    sessions.idle_limit()
    oidc.provider()
    _behind_proxies()
    global _mark  # noqa: PLW0603  held for as long as this process lives
    _mark = _one_of_its_file()
    prepare(engine())
    temporary.sweep()
    trail.where = address
    PagesManager.uses_pages_directory = False  # else the first visitor of a fresh server is told "Page not found"
    for name in LOGS:
        logging.getLogger(name).addFilter(without_data)
    gc.collect()
    gc.freeze()  # the program itself is no garbage: a page does not wait while it is looked through


def _one_of_its_file() -> IO[bytes] | None:
    try:
        return serving.alone(engine())
    except CountersignError as error:
        sys.exit(error.sentence())


def routes() -> list[BaseRoute]:
    """The routes beside the app: signing in and out. In the demo strangers are told whom they may be."""
    return sign_in.routes(engine(), demo=demo.is_on())


def middleware() -> list[Middleware]:
    scripts = security_headers.script_hashes(_INDEX.read_text(encoding="utf-8"))
    hosts = st.get_option("server.allowedHosts")
    return [Middleware(Gate, engine=engine(), made_by_person=made_by_person, scripts=scripts, hosts=hosts)]


def address() -> str:
    """Where the person is whose page runs, or whose request is answered, in this thread."""
    runs = get_script_run_ctx(suppress_warning=True) is not None
    return str(st.user.get("address") or "") if runs else request.came_from.get()


def _behind_proxies() -> None:
    """Let Streamlit know the public address, and its server (uvicorn) whose forwarded headers it may believe."""
    os.environ["FORWARDED_ALLOW_IPS"] = settings.trusted_proxies()
    host = settings.public_host()
    if host:
        config.set_option("server.allowedHosts", [*st.get_option("server.allowedHosts"), host])
        config.set_option("server.corsAllowedOrigins", [settings.public_url()])


def made_by_person(message: bytes) -> bool:
    """Whether a message of the browser is a click or an entry, and not a timer's."""
    sent = BackMsg()
    try:
        sent.ParseFromString(message)
    except DecodeError:
        return False
    return sent.WhichOneof("type") == "rerun_script" and not sent.rerun_script.is_auto_rerun


def failed(error: Exception) -> bool:
    """Say that a page failed. What can be mended is said in its own words; all else by a number to look up."""
    if isinstance(error, OSError) and error.errno in troubles.OF_THE_DISK:
        log.error("page failed: %s", _place(error))
        error = troubles.of_file(error)
    if isinstance(error, CountersignError):
        st.error(str(error))
        return True
    number = secrets.token_hex(4)
    log.error("page failed, number %s: %s", number, _place(error))
    st.error(f"Something went wrong. Tell your administrator the number {number}.")
    return True


def without_data(record: logging.LogRecord) -> bool:
    """A log filter: an exception's text may hold a patient's data, so only its kind and place are kept."""
    if record.exc_info and record.exc_info[1] is not None:
        record.msg, record.args = f"{record.getMessage()}: {_place(record.exc_info[1])}", ()
        record.exc_info = record.exc_text = None
    return True


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at " + " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in frames[::-1][:6])

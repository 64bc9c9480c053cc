"""A real server for tests, and a browser without a window to ask it things."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from audit.access.request import COOKIE
from tests.places import PATIENCE

ROOT = Path(__file__).parent.parent
PAGE = {"accept": "text/html", "sec-fetch-mode": "navigate"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str


@contextmanager
def serving(folder: Path, database_url: str, **settings: str) -> Iterator[Browser]:
    """Run `folder`/app.py as people do; yields a browser that is not signed in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    ways = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    variables = {**os.environ, "PYTHONPATH": ways, "COUNTERSIGN_DATABASE_URL": database_url, **settings}
    with open(folder / "server.log" if folder != ROOT else os.devnull, "wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield _when_ready(Browser(port), process)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _when_ready(browser: Browser, process: subprocess.Popen[bytes]) -> Browser:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            if browser.get("/health").status:
                return browser
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server did not start")


class Browser:
    """Keeps the session cookie and names its origin, as browsers do."""

    def __init__(self, port: int, token: str = "") -> None:
        self.port, self.token = port, token
        self.origin = f"http://127.0.0.1:{port}"

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers)

    def open(self, path: str) -> Answer:
        """As a person who types the address."""
        return self.ask("GET", path, PAGE)

    def post(self, path: str, origin: str | None = "own", **form: str) -> Answer:
        headers = {**PAGE, "content-type": "application/x-www-form-urlencoded"}
        if origin:
            headers["origin"] = self.origin if origin == "own" else origin
        return self.ask("POST", path, headers, urlencode(form))

    def sign_in(self, username: str, password: str, **more: str) -> Answer:
        return self.post("/sign-in", username=username, password=password, **more)

    def ask(self, method: str, path: str, headers: dict[str, str], body: str | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {**self._cookie(), **headers})
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        found = {name.lower(): value for name, value in answer.getheaders()}
        if found.get("set-cookie", "").startswith(f"{COOKIE}="):
            self.token = found["set-cookie"].partition("=")[2].partition(";")[0].strip('"')
        return Answer(answer.status, found, text)

    def socket(self, origin: str = "own", host: str = "", **headers: str) -> ClientConnection:
        """The app's websocket; raises websockets.exceptions.InvalidStatus when it is refused.

        `host` is the name the server is called by, when it is not its address.
        """
        return connect(
            f"ws://{host or f'127.0.0.1:{self.port}'}/_stcore/stream",
            sock=socket.create_connection(("127.0.0.1", self.port)),
            origin=self.origin if origin == "own" else origin or None,  # type: ignore[arg-type]
            additional_headers={**self._cookie(), **headers},
            subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=None,
            proxy=None,
        )

    def _cookie(self) -> dict[str, str]:
        return {"cookie": f"{COOKIE}={self.token}"} if self.token else {}


def run(line: ClientConnection, page_name: str = "", *, timer: bool = False) -> str:
    """Run the app once over its websocket; all that came back, as text."""
    message = BackMsg()
    message.rerun_script.page_name = page_name
    message.rerun_script.is_auto_rerun = timer
    line.send(message.SerializeToString())
    shown = []
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(line.recv(timeout=PATIENCE))  # type: ignore[arg-type]
        if answer.WhichOneof("type") == "script_finished":
            return "\n".join(shown)
        if answer.WhichOneof("type") == "delta":
            shown.append(str(answer.delta))

"""`countersign demo` and `serve`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any


def add_commands(commands: Any) -> None:
    for name, run, says in (
        ("demo", _demo, "open the demo clinic: load it, audit it, serve the app"),
        ("serve", _serve, "serve the app on the database of COUNTERSIGN_DATABASE_URL"),
    ):
        command = commands.add_parser(name, help=says)
        command.add_argument("--port", type=int, default=8501)
        command.set_defaults(run=run)
        if name == "demo":
            command.add_argument("--no-serve", action="store_true", help="make it ready, but do not serve")
            command.add_argument("--folder", type=Path, default=Path("var/demo"), help="where its database goes")


def _demo(chosen: argparse.Namespace) -> int:
    from audit import demonstration, serving  # noqa: PLC0415

    os.environ.setdefault("COUNTERSIGN_FACTS", str((chosen.folder / "facts").resolve()))
    url = demonstration.open_clinic(chosen.folder)
    return 0 if chosen.no_serve else serving.serve(url, chosen.port, demo=True)


def _serve(chosen: argparse.Namespace) -> int:
    from audit import serving  # noqa: PLC0415

    return serving.serve(None, chosen.port, demo=False)

"""The command line of Countersign; `countersign --help` lists the commands."""

from __future__ import annotations

import gc
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code: 0 no error found, 1 at least one, 2 the input cannot be read."""
    gc.disable()
    try:
        from audit.cli import commands  # noqa: PLC0415  loaded without looking for garbage, of which there is none
    finally:
        gc.freeze()
        gc.enable()
    return commands.run(arguments)

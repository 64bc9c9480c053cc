"""`python -m audit.demo --seed 20261 --out data/demo` writes the demo clinic."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from audit.demo.write import files
from audit.errors import CountersignError

SEED = 20261


def main() -> int:
    """Exit 0 when written, 2 with one line on standard error when the seed does not suit."""
    parser = argparse.ArgumentParser(prog="python -m audit.demo", description="Write the demo clinic.")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=Path("data/demo"))
    asked = parser.parse_args()
    try:
        written = files(asked.seed)
    except CountersignError as error:
        print(error, file=sys.stderr)
        return 2
    asked.out.mkdir(parents=True, exist_ok=True)
    for name, content in written.items():
        (asked.out / name).parent.mkdir(exist_ok=True)
        (asked.out / name).write_text(content, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

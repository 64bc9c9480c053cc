"""Whether the time of a refused sign-in tells that a username exists: `python -m benchmarks.sign_in [TRIES]`.

Unknown names, known names with a wrong password, locked and stopped accounts, in random order against the same code
that the sign-in page calls. CPU seconds of the process (password hashing is done in it), median and the middle half.
"""

from __future__ import annotations

import random
import sys
import time
from datetime import UTC, datetime
from statistics import median, quantiles

from sqlalchemy import update

from audit.access import accounts, demo
from audit.store import schema
from audit.store.database import connect, prepare, write

KINDS = ("nobody-of-this-name", "reviewer", "second", "doctor")
SAYS = {"nobody-of-this-name": "unknown name", "reviewer": "wrong password", "second": "locked", "doctor": "stopped"}


def main(tries: int = 40) -> None:
    engine, now = connect("sqlite://"), datetime.now(UTC)
    prepare(engine)
    demo.create_accounts(engine, now)
    which = schema.accounts.c.username
    far = datetime(2100, 1, 1, tzinfo=UTC)
    with write(engine) as connection:
        connection.execute(update(schema.accounts).where(which == "second").values(locked_until=far))
        connection.execute(update(schema.accounts).where(which == "doctor").values(active=False))
    order = list(KINDS) * tries
    random.Random(1).shuffle(order)  # noqa: S311  no secret
    accounts.verify(engine, "warm", "up", now)
    took: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for kind in order:
        with write(engine) as connection:  # else the known one locks itself after five
            connection.execute(update(schema.accounts).where(which == "reviewer").values(failed_attempts=0))
        began = time.process_time()
        assert accounts.verify(engine, kind, "not the password", now) is None
        took[kind].append(1000 * (time.process_time() - began))
    for kind, times in took.items():
        low, _, high = quantiles(times, n=4)
        print(f"{SAYS[kind]:<15} median {median(times):6.1f} ms, middle half {low:.1f} to {high:.1f}")


if __name__ == "__main__":
    main(*[int(one) for one in sys.argv[1:2]])

"""The one engine of this process, shared by the gate and all pages."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Engine

from audit.store.database import connect, database_url


def engine() -> Engine:
    return _engine(database_url())


@cache
def _engine(url: str) -> Engine:
    return connect(url)

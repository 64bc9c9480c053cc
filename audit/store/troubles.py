"""What can befall a database, in words: a full disk, a lost connection, a file that may not be written.

Each engine of `database.connect` raises these as a StoreError in place of the driver's exception, whose text may hold
data. A bug of ours (a table that is not there, a value that does not fit) stays the driver's exception.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext

from audit.errors import StoreError

OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
"""Of an OSError: no fault of the file that was handed in."""
KEPT_NOTHING = "; nothing of this step was kept"
_READ_ONLY = ("the database is read-only", "Give the account of Countersign the right to write it and its folder")
_FULL = (f"the disk is full{KEPT_NOTHING}", "Make room on it, then do it again")
_LOST = ("the connection to the database was lost", "Look whether your last step is there, and do it again if not")
_AWAY = ("the database cannot be reached", "Look whether the server runs and the address is right")
_SQLITE = {
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_CANTOPEN": ("the database cannot be opened", "Look whether its folder exists and may be written"),
    "SQLITE_BUSY": (f"another program holds the database{KEPT_NOTHING}", "Close that program, then do it again"),
    "SQLITE_IOERR": (f"the disk failed while it was used{KEPT_NOTHING}", "Look whether it is full or broken"),
    "SQLITE_CORRUPT": ("the database is damaged", "Restore it from a backup"),
    "SQLITE_NOTADB": ("this file is no SQLite database", "Name another file, or move this one away"),
}
"""By the beginning of the name of SQLite's error."""
_STATES = {
    "53100": _FULL,
    "53300": ("the server takes no more connections", "Close other programs that use it, or let it take more"),
    "53": (f"the server has no room left{KEPT_NOTHING}", "Make room on it, then do it again"),
    "57P01": _LOST,
    "57P02": _LOST,
    "57P03": ("the server is starting or stopping", "Wait a moment, then do it again"),
    "08": _LOST,
    "25006": _READ_ONLY,
    "28": ("the server refused the user or the password", "Mend the address"),
    "3D000": ("the server has no such database or user", "Make it, or mend the address"),
    "42501": ("the database may not be written", "Grant its user the right to create tables"),
    "55P03": (f"another program holds the database{KEPT_NOTHING}", "Close that program, then do it again"),
    "40P01": (f"two people wrote at once and waited for each other{KEPT_NOTHING}", "Do it again"),
    "58": (f"the server's disk failed{KEPT_NOTHING}", "Look whether it is full or broken"),
    "XX001": ("the database is damaged", "Restore it from a backup"),
}
"""By PostgreSQL's SQLSTATE or its class (the first two)."""
_SAID = {
    "password authentication failed": _STATES["28"],
    "does not exist": _STATES["3D000"],
    "starting up": _STATES["57P03"],
    "shutting down": _STATES["57P03"],
    "resolve host": ("the server's name is not known", "Mend the address"),
    "too many": _STATES["53300"],
}
"""By what a server says that lets nobody in: such exceptions have no SQLSTATE."""


def listen(engine: Engine) -> None:
    """Let this engine raise StoreError for what befalls its database."""
    event.listen(engine, "handle_error", _translate)


@contextmanager
def told(connection: Connection) -> Iterator[None]:
    """The same for what is asked of the driver itself, past SQLAlchemy."""
    try:
        yield
    except Exception as error:
        if found := words(error):
            raise StoreError(found[0], where=place(connection.engine), do=found[1]) from None
        raise


def place(engine: Engine) -> str:
    """Where the database is, without the password."""
    return (
        engine.url.database or ""
        if engine.dialect.name == "sqlite"
        else engine.url.render_as_string(hide_password=True)
    )


def words(error: BaseException, *, connected: bool = True, writes: bool = True) -> tuple[str, str] | None:
    """What is wrong and what to do, for the driver's exception; None for all that is no trouble of the database.
    `connected`: it came on a connection that stood; `writes`: of a transaction that may write."""
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "") or ""
        found = next((said for start, said in _SQLITE.items() if name.startswith(start)), None)
        return None if found is _READ_ONLY and not writes else found
    state = getattr(error, "sqlstate", None)
    if state:
        found = _STATES.get(state) or _STATES.get(state[:2])
        return None if found is _READ_ONLY and not writes else found
    if type(error).__module__.partition(".")[0] != "psycopg" or type(error).__name__ != "OperationalError":
        return None
    said = str(error).lower()
    return _LOST if connected else next((words for part, words in _SAID.items() if part in said), _AWAY)


def _translate(context: ExceptionContext) -> None:
    if context.is_pre_ping or context.engine is None:
        return
    connection: Any = context.connection
    options = connection.get_execution_options() if connection is not None else {}
    writes = connection is None or bool(options.get("countersign_writes"))
    found = words(context.original_exception, connected=connection is not None, writes=writes)
    if found:
        raise StoreError(found[0], where=place(context.engine), do=found[1])


def of_file(error: OSError, where: object = "") -> StoreError:
    """A file or folder that cannot be read or written, in words; `where`: it, when the system does not name it."""
    name = str(error.filename or where)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError("the disk is full", where=name, do="Make room on it, then do it again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        do = "Give the account of Countersign the right to it, or name another place"
        return StoreError("it may not be read or written", where=name, do=do)
    return StoreError(f"it cannot be read or written ({error.strerror})", where=name, do="Check the path and the disk")

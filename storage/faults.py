"""What went wrong in the database -> an error with a code, and whether trying again may help.

SQLite result codes: sqlite.org/rescode.html. PostgreSQL: "PostgreSQL Error Codes" (SQLSTATE).
"""

import errno
import sqlite3

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import HuifangError, PermanentError, TransientError, problem

_SQLITE = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_FULL: "disk-full",
    sqlite3.SQLITE_READONLY: "forbidden",
    sqlite3.SQLITE_PERM: "forbidden",
    sqlite3.SQLITE_CANTOPEN: "unreachable",
    sqlite3.SQLITE_IOERR: "unreadable",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
}
_POSTGRESQL = {
    "40001": "locked",  # serialization_failure
    "40P01": "locked",  # deadlock_detected
    "55P03": "locked",  # lock_not_available
    "53100": "disk-full",
    "53300": "unreachable",  # too_many_connections
    "55000": "unreachable",  # object_not_in_prerequisite_state: it takes no connections now
    "42501": "forbidden",
    "42P01": "outdated",  # undefined_table
    "42703": "outdated",  # undefined_column
    "25006": "forbidden",  # read_only_sql_transaction
    "XX001": "damaged",
    "XX002": "damaged",
}
_POSTGRESQL_CLASSES = {"08": "unreachable", "57": "unreachable", "28": "forbidden", "3D": "missing"}
_SYSTEM = {
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "disk-full",
    errno.EACCES: "forbidden",
    errno.EPERM: "forbidden",
    errno.EROFS: "forbidden",
}
_TRANSIENT = frozenset({"locked", "unreachable"})


def explained(error: BaseException, database: str) -> HuifangError | None:
    """Return the error to raise instead of `error`, or None where it is the caller's to judge.

    `database`: the URL without its password, for the sentence.
    """
    kind = _kind(error)
    if kind is None:
        return None
    detail = str(getattr(error, "orig", None) or error).strip().splitlines()
    told = problem(f"database-{kind}", database=database, detail=detail[0] if detail else "")
    return TransientError(told) if kind in _TRANSIENT else PermanentError(told)


def _kind(error: BaseException) -> str | None:
    if isinstance(error, PoolTimeout):
        return "unreachable"
    if isinstance(error, DBAPIError):
        return _of_driver(error.orig) or ("unreachable" if error.connection_invalidated else None)
    if isinstance(error, OSError):
        return _SYSTEM.get(error.errno or 0)
    return None


def _of_driver(error: BaseException | None) -> str | None:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte: the primary code
        if code in _SQLITE:
            return _SQLITE[code]
        missing = "no such table" in str(error) or "no such column" in str(error)
        return "outdated" if missing else None
    if isinstance(error, psycopg.Error):
        state = error.sqlstate
        if state is not None:
            return _POSTGRESQL.get(state) or _POSTGRESQL_CLASSES.get(state[:2])
        # Without a SQLSTATE the server was never reached, or went away in the midst of it.
        away = (psycopg.OperationalError, psycopg.InterfaceError)
        return "unreachable" if isinstance(error, away) else None
    return None

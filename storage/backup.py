"""A copy of the database while it is in use."""

import asyncio
import contextlib
import os
import sqlite3
from pathlib import Path

from core.errors import AuthorError, PermanentError, Place, problem
from storage.database import Database
from storage.faults import explained


async def backup(database: Database, target: Path) -> int:
    """Copy a SQLite database to `target` while others use it; returns the bytes written.

    The copy is one moment of the database, checked, and there whole or not at all. Raises
    AuthorError where `target` exists or the database is PostgreSQL (`dump_command` says how),
    PermanentError where the disk is full or the copy is not sound.
    """
    if database.path is None:
        raise AuthorError(problem("backup-postgresql", command=dump_command(database, target)))
    if target.exists():
        raise AuthorError(problem("backup-exists", Place(str(target)), file=target))
    with database.clock.hold():
        try:
            return await asyncio.to_thread(_copy, database.path, target)
        except (sqlite3.Error, OSError) as error:
            told = explained(error, database.name)
            if told is None:
                raise PermanentError(
                    problem("backup-failed", Place(str(target)), detail=str(error))
                ) from error
            raise told from error


def dump_command(database: Database, target: Path) -> str:
    """Return the command that backs up a PostgreSQL database (the password stays out of it)."""
    url = database.url.set(drivername="postgresql", password=None)
    return f"pg_dump --format=custom --file={target} '{url.render_as_string()}'"


def _copy(source: Path, target: Path) -> int:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_RDWR, 0o600))
    try:
        with (
            contextlib.closing(
                sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
            ) as one,
            contextlib.closing(sqlite3.connect(part)) as other,
        ):
            # All pages in one step: one snapshot, which writers neither disturb nor wait for.
            one.backup(other)
            other.execute("PRAGMA journal_mode = DELETE")
            (verdict,) = other.execute("PRAGMA quick_check").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size

"""The database: one engine for SQLite and PostgreSQL, with the same promises on both.

    database = Database("sqlite:////var/lib/huifang/huifang.db", clock=clock)
    await database.migrate()
    async with database.write() as session:   # committed on leaving, rolled back on an exception
        session.add(...)
    async with database.read() as session:    # one snapshot, nothing is kept
        ...

SQLite: write-ahead log, synchronous FULL (a commit survives a power cut), foreign keys on. A
write transaction starts with BEGIN IMMEDIATE, so that it never fails half-way because another
writer came first; writers of one process queue up in order instead of polling for the lock.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from core.clock import Clock, SystemClock
from core.errors import AuthorError, PermanentError, problem
from storage.faults import explained
from storage.inline import InlineConnection
from storage.migrations import current, head, upgrade

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
_WRITES = "huifang_writes"


class Database:
    """One database and its pool of connections; `close()` it on the event loop that used it."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        busy_seconds: float = 10.0,
        connections: int = 10,
        rehearsal: bool = False,
    ) -> None:
        """Open nothing yet, only say where.

        `url`: any SQLAlchemy URL of SQLite or PostgreSQL. `busy_seconds`: how long a writer waits
        for another process's transaction. `connections`: most connections of this process.
        `clock`: virtual time stands still while the database works. `rehearsal` (SQLite): what
        is in it is not real, so nothing is flushed to the disk and foreign keys are not looked
        at (copies of cases leave behind what they refer to).
        """
        self.url = _checked(url)
        self.dialect = self.url.get_backend_name()
        self.clock: Clock = clock or SystemClock()
        self.path = _file_of(self.url) if self.dialect == "sqlite" else None
        self.engine = self._rehearsing() if rehearsal else self._engine(busy_seconds, connections)
        self._writing = self.engine.execution_options(**{_WRITES: True})
        # One writer at a time is SQLite's own rule; queueing here is fair and costs no polling.
        self._turn = asyncio.Lock() if self.dialect == "sqlite" else nullcontext()

    @property
    def name(self) -> str:
        """The URL as screens may show it, without its password."""
        return self.url.render_as_string(hide_password=True)

    def _engine(self, busy_seconds: float, connections: int) -> AsyncEngine:
        if self.dialect == "postgresql":
            return create_async_engine(
                self.url,
                pool_size=connections,
                max_overflow=0,
                pool_pre_ping=True,
                hide_parameters=True,  # numbers and names do not belong into error texts
            )
        engine = create_async_engine(
            self.url,
            pool_size=connections,
            max_overflow=0,
            hide_parameters=True,
            connect_args={"timeout": busy_seconds},
        )
        # Python's sqlite3 starts transactions late and by itself; isolation_level None leaves
        # them to us (SQLAlchemy, "pysqlite transactional scope").
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine

    def _rehearsing(self) -> AsyncEngine:
        file = str(self.path)
        engine = create_async_engine(self.url, async_creator=lambda: InlineConnection(file))
        event.listen(engine.sync_engine, "connect", _prepare_rehearsal)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One transaction that may change things: committed at the end, or nothing of it.

        Do not open another `write()` inside, and do not sleep inside. Raises TransientError
        (locked, unreachable) or PermanentError (disk full, not migrated); IntegrityError of
        SQLAlchemy passes through, because callers decide by it.
        """
        with self.clock.hold():
            async with self._turn:
                self._prepare_file()
                async with self._session(self._writing) as session, session.begin():
                    yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """One transaction that only looks. Raises as `write()` does."""
        with self.clock.hold():
            self._prepare_file()
            async with self._session(self.engine) as session:
                yield session

    @asynccontextmanager
    async def _session(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        try:
            async with AsyncSession(engine, expire_on_commit=False) as session:
                yield session
        except (DBAPIError, PoolTimeout, OSError) as error:
            told = explained(error, self.name)
            if told is None:
                raise
            raise told from error

    def _prepare_file(self) -> None:
        """Create the SQLite file for its owner only: it holds names and phone numbers."""
        if self.path is None or self.path.exists():
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            told = explained(error, self.name)
            raise (told or error) from error

    async def migrate(self, revision: str = "head") -> None:
        """Bring the tables up (or down) to `revision`; safe when several processes do it."""
        async with self.write() as session:
            connection = await session.connection()
            await connection.run_sync(upgrade, revision)

    async def version(self) -> str | None:
        """Return the revision the tables have, or None for an empty database."""
        async with self.read() as session:
            connection = await session.connection()
            return await connection.run_sync(current)

    async def ready(self) -> None:
        """Create the tables of an empty database; refuse one of another version of Huifang.

        An upgrade is a decision (back up first), so it is never done on the way. Raises
        PermanentError.
        """
        version = await self.version()
        if version is None:
            await self.migrate()
        elif version != head():
            raise PermanentError(
                problem("database-version", database=self.name, version=version, newest=head())
            )

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise AuthorError(problem("database-url-malformed")) from None
    backend = parsed.get_backend_name()
    if backend not in _DRIVERS:
        raise AuthorError(problem("database-url-unknown", backend=backend))
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise AuthorError(problem("database-url-memory"))
    return parsed.set(drivername=_DRIVERS[backend])


def _file_of(url: URL) -> Path:
    return Path(url.database or "")


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_rehearsal(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = OFF", "foreign_keys = OFF"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

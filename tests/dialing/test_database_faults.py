"""A database that fails stops the calling, is said, and loses nothing."""

import asyncio
import contextlib
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from dialer.journal import Writer
from storage.database import Database
from storage.schema import (
    Branch,
)
from tests.dialing.line import (
    Line,
    all_done,
    dialing,
    everything,
    running,
    until,
)
from tests.dialing.town import DayClock, settle


async def test_a_locked_database_stops_the_calling_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "huifang.db"
    database = Database(f"sqlite:///{path}", busy_seconds=0.2)
    await database.migrate()
    await settle(database, 30)
    line = Line()
    line.free.clear()
    dialer = dialing(database, line)
    async with running(dialer) as task:
        await line.on_line.wait()
        with contextlib.closing(
            sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
        ) as other:
            # Beside the loop: a transaction of the dialer that is under way has to end first.
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            line.free.set()  # answers are given while nothing can be written
            await until(lambda: dialer.writer.fault is not None and dialer.tally.trouble != "")
            assert "locked" in dialer.tally.trouble or "busy" in dialer.tally.trouble
            other.execute("ROLLBACK")
        await task
    assert len(line.rung) == len(set(line.rung)) == 30
    await all_done(database, 30)
    await database.close()


async def test_a_server_that_goes_away_and_comes_back(postgresql: str) -> None:
    url = postgresql.format(database="postgres")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute("CREATE DATABASE gone")
    database = Database(postgresql.format(database="gone"))
    await database.migrate()
    await settle(database, 30)
    line = Line()
    line.free.clear()
    dialer = dialing(database, line)
    async with running(dialer) as task:
        await line.on_line.wait()
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as admin:
            admin.execute("ALTER DATABASE gone ALLOW_CONNECTIONS false")
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'gone'"
            )
            line.free.set()
            await until(lambda: dialer.writer.fault is not None and dialer.tally.trouble != "")
            admin.execute("ALTER DATABASE gone ALLOW_CONNECTIONS true")
        await task
    assert len(line.rung) == len(set(line.rung)) == 30
    await all_done(database, 30)
    await database.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> AsyncIterator[Path]:
    """A real file system of 4 MB (needs root, as in the tests' container)."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


async def test_a_full_disk_stops_the_calling_and_loses_nothing(small_disk: Path) -> None:
    database = Database(f"sqlite:///{small_disk / 'huifang.db'}")
    await database.migrate()
    await settle(database, 30)
    line = Line()
    line.free.clear()
    dialer = dialing(database, line)
    ballast = small_disk / "ballast"
    async with running(dialer) as task:
        await line.on_line.wait()
        await until(lambda: dialer.tally.calls_now == 30 or dialer.tally.trouble != "")
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"0" * 4096)
        line.free.set()
        await until(lambda: dialer.writer.fault is not None)
        await until(lambda: "disk" in dialer.tally.trouble.lower())
        ballast.unlink()
        await task
    assert len(line.rung) == len(set(line.rung)) == 30
    await all_done(database, 30)
    await database.close()


async def test_one_bad_write_does_not_spoil_the_others(database: Database) -> None:
    writer = Writer(database, DayClock())

    def keep(name: str):
        async def act(session) -> str:
            session.add(Branch(name=name))
            await session.flush()
            return name

        return act

    async def broken(session) -> None:
        raise ValueError("a mistake of ours")

    writes = [writer.write(act) for act in (keep("a"), keep("a"), broken, keep("b"))]
    gathered = asyncio.gather(*writes, return_exceptions=True)
    await asyncio.sleep(0)  # all four wait: they become one group
    task = asyncio.create_task(writer.run())
    first, second, third, fourth = await gathered
    assert (first, fourth) == ("a", "b")
    assert type(second).__name__ == "IntegrityError"
    assert isinstance(third, ValueError)
    assert await writer.write(keep("c")) == "c"  # and the writer lives
    await writer.close()
    await task
    async with database.read() as session:
        assert set(await session.scalars(select(Branch.name))) == {"a", "b", "c"}


async def test_draining_ends_while_the_database_fails_and_a_person_gets_the_rest(
    tmp_path: Path,
) -> None:
    path = tmp_path / "huifang.db"
    database = Database(f"sqlite:///{path}", busy_seconds=0.1)
    await database.migrate()
    await settle(database, 3)
    line = Line()
    line.free.clear()
    dialer = dialing(database, line, name="elsewhere:1:1")
    async with running(dialer) as task:
        await until(lambda: dialer.tally.calls_now == 3)
        await until(lambda: len(line.rung) == 3)
        with contextlib.closing(
            sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
        ) as other:
            # Beside the loop: a transaction of the dialer that is under way has to end first.
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            line.free.set()
            dialer.drain()
            async with asyncio.timeout(60):
                tally = await task
            other.execute("ROLLBACK")
    assert tally.unwritten == 3
    assert "3" in tally.trouble
    # The next start: the dead one's heartbeat is old.
    line.clock._shift += timedelta(minutes=5)
    again = await dialing(database, line).run()
    assert again.interrupted == 3
    attempts, callbacks, _ = await everything(database)
    assert [one.disposition for one in attempts] == ["unknown"] * 3
    assert [one.state for one in callbacks] == ["follow_up"] * 3
    assert len(line.rung) == 3
    await database.close()

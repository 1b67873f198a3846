"""One set of promises on SQLite and PostgreSQL: atomic, in order, explained, private."""

import asyncio
import contextlib
import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from core.clock import VirtualClock
from core.errors import AuthorError, HuifangError, PermanentError, TransientError
from storage.database import Database
from storage.schema import Branch, Case

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


async def _names(database: Database) -> list[str]:
    async with database.read() as session:
        return list(await session.scalars(select(Branch.name).order_by(Branch.name)))


async def test_a_write_is_kept_and_a_failed_one_is_not(database: Database) -> None:
    async with database.write() as session:
        session.add(Branch(name="治安"))

    async def fail_half_way() -> None:
        async with database.write() as session:
            session.add(Branch(name="刑侦"))
            await session.flush()
            session.add(Branch(name="治安"))

    with pytest.raises(IntegrityError):
        await fail_half_way()
    assert await _names(database) == ["治安"]


async def test_read_and_change_is_one_step_for_many_writers(database: Database) -> None:
    async with database.write() as session:
        session.add(Branch(name="0"))

    async def increase() -> None:
        async with database.write() as session:
            query = select(Branch).with_for_update()
            branch = (await session.scalars(query)).one()
            branch.name = str(int(branch.name) + 1)

    await asyncio.gather(*(increase() for _ in range(30)))
    assert await _names(database) == ["30"]


async def test_two_pools_writing_the_same_file_do_not_fail(
    database: Database, database_url: str
) -> None:
    other = Database(database_url)

    async def add(target: Database, name: str) -> None:
        async with target.write() as session:
            # A read first: without BEGIN IMMEDIATE the later write would fail as "locked".
            await session.scalar(select(func.count()).select_from(Branch))
            session.add(Branch(name=name))

    await asyncio.gather(
        *(add(target, f"{target is other}-{n}") for n in range(20) for target in (database, other))
    )
    assert len(await _names(database)) == 40
    await other.close()


async def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            session.add(
                Case(
                    case_number="1",
                    respondent_class="emergency",
                    unit_id=99,
                    created_at=NOW,
                    updated_at=NOW,
                )
            )


async def test_virtual_time_stands_still_during_a_transaction(database_url: str) -> None:
    clock = VirtualClock(NOW)
    database = Database(database_url, clock=clock)
    driver = asyncio.create_task(clock.drive())
    started = asyncio.Event()
    release = asyncio.Event()

    async def work() -> float:
        async with database.write() as session:
            started.set()
            await release.wait()
            session.add(Branch(name="治安"))
        return clock.monotonic()

    task = asyncio.create_task(work())
    await started.wait()
    sleeper = asyncio.create_task(clock.sleep(60))
    for _ in range(200):
        await asyncio.sleep(0)
    assert clock.monotonic() == 0.0
    assert not sleeper.done()
    release.set()
    assert await task == 0.0
    await sleeper
    driver.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await driver
    await database.close()


async def test_an_empty_database_says_that_it_must_be_upgraded(database: Database) -> None:
    await database.migrate("base")
    with pytest.raises(PermanentError) as caught:
        await _names(database)
    assert [p.code for p in caught.value.problems] == ["database-outdated"]
    assert "huifang database upgrade" in caught.value.sentences("en")[0]


async def test_an_empty_database_is_made_ready_and_another_version_refused(
    database: Database,
) -> None:
    await database.migrate("base")
    await database.ready()
    await database.ready()
    assert await _names(database) == []
    async with database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(PermanentError) as caught:
        await database.ready()
    assert caught.value.problems[0].code == "database-version"
    assert "9999" in caught.value.sentences("zh")[0]


# ------------------------------------------------------------------------------ SQLite alone


async def test_the_file_is_for_its_owner_only_and_survives_power_cuts(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "huifang.db"
    database = Database(f"sqlite:///{path}")
    await database.migrate()
    async with database.write() as session:
        session.add(Branch(name="治安"))
        await session.flush()
        pragmas = {
            name: await session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    await database.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert set(modes) == {"huifang.db", "huifang.db-wal", "huifang.db-shm"}
    assert set(modes.values()) == {0o600}


async def test_a_locked_file_is_transient(tmp_path: Path) -> None:
    path = tmp_path / "huifang.db"
    database = Database(f"sqlite:///{path}", busy_seconds=0.05)
    await database.migrate()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TransientError) as caught:
            async with database.write() as session:
                session.add(Branch(name="治安"))
        assert caught.value.problems[0].code == "database-locked"
        assert await _names(database) == []  # readers go on
    async with database.write() as session:
        session.add(Branch(name="治安"))
    assert await _names(database) == ["治安"]
    await database.close()


async def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'huifang.db'}", connections=1)
    await database.migrate()
    async with database.write() as session:
        session.add(Branch(name="治安"))
    async with database.read() as session:
        pages = await session.scalar(text("PRAGMA page_count"))
        await session.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(PermanentError) as caught:
        async with database.write() as session:
            session.add_all([Branch(name=f"{n:0100d}") for n in range(500)])
    assert caught.value.problems[0].code == "database-disk-full"
    assert await _names(database) == ["治安"]
    await database.close()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huifang.db"
    path.write_bytes(b"no database at all, but long enough to be looked at" * 40)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(PermanentError) as caught:
        await _names(database)
    assert caught.value.problems[0].code == "database-damaged"
    await database.close()


async def test_an_unreachable_server_is_transient_and_its_password_hidden(tmp_path: Path) -> None:
    database = Database(f"postgresql://me:secret@/db?host={tmp_path}")
    with pytest.raises(TransientError) as caught:
        await _names(database)
    assert caught.value.problems[0].code == "database-unreachable"
    assert "secret" not in "".join(caught.value.sentences("zh"))
    await database.close()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("nonsense", "database-url-malformed"),
        ("mysql://a/b", "database-url-unknown"),
        ("sqlite://", "database-url-memory"),
    ],
)
def test_bad_urls_are_refused(url: str, code: str) -> None:
    with pytest.raises(AuthorError) as caught:
        Database(url)
    refused: HuifangError = caught.value
    assert [p.code for p in refused.problems] == [code]

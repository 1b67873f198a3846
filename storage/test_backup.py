"""A backup is one sound moment of a database in use."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.errors import AuthorError
from storage.backup import backup
from storage.database import Database
from storage.migrations import head
from storage.schema import Branch


async def test_a_backup_taken_while_others_write_is_whole(sqlite: Database, tmp_path: Path) -> None:
    target = tmp_path / "backups" / "copy.db"

    async def write() -> None:
        for number in range(20):
            async with sqlite.write() as session:
                session.add_all([Branch(name=f"{number}a"), Branch(name=f"{number}b")])

    _, size = await asyncio.gather(write(), backup(sqlite, target))
    assert size == target.stat().st_size
    assert target.stat().st_mode & 0o777 == 0o600
    copy = Database(f"sqlite:///{target}")
    async with copy.read() as session:
        assert int(await session.scalar(select(func.count()).select_from(Branch)) or 0) % 2 == 0
    assert await copy.version() == head()
    await copy.close()


async def test_a_backup_overwrites_nothing(sqlite: Database, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("precious", "utf-8")
    with pytest.raises(AuthorError) as caught:
        await backup(sqlite, target)
    assert caught.value.problems[0].code == "backup-exists"
    assert target.read_text("utf-8") == "precious"


async def test_postgresql_is_told_its_own_command(tmp_path: Path) -> None:
    database = Database("postgresql://me:secret@host/db")
    with pytest.raises(AuthorError) as caught:
        await backup(database, tmp_path / "x.dump")
    assert "pg_dump" in caught.value.sentences("en")[0]
    assert "secret" not in caught.value.sentences("en")[0]
    await database.close()

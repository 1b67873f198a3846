"""The migrations build exactly the tables of schema.py, and can take them away again."""

import asyncio
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text

from storage.database import Database
from storage.migrations import head
from storage.schema import Base, WriteBack


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


def _partial_indexes(connection: Connection) -> dict[str, str]:
    found = {}
    for table in Base.metadata.tables:
        for index in inspect(connection).get_indexes(table):
            options = index.get("dialect_options", {})
            where = options.get(f"{connection.dialect.name}_where")
            if where is not None:
                found[str(index["name"])] = str(where)
    return found


async def test_migrations_and_schema_agree(database: Database) -> None:
    async with database.read() as session:
        connection = await session.connection()
        assert await connection.run_sync(_differences) == []


async def test_partial_indexes_keep_their_condition(database: Database) -> None:
    expected = {
        str(index.name)
        for table in Base.metadata.tables.values()
        for index in table.indexes
        if index.dialect_options[database.dialect]["where"] is not None
    }
    async with database.read() as session:
        connection = await session.connection()
        assert set(await connection.run_sync(_partial_indexes)) == expected
    assert expected


async def test_down_to_nothing_and_up_again(database: Database) -> None:
    assert await database.version() == head()
    await database.migrate("base")
    assert await database.version() is None
    async with database.read() as session:
        connection = await session.connection()
        tables = await connection.run_sync(lambda c: inspect(c).get_table_names())
    assert tables == ["alembic_version"]
    await database.migrate()
    assert await database.version() == head()
    async with database.read() as session:
        connection = await session.connection()
        assert await connection.run_sync(_differences) == []


async def test_migrating_twice_at_once_is_safe(database: Database, database_url: str) -> None:
    await database.migrate("base")
    other = Database(database_url)
    await asyncio.gather(database.migrate(), other.migrate())
    assert await other.version() == head()
    await other.close()


async def test_what_was_written_back_survives_the_way_down_and_up(world: Any) -> None:
    database = world.database
    batch, case = await world.batch(), await world.case()
    made = await world.callback(batch, case, await world.party(case), state="done")
    for result in (1, 2):
        await world.add(
            WriteBack(
                target="home",
                callback_id=made.id,
                result=result,
                receipt=f"r{result}",
                written_at=world.now,
            )
        )
    await database.migrate("0001")
    assert await database.version() == "0001"
    async with database.read() as session:
        rows = (await session.execute(text("SELECT callback_id, receipt FROM write_backs"))).all()
    assert [tuple(row) for row in rows] == [(made.id, "r1")]
    await database.migrate()
    async with database.read() as session:
        (kept,) = await session.scalars(select(WriteBack))
        connection = await session.connection()
        assert await connection.run_sync(_differences) == []
    assert (kept.result, kept.receipt) == (1, "r1")

"""Ids handed out before the rows are written, so that thousands go in with one statement."""

from sqlalchemy import Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection


async def next_ids(connection: AsyncConnection, table: Table, count: int) -> list[int]:
    """Return `count` ids of `table` that nobody else gets.

    PostgreSQL: from the table's own sequence. SQLite: after the greatest; the transaction is the
    only writer (BEGIN IMMEDIATE).
    """
    if connection.dialect.name == "postgresql":
        query = text(
            "SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)"
        )
        return list(await connection.scalars(query, {"name": table.name, "count": count}))
    greatest = await connection.scalar(select(func.coalesce(func.max(table.c.id), 0)))
    return list(range(int(greatest or 0) + 1, int(greatest or 0) + count + 1))

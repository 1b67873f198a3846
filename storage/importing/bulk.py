"""Thousands of new rows with one prepared statement: tuples straight to the driver.

SQLAlchemy looks at every parameter of every row; here the columns' types say once how their
values are written, and most need nothing.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection


async def insert_rows(
    connection: AsyncConnection, table: Table, columns: tuple[str, ...], rows: list[Any]
) -> None:
    """Insert `rows`, tuples in the order of `columns`; columns left out stay at their default."""
    if not rows:
        return
    sql, named, written = _prepared(connection.dialect, table, columns)
    if written:
        rows = [list(row) for row in rows]
        for place, process in written:
            for row in rows:
                row[place] = process(row[place])
    await connection.exec_driver_sql(
        sql,
        [dict(zip(columns, row, strict=True)) for row in rows]
        if named
        else [tuple(row) for row in rows],
    )


@lru_cache(maxsize=100)
def _prepared(
    dialect: Dialect, table: Table, columns: tuple[str, ...]
) -> tuple[str, bool, Sequence[tuple[int, Any]]]:
    """Return the statement, whether its parameters have names, and what writes which value."""
    compiled = insert(table).compile(dialect=dialect, column_keys=columns)
    written = [
        (place, process)
        for place, name in enumerate(columns)
        if (process := table.c[name].type.dialect_impl(dialect).bind_processor(dialect))
    ]
    order = tuple(compiled.positiontup or columns)  # of the table, where places count
    if order != columns:
        raise ValueError(f"{table.name}: columns must stand in the order {order}")
    return compiled.string, not compiled.positional, written

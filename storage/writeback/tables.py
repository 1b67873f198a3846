"""Results as rows of a table in another database, each result once.

Rows are keyed by our callback number, which must be unique there. Rows that are there already
are left alone and only get their receipt, so a crash between the two databases doubles nothing.
A further result of a callback (people had it called again) takes the place of the row.
"""

import asyncio
from collections.abc import Mapping as Pairs
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    String,
    Table,
    create_engine,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from core.clock import Clock
from core.errors import AuthorError, TransientError, problem
from storage.database import Database
from storage.final import FinalResult, standing
from storage.schema import WriteBack
from storage.writeback.receipts import Receipt, one_at_a_time, receipt_name, record

TABLE_FIELDS = frozenset(FinalResult.__dataclass_fields__)
"""What the columns of a table may be filled with."""


async def write_rows(
    database: Database,
    target: str,
    url: str,
    table: str,
    columns: Pairs[str, str],
    *,
    clock: Clock,
    rows: int = 1000,
) -> list[Receipt]:
    """Write what is new as rows of `table` at `url`; returns the receipts.

    `columns`: our field (`TABLE_FIELDS`) -> its column; `callback_id` must be among them and its
    column unique. Raises AuthorError where that is not so, TransientError where the other
    database cannot be reached.
    """
    unknown = sorted(set(columns) - TABLE_FIELDS)
    if unknown or "callback_id" not in columns:
        raise AuthorError(
            problem(
                "write-back-columns",
                target=target,
                unknown="、".join(unknown) or "callback_id",
                known="、".join(sorted(TABLE_FIELDS)),
            )
        )
    receipts: list[Receipt] = []
    after = 0
    while True:
        async with database.read() as session:
            found = await standing(session, target, limit=rows, after=after)
        if not found:
            return receipts
        after = found[-1].callback_id
        with database.clock.hold():
            try:
                await _elsewhere(url, table, dict(columns), target, found)
            except SQLAlchemyError as error:
                detail = str(getattr(error, "orig", None) or error).splitlines()[0]
                raise TransientError(
                    problem("write-back-table", target=target, table=table, detail=detail)
                ) from error
        name = receipt_name(target, found)
        async with database.write() as session:
            await one_at_a_time(session)
            known = select(WriteBack.callback_id, WriteBack.result).where(
                WriteBack.target == target,
                WriteBack.callback_id.in_([one.callback_id for one in found]),
            )
            taken = {(id_, result) for id_, result in await session.execute(known)}
            new = [one for one in found if (one.callback_id, one.result) not in taken]
            record(session, target, name, new, clock)
        receipts.append(Receipt(target, name, len(new)))


async def _elsewhere(
    url: str, table: str, columns: dict[str, str], target: str, found: list[FinalResult]
) -> None:
    """Insert rows at `url`, on an async or a plain driver, whichever the URL names."""
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url)
    if not engine.dialect.is_async:
        try:
            await asyncio.to_thread(_in_transaction, engine, table, columns, target, found)
        finally:
            engine.dispose()
        return
    other = create_async_engine(url)
    try:
        async with other.begin() as connection:
            await connection.run_sync(_insert, table, columns, target, found)
    finally:
        await other.dispose()


def _in_transaction(engine: Any, *arguments: Any) -> None:
    with engine.begin() as connection:
        _insert(connection, *arguments)


def _insert(
    connection: Connection,
    name: str,
    columns: dict[str, str],
    target: str,
    found: list[FinalResult],
) -> None:
    schema, _, plain = name.rpartition(".")
    try:
        table = Table(plain, MetaData(), schema=schema or None, autoload_with=connection)
    except NoSuchTableError:
        raise AuthorError(problem("write-back-no-table", target=target, table=name)) from None
    missing = sorted(set(columns.values()) - set(table.c.keys()))
    if missing:
        raise AuthorError(
            problem("write-back-no-column", target=target, table=name, missing="、".join(missing))
        )
    key = columns["callback_id"]
    looked = inspect(connection)
    unique: list[set[str | None]] = [
        set(looked.get_pk_constraint(plain, schema or None)["constrained_columns"])
    ]
    unique += [set(u["column_names"]) for u in looked.get_unique_constraints(plain, schema or None)]
    unique += [
        set(index["column_names"])
        for index in looked.get_indexes(plain, schema or None)
        if index["unique"]
    ]
    if {key} not in unique:
        raise AuthorError(problem("write-back-not-unique", target=target, table=name, column=key))
    fields = list(columns.items())
    ids = [one.callback_id for one in found]
    there = set(connection.scalars(select(table.c[key]).where(table.c[key].in_(ids))))
    rows = []
    for one in found:
        row = {column: _stored(getattr(one, name), table.c[column]) for name, column in fields}
        if one.callback_id not in there:
            rows.append(row)
        elif one.result > 1:
            connection.execute(update(table).where(table.c[key] == one.callback_id).values(row))
    if rows:
        connection.execute(insert(table), rows)


def _stored(value: Any, column: Column[Any]) -> Any:
    if isinstance(value, datetime) and isinstance(column.type, String):
        return value.isoformat()
    if isinstance(value, tuple):
        return "、".join(value)
    if isinstance(value, dict):
        return "; ".join(f"{name}={one}" for name, one in value.items())
    return value

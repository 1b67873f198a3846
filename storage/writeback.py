"""Results back to where their cases came from: each once per target, whatever crashes when.

A file, in three steps. Stage: the whole file is written and synced in a folder of ours beside
the target folder. Commit: the receipts (`write_backs`) are stored in one transaction. Publish:
the staged file is renamed into place, which happens or does not. The next run publishes staged
files that have receipts and throws away those that have none, so a crash anywhere neither
doubles nor loses a result, even where somebody takes the files away at once.

A table in another database: rows are keyed by our callback number, which must be unique there.
Rows that are there already are left alone and only get their receipt, so a crash between the two
databases doubles nothing.
"""

import asyncio
import csv
import hashlib
import os
from collections.abc import Mapping as Pairs
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

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
    text,
)
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from core.catalogue import entries
from core.catalogue import text as words
from core.clock import Clock
from core.errors import AuthorError, TransientError, problem
from storage.database import Database
from storage.final import FinalResult, standing
from storage.importing.mapping import Mapping
from storage.schema import WriteBack
from storage.spreadsheet import defused

STAGING = ".huifang-staging"
"""Folder below the target folder in which files wait for their receipts."""
ROWS_A_FILE = 5000
_LOCK = 4_812_112
RESULT_FIELDS = (
    *("callback_id", "verdict", "disposition", "called_at", "tries", "aspects"),
    *("reason", "settled_by"),
)
"""What a result file has beside the columns of the import."""
TABLE_FIELDS = frozenset(FinalResult.__dataclass_fields__)
"""What the columns of a table may be filled with."""


@dataclass(frozen=True)
class Receipt:
    """One file or transaction that carried results."""

    target: str
    receipt: str
    results: int


async def write_files(
    database: Database,
    target: str,
    folder: Path,
    mapping: Mapping,
    *,
    clock: Clock,
    language: str = "zh",
    rows: int = ROWS_A_FILE,
) -> list[Receipt]:
    """Write what is new to files in `folder`, in the shape of `mapping`; returns the receipts.

    Raises TransientError where the folder cannot be written (nothing is lost: run again).
    """
    receipts: list[Receipt] = []
    try:
        while True:
            async with database.write() as session:
                await _one_at_a_time(session)
                await _publish(session, target, folder)
                found = await standing(session, target, source=mapping.source, limit=rows)
                if not found:
                    return receipts
                name = _receipt(target, found)
                await asyncio.to_thread(_stage, folder, target, name, found, mapping, language)
                _record(session, target, name, found, clock)
            async with database.read() as session:
                await _publish(session, target, folder, drop=False)
            receipts.append(Receipt(target, name, len(found)))
    except OSError as error:
        detail = error.strerror or str(error)
        raise TransientError(
            problem("write-back-folder", folder=folder, target=target, detail=detail)
        ) from error


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
    while True:
        async with database.read() as session:
            found = await standing(session, target, limit=rows)
        if not found:
            return receipts
        with database.clock.hold():
            try:
                await _elsewhere(url, table, dict(columns), target, found)
            except SQLAlchemyError as error:
                detail = str(getattr(error, "orig", None) or error).splitlines()[0]
                raise TransientError(
                    problem("write-back-table", target=target, table=table, detail=detail)
                ) from error
        name = _receipt(target, found)
        async with database.write() as session:
            await _one_at_a_time(session)
            known = select(WriteBack.callback_id).where(
                WriteBack.target == target,
                WriteBack.callback_id.in_([one.callback_id for one in found]),
            )
            taken = set(await session.scalars(known))
            new = [one for one in found if one.callback_id not in taken]
            _record(session, target, name, new, clock)
        receipts.append(Receipt(target, name, len(new)))


async def _one_at_a_time(session: AsyncSession) -> None:
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _record(
    session: AsyncSession, target: str, name: str, found: list[FinalResult], clock: Clock
) -> None:
    now = clock.now()
    session.add_all(
        WriteBack(target=target, callback_id=one.callback_id, receipt=name, written_at=now)
        for one in found
    )


def _receipt(target: str, found: list[FinalResult]) -> str:
    ids = [one.callback_id for one in found]
    digest = hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()[:8]
    return f"{target[:50]}-{ids[0]:08d}-{ids[-1]:08d}-{digest}"


# ------------------------------------------------------------------------------------- files


async def _publish(session: AsyncSession, target: str, folder: Path, *, drop: bool = True) -> None:
    """Rename staged files that have receipts into place; `drop`: throw the others away."""
    staging = folder / STAGING / target
    for staged in sorted(staging.glob("*.csv")) if staging.is_dir() else ():
        query = select(WriteBack.id).where(
            WriteBack.target == target, WriteBack.receipt == staged.stem
        )
        if await session.scalar(query.limit(1)) is not None:
            with suppress(FileNotFoundError):  # another run was quicker
                staged.replace(folder / staged.name)
            _sync(folder)
        elif drop:
            staged.unlink(missing_ok=True)


def _stage(
    folder: Path,
    target: str,
    name: str,
    found: list[FinalResult],
    mapping: Mapping,
    language: str,
) -> None:
    staging = folder / STAGING / target
    staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = staging / f"{name}.csv"
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        columns = _columns(mapping)
        results = [words(f"result-{name}", language) for name in RESULT_FIELDS]
        writer.writerow([defused(cell) for cell in (*columns.values(), *results)])
        zone = ZoneInfo(mapping.time_zone)
        for one in found:
            cells = [_imported(one, name, mapping, zone) for name in columns]
            cells += [_shown(getattr(one, name), name, zone, language) for name in RESULT_FIELDS]
            writer.writerow([defused(cell) for cell in cells])
        file.flush()
        os.fsync(file.fileno())
    _sync(staging)


def _sync(folder: Path) -> None:
    """A rename survives a power cut only once its folder is synced."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _columns(mapping: Mapping) -> dict[str, str]:
    """Return our field -> the first heading that the import knows it by."""
    columns: dict[str, str] = {}
    for name in type(mapping.columns).model_fields:
        headings = getattr(mapping.columns, name)
        if headings and not (name == "unit" and mapping.unit_levels):
            columns[name] = headings[0]
    for level, headings in enumerate(mapping.unit_levels):
        columns[f"level.{level}"] = headings[0]
    rule = mapping.respondent_class
    if not isinstance(rule, str):
        columns["respondent_class"] = rule.heading[0]
    taken = set(columns.values())
    for name, headings in mapping.fields.items():
        if headings[0] not in taken:
            columns[f"fields.{name}"] = headings[0]
    return columns


def _imported(one: FinalResult, name: str, mapping: Mapping, zone: ZoneInfo) -> str:
    kind, _, part = name.partition(".")
    if kind == "level":
        levels = one.unit.split("/")
        return levels[int(part)] if int(part) < len(levels) else ""
    if kind == "fields":
        return str(one.fields.get(part, ""))
    if name == "unit":
        return one.unit.replace("/", mapping.unit_separator) if mapping.unit_separator else one.unit
    if name == "respondent_class":
        return _class_word(one, mapping)
    if name == "numbers":
        return "、".join(number.removeprefix("+86") for number in one.numbers)
    return _shown(getattr(one, name), name, zone, "zh")


def _class_word(one: FinalResult, mapping: Mapping) -> str:
    """Return the word of the file that the import reads as this class."""
    rule = mapping.respondent_class
    if isinstance(rule, str):
        return one.respondent_class
    # The survey field that reads the same column kept the file's own word.
    for name, headings in mapping.fields.items():
        if headings[0] == rule.heading[0] and one.fields.get(name):
            return str(one.fields[name])
    return next((w for w, c in rule.values.items() if c == one.respondent_class), "")


def _shown(value: Any, name: str, zone: ZoneInfo, language: str) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return words("result-yes", language)
    if isinstance(value, dict):
        return "; ".join(f"{k}={_word('verdict', v, language)}" for k, v in value.items())
    if isinstance(value, tuple):
        return "、".join(value)
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    return _word(name, value, language) if isinstance(value, str) else str(value)


def _word(kind: str, value: str, language: str) -> str:
    key = f"{kind}-{value}"
    return words(key, language) if value and key in entries() else value


# ------------------------------------------------------------------------------------- tables


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
    unique = [set(looked.get_pk_constraint(plain, schema or None)["constrained_columns"])]
    unique += [set(u["column_names"]) for u in looked.get_unique_constraints(plain, schema or None)]
    unique += [
        set(index["column_names"])
        for index in looked.get_indexes(plain, schema or None)
        if index["unique"]
    ]
    if {key} not in unique:
        raise AuthorError(problem("write-back-not-unique", target=target, table=name, column=key))
    ids = [one.callback_id for one in found]
    there = set(connection.scalars(select(table.c[key]).where(table.c[key].in_(ids))))
    rows = [
        {column: _stored(getattr(one, field), table.c[column]) for field, column in columns.items()}
        for one in found
        if one.callback_id not in there
    ]
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

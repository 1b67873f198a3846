"""`huifang database`: bring the tables up to date, look at them, copy them."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from app.context import Format, FormatOption, language, loaded, print_json, refuse, screen
from core.catalogue import text
from core.errors import HuifangError
from storage.backup import backup as copy
from storage.database import Database
from storage.migrations import head

app = typer.Typer(no_args_is_help=True, help="The database. / 数据库")


@app.command()
def upgrade(ctx: typer.Context, format: Annotated[Format, FormatOption] = Format.TEXT) -> None:
    """Create the tables or bring them up to date. / 建表或升级"""

    async def run(database: Database) -> str | None:
        await database.migrate()
        return await database.version()

    name, version = _with_database(ctx, run)
    if format is Format.JSON:
        print_json({"database": name, "version": version})
    else:
        screen.print(text("database-upgraded", language(ctx), database=name, version=version))


@app.command()
def status(ctx: typer.Context, format: Annotated[Format, FormatOption] = Format.TEXT) -> None:
    """Show the version of the tables; exits 1 where they must be upgraded. / 查看版本"""

    async def run(database: Database) -> str | None:
        return await database.version()

    name, version = _with_database(ctx, run)
    facts = {"database": name, "version": version or "-", "newest": head()}
    if format is Format.JSON:
        print_json({**facts, "version": version, "current": version == head()})
    else:
        screen.print(text("database-status", language(ctx), **facts))
    if version != head():
        raise typer.Exit(1)


@app.command()
def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="new file / 新文件")],
    format: Annotated[Format, FormatOption] = Format.TEXT,
) -> None:
    """Copy a SQLite database while it is in use. / 在线备份"""

    async def run(database: Database) -> int:
        return await copy(database, file)

    _, size = _with_database(ctx, run)
    if format is Format.JSON:
        print_json({"file": str(file), "bytes": size})
    else:
        screen.print(text("database-backed-up", language(ctx), file=file, size=size))


Answer = TypeVar("Answer")


def _with_database(
    ctx: typer.Context, run: Callable[[Database], Awaitable[Answer]]
) -> tuple[str, Answer]:
    """Open the configured database for `run`; returns its name and what `run` returned."""

    async def opened() -> tuple[str, Answer]:
        database = Database(loaded(ctx).database_url)
        try:
            return database.name, await run(database)
        finally:
            await database.close()

    try:
        return asyncio.run(opened())
    except HuifangError as error:
        refuse(error, language(ctx))

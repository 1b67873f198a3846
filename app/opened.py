"""The database of this run, opened for one command and closed again."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer

from app.context import language, loaded, refuse
from app.wiring import opened
from config.loading import Loaded
from core.clock import Clock, SystemClock
from core.errors import HuifangError
from storage.database import Database

Result = TypeVar("Result")


def with_database(
    ctx: typer.Context, work: Callable[[Database, Loaded, Clock], Awaitable[Result]]
) -> Result:
    """Run `work` on the database of the settings.

    Shows every problem and exits 2 where something is wrong.
    """
    settings, clock = loaded(ctx), SystemClock()

    async def run() -> Result:
        async with opened(settings, clock) as database:
            return await work(database, settings, clock)

    try:
        return asyncio.run(run())
    except HuifangError as error:
        refuse(error, language(ctx))


def whoever() -> str:
    """Return the name of the user at this machine, for the record of who did what."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without an entry, as in some containers
        return "?"

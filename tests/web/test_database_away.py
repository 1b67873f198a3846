"""A database that takes nothing: what a provider tells is not acknowledged, and comes again."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from core.clock import SystemClock
from dialer.texting.taking import Taking
from dialer.texting.terms import TextingRules
from storage.database import Database
from storage.schema import TextMessage
from tests.peers.postgresql import administer
from tests.peers.telling import SECRET, Told
from tests.peers.web_hooks import HookServer
from tests.texting.test_kannel import gateway


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Let another process hold the database."""
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def gone(server: str, name: str) -> Iterator[None]:
    """Let the server end all connections and take no new ones."""
    administer(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    ours = f"FROM pg_stat_activity WHERE datname = '{name}'"
    administer(server, "SELECT pg_terminate_backend(pid) " + ours)
    yield
    administer(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


async def is_not_acknowledged(database: Database, away: AbstractContextManager[None]) -> None:
    async with HookServer() as server, httpx.AsyncClient(trust_env=False) as client:
        hooks = f"{server.url}/hooks/kannel"
        driver = server.hooks["kannel"] = gateway("http://127.0.0.1:9", hooks, hook=SECRET)
        first, second = (f"{hooks}/{Told(number).path}" for number in (2, 4))
        assert (await client.get(first)).status_code == 503  # the house has not begun yet
        await driver.start(Taking(database, SystemClock(), TextingRules()))
        assert (await client.get(first)).status_code == 200
        with away:
            assert (await client.get(second)).status_code == 503
        for _ in range(2):
            assert (await client.get(second)).status_code == 200
        assert server.tally.requests == {("kannel", "unavailable"): 2, ("kannel", "taken"): 3}
        async with database.read() as session:
            texts = list(await session.scalars(select(TextMessage.text).order_by(TextMessage.id)))
        assert texts == [Told(2).text, Told(4).text]
        await driver.close()
    await database.close()


async def test_while_the_database_is_locked(tmp_path: Path) -> None:
    file = tmp_path / "huifang.db"
    database = Database(f"sqlite:///{file}", busy_seconds=0.2)
    await database.migrate()
    await is_not_acknowledged(database, locked(file))


@pytest.mark.live
async def test_while_the_server_is_gone(postgresql: str, postgresql_url: str) -> None:
    database = Database(postgresql_url)
    await is_not_acknowledged(database, gone(postgresql, str(database.url.database)))

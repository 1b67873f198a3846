"""A database that takes nothing: what a provider tells is not acknowledged, and comes again."""

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
from sqlalchemy import select

from core.clock import SystemClock
from dialer.texting.taking import Taking
from dialer.texting.terms import TextingRules
from storage.database import Database
from storage.schema import TextMessage
from tests.peers.telling import SECRET, Told
from tests.peers.web_hooks import HookServer
from tests.texting.test_kannel import gateway


async def test_what_cannot_be_kept_is_not_acknowledged(tmp_path: Path) -> None:
    file = tmp_path / "huifang.db"
    database = Database(f"sqlite:///{file}", busy_seconds=0.2)
    await database.migrate()
    async with HookServer() as server, httpx.AsyncClient(trust_env=False) as client:
        hooks = f"{server.url}/hooks/kannel"
        driver = server.hooks["kannel"] = gateway("http://127.0.0.1:9", hooks, hook=SECRET)
        reply = f"{hooks}/{Told(2).path}"
        assert (await client.get(reply)).status_code == 503  # the house has not begun yet
        await driver.start(Taking(database, SystemClock(), TextingRules()))
        with closing(sqlite3.connect(file)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert (await client.get(reply)).status_code == 503
        for _ in range(2):
            assert (await client.get(reply)).status_code == 200
        assert server.tally.requests == {("kannel", "unavailable"): 2, ("kannel", "taken"): 2}
        async with database.read() as session:
            texts = list(await session.scalars(select(TextMessage.text)))
        assert texts == [Told(2).text]
        await driver.close()
    await database.close()

"""Two dialer processes on one database never call the same person and share the limits."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from storage.database import Database
from storage.schema import Attempt
from tests.dialing.town import settle


async def _attempts(url: str) -> list[tuple[str, str]]:
    database = Database(url)
    async with database.read() as session:
        rows = (await session.execute(select(Attempt.dialer, Attempt.e164))).all()
    await database.close()
    return [(row[0], row[1]) for row in rows]


async def _settle(url: str, people: int) -> None:
    database = Database(url)
    await settle(database, people)
    await database.close()


@pytest.mark.parametrize("people", [150])
def test_two_processes_never_claim_the_same_person(
    database_url: str, tmp_path: Path, people: int
) -> None:
    asyncio.run(_settle(database_url, people))
    command = [sys.executable, "-m", "tests.kill", "--live", database_url, "--folder"]
    both = [subprocess.Popen([*command, str(tmp_path)]) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    rung = [line.split()[1] for line in (tmp_path / "rings").read_text("utf-8").splitlines()]
    assert len(rung) == len(set(rung)) == people
    attempts = asyncio.run(_attempts(database_url))
    assert len(attempts) == people
    assert len({dialer for dialer, _ in attempts}) == 2

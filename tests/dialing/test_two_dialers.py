"""Two dialer processes on one database never call the same person and share the limits."""

import asyncio
import multiprocessing
from pathlib import Path

from sqlalchemy import select

from core.rules import PacingRules
from core.trunk import Trunk
from dialer.running import DialerRules
from storage.database import Database
from storage.schema import Attempt
from tests.dialing.town import settle
from tests.kill import one_life
from tests.killing import forked

PEOPLE = 60
RATE, CHANNELS = 12.0, 4
TRUNK = Trunk("line", "sip:127.0.0.1", calls_per_second=RATE, channels=CHANNELS)
RULES = DialerRules(pacing=PacingRules(calls_per_second=500, channels=500), poll=0.05)


async def _attempts(url: str) -> list[Attempt]:
    database = Database(url)
    async with database.read() as session:
        rows = (await session.scalars(select(Attempt))).all()
    await database.close()
    return list(rows)


async def _settle(url: str, people: int) -> None:
    database = Database(url)
    await settle(database, people)
    await database.close()


def test_two_processes_call_everybody_once_and_keep_the_limits_together(
    database_url: str, tmp_path: Path
) -> None:
    asyncio.run(_settle(database_url, PEOPLE))
    together = multiprocessing.get_context("forkserver").Barrier(2)
    both = [forked(one_life, database_url, tmp_path, together, TRUNK, RULES) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(120)
    assert [process.exitcode for process in both] == [0, 0]
    lines = [line.split() for line in (tmp_path / "rings").read_text("utf-8").splitlines()]
    numbers = [line[1] for line in lines]
    assert len(numbers) == len(set(numbers)) == PEOPLE
    attempts = asyncio.run(_attempts(database_url))
    assert len(attempts) == PEOPLE
    assert len({one.dialer for one in attempts}) == 2
    # Both together: never more starts in any rolling second than the trunk allows ...
    starts = sorted(float(line[2]) for line in lines)
    crowd = int(RATE)
    assert min(b - a for a, b in zip(starts, starts[crowd:], strict=False)) > 1.0
    # ... and never more calls at once than it has channels.
    ends = [one.ended_at for one in attempts if one.ended_at is not None]
    assert len(ends) == PEOPLE
    for one in attempts:
        held = [
            other
            for other in attempts
            if other.claimed_at <= one.claimed_at < (other.ended_at or one.claimed_at)
        ]
        assert len(held) <= CHANNELS

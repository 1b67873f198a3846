"""Kill a running batch at random moments and see that nobody is rung twice and nothing is lost.

    python -m tests.kill --times 200 [--postgresql]

Each life calls over a simulated line in real time. What it did is told by two files: `rings`
(before a phone rings) and `answers` (after an answer was acknowledged).
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core.disposition import Disposition
from core.rules import PacingRules
from core.trunk import Trunk
from core.verdict import Verdict
from dialer.journal import AttemptJournal
from dialer.running import Dialer, DialerRules
from flows.exchange import SaveAnswer
from ivr.outcome import Outcome
from storage.claims import Claimed
from storage.database import Database
from storage.schema import Answer, Attempt, Callback, FollowUpItem
from tests.dialing.town import DayClock, settle
from tests.killing import append, command, first_life, forked, kill_often, lines

TRUNKS = (Trunk("line", "sip:127.0.0.1", calls_per_second=200, channels=20),)
RULES = DialerRules(pacing=PacingRules(calls_per_second=200, channels=20), poll=0.05)


async def live(
    url: str,
    folder: Path,
    *,
    drain: bool = False,
    trunk: Trunk = TRUNKS[0],
    rules: DialerRules = RULES,
) -> None:
    """One life of the dialer; with `drain` it only recovers."""
    clock, database = DayClock(first_life(folder)), Database(url)

    async def hold(claimed: Claimed, journal: AttemptJournal) -> Outcome:
        number = claimed.candidate.known.e164
        append(folder / "rings", f"{claimed.attempt_id} {number} {time.monotonic()}")
        await journal.dialed(clock.now())
        await asyncio.sleep(0.05)
        await journal.answered(clock.now())
        for step in ("speed", "attitude"):
            await journal.answer(SaveAnswer(step, "key", "1", "满意"), {"at": step}, clock.now())
            append(folder / "answers", f"{claimed.attempt_id} {step}")
        return Outcome(Disposition.COMPLETED, clock.now(), verdict=Verdict.SATISFIED)

    dialer = Dialer(database, clock, hold, (trunk,), rules)
    if drain:
        dialer.drain()
    await dialer.run()
    await database.close()


def one_life(url: str, folder: Path, start: Any = None, *more: Any) -> None:
    """Live, once all at the barrier `start` have come; `more`: trunk and rules."""
    if start is not None:
        start.wait()
    chosen = dict(zip(("trunk", "rules"), more, strict=False))
    asyncio.run(live(url, folder, **chosen))


def kill(url: str, folder: Path, times: int, seed: int) -> None:
    """Start the dialer and kill it, `times` times: mostly while it calls, now and then earlier."""
    files = [folder / "rings", folder / "answers"]
    kill_often(lambda: forked(one_life, url, folder), files, times, seed)


async def faults(url: str, folder: Path) -> tuple[list[str], dict[str, int]]:
    """Recover what the last kill left; return what is wrong, and how much was looked at."""
    await live(url, folder, drain=True)
    database = Database(url)
    async with database.read() as session:
        attempts = (await session.scalars(select(Attempt))).all()
        answers = set((await session.execute(select(Answer.attempt_id, Answer.step))).all())
        items = (await session.scalars(select(FollowUpItem))).all()
        callbacks = {one.id: one for one in (await session.scalars(select(Callback))).all()}
    await database.close()
    wrong: list[str] = []
    rings = lines(folder / "rings")
    numbers = [line.split()[1] for line in rings]
    if len(set(numbers)) != len(numbers):
        wrong.append("somebody was rung twice")
    known = {str(attempt.id) for attempt in attempts}
    wrong += [f"no attempt for ring {line}" for line in rings if line.split()[0] not in known]
    given = [line.split() for line in lines(folder / "answers")]
    wrong += [f"answer lost: {a} {s}" for a, s in given if (int(a), s) not in answers]
    wrong += [f"attempt {one.id} is still open" for one in attempts if one.state == "open"]
    queued = {(item.callback_id, item.reason) for item in items}
    interrupted = [one for one in attempts if one.disposition == "unknown"]
    for one in interrupted:
        if (one.callback_id, "unknown") not in queued:
            wrong.append(f"interrupted attempt {one.id} is in nobody's queue")
        if callbacks[one.callback_id].state != "follow_up":
            wrong.append(f"callback {one.callback_id} is {callbacks[one.callback_id].state}")
    wrong += [f"callback {i} hangs" for i, one in callbacks.items() if one.state == "calling"]
    figures = {"rings": len(rings), "answers": len(given), "interrupted": len(interrupted)}
    return wrong, figures


async def prepare(url: str, people: int) -> None:
    """Make the tables and a running batch."""
    database = Database(url)
    await database.migrate()
    await settle(database, people)
    await database.close()


if __name__ == "__main__":
    sys.exit(command("tests.kill", __doc__, 60, prepare, kill, faults))

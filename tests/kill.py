"""Kill a running batch at random moments and see that nobody is rung twice and nothing is lost.

    python -m tests.kill --times 200 [--postgresql]

Each life is a process of its own that calls over a simulated line in real time; it is forked from
a server that has imported everything, so that it is the calling that is killed and not the
start of Python. What it did is told by two files outside the database, each line of them synced:
`rings` (before a phone rings) and `answers` (after an answer was acknowledged).
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
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
from tests.peers.postgresql import server

TRUNKS = (Trunk("line", "sip:127.0.0.1", calls_per_second=200, channels=20),)
RULES = DialerRules(pacing=PacingRules(calls_per_second=200, channels=20), poll=0.05)


def _append(file: Path, line: str) -> None:
    with file.open("a", encoding="utf-8") as log:
        log.write(line + "\n")
        log.flush()
        os.fsync(log.fileno())


async def live(
    url: str,
    folder: Path,
    *,
    drain: bool = False,
    trunk: Trunk = TRUNKS[0],
    rules: DialerRules = RULES,
) -> None:
    """One life of the dialer; with `drain` it only recovers."""
    clock, database = DayClock(_first_life(folder)), Database(url)

    async def hold(claimed: Claimed, journal: AttemptJournal) -> Outcome:
        number = claimed.candidate.known.e164
        _append(folder / "rings", f"{claimed.attempt_id} {number} {time.monotonic()}")
        await journal.dialed(clock.now())
        await asyncio.sleep(0.05)
        await journal.answered(clock.now())
        for step in ("speed", "attitude"):
            await journal.answer(SaveAnswer(step, "key", "1", "满意"), {"at": step}, clock.now())
            _append(folder / "answers", f"{claimed.attempt_id} {step}")
        return Outcome(Disposition.COMPLETED, clock.now(), verdict=Verdict.SATISFIED)

    dialer = Dialer(database, clock, hold, (trunk,), rules)
    if drain:
        dialer.drain()
    await dialer.run()
    await database.close()


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines() if file.exists() else []


def _first_life(folder: Path) -> datetime:
    """Return when the first life in this folder began."""
    began = folder / "began"
    with contextlib.suppress(FileExistsError), began.open("x"):
        pass
    return datetime.fromtimestamp(began.stat().st_mtime, UTC)


def forked(target: Callable[..., None], *given: Any) -> Any:
    """Return a process, not started yet, that runs `target` soon after its start."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.kill"])
    return context.Process(target=target, args=given)


def one_life(url: str, folder: Path, start: Any = None, *more: Any) -> None:
    """Live, once all at the barrier `start` have come; `more`: trunk and rules."""
    if start is not None:
        start.wait()
    chosen = dict(zip(("trunk", "rules"), more, strict=False))
    asyncio.run(live(url, folder, **chosen))


def kill_often(url: str, folder: Path, times: int, seed: int) -> None:
    """Start the dialer and kill it, `times` times: mostly while it calls, now and then earlier."""
    dice = random.Random(seed)
    files = [folder / "rings", folder / "answers"]
    for file in files:
        file.touch()
    for _ in range(times):
        # Killed after it rang, after an answer was kept, or while it starts, recovers or claims.
        file = dice.choices([*files, None], [2, 3, 1])[0]
        before = 0 if file is None else file.stat().st_size
        process = forked(one_life, url, folder)
        process.start()
        deadline = time.monotonic() + 60
        while file is not None and file.stat().st_size == before and process.is_alive():
            if time.monotonic() > deadline:
                break
            time.sleep(0.005)
        time.sleep(dice.uniform(0.0, 0.5))
        process.kill()
        process.join()


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
    rings = _lines(folder / "rings")
    numbers = [line.split()[1] for line in rings]
    if len(set(numbers)) != len(numbers):
        wrong.append("somebody was rung twice")
    known = {str(attempt.id) for attempt in attempts}
    wrong += [f"no attempt for ring {line}" for line in rings if line.split()[0] not in known]
    given = [line.split() for line in _lines(folder / "answers")]
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


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kill", description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgresql", action="store_true", help="on a server started for it")
    chosen = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="huifang-kill-")))
        url = f"sqlite:///{folder / 'huifang.db'}"
        if chosen.postgresql:
            url = stack.enter_context(server()).format(database="postgres")
        asyncio.run(prepare(url, chosen.times * 60))
        kill_often(url, folder, chosen.times, chosen.seed)
        wrong, figures = asyncio.run(faults(url, folder))
    sys.stdout.write(f"{chosen.times} kills, {figures}\n" + "".join(f"{one}\n" for one in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

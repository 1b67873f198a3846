"""100,000 surveys by text message within a day, in virtual time: interleaved, none mixed up.

Simulated people answer by number, by word, wrong first, twice, late, never; some refuse, some
cannot be reached. Afterwards the answers that are kept of each number are compared with what the
person at that number meant.
"""

import asyncio
import gc
import os
import tempfile
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import func, select

from core.clock import VirtualClock
from core.rules import CallingRules
from dialer.texting.terms import TextingRules
from dialer.texting.worker import TextWorker
from ivr.texting.gateways.dry_run import DryRunGateway
from ivr.texting.people import TextPeople
from storage.database import Database
from storage.schema import Answer, Attempt, Callback, TextMessage
from tests.texting.town import programs, settle_texts

CONVERSATIONS = 100_000
RATE = 40.0
"""Parts a second that the gateway takes."""
MORNING = datetime.fromisoformat("2026-03-03T09:00:00+08:00")
TARGETS = {"mixed_up": ("<=", 0), "conversations_per_cpu_second": (">=", 1.2)}
RULES = TextingRules(
    calling=CallingRules(tries=1),
    expire_after=timedelta(hours=14),
    remind_after=timedelta(hours=6),
    poll=3600.0,
    beat=20.0,
    at_once=5000,
)


def run() -> dict[str, object]:
    """Hold them all; the target is 100,000 a day, which is 1.2 a second."""
    number = int(os.environ.get("HUIFANG_BENCH_TEXTS", CONVERSATIONS))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    return asyncio.run(_run(number))


async def _run(number: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="huifang-texts-") as folder:
        clock = VirtualClock(MORNING)
        database = Database(f"sqlite:///{Path(folder) / 'texts.db'}", clock=clock, rehearsal=True)
        await database.migrate()
        await settle_texts(database, [f"+86138{i:08d}" for i in range(number)])
        people = TextPeople(late_seconds=30 * 3600.0)
        gateway = DryRunGateway("dry", clock, people, messages_per_second=RATE)
        worker = TextWorker(database, clock, [gateway], programs, RULES)
        gc.freeze()
        gc.set_threshold(100_000, 50, 1000)
        began, worked = time.monotonic(), time.process_time()
        drive = asyncio.create_task(clock.drive())
        tally = await worker.run()
        drive.cancel()
        with suppress(asyncio.CancelledError):
            await drive
        seconds, cpu = time.monotonic() - began, time.process_time() - worked
        figures = await _compared(database, people)
        await database.close()
    hours = (clock.now() - MORNING).total_seconds() / 3600
    return {
        "conversations": tally.begun,
        "messages_sent": tally.sent,
        "replies": tally.replies,
        "reminders": tally.reminders,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "conversations_per_cpu_second": round(tally.begun / cpu, 1),
        "virtual_hours": round(hours, 1),
        **figures,
        "ended": dict(tally.ended),
    }


async def _compared(database: Database, people: TextPeople) -> dict[str, object]:
    """Compare what is kept of each number with what the person there meant."""
    kept: dict[str, list[str]] = {}
    async with database.read() as session:
        rows = await session.stream(
            select(Attempt.e164, Answer.label)
            .join(Attempt, Attempt.id == Answer.attempt_id)
            .order_by(Answer.attempt_id, Answer.position)
        )
        async for e164, label in rows:
            kept.setdefault(e164, []).append(label)
        open_ = await session.scalar(
            select(func.count()).select_from(Attempt).where(Attempt.state == "open")
        )
        states = await session.execute(
            select(Callback.state, func.count()).group_by(Callback.state)
        )
        callbacks = {row[0]: row[1] for row in states}
        starts = await session.execute(select(Attempt.claimed_at, Attempt.ended_at))
        overlap = _most_at_once(starts.all())
        texts = await session.execute(
            select(TextMessage.direction, TextMessage.state, func.count()).group_by(
                TextMessage.direction, TextMessage.state
            )
        )
        messages = {f"{row[0]} {row[1]}": row[2] for row in texts}
    meant = {one.number: [what for _, what in one.meant] for one in people.people.values()}
    mixed = sum(kept.get(number, []) != said for number, said in meant.items())
    return {
        "answers": sum(map(len, kept.values())),
        "answers_meant": sum(map(len, meant.values())),
        "mixed_up": mixed,
        "still_open": open_,
        "most_at_once": overlap,
        "callbacks": callbacks,
        "messages": messages,
    }


def _most_at_once(spans: list[tuple[datetime, datetime]]) -> int:
    """Return the most conversations that were under way at one moment."""
    changes: Counter[datetime] = Counter()
    for begin, end in spans:
        changes[begin] += 1
        changes[end] -= 1
    now = most = 0
    for at in sorted(changes):
        now += changes[at]
        most = max(most, now)
    return most

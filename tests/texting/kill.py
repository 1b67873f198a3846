"""Kill a worker of text messages at random moments: no reply lost, no message sent twice.

    python -m tests.texting.kill --times 200 [--postgresql]

The gateway's other side stands in two files: `sent` (what reached the gateway, before it answers)
and `told` (replies that were acknowledged to it). What was not acknowledged it tells again in the
next life, as providers do.
"""

import asyncio
import sys
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import select

from core.rules import CallingRules
from dialer.texting.terms import TextingRules
from dialer.texting.worker import TextWorker
from ivr.texting.contract import Accepted, IncomingText, OutgoingText, Take
from storage.database import Database
from storage.schema import Answer, Attempt, FollowUpItem, TextConversation, TextMessage
from tests.dialing.town import DayClock
from tests.killing import append, command, first_life, forked, kill_often, lines
from tests.texting.town import programs, settle_texts

RULES = TextingRules(calling=CallingRules(tries=1), poll=0.05)
LABELS = {"overall": ("满意", "基本满意", "不满意"), "arrival": ("二十分钟以内", "超过二十分钟")}


def reply_of(number: str, words: str) -> str:
    """Return what the person at `number` writes to a message; empty: nothing."""
    if "1 满意" in words:
        return str(int(number[-2:]) % 3 + 1)
    if "1 二十分钟" in words:
        return str(int(number[-2:]) % 2 + 1)
    return f"意见{number[-4:]}" if "回复" in words else ""


class FileGateway:
    """A gateway whose other side outlives this process, in files."""

    name = "files"
    messages_per_second = 400.0

    def __init__(self, folder: Path, clock: DayClock) -> None:
        self._folder, self._clock = folder, clock
        self._take: Take | None = None
        self._writing: set[asyncio.Task[None]] = set()

    async def start(self, take: Take) -> None:
        """Tell again what was not acknowledged in earlier lives."""
        self._take = take
        told = set(lines(self._folder / "told"))
        for line in lines(self._folder / "sent"):
            message, number, words = line.split("\t")
            if message not in told:
                self._answer(message, number, words)

    async def send(self, text: OutgoingText) -> Accepted:
        words = text.text.replace("\n", " ")
        append(self._folder / "sent", f"{text.message}\t{text.number}\t{words}")
        await asyncio.sleep(0.01)
        self._answer(text.message, text.number, words)
        return Accepted((f"id-{text.message}",))

    def _answer(self, message: str, number: str, words: str) -> None:
        task = asyncio.create_task(self._write(message, number, words))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, message: str, number: str, words: str) -> None:
        await asyncio.sleep(0.03)
        if said := reply_of(number, words):
            assert self._take is not None
            event = IncomingText(f"r-{message}", number, "1069", said, self._clock.now())
            await self._take(self.name, event)
        append(self._folder / "told", message)

    async def check(self) -> str:
        return ""

    async def close(self) -> None:
        await asyncio.gather(*self._writing)


async def live(url: str, folder: Path, seconds: float | None = None) -> None:
    """One life of the worker; `seconds`: it drains after so long."""
    clock, database = DayClock(first_life(folder)), Database(url)
    worker = TextWorker(
        database, clock, [FileGateway(folder, clock)], programs, RULES, until_done=False
    )
    running = asyncio.create_task(worker.run())
    if seconds is not None:
        await settled(database, seconds)
        worker.drain()
    await running
    await database.close()


async def settled(database: Database, most: float) -> None:
    """Wait until nothing is dealt with or sent any more, at most so many seconds."""
    calm = 0
    until = time.monotonic() + most
    while calm < 5 and time.monotonic() < until:
        async with database.read() as session:
            busy = await session.scalar(
                select(TextMessage.id)
                .where(TextMessage.state.in_(("received", "sending", "waiting")))
                .limit(1)
            )
        calm = 0 if busy else calm + 1
        await asyncio.sleep(0.1)


def one_life(url: str, folder: Path) -> None:
    asyncio.run(live(url, folder))


def kill(url: str, folder: Path, times: int, seed: int) -> None:
    """Start the worker and kill it, `times` times, at random moments of its work."""
    files = [folder / "sent", folder / "told"]
    kill_often(lambda: forked(one_life, url, folder), files, times, seed, longest=0.4)


async def faults(url: str, folder: Path) -> tuple[list[str], dict[str, int]]:
    """Let a last life deal with what is left; return what is wrong, and how much was looked at."""
    database = Database(url)
    left = 1
    while left:  # what comes in while a life drains is left for the next one
        await live(url, folder, seconds=240)
        async with database.read() as session:
            query = select(TextMessage.id).where(TextMessage.state.in_(("received", "waiting")))
            left = len((await session.scalars(query)).all())
    async with database.read() as session:
        messages = list(await session.scalars(select(TextMessage)))
        talks = list(await session.scalars(select(TextConversation)))
        attempts = {one.id: one for one in await session.scalars(select(Attempt))}
        answers = list(await session.scalars(select(Answer)))
        items = list(await session.scalars(select(FollowUpItem)))
    await database.close()
    wrong: list[str] = []
    out = {str(one.id): one for one in messages if one.direction == "out"}
    came = {one.gateway_id: one for one in messages if one.direction == "in"}
    sent = [line.split("\t") for line in lines(folder / "sent")]
    told = set(lines(folder / "told"))
    wrong += [f"sent {n} times: {m}" for m, n in Counter(m for m, _, _ in sent).items() if n > 1]
    questions = Counter((number, words) for _, number, words in sent)
    wrong += [f"asked {n} times: {q}" for q, n in questions.items() if n > 1]
    for message, number, words in sent:
        row = out.get(message)
        if row is None:
            wrong.append(f"sent without a row: {message}")
        elif row.state not in ("accepted", "uncertain"):
            wrong.append(f"sent, and {row.state}: {message}")
        elif row.state == "uncertain" and row.person != "wanted":
            wrong.append(f"uncertain and shown to nobody: {message}")
        if message in told and reply_of(number, words) and f"r-{message}" not in came:
            wrong.append(f"reply lost: {message}")
    wrong += [f"{one.state} for ever: {one.id}" for one in messages if one.state == "sending"]
    wrong += [f"never dealt with: {one.id}" for one in came.values() if one.state == "received"]
    wrong += [f"{one.state}: {one.id} {one.error}" for one in came.values() if one.state != "taken"]
    for answer in answers:
        number = attempts[answer.attempt_id].e164
        labels = LABELS.get(answer.step)
        index = int(number[-2:])
        meant = labels[index % len(labels)] if labels else f"意见{number[-4:]}"
        if answer.label != meant:
            wrong.append(f"{number} meant {meant}, kept is {answer.label}")
    per_step = Counter((answer.attempt_id, answer.step) for answer in answers)
    wrong += [f"answered twice: {key}" for key, n in per_step.items() if n > 1]
    # Nobody hangs: who has answered everything is done, everybody else still waits for somebody.
    for talk in talks:
        done = len([1 for a in answers if a.attempt_id == talk.attempt_id]) == 3
        if done != (talk.state == "ended"):
            wrong.append(f"conversation {talk.attempt_id} is {talk.state} with all answers: {done}")
    uncertain = sum(one.state == "uncertain" for one in out.values())
    figures = {
        "sent": len(sent),
        "replies": len(came),
        "answers": len(answers),
        "uncertain": uncertain,
        "ended": sum(talk.state == "ended" for talk in talks),
        "items": len(items),
    }
    return wrong, figures


async def prepare(url: str, people: int) -> None:
    """Make the tables and a running batch."""
    database = Database(url)
    await database.migrate()
    await settle_texts(database, [f"+86138{i:08d}" for i in range(people)])
    await database.close()


if __name__ == "__main__":
    sys.exit(command("tests.texting.kill", __doc__, 40, prepare, kill, faults))

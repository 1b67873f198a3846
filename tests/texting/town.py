"""People to be asked by text message: a survey, a worker in virtual time, and looks at what is
kept of them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select, update

from core.clock import VirtualClock
from core.rules import CallingRules
from dialer.texting.terms import TextingRules
from dialer.texting.worker import TextWorker
from flows.program import Program
from flows.reader import read_text
from ivr.texting.contract import TextGateway
from ivr.texting.gateways.dry_run import DryRunGateway
from ivr.texting.people import Texter, TextPeople, by_last_digit
from ivr.texting.written import written_program
from storage.database import Database
from storage.schema import (
    Answer,
    Attempt,
    Batch,
    Callback,
    FollowUpItem,
    TextConversation,
    TextMessage,
)
from tests.dialing.town import MORNING, settle

SURVEY = """\
flow: town
title: 短信回访
languages: [zh]
aspects: {overall: 总体评价}
keys:
  - {key: 9, label: 拒绝, does: refuse}
steps:
  - say: 您好，这里是公安局回访中心，想听听您的评价。拒绝请按9。
    notice: true
  - ask: 您对处警是否满意？满意请按1，基本满意请按2，不满意请按3。
    id: overall
    aspect: overall
    choices:
      - {key: 1, label: 满意, verdict: satisfied}
      - {key: 2, label: 基本满意, verdict: basically_satisfied}
      - {key: 3, label: 不满意, verdict: dissatisfied}
  - ask: 民警多久到场？二十分钟以内请按1，超过二十分钟请按2。
    id: arrival
    choices:
      - {key: 1, label: 二十分钟以内}
      - {key: 2, label: 超过二十分钟}
  - record: 请在滴声后说说具体情况，说完按井号键。
    id: comment
  - end: completed
    say: 感谢您的评价，再见。
"""
SHA = "town"
RULES = TextingRules(
    calling=CallingRules(tries=1),
    expire_after=timedelta(hours=48),
    remind_after=timedelta(hours=24),
    poll=3600.0,
)


def town_program() -> Program:
    """Return the town's survey in writing."""
    return written_program(read_text(SURVEY, "town.yaml").flow, sha256=SHA)


async def programs(_flow_version: int) -> Program:
    """Return the survey of every batch."""
    return _PROGRAM


_PROGRAM = town_program()


async def settle_texts(database: Database, numbers: Sequence[str]) -> None:
    """Make a running batch of callbacks by text."""
    await settle(database, len(numbers), numbers=numbers, source=SURVEY)
    async with database.write() as session:
        await session.execute(update(Batch).values(channel="sms"))
        await session.execute(update(Callback).values(channel="sms"))


def number(who: Texter, index: int = 0) -> str:
    """Return a number at which `who` answers, by its last digit."""
    digit = list(Texter).index(who)
    return f"+86138{index:07d}{digit}"


@dataclass
class Town:
    """A worker over simulated people in virtual time."""

    database: Database
    clock: VirtualClock
    gateway: DryRunGateway
    worker: TextWorker
    errors: list[BaseException] = field(default_factory=list)

    @property
    def people(self) -> TextPeople:
        return self.gateway.people

    async def run(self) -> None:
        """Hold all conversations to their end."""
        async with self.time_passes():
            await self.worker.run()

    @contextlib.asynccontextmanager
    async def time_passes(self) -> AsyncIterator[None]:
        drive = asyncio.create_task(self.clock.drive())
        try:
            yield
        finally:
            drive.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await drive

    async def kept(self) -> "Kept":
        return await kept(self.database)


def town(
    database: Database,
    *,
    now: datetime = MORNING,
    who: Callable[[str], Texter] = by_last_digit,
    rules: TextingRules = RULES,
    gateways: Callable[[VirtualClock], TextGateway] | None = None,
    **more,
) -> Town:
    """Return a town; `more`: of the worker."""
    clock = VirtualClock(now)
    database.clock = clock
    gateway = DryRunGateway("dry", clock, TextPeople(who))
    used = [gateway] if gateways is None else [gateways(clock)]
    worker = TextWorker(database, clock, used, programs, replace(rules), **more)
    return Town(database, clock, gateway, worker)


@dataclass
class Kept:
    """What the database holds."""

    callbacks: dict[str, Callback]
    attempts: dict[str, list[Attempt]]
    conversations: dict[str, list[TextConversation]]
    answers: dict[str, dict[str, Answer]]
    """Number -> step -> answer."""
    messages: dict[str, list[TextMessage]]
    items: dict[str, FollowUpItem]

    def texts(self, number: str, direction: str = "out") -> list[str]:
        return [one.text for one in self.messages.get(number, ()) if one.direction == direction]

    def states(self, number: str, direction: str) -> list[str]:
        return [one.state for one in self.messages.get(number, ()) if one.direction == direction]


async def kept(database: Database) -> Kept:
    """Look at everything that is kept, by number."""
    async with database.read() as session:
        callbacks = list(await session.scalars(select(Callback)))
        attempts = list(await session.scalars(select(Attempt).order_by(Attempt.id)))
        talks = list(await session.scalars(select(TextConversation)))
        answers = list(await session.scalars(select(Answer).order_by(Answer.id)))
        messages = list(await session.scalars(select(TextMessage).order_by(TextMessage.id)))
        items = list(await session.scalars(select(FollowUpItem)))
    number_of = {one.id: one.e164 for one in callbacks}
    attempt_number = {one.id: one.e164 for one in attempts}
    by = Kept({one.e164: one for one in callbacks}, {}, {}, {}, {}, {})
    for one in attempts:
        by.attempts.setdefault(one.e164, []).append(one)
    for one in talks:
        by.conversations.setdefault(one.e164, []).append(one)
    for one in answers:
        by.answers.setdefault(attempt_number[one.attempt_id], {})[one.step] = one
    for one in messages:
        by.messages.setdefault(one.e164, []).append(one)
    for one in items:
        by.items[number_of[one.callback_id]] = one
    return by

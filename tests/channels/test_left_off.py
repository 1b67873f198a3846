"""One callback, one result: what was answered on one channel is not asked again on the next."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest_asyncio
from sqlalchemy import update

from app.calling import Calls, dialer_rules
from app.texting import TextSurveys, texting_rules
from config.loading import Loaded, load
from core.clock import VirtualClock
from core.disposition import Disposition
from core.plan import SMS, VOICE, Plan, PlanStep
from dialer.running import Dialer
from dialer.texting.worker import TextWorker
from ivr.channels.dry_run import DryRunChannel
from ivr.conversation_rules import ConversationRules
from ivr.people.person import PEOPLE, Behaviour, HangUp, Person, Press, Reaction, Script
from ivr.prompt_length import SilentPrompts
from ivr.texting.gateways.dry_run import DryRunGateway
from ivr.texting.people import Texter, TextPeople
from storage.database import Database
from storage.final import standing
from storage.results import results
from storage.schema import Batch, Callback
from tests.cloud.house import people
from tests.dialing.town import MORNING

SURVEY = """\
flow: three
title: 三问
respondents: [emergency]
languages: [zh]
aspects: {speed: 速度, attitude: 态度, overall: 总体}
keys:
  - {key: 9, label: 拒绝, does: refuse}
steps:
  - say: 您好，这里是公安局回访中心，想听听您的评价，通话不录音。拒绝请按9。
    notice: true
  - ask: 您对出警速度是否满意？满意请按1，不满意请按3。
    id: speed
    aspect: speed
    choices: &rated
      - {key: 1, label: 满意, verdict: satisfied}
      - {key: 3, label: 不满意, verdict: dissatisfied}
  - ask: 您对民警的态度是否满意？满意请按1，不满意请按3。
    id: attitude
    aspect: attitude
    choices: *rated
  - ask: 您总体上是否满意？满意请按1，不满意请按3。
    id: overall
    aspect: overall
    choices: *rated
  - end: completed
    say: 感谢您的评价，再见。
"""
SETTINGS = """\
folders: {data: .}
retry: {broke_off: {action: retry}, partial: {action: retry}}
trunks: [{name: line, uri: "sip:127.0.0.1"}]
"""
POLL = 600.0
"""Seconds between two looks: days pass here."""
NUMBER = "+8613800000001"
LED_ON = frozenset({Disposition.BROKE_OFF, Disposition.PARTIAL, Disposition.NO_ANSWER})
SATISFIED, DISSATISFIED = PEOPLE[Behaviour.SATISFIED], PEOPLE[Behaviour.DISSATISFIED]
LEAVES = Person(
    Behaviour.HANGS_UP_MIDWAY,
    script=Script((Reaction(then=(Press("1"),)),), Reaction(during=(HangUp(1.5),))),
)
"""Is content with the first thing, and hangs up at the second question."""
BY_TEXT_FIRST = Plan("p", (PlanStep(SMS, on=LED_ON), PlanStep(VOICE)))
BY_VOICE_FIRST = Plan("p", (PlanStep(VOICE, on=LED_ON), PlanStep(SMS)))


@dataclass
class House:
    """Calls and texts to simulated people, over one database in virtual time."""

    loaded: Loaded
    database: Database
    clock: VirtualClock
    folder: Path

    async def reach(self, *, by_text: Texter, by_phone: Callable[[int], Person]) -> None:
        """Reach out to everybody. `by_phone`: the number of the call -> who answers it."""
        calls_made = count(1)
        channel = DryRunChannel(self.clock, people=lambda _: by_phone(next(calls_made)))
        rules = ConversationRules(recordings=self.folder / "recordings")
        trunks = self.loaded.trunks
        prompts = SilentPrompts()
        calls = Calls(self.loaded, self.database, channel, prompts, self.clock, trunks, rules=rules)
        pace = replace(dialer_rules(self.loaded, "en"), poll=POLL)
        calling = Dialer(self.database, self.clock, calls, trunks, pace, check=channel.check)
        surveys = TextSurveys(self.loaded, self.database)
        gateway = DryRunGateway("dry", self.clock, TextPeople(lambda _: by_text, agreeing=True))
        rules_of_texts = replace(texting_rules(self.loaded, "en"), poll=POLL)
        texts = TextWorker(self.database, self.clock, [gateway], surveys, rules_of_texts)
        time = asyncio.create_task(self.clock.drive())
        try:
            await asyncio.gather(calling.run(), texts.run())
        finally:
            time.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await time

    async def kept(self) -> list[tuple[str, str | None, list[str]]]:
        """Return each attempt: its channel, what it came to, the questions answered in it."""
        return [
            (one.channel, one.disposition, [answer.step for answer in one.answers])
            async for one in results(self.database)
        ]

    async def rated(self) -> tuple[str | None, dict[str, str]]:
        """Return the one result: its verdict, and what every aspect was rated."""
        async with self.database.read() as session:
            (final,) = await standing(session, "any", after=0, limit=10)
        return final.verdict, dict(final.aspects)


@pytest_asyncio.fixture
async def reached(tmp_path: Path) -> AsyncIterator[House]:
    clock = VirtualClock(MORNING)
    database = Database(f"sqlite:///{tmp_path / 'house.db'}", clock=clock, rehearsal=True)
    (tmp_path / "huifang.yaml").write_text(SETTINGS, "utf-8")
    await database.migrate()
    await people(database, [NUMBER], SURVEY)
    try:
        yield House(load(tmp_path / "huifang.yaml", {}), database, clock, tmp_path)
    finally:
        await database.close()


async def planned(database: Database, plan: Plan) -> None:
    async with database.write() as session:
        first = plan.steps[0].channel
        await session.execute(update(Batch).values(channel=first, plan=plan.as_json()))
        await session.execute(update(Callback).values(channel=first))


async def test_a_call_asks_only_what_no_text_answered(reached: House) -> None:
    await planned(reached.database, BY_TEXT_FIRST)
    await reached.reach(by_text=Texter.STOPS_MIDWAY, by_phone=lambda _: DISSATISFIED)
    assert await reached.kept() == [
        ("sms", "partial", ["speed"]),
        ("sip", "completed", ["attitude", "overall"]),
    ]
    # Who is called says 3 at first and then 2, which is no answer here, and then 1.
    verdict, aspects = await reached.rated()
    assert aspects == {"speed": "satisfied", "attitude": "dissatisfied", "overall": "satisfied"}
    assert verdict == "satisfied"  # that of the aspect `overall`


async def test_a_text_asks_only_what_no_call_answered(reached: House) -> None:
    await planned(reached.database, BY_VOICE_FIRST)
    await reached.reach(by_text=Texter.BY_WORD, by_phone=lambda _: LEAVES)
    assert [(channel, steps) for channel, _, steps in await reached.kept()] == [
        ("sip", ["speed"]),
        ("sms", ["attitude", "overall"]),
    ]
    _, aspects = await reached.rated()
    assert aspects == {"speed": "satisfied", "attitude": "satisfied", "overall": "satisfied"}


async def test_a_second_call_goes_on_with_the_first(reached: House) -> None:
    await planned(reached.database, Plan("p", (PlanStep(VOICE),)))
    who = (LEAVES, PEOPLE[Behaviour.BUSY], SATISFIED)
    await reached.reach(by_text=Texter.NEVER, by_phone=lambda calls: who[calls - 1])
    assert [steps for *_, steps in await reached.kept()] == [["speed"], [], ["attitude", "overall"]]


async def test_who_answered_nothing_is_asked_from_the_beginning(reached: House) -> None:
    await planned(reached.database, BY_TEXT_FIRST)
    await reached.reach(by_text=Texter.NEVER, by_phone=lambda _: SATISFIED)
    assert [steps for *_, steps in await reached.kept()] == [[], ["speed", "attitude", "overall"]]

"""A text says that a call will come; then it comes, whatever became of the text."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from core.disposition import Disposition
from core.plan import NOTICE, SHIPPED, VOICE, Plan, PlanStep
from core.rules import CallingRules
from dialer.decision import CallbackFacts
from dialer.journal import AttemptJournal
from dialer.texting.announcing import may_announce
from dialer.texting.terms import TextingRules
from dialer.texting.worker import TextWorker
from ivr.outcome import Outcome
from ivr.texting.contract import Accepted, IncomingText, OutgoingText, Refused
from storage.claims import Claimed
from storage.database import Database
from storage.schema import Callback, TextMessage
from storage.texting.gateway_lanes import lock_gateway, pause_gateway
from tests.channels.test_handover import (
    CALLING,
    NEVER,
    answering,
    callback,
    dialer,
    made,
    plan_for,
)
from tests.dialing.town import DayClock, number
from tests.texting.desk import HandGateway
from tests.texting.town import programs

LAND_LINE = "+862083123456"
SOON = Plan("soon", (PlanStep(NOTICE, wait=timedelta(seconds=2)), PlanStep(VOICE)))
NOTICES = {"zh": "稍后警务回访中心将致电，号码01012345678。拒收请回复TD。"}


def worker(database: Database, clock: DayClock, *gateways: HandGateway) -> TextWorker:
    rules = TextingRules(calling=CALLING, notices=NOTICES, poll=0.05)
    return TextWorker(database, clock, gateways, programs, rules)


async def held(database: Database, gateway: HandGateway) -> list[tuple[str, datetime]]:
    """Let everybody be told and called; returns who was called, and when."""
    clock, called = DayClock(), []

    async def hold(claimed: Claimed, journal: AttemptJournal) -> Outcome:
        called.append((claimed.candidate.known.e164, clock.now()))
        await journal.dialed(clock.now())
        return Outcome(Disposition.COMPLETED, clock.now())

    texts = worker(database, clock, gateway)
    async with asyncio.timeout(60):
        await asyncio.gather(dialer(database, clock, hold).run(), texts.run())
    return called


async def test_who_is_called_was_told_before(database: Database) -> None:
    await plan_for(database, SOON, NEVER)
    gateway = HandGateway()
    called = await held(database, gateway)
    assert [(one.number, one.text) for one in gateway.sent] == [(NEVER, NOTICES["zh"])]
    async with database.read() as session:
        notice = (await session.scalars(select(TextMessage))).one()
    assert (notice.purpose, notice.state, notice.attempt_id) == ("advance_notice", "accepted", None)
    assert [number for number, _ in called] == [NEVER]
    assert called[0][1] >= notice.created_at + timedelta(seconds=2)
    assert (await callback(database, NEVER)).state == "done"
    # A notice is no attempt.
    assert await made(database) == {NEVER: [("sip", "completed")]}


async def test_a_notice_that_is_refused_holds_up_no_call(database: Database) -> None:
    await plan_for(database, SOON, NEVER)
    gateway = HandGateway()
    gateway.answer = lambda _text: Refused("forbidden", permanent=True)
    assert [number for number, _ in await held(database, gateway)] == [NEVER]


async def test_a_gateway_that_is_away_holds_up_no_call(database: Database) -> None:
    people = [number(i) for i in range(100)]  # far more than the gateway has room for
    await plan_for(database, SOON, *people)
    gateway = HandGateway(messages_per_second=1.0)
    gateway.answer = lambda _text: Refused("away", retry_after=3600.0)
    clock, called = DayClock(), []
    texts = worker(database, clock, gateway)
    calling = dialer(database, clock, answering(clock, called, Disposition.COMPLETED))
    async with asyncio.timeout(60):
        writing = asyncio.create_task(texts.run())
        await calling.run()
        texts.drain()
        await writing
    assert sorted(called) == people


async def test_a_notice_leaves_over_a_gateway_that_works(database: Database) -> None:
    away, works = HandGateway("away", messages_per_second=5000.0), HandGateway("works")
    await plan_for(database, SOON, NEVER)
    clock = DayClock()
    async with database.write() as session:
        await lock_gateway(session, "away")
        await pause_gateway(session, "away", clock.now(), "away", asked=3600.0)
    texts = worker(database, clock, away, works)
    calling = dialer(database, clock, answering(clock, [], Disposition.COMPLETED))
    async with asyncio.timeout(60):
        await asyncio.gather(calling.run(), texts.run())
    assert (len(away.sent), [one.number for one in works.sent]) == (0, [NEVER])


async def test_who_could_be_called_too_late_only_is_called_without_a_notice(
    database: Database,
) -> None:
    half_an_hour = Plan("h", (PlanStep(NOTICE, wait=timedelta(minutes=30)), PlanStep(VOICE)))
    await plan_for(database, half_an_hour, NEVER)
    async with database.write() as session:
        deadline = DayClock().now() + timedelta(minutes=10)
        await session.execute(update(Callback).values(deadline=deadline))
    gateway = HandGateway()
    assert [number for number, _ in await held(database, gateway)] == [NEVER]
    assert gateway.sent == []
    assert await made(database) == {NEVER: [("sip", "completed")]}


async def test_a_notice_is_not_sent_after_its_call(database: Database) -> None:
    await plan_for(database, SOON, NEVER)
    gateway = HandGateway()

    def away(_text: OutgoingText) -> Refused:
        return Refused("away", retry_after=5.0)

    gateway.answer = away
    assert [number for number, _ in await held(database, gateway)] == [NEVER]
    clock = DayClock()
    texts = worker(database, clock, gateway)
    async with database.write() as session:  # the gateway is there again, the call long over
        for one in await session.scalars(select(TextMessage)):
            one.not_before = one.not_after = clock.now() - timedelta(seconds=1)
    sent = len(gateway.sent)
    async with asyncio.timeout(60):
        await texts.run()
    assert len(gateway.sent) == sent
    async with database.read() as session:
        notice = (await session.scalars(select(TextMessage))).one()
    assert (notice.state, notice.error) == ("cancelled", "too_late")


async def test_who_refuses_at_once_is_not_called(database: Database) -> None:
    await plan_for(database, SOON, NEVER)
    clock, gateway = DayClock(), HandGateway()
    texts = worker(database, clock, gateway)
    called: list[str] = []
    told = asyncio.Event()

    def accepts(text: OutgoingText) -> Accepted:
        told.set()
        return Accepted((text.message,))

    gateway.answer = accepts

    async def hold(claimed: Claimed, _journal: AttemptJournal) -> Outcome:
        called.append(claimed.candidate.known.e164)
        return Outcome(Disposition.COMPLETED, clock.now())

    async def refuses() -> None:
        await told.wait()
        await texts.take("hand", IncomingText("1", NEVER, "1069", "TD", clock.now()))

    async with asyncio.timeout(60):
        await asyncio.gather(dialer(database, clock, hold).run(), texts.run(), refuses())
    assert called == []
    assert (await callback(database, NEVER)).state == "cancelled"


def told_at(hour: int, minute: int) -> datetime | None:
    """Return when the notice of a call half an hour later may leave, Shanghai time, that day."""
    facts = CallbackFacts(
        e164=NEVER, respondent_class="emergency", channel=NOTICE, plan=SHIPPED["notice_then_voice"]
    )
    now = datetime(2025, 11, 3, hour - 8, minute, tzinfo=UTC)
    decision = may_announce(facts, CallingRules(), now)
    return now if decision.allowed else decision.not_before


def test_the_call_must_be_possible_when_the_notice_says_so() -> None:
    assert told_at(12, 0) == datetime(2025, 11, 3, 4, 0, tzinfo=UTC)
    # 19:40: the call would be at 20:10. So both are on the next day, the notice not before 9:00.
    late = told_at(19, 40)
    assert late is not None
    assert late >= datetime(2025, 11, 4, 0, 30, tzinfo=UTC)


def test_a_notice_never_leaves_at_night() -> None:
    facts = CallbackFacts(
        e164=NEVER, respondent_class="emergency", channel=NOTICE, plan=SHIPPED["notice_then_voice"]
    )
    early = datetime(2025, 11, 3, 0, 45, tzinfo=UTC)  # 8:45: the call itself would be allowed
    assert not may_announce(facts, CallingRules(), early).allowed
    assert may_announce(replace(facts), CallingRules(), early + timedelta(minutes=15)).allowed

"""One party, one channel after another: the real dialer and the real worker of texts over one
database, one result, and nobody is called who has written meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import select, update

from core.disposition import Disposition
from core.plan import SHIPPED, Plan
from core.rules import CallingRules, PacingRules, RetryRule, default_retry
from core.trunk import Trunk
from core.verdict import Verdict
from dialer.incoming.terms import RingBackRules
from dialer.journal import AttemptJournal
from dialer.running import Dialer, DialerRules
from dialer.texting.terms import TextingRules
from dialer.texting.worker import TextWorker
from ivr.outcome import Outcome
from ivr.texting.contract import IncomingText, Refused
from ivr.texting.gateways.dry_run import DryRunGateway
from ivr.texting.people import TextPeople
from storage.claims import Claimed
from storage.database import Database
from storage.schema import Attempt, Batch, Callback, DoNotCall, FollowUpItem
from tests.dialing.town import DayClock, settle
from tests.texting.desk import HandGateway
from tests.texting.town import SURVEY, programs

REPLIES, NEVER, UNREACHABLE = "+8613800000000", "+8613800000007", "+8613800000009"
CALLING = CallingRules(tries=4, calls_per_day=9, between_tries=timedelta(0), calls_per_number=9)
PACING = PacingRules(calls_per_second=500, channels=50)
TRUNKS = (Trunk("line", "sip:127.0.0.1", calls_per_second=500, channels=50),)
RETRY = default_retry() | {Disposition.NO_ANSWER: RetryRule("retry", timedelta(0))}

Hold = Callable[[Claimed, AttemptJournal], Awaitable[Outcome]]


async def plan_for(database: Database, plan: Plan, *numbers: str) -> None:
    """Make a running batch with this plan."""
    await settle(database, len(numbers), numbers=list(numbers), source=SURVEY)
    first = plan.steps[0].channel
    async with database.write() as session:
        await session.execute(update(Batch).values(channel=first, plan=plan.as_json()))
        await session.execute(update(Callback).values(channel=first))


def worker(
    database: Database,
    clock: DayClock,
    *,
    patience: float = 2.0,
    ring_back: RingBackRules | None = None,
) -> TextWorker:
    """Return a worker of texts whose people write back at once; after `patience` it gives up."""
    gateway = DryRunGateway(
        "dry", clock, TextPeople(seconds=0.0, agreeing=True), delivery_seconds=0.0
    )
    rules = TextingRules(
        calling=CALLING,
        retry=RETRY,
        expire_after=timedelta(seconds=patience),
        remind_after=timedelta(0),
        poll=0.05,
        ring_back=ring_back,
    )
    return TextWorker(database, clock, [gateway], programs, rules)


def dialer(database: Database, clock: DayClock, hold: Hold) -> Dialer:
    rules = DialerRules(CALLING, PACING, RETRY, poll=0.05)
    return Dialer(database, clock, hold, TRUNKS, rules)


def answering(clock: DayClock, called: list[str], ended: Disposition) -> Hold:
    """Return calls that all end so."""

    async def hold(claimed: Claimed, journal: AttemptJournal) -> Outcome:
        called.append(claimed.candidate.known.e164)
        await journal.dialed(clock.now())
        verdict = Verdict.SATISFIED if ended is Disposition.COMPLETED else None
        return Outcome(ended, clock.now(), verdict=verdict)

    return hold


async def made(database: Database) -> dict[str, list[tuple[str, str | None]]]:
    """Return each number's attempts: channel and disposition, in their order."""
    async with database.read() as session:
        rows = await session.scalars(select(Attempt).order_by(Attempt.id))
        found: dict[str, list[tuple[str, str | None]]] = {}
        for one in rows:
            found.setdefault(one.e164, []).append((one.channel, one.disposition))
        return found


async def callback(database: Database, number: str) -> Callback:
    async with database.read() as session:
        return (await session.scalars(select(Callback).where(Callback.e164 == number))).one()


async def test_who_does_not_reply_is_called_and_who_does_is_not(database: Database) -> None:
    await plan_for(database, SHIPPED["sms_then_voice"], REPLIES, NEVER, UNREACHABLE)
    clock, called = DayClock(), []
    calling = dialer(database, clock, answering(clock, called, Disposition.COMPLETED))
    async with asyncio.timeout(60):
        await asyncio.gather(calling.run(), worker(database, clock).run())
    assert sorted(called) == [NEVER, UNREACHABLE]
    attempts = await made(database)
    assert attempts[REPLIES] == [("sms", "completed")]
    assert attempts[NEVER] == [("sms", "no_answer"), ("sip", "completed")]
    assert attempts[UNREACHABLE] == [("sms", "unreachable"), ("sip", "completed")]
    async with database.read() as session:
        assert (await session.scalars(select(Batch.state))).all() == ["finished"]
    for number in (NEVER, UNREACHABLE):
        known = await callback(database, number)
        assert (known.state, known.verdict, known.plan_step) == ("done", "satisfied", 1)


async def test_a_number_that_takes_no_texts_is_called(database: Database) -> None:
    await plan_for(database, SHIPPED["sms_then_voice"], NEVER)
    clock, called, gateway = DayClock(), [], HandGateway()
    gateway.answer = lambda _text: Refused("001", permanent=True, invalid_number=True)
    rules = TextingRules(calling=CALLING, retry=RETRY, poll=0.05)
    texts = TextWorker(database, clock, [gateway], programs, rules)
    calling = dialer(database, clock, answering(clock, called, Disposition.COMPLETED))
    async with asyncio.timeout(60):
        await asyncio.gather(calling.run(), texts.run())
    assert await made(database) == {NEVER: [("sms", "invalid_number"), ("sip", "completed")]}
    assert (await callback(database, NEVER)).state == "done"


async def test_who_does_not_answer_twice_is_written_to(database: Database) -> None:
    await plan_for(database, SHIPPED["voice_then_sms"], REPLIES, NEVER)
    clock, called = DayClock(), []
    calling = dialer(database, clock, answering(clock, called, Disposition.NO_ANSWER))
    async with asyncio.timeout(60):
        await asyncio.gather(calling.run(), worker(database, clock).run())
    assert sorted(called) == [REPLIES, REPLIES, NEVER, NEVER]
    attempts = await made(database)
    assert attempts[REPLIES] == [*[("sip", "no_answer")] * 2, ("sms", "completed")]
    # Four tries in all: the last one by text, too.
    assert attempts[NEVER] == [*[("sip", "no_answer")] * 2, *[("sms", "no_answer")] * 2]
    assert (await callback(database, REPLIES)).state == "done"
    async with database.read() as session:
        items = (await session.scalars(select(FollowUpItem))).all()
        assert [item.reason for item in items] == ["not_reached"]


class Interrupting(DayClock):
    """A clock on which something happens while a claimed call waits for its moment.

    It looks whether the moment has come whenever somebody begins to wait.
    """

    def __init__(self, happens: Callable[[], Awaitable[bool]]) -> None:
        super().__init__()
        self._happens = happens
        self._happening: asyncio.Task[bool] | None = None

    @property
    def happened(self) -> bool:
        return self._happening is not None and self._happening.done() and self._happening.result()

    async def sleep(self, seconds: float) -> None:
        looked = False
        while not (looked or self.happened):
            if looked := self._happening is None or self._happening.done():
                self._happening = asyncio.create_task(self._happens())
            # Whoever waits meanwhile goes on only after it; who is woken does not break it off.
            await asyncio.shield(self._happening)
        await super().sleep(seconds)


async def _waits_to_leave(database: Database) -> bool:
    async with database.read() as session:
        query = select(Attempt.id).where(Attempt.state == "open", Attempt.channel == "sip")
        return (await session.scalars(query)).first() is not None


async def written_before_the_call_left(
    database: Database, text: str, ring_back: RingBackRules | None = None
) -> list[str]:
    """Let somebody be silent by text, be claimed for a call, and write before it leaves.

    Returns whom the dialer called.
    """
    await plan_for(database, SHIPPED["sms_then_voice"], NEVER)
    called: list[str] = []
    texts: TextWorker

    async def writes() -> bool:
        if not await _waits_to_leave(database):
            return False
        await texts.take("dry", IncomingText("late", NEVER, "1069", text, clock.now()))
        await texts._dealing.deal(clock.now())
        return True

    clock = Interrupting(writes)
    texts = worker(database, clock, ring_back=ring_back)
    calling = dialer(database, clock, answering(clock, called, Disposition.COMPLETED))
    async with asyncio.timeout(60):
        await asyncio.gather(calling.run(), texts.run())
    assert clock.happened
    return called


async def test_a_reply_between_claim_and_call_takes_the_call_back(database: Database) -> None:
    assert await written_before_the_call_left(database, "3") == []
    assert (await made(database))[NEVER][:2] == [("sms", "no_answer"), ("sip", "failed")]
    async with database.read() as session:
        taken_back = select(Attempt.reason).where(Attempt.channel == "sip")
        assert (await session.scalars(taken_back)).one() == "late_reply"
        assert (await session.scalars(select(FollowUpItem.reason))).all() == ["late_reply"]
    assert (await callback(database, NEVER)).state == "follow_up"


async def test_who_writes_between_claim_and_call_gets_his_survey_by_text(
    database: Database,
) -> None:
    called = await written_before_the_call_left(database, "3", RingBackRules())
    attempts = await made(database)
    assert attempts[NEVER][:3] == [("sms", "no_answer"), ("sip", "failed"), ("sms", "no_answer")]
    # He is silent again: now the call that was taken back is made.
    assert called == [NEVER]
    assert attempts[NEVER][3:] == [("sip", "completed")]
    async with database.read() as session:
        taken_back = select(Attempt.reason).where(Attempt.disposition == "failed")
        assert (await session.scalars(taken_back)).one() == "wrote"


async def test_a_refusal_between_claim_and_call_takes_the_call_back(database: Database) -> None:
    assert await written_before_the_call_left(database, "TD") == []
    assert (await callback(database, NEVER)).state == "cancelled"
    async with database.read() as session:
        assert (await session.scalars(select(DoNotCall.e164))).all() == [NEVER]


async def test_a_call_that_has_left_goes_on(database: Database) -> None:
    await plan_for(database, SHIPPED["sms_then_voice"], NEVER)
    clock = DayClock()
    texts = worker(database, clock)

    async def hold(_claimed: Claimed, journal: AttemptJournal) -> Outcome:
        await journal.dialed(clock.now())
        await texts.take("dry", IncomingText("late", NEVER, "1069", "3", clock.now()))
        await texts._dealing.deal(clock.now())
        return Outcome(Disposition.COMPLETED, clock.now(), verdict=Verdict.SATISFIED)

    async with asyncio.timeout(60):
        await asyncio.gather(dialer(database, clock, hold).run(), texts.run())
    assert (await made(database))[NEVER] == [("sms", "no_answer"), ("sip", "completed")]
    known = await callback(database, NEVER)
    assert (known.state, known.verdict) == ("done", "satisfied")
    async with database.read() as session:  # what he wrote is shown to a person
        assert (await session.scalars(select(FollowUpItem.reason))).all() == ["late_reply"]

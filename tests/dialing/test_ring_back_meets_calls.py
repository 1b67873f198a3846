"""People who ring us while we call them, or others: one conversation each, shared channels."""

import asyncio

import pytest
from sqlalchemy import update

from core.rules import PacingRules
from core.welcome import Welcome
from dialer.incoming.reception import RingBack
from dialer.incoming.terms import RingBackRules
from dialer.journal import AttemptJournal
from dialer.running import Dialer, DialerRules
from ivr.channels.contract import Ended
from ivr.outcome import Outcome
from storage.claims import Claimed
from storage.database import Database
from storage.schema import Attempt, Callback
from tests.dialing.caller_desk import LATER, LIMIT, Desk, change, closed, over, rows
from tests.dialing.line import RULES, TRUNK, Line, everything, running, until
from tests.dialing.town import MORNING, number, settle


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def desk(line: Line) -> Desk:
    return Desk(line)


async def test_he_rings_while_our_call_to_him_rings(
    database: Database, line: Line, desk: Desk
) -> None:
    """Our call is taken back, his is held: one conversation, one number open at a time."""
    await settle(database, 1)
    ringing = asyncio.Event()

    async def dial(claimed: Claimed, journal: AttemptJournal) -> Outcome:
        await journal.dialed(desk.clock.now())
        ringing.set()
        await asyncio.Event().wait()
        raise AssertionError

    ring_back = RingBack(desk.channel.incoming, desk, RingBackRules(patience=5.0))
    dialer = Dialer(
        database, desk.clock, dial, (TRUNK,), RULES, ring_back=ring_back, until_done=False
    )
    async with running(dialer):
        await asyncio.wait_for(ringing.wait(), LIMIT)
        await over(desk.ring(number(1)))
        ours, his = await closed(database, 2)
    assert (ours.direction, ours.disposition, ours.reason) == ("outgoing", "failed", "rang_back")
    assert (his.direction, his.disposition) == ("incoming", "completed")
    _, (callback,), _ = await everything(database)
    assert (callback.state, callback.tries) == ("done", 0)
    assert dialer.tally.trouble == ""


@pytest.mark.parametrize("left", [False, True])
async def test_he_rings_while_another_dialer_is_at_him(
    database: Database, line: Line, desk: Desk, left: bool
) -> None:
    """A call that has not left never leaves; one that rings is let go on, and he is told so."""
    await settle(database, 1)
    await change(database, **LATER, state="calling", sequence=1)
    async with database.write() as session:
        session.add(
            Attempt(
                callback_id=1,
                sequence=1,
                party_id=1,
                e164=number(1),
                trunk=TRUNK.name,
                dialer="elsewhere",
                claimed_at=desk.clock.now(),
                dialed_at=desk.clock.now() if left else None,
            )
        )
    async with running(desk.dialer(database, line)):
        await over(desk.ring(number(1)))
        await until(lambda: bool(desk.surveys or desk.sentences))
        if not left:
            await closed(database, 2)
    attempts, _, _ = await everything(database)
    if left:
        assert desk.sentences[0][0] is Welcome.UNDER_WAY
        assert [one.state for one in attempts] == ["open"]
    else:
        assert [(one.disposition, one.reason) for one in attempts] == [
            ("failed", "rang_back"),
            ("completed", ""),
        ]


async def test_who_is_talking_with_us_is_told_so(
    database: Database, line: Line, desk: Desk
) -> None:
    await settle(database, 1)
    line.free.clear()
    async with running(desk.dialer(database, line)):
        await asyncio.wait_for(line.on_line.wait(), LIMIT)
        await over(desk.ring(number(1)))
        assert desk.sentences[0][0] is Welcome.UNDER_WAY
        line.free.set()
        (attempt,) = await closed(database, 1)
    assert attempt.disposition == "completed"


async def test_two_calls_of_one_person_at_once_are_one_conversation(
    database: Database, line: Line, desk: Desk
) -> None:
    await settle(database, 1)
    await change(database, **LATER)
    desk.free.clear()
    async with running(desk.dialer(database, line)):
        first, second = desk.ring(number(1)), desk.ring(number(1))
        await until(lambda: bool(desk.surveys and desk.sentences))
        desk.free.set()
        await asyncio.gather(over(first), over(second))
        await closed(database, 1)
    assert len(desk.surveys) == 1
    assert desk.sentences[0][0] is Welcome.UNDER_WAY


async def test_calls_in_and_out_share_the_channels(
    database: Database, line: Line, desk: Desk
) -> None:
    """Two channels: a survey and a sentence take them, the third caller hears busy, and nobody
    is called until one is free."""
    await settle(database, 2)
    await change(database, **LATER)
    rules = DialerRules(
        calling=RULES.calling, pacing=PacingRules(calls_per_second=500, channels=2), poll=0.05
    )
    desk.free.clear()
    async with running(desk.dialer(database, line, rules)):
        known, stranger = desk.ring(number(1)), desk.ring("+8613811111111")
        await until(lambda: bool(desk.surveys and desk.sentences))
        third = desk.ring(number(2))
        assert await over(third) == [Ended]
        assert third.refused == 486
        async with database.write() as session:
            await session.execute(
                update(Callback).where(Callback.id == 2).values(next_at=MORNING, due=True)
            )
        await asyncio.sleep(0.3)
        assert not line.rung
        desk.free.set()
        await asyncio.gather(over(known), over(stranger))
        await until(lambda: line.rung == [number(2)])
        await closed(database, 2)
    welcomes = [row.welcome for row in await rows(database)]
    assert sorted(welcomes) == ["busy", "survey", "unknown"]
    assert {row.state for row in await rows(database)} == {"closed"}


async def test_no_line_is_free(database: Database, line: Line, desk: Desk) -> None:
    await settle(database, 1)
    await change(database, **LATER)
    async with running(desk.dialer(database, line)):
        call = desk.ring(number(1), room=False)
        assert await over(call) == [Ended]
    assert call.refused == 486
    assert [row.welcome for row in await rows(database)] == ["busy"]

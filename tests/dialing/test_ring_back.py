"""People who ring us: recognised, written down before they are answered, one conversation each."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.disposition import Disposition
from core.rules import CallingRules, PacingRules
from core.verdict import Verdict
from core.welcome import Welcome
from dialer.incoming.reception import RingBack
from dialer.incoming.terms import RingBackRules
from dialer.journal import AttemptJournal
from dialer.running import Dialer, DialerRules
from flows.exchange import SaveAnswer
from ivr.channels.contract import Answered, Caller, Ended, IncomingCall
from ivr.channels.dry_run import DryRunChannel
from ivr.channels.dry_run_incoming import DryRunIncomingCall
from ivr.outcome import Outcome
from ivr.people.person import PEOPLE, Behaviour
from storage.claims import Claimed
from storage.database import Database
from storage.followups import open_item
from storage.schema import Attempt, Batch, Callback, Case, DoNotCall, FollowUpItem, WriteBack
from storage.schema import IncomingCall as Row
from tests.dialing.line import RULES, TRUNK, Line, everything, running, until
from tests.dialing.town import MORNING, number, settle

LIMIT = 20.0


class Desk:
    """Answers callers as told, over the dry-run channel."""

    def __init__(self, line: Line) -> None:
        self.channel = DryRunChannel(line.clock, channels=10)
        self.clock = line.clock
        self.surveys: list[tuple[Claimed, dict[str, Any] | None]] = []
        self.sentences: list[tuple[Welcome, str]] = []
        self.answered = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()
        self.end = Outcome(
            Disposition.COMPLETED, self.clock.now(), verdict=Verdict.SATISFIED, sip_status=200
        )

    async def survey(
        self,
        call: IncomingCall,
        claimed: Claimed,
        journal: AttemptJournal,
        session: dict[str, Any] | None,
    ) -> Outcome:
        self.surveys.append((claimed, session))
        await call.answer()
        await journal.answered(self.clock.now())
        self.answered.set()
        await self.free.wait()
        await journal.answer(SaveAnswer("speed", "key", "1", "ok"), {"at": "q2"}, self.clock.now())
        await call.hang_up()
        return self.end

    async def sentence(self, call: IncomingCall, welcome: Welcome, language: str) -> None:
        self.sentences.append((welcome, language))
        await call.answer()
        self.answered.set()
        await self.free.wait()
        await call.hang_up()

    def dialer(self, database: Database, line: Line, rules: DialerRules = RULES) -> Dialer:
        ring_back = RingBack(self.channel.incoming, self, RingBackRules(patience=2.0))
        return Dialer(
            database, self.clock, line, (TRUNK,), rules, ring_back=ring_back, until_done=False
        )

    def ring(self, who: str, *, room: bool = True) -> DryRunIncomingCall:
        caller = Caller(who, TRUNK.name, self.clock.now(), room=room)
        return self.channel.ring(caller, PEOPLE[Behaviour.SILENT])


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def desk(line: Line) -> Desk:
    return Desk(line)


async def over(call: DryRunIncomingCall) -> list[type]:
    async with asyncio.timeout(LIMIT):
        return [type(event) async for event in call.events()]


async def rows(database: Database) -> list[Row]:
    async with database.read() as session:
        return list(await session.scalars(select(Row).order_by(Row.id)))


async def items(database: Database) -> list[FollowUpItem]:
    async with database.read() as session:
        return list(await session.scalars(select(FollowUpItem).order_by(FollowUpItem.id)))


async def change(database: Database, **values: Any) -> None:
    """Change the callbacks: by default nobody is due."""
    async with database.write() as session:
        await session.execute(update(Callback).values(**values))


LATER = {"next_at": MORNING + timedelta(days=1), "due": False}


async def closed(database: Database, attempts: int) -> list[Attempt]:
    """Wait until so many attempts have their end."""
    async with asyncio.timeout(LIMIT):
        while True:
            found, _, _ = await everything(database)
            if len(found) == attempts and all(one.state == "closed" for one in found):
                return found
            await asyncio.sleep(0.02)


async def test_who_was_not_reached_rings_back_and_is_done(
    database: Database, line: Line, desk: Desk
) -> None:
    await settle(database, 1)
    await change(database, **LATER)
    async with running(desk.dialer(database, line)):
        call = desk.ring(number(1))
        assert await over(call) == [Answered, Ended]
        (attempt,) = await closed(database, 1)
    _, (callback,), answers = await everything(database)
    assert (attempt.direction, attempt.trunk, attempt.sequence) == ("incoming", TRUNK.name, 1)
    assert (attempt.disposition, attempt.verdict) == ("completed", "satisfied")
    assert attempt.answered_at is not None
    assert (callback.state, callback.tries, callback.sequence) == ("done", 0, 1)
    assert len(answers) == 1
    assert not line.rung
    (row,) = await rows(database)
    assert (row.welcome, row.attempt_id, row.state) == ("survey", attempt.id, "closed")


async def test_the_attempt_is_written_down_before_he_is_answered(
    database: Database, line: Line, desk: Desk
) -> None:
    await settle(database, 1)
    await change(database, **LATER)
    desk.free.clear()
    async with running(desk.dialer(database, line)):
        call = desk.ring(number(1))
        await asyncio.wait_for(desk.answered.wait(), LIMIT)
        (attempt,), (callback,), _ = await everything(database)
        assert (attempt.state, attempt.direction, callback.state) == ("open", "incoming", "calling")
        desk.free.set()
        await over(call)
        await closed(database, 1)


async def test_he_goes_on_where_he_left(database: Database, line: Line, desk: Desk) -> None:
    await settle(database, 1)
    await change(database, **LATER)
    desk.end = Outcome(Disposition.PARTIAL, desk.clock.now(), session={"left": "q2"})
    async with running(desk.dialer(database, line)):
        await over(desk.ring(number(1)))
        await closed(database, 1)
        await over(desk.ring(number(1)))
        await closed(database, 2)
    assert [left for _, left in desk.surveys] == [None, {"left": "q2"}]


async def test_breaking_off_costs_him_no_try(database: Database, line: Line, desk: Desk) -> None:
    await settle(database, 1)
    await change(database, **LATER)
    desk.end = Outcome(Disposition.BROKE_OFF, desk.clock.now())
    rules = DialerRules(
        calling=CallingRules(tries=3, calls_per_day=1), pacing=RULES.pacing, poll=0.05
    )
    async with running(desk.dialer(database, line, rules)):
        await over(desk.ring(number(1)))
        await closed(database, 1)
        _, (callback,), _ = await everything(database)
        assert (callback.state, callback.tries) == ("waiting", 0)
        # Nor does it count as today's one call.
        await change(database, next_at=MORNING, due=True)
        await until(lambda: line.rung == [number(1)])


@pytest.mark.parametrize(
    ("who", "changed", "welcome"),
    [
        ("+8613811111111", {}, Welcome.UNKNOWN),
        ("", {}, Welcome.WITHHELD),
        ("sip-user", {}, Welcome.WITHHELD),
        (number(1), {"state": "done", "disposition": "completed"}, Welcome.ANSWERED),
    ],
)
async def test_who_gets_no_survey_hears_a_sentence_and_is_counted(
    database: Database, line: Line, desk: Desk, who: str, changed: dict[str, Any], welcome: Welcome
) -> None:
    await settle(database, 1)
    await change(database, **LATER, **changed)
    async with running(desk.dialer(database, line)) as task:
        assert await over(desk.ring(who)) == [Answered, Ended]
        await until(lambda: desk.sentences == [(welcome, "")])
        task.cancel()
    attempts, _, _ = await everything(database)
    assert attempts == []
    (row,) = await rows(database)
    assert (row.welcome, row.attempt_id) == (welcome.value, None)


async def test_a_key_incident_is_promised_a_person(
    database: Database, line: Line, desk: Desk
) -> None:
    await settle(database, 1)
    await change(database, **LATER)
    async with database.write() as session:
        await session.execute(update(Case).values(key_incident=True))
    async with running(desk.dialer(database, line)):
        await over(desk.ring(number(1)))
        await until(lambda: bool(desk.sentences))
    assert desk.sentences[0][0] is Welcome.KEY_INCIDENT
    (item,) = await items(database)
    assert (item.reason, item.state) == ("key_incident", "open")
    attempts, _, _ = await everything(database)
    assert attempts == []


async def test_who_wanted_no_calls_is_not_asked(database: Database, line: Line, desk: Desk) -> None:
    await settle(database, 1)
    await change(database, **LATER)
    async with database.write() as session:
        session.add(DoNotCall(e164=number(1), reason="asked", added_by="x", added_at=MORNING))
    async with running(desk.dialer(database, line)):
        await over(desk.ring(number(1)))
        await until(lambda: bool(desk.sentences))
    assert desk.sentences[0][0] is Welcome.DO_NOT_CALL
    assert desk.surveys == []


async def test_a_person_has_it_and_needs_to_call_no_more(
    database: Database, line: Line, desk: Desk
) -> None:
    await settle(database, 1)
    await change(database, **LATER)
    await given_to_a_person(database)
    async with running(desk.dialer(database, line)):
        await over(desk.ring(number(1)))
        await closed(database, 1)
    _, (callback,), _ = await everything(database)
    (item,) = await items(database)
    assert (callback.state, callback.verdict) == ("done", "satisfied")
    assert (item.state, item.outcome) == ("closed", "satisfied")


async def test_what_breaks_off_again_stays_with_the_person(
    database: Database, line: Line, desk: Desk
) -> None:
    await settle(database, 1)
    await change(database, **LATER)
    await given_to_a_person(database)
    desk.end = Outcome(Disposition.BROKE_OFF, desk.clock.now())
    rules = DialerRules(calling=CallingRules(tries=3), pacing=RULES.pacing, poll=0.05)
    async with running(desk.dialer(database, line, rules)):
        await over(desk.ring(number(1)))
        await closed(database, 1)
    _, (callback,), _ = await everything(database)
    (item,) = await items(database)
    assert (callback.state, item.state, item.reason) == ("follow_up", "open", "not_reached")


async def given_to_a_person(database: Database) -> None:
    await change(database, state="follow_up", disposition="no_answer", tries=1, closed_at=MORNING)
    async with database.write() as session:
        await open_item(
            session,
            case_id=1,
            callback_id=1,
            party_id=1,
            reason="not_reached",
            deadline=None,
            key_incident=False,
            now=MORNING,
        )


async def test_a_result_that_was_written_back_stays_and_a_new_one_comes(
    database: Database, line: Line, desk: Desk
) -> None:
    await settle(database, 1)
    await change(database, **LATER)
    await change(database, state="follow_up", disposition="partial", verdict="satisfied")
    async with database.write() as session:
        session.add(
            WriteBack(target="home", callback_id=1, result=1, receipt="r", written_at=MORNING)
        )
    async with running(desk.dialer(database, line)):
        await over(desk.ring(number(1)))
        await closed(database, 1)
    _, (callback,), _ = await everything(database)
    assert (callback.state, callback.result) == ("done", 2)


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


async def test_draining_ends_with_who_is_on_the_line(
    database: Database, line: Line, desk: Desk
) -> None:
    await settle(database, 2)
    await change(database, **LATER)
    desk.free.clear()
    dialer = desk.dialer(database, line)
    async with running(dialer) as task:
        first = desk.ring(number(1))
        await asyncio.wait_for(desk.answered.wait(), LIMIT)
        dialer.drain()
        second = desk.ring(number(2))
        assert await over(second) == [Ended]
        assert second.refused == 480
        desk.free.set()
        await over(first)
        await asyncio.wait_for(task, LIMIT)
    attempts, _, _ = await everything(database)
    assert [one.disposition for one in attempts] == ["completed"]


async def test_a_person_whose_batch_was_stopped_is_asked_nothing(
    database: Database, line: Line, desk: Desk
) -> None:
    await settle(database, 1, state="stopped")
    async with database.write() as session:
        await session.execute(update(Batch).values(state="stopped"))
    async with running(desk.dialer(database, line)):
        await over(desk.ring(number(1)))
        await until(lambda: bool(desk.sentences))
    assert desk.sentences[0][0] is Welcome.UNKNOWN


async def test_another_number_of_the_party_is_known_too(
    database: Database, line: Line, desk: Desk
) -> None:
    await settle(database, 1)
    await change(database, **LATER, e164="+8657582345678")
    async with running(desk.dialer(database, line)):
        await over(desk.ring("0138" + number(1)[6:]))
        (attempt,) = await closed(database, 1)
    assert attempt.e164 == number(1)
    assert attempt.disposition == "completed"

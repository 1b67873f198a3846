"""People who ring us: recognised, written down before they are answered, met as it is right."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from core.disposition import Disposition
from core.rules import CallingRules
from core.welcome import Welcome
from dialer.running import DialerRules
from ivr.channels.contract import Answered, Ended
from ivr.outcome import Outcome
from storage.database import Database
from storage.followups import open_item
from storage.schema import Batch, Case, DoNotCall, WriteBack
from tests.dialing.caller_desk import LATER, LIMIT, Desk, change, closed, items, over, rows
from tests.dialing.line import RULES, TRUNK, Line, everything, running, until
from tests.dialing.town import MORNING, number, settle


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def desk(line: Line) -> Desk:
    return Desk(line)


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

"""Trunks that fail, people who pause and stop, and what follows a call: nothing is lost."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from core.disposition import Disposition
from core.rules import CallingRules
from core.verdict import Verdict
from dialer.deadline import call_order
from dialer.journal import AttemptJournal
from dialer.running import Dialer
from flows.exchange import BookTime
from ivr.channels.contract import TrunkHealth
from ivr.outcome import Outcome
from storage.claims import Claimed
from storage.database import Database
from storage.recovery import sign_on
from storage.schema import (
    Batch,
    Callback,
    Command,
    FollowUpItem,
    PartyNumber,
    TrunkState,
)
from tests.dialing.line import (
    RULES,
    TRUNK,
    Line,
    all_done,
    batch,
    dialing,
    everything,
    running,
    set_batch,
    until,
    until_batch,
)
from tests.dialing.town import MORNING, number, settle

# --------------------------------------------------------------------------- trunks and pace


async def test_an_unreachable_trunk_pauses_the_batch_with_its_reason(database: Database) -> None:
    await settle(database, 5)
    line = Line()
    there = False

    async def check() -> list[TrunkHealth]:
        return [TrunkHealth("line", there, detail="no answer")]

    dialer = dialing(database, line, check=check)
    await set_batch(database, "paused")  # until the first OPTIONS has failed
    async with running(dialer) as task:
        await until(lambda: "line" in dialer._trouble.unreachable)
        await set_batch(database, "running")
        await until_batch(database, "paused")
        assert "line" in (await batch(database))[1]
        assert line.rung == []
        there = True
        await task
    await all_done(database, 5)


async def test_when_all_calls_fail_the_calling_rests(database: Database) -> None:
    await settle(database, 30)
    line = Line()
    line.end = lambda _: Outcome(Disposition.FAILED, line.clock.now(), reason="transport")
    slow = replace(RULES, pacing=replace(RULES.pacing, channels=2), rest_first=600.0)
    dialer = dialing(database, line, slow)
    async with running(dialer):
        await until(lambda: dialer._trouble.at_present() != "")
        await until_batch(database, "paused")
        assert "10" in (await batch(database))[1]
        assert 10 <= len(line.rung) <= 12  # what was under way still ended
        assert "10" in dialer.tally.trouble


@pytest.mark.parametrize(
    ("status", "retry_after", "calls", "least"), [(503, 40, 1, 40), (429, 0, 1, 2), (480, 0, 5, 2)]
)
async def test_the_trunk_is_slowed_by_what_it_answers(
    database: Database, status: int, retry_after: int, calls: int, least: int
) -> None:
    await settle(database, 20)
    line = Line()
    failed = Disposition.NO_ANSWER if status == 480 else Disposition.FAILED

    line.end = lambda _: Outcome(
        failed, line.clock.now(), sip_status=status, retry_after=retry_after
    )
    one_by_one = replace(RULES, pacing=replace(RULES.pacing, channels=1))
    dialer = dialing(database, line, one_by_one)
    async with running(dialer):
        await until(lambda: sum(dialer.tally.dispositions.values()) >= calls)
        async with asyncio.timeout(20):
            while True:
                async with database.read() as session:
                    lane = await session.get_one(TrunkState, "line")
                if lane.paused_until is not None:
                    break
                await asyncio.sleep(0.02)
        assert len(line.rung) == calls
        assert lane.pause_seconds == least
        assert lane.reason == f"SIP {status}"
        dialer.drain()


# --------------------------------------------------------------------------- people and states


async def test_pause_and_resume_are_obeyed(database: Database) -> None:
    await settle(database, 6)
    line = Line()
    line.free.clear()
    one_by_one = replace(RULES, pacing=replace(RULES.pacing, channels=1))
    dialer = dialing(database, line, one_by_one)
    async with running(dialer) as task:
        await line.on_line.wait()
        await set_batch(database, "paused")
        line.free.set()
        await until(lambda: dialer.tally.trouble != "")  # it says that the batch is paused
        assert "paused" in dialer.tally.trouble
        assert len(line.rung) == 1
        await set_batch(database, "running")
        await task
    assert dialer.tally.trouble == ""
    await all_done(database, 6)


async def test_drain_ends_what_was_begun_and_stop_hangs_up(database: Database) -> None:
    await settle(database, 6)
    line = Line()
    line.free.clear()
    few = replace(RULES, pacing=replace(RULES.pacing, channels=2))
    dialer = dialing(database, line, few)
    async with running(dialer) as task:
        await until(lambda: len(line.rung) == 2)
        await set_batch(database, "draining")
        line.free.set()
        await task
        assert len(line.rung) == 2
        assert (await batch(database))[0] == "stopped"
    await set_batch(database, "running")
    line.free.clear()
    line.on_line.clear()
    dialer = dialing(database, line, few, name="another")
    async with running(dialer) as task:
        await until(lambda: len(line.rung) == 4)
        await line.on_line.wait()
        await set_batch(database, "stopped")
        await task
    attempts, callbacks, _ = await everything(database)
    assert len(attempts) == 4
    # Whoever had answered when we hung up is called by a person.
    assert {one.disposition for one in attempts} <= {"completed", "unknown", "failed"}
    assert sum(one.state == "waiting" for one in callbacks) >= 2
    assert not [one for one in callbacks if one.state == "calling"]


async def test_a_batch_that_a_dead_dialer_paused_runs_again_but_a_persons_pause_stays(
    database: Database,
) -> None:
    await settle(database, 2)
    await settle(database, 2, batch=2)
    line = Line()
    async with database.write() as session:
        await sign_on(session, "elsewhere:1:1", line.clock.now() - timedelta(minutes=2))
        await session.execute(
            update(Batch).values(state="paused", state_reason="the trunk does not answer")
        )
        session.add(Command(batch_id=2, command="pause", by="me", at=MORNING))
    dialer = dialing(database, line)
    async with running(dialer):
        await until(lambda: "paused" in dialer.tally.trouble)
        assert set(line.rung) == {number(1), number(2)}


# ------------------------------------------------------------------------------ what follows


async def test_an_invalid_number_leads_to_the_next_and_then_to_a_person(
    database: Database,
) -> None:
    await settle(database, 1)
    async with database.write() as session:
        session.add(PartyNumber(party_id=1, e164="+8613900000001", position=1))
    line = Line()
    line.end = lambda _: Outcome(Disposition.INVALID_NUMBER, line.clock.now(), sip_status=404)
    generous = replace(
        RULES, calling=CallingRules(calls_per_day=9, between_tries=timedelta(0), tries=3)
    )
    await dialing(database, line, generous).run()
    assert line.rung == [number(1), "+8613900000001"]
    async with database.read() as session:
        item = (await session.scalars(select(FollowUpItem))).one()
    assert item.reason == "invalid_number"


async def test_a_booked_time_is_kept(database: Database) -> None:
    await settle(database, 1)
    line = Line()
    booked = BookTime(1, "15:30", "tomorrow afternoon")

    async def hold(claimed: Claimed, journal: AttemptJournal) -> Outcome:
        await journal.answered(line.clock.now())
        await journal.book(booked, line.clock.now())
        dialer.drain()
        return Outcome(Disposition.COMPLETED, line.clock.now())

    dialer = Dialer(database, line.clock, hold, (TRUNK,), replace(RULES, calling=CallingRules()))
    await dialer.run()
    _, callbacks, _ = await everything(database)
    assert callbacks[0].state == "waiting"
    assert callbacks[0].next_at == MORNING.replace(hour=7, minute=30) + timedelta(days=1)


async def test_an_unsure_person_who_hangs_up_goes_to_a_person(database: Database) -> None:
    await settle(database, 1)
    line = Line()
    line.end = lambda _: Outcome(
        Disposition.BROKE_OFF, line.clock.now(), verdict=Verdict.UNSURE, sip_status=200
    )
    await dialing(database, line, replace(RULES, calling=CallingRules())).run()
    _, callbacks, _ = await everything(database)
    assert callbacks[0].state == "follow_up"
    async with database.read() as session:
        item = (await session.scalars(select(FollowUpItem))).one()
    assert item.reason == "unsure"


async def test_an_end_that_cannot_be_kept_goes_to_a_person(database: Database) -> None:
    await settle(database, 2)
    line = Line()
    bad = "x\x00" if database.dialect == "postgresql" else object()  # neither can be stored
    line.end = lambda claimed: Outcome(
        Disposition.NO_ANSWER,
        line.clock.now(),
        recording=bad if claimed.candidate.callback_id == 1 else "",
    )
    await dialing(database, line).run()
    attempts, callbacks, _ = await everything(database)
    assert [one.disposition for one in attempts] == ["unknown", "no_answer"]
    assert callbacks[0].state == "follow_up"


async def test_callbacks_without_deadline_are_called_last(database: Database) -> None:
    await settle(database, 3)
    async with database.write() as session:
        for callback_id, deadline in ((1, None), (2, MORNING + timedelta(days=9)), (3, MORNING)):
            await session.execute(
                update(Callback)
                .where(Callback.id == callback_id)
                .values(priority=call_order(0, deadline), deadline=None)
            )
    line = Line()
    one_by_one = replace(RULES, pacing=replace(RULES.pacing, channels=1))
    await dialing(database, line, one_by_one).run()
    assert line.rung == [number(3), number(2), number(1)]


async def test_errors_do_not_tell_numbers(database: Database) -> None:
    await settle(database, 1)
    with pytest.raises(IntegrityError, match="parameters hidden") as caught:
        async with database.write() as session:
            session.add(PartyNumber(party_id=99, e164=number(1)))
    assert number(1) not in str(caught.value)

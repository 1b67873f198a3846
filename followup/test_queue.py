import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import VirtualClock
from core.errors import AuthorError, PermanentError
from core.phone import PhoneNumber
from followup.queue import Queue
from storage.followups import open_item
from storage.schema import Batch, Callback, PartyNumber


@pytest.fixture
def queue(world: Any) -> Queue:
    return Queue(world.database, VirtualClock(world.now))


async def put(world: Any, reason: str, **known: Any) -> int:
    key = known.pop("key_incident", False)
    case = await world.case(key_incident=key)
    party = await world.party(case)
    async with world.database.write() as session:
        return await open_item(
            session,
            case_id=case.id,
            callback_id=None,
            party_id=party.id,
            reason=reason,
            deadline=known.get("deadline"),
            key_incident=key,
            now=world.now,
        )


async def test_the_order_is_key_incident_dissatisfaction_deadline(world: Any, queue: Queue) -> None:
    soon, late = world.now + timedelta(days=1), world.now + timedelta(days=2)
    unreached_late = await put(world, "not_reached", deadline=late)
    unsure_never = await put(world, "unsure")
    unreached_soon = await put(world, "not_reached", deadline=soon)
    dissatisfied = await put(world, "dissatisfied", deadline=late)
    key = await put(world, "key_incident", key_incident=True)
    key_dissatisfied = await put(world, "dissatisfied", key_incident=True, deadline=late)
    expected = [key_dissatisfied, key, dissatisfied, unreached_soon, unreached_late, unsure_never]
    assert [entry.id for entry in await queue.items()] == expected
    taken = [(await queue.claim_next("王")).id for _ in expected]  # type: ignore[union-attr]
    assert taken == expected
    assert await queue.claim_next("王") is None


async def test_two_people_never_get_the_same_item(world: Any, queue: Queue) -> None:
    for _ in range(6):
        await put(world, "not_reached")
    got = await asyncio.gather(*(queue.claim_next(f"person {number}") for number in range(10)))
    ids = [entry.id for entry in got if entry is not None]
    assert len(ids) == len(set(ids)) == 6


async def test_an_item_is_claimed_by_one_and_can_be_put_back(world: Any, queue: Queue) -> None:
    item = await put(world, "dissatisfied")
    assert (await queue.claim(item, "王")).claimed_by == "王"
    assert (await queue.claim(item, "王")).claimed_by == "王"
    with pytest.raises(PermanentError, match="queue-claimed"):
        await queue.claim(item, "李")
    with pytest.raises(PermanentError, match="queue-claimed"):
        await queue.release(item, "李")
    assert (await queue.release(item, "王", "下班")).state == "open"
    assert (await queue.claim(item, "李")).claimed_by == "李"
    _, events = await queue.show(item)
    assert [(event.event, event.by) for event in events] == [
        ("opened", ""),
        ("claimed", "王"),
        ("released", "王"),
        ("claimed", "李"),
    ]


async def test_an_item_is_closed_only_with_a_recorded_outcome(world: Any, queue: Queue) -> None:
    item = await put(world, "dissatisfied")
    with pytest.raises(PermanentError, match="queue-not-claimed"):
        await queue.record(item, "王", "satisfied")
    await queue.claim(item, "王")
    with pytest.raises(PermanentError, match="queue-no-outcome"):
        await queue.close(item, "王")
    with pytest.raises(AuthorError, match="queue-outcome-unknown"):
        await queue.record(item, "王", "delighted")
    await queue.record(item, "王", "satisfied", note="已致歉")
    closed = await queue.close(item, "王")
    assert (closed.state, closed.outcome) == ("closed", "satisfied")
    assert closed.closed_at == world.now
    assert await queue.items() == []
    with pytest.raises(PermanentError, match="queue-closed"):
        await queue.claim(item, "李")
    _, events = await queue.show(item)
    assert ("recorded", "satisfied 已致歉") in [(event.event, event.note) for event in events]


async def test_a_corrected_number_is_called_again_where_asked(world: Any, queue: Queue) -> None:
    case = await world.case()
    party = await world.party(case, "+8613800000001")
    batch = await world.batch(state="finished")
    callback = await world.callback(
        batch, case, party, state="follow_up", tries=3, deadline=world.now
    )
    async with world.database.write() as session:
        item = await open_item(
            session,
            case_id=case.id,
            callback_id=callback.id,
            party_id=party.id,
            reason="invalid_number",
            deadline=None,
            key_incident=False,
            now=world.now,
        )
    await queue.claim(item, "王")
    with pytest.raises(AuthorError, match="queue-corrected-needs-number"):
        await queue.record(item, "王", "corrected")
    number = PhoneNumber("+8613800000002")
    await queue.record(item, "王", "corrected", corrected=number, again=True)
    await queue.close(item, "王")
    async with world.database.read() as session:
        row = (await session.scalars(select(Callback))).one()
        made = (await session.scalars(select(Batch))).one()
        numbers = {
            known.e164: (known.position, known.invalid_since)
            for known in await session.scalars(select(PartyNumber))
        }
    assert (row.state, row.e164, row.tries, row.deadline) == ("waiting", number.e164, 0, None)
    assert made.state == "ready"
    assert numbers == {"+8613800000002": (0, None), "+8613800000001": (1, world.now)}
    _, events = await queue.show(item)
    assert "138****0001 -> 138****0002" in events[-2].note


async def test_a_key_incident_is_never_given_back_to_the_machine(world: Any, queue: Queue) -> None:
    item = await put(world, "key_incident", key_incident=True)
    await queue.claim(item, "王")
    number = PhoneNumber("+8613800000002")
    with pytest.raises(AuthorError, match="queue-again-impossible"):
        await queue.record(item, "王", "corrected", corrected=number, again=True)


async def test_what_is_not_there_is_refused(queue: Queue) -> None:
    with pytest.raises(AuthorError, match="queue-unknown"):
        await queue.show(7)
    with pytest.raises(AuthorError, match="queue-unknown"):
        await queue.claim(7, "王")

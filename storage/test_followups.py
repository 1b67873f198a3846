from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from storage.followups import open_item
from storage.schema import FollowUpEvent, FollowUpItem


async def put(world: Any, case: Any, party: Any, reason: str, **known: Any) -> int:
    values = {"deadline": None, "key_incident": False, "callback_id": None, "now": world.now}
    async with world.database.write() as session:
        return await open_item(
            session, case_id=case.id, party_id=party.id, reason=reason, **values | known
        )


async def items(world: Any) -> list[FollowUpItem]:
    async with world.database.read() as session:
        return list(await session.scalars(select(FollowUpItem).order_by(FollowUpItem.id)))


async def test_a_case_has_one_open_item_and_the_more_pressing_reason_raises_it(world: Any) -> None:
    case = await world.case()
    party = await world.party(case)
    later, sooner = world.now + timedelta(days=3), world.now + timedelta(days=1)
    first = await put(world, case, party, "not_reached", deadline=later)
    again = await put(world, case, party, "dissatisfied", deadline=sooner)
    third = await put(world, case, party, "partial", deadline=later)
    assert first == again == third
    (item,) = await items(world)
    assert (item.reason, item.state, item.deadline) == ("dissatisfied", "open", sooner)
    async with world.database.read() as session:
        events = await session.execute(
            select(FollowUpEvent.event, FollowUpEvent.note).order_by(FollowUpEvent.id)
        )
    assert [tuple(row) for row in events] == [
        ("opened", "not_reached"),
        ("added", "dissatisfied"),
        ("added", "partial"),
    ]


async def test_a_closed_item_does_not_keep_a_case_out_of_the_queue(world: Any) -> None:
    case = await world.case()
    party = await world.party(case)
    first = await put(world, case, party, "not_reached")
    async with world.database.write() as session:
        item = (await session.scalars(select(FollowUpItem))).one()
        item.state, item.closed_at = "closed", world.now
    assert await put(world, case, party, "dissatisfied") != first


async def test_the_item_is_not_there_where_the_outcome_was_not_committed(world: Any) -> None:
    case = await world.case()
    party = await world.party(case)
    with suppress(RuntimeError):
        async with world.database.write() as session:
            await open_item(
                session,
                case_id=case.id,
                callback_id=None,
                party_id=party.id,
                reason="unknown",
                deadline=None,
                key_incident=False,
                now=world.now,
            )
            raise RuntimeError
    assert await items(world) == []


async def test_an_unknown_reason_is_refused(world: Any) -> None:
    case = await world.case()
    with pytest.raises(ValueError, match="boredom"):
        await put(world, case, await world.party(case), "boredom")

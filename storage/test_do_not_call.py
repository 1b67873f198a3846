from typing import Any

from storage import do_not_call


async def test_numbers_are_listed_once_and_taken_off_with_what_stood_there(world: Any) -> None:
    first, second = "+8613800000001", "+8613800000002"
    async with world.database.write() as session:
        known = {"reason": "本人要求", "by": "王", "now": world.now}
        assert await do_not_call.add(session, [first, second, first], **known) == 2
        assert await do_not_call.add(session, [first], **known | {"reason": "x"}) == 0
        assert await do_not_call.add(session, [], **known) == 0
    async with world.database.read() as session:
        listed = await do_not_call.listed(session)
        assert [number.e164 for number in listed] == [first, second]
        assert {number.reason for number in listed} == {"本人要求"}
        assert len(await do_not_call.listed(session, [second, "+8613800000003"])) == 1
    off = {"reason": "本人改变主意", "by": "李", "now": world.now}
    async with world.database.write() as session:
        gone = await do_not_call.remove(session, first, **off)
        assert gone is not None
        assert gone.reason == "本人要求"
        assert await do_not_call.remove(session, first, **off) is None
    async with world.database.read() as session:
        events = await do_not_call.history(session, [first])
    assert [(e.event, e.by, e.reason) for e in events] == [
        ("added", "王", "本人要求"),
        ("removed", "李", "本人改变主意"),
    ]

"""A simulated person who was not reached rings the house back, over real SIP."""

import asyncio
from pathlib import Path

import pytest

from core.trunk import Trunk
from ivr.channels.contract import Answered, DialRequest, Ended, EndedBy, KeyPressed
from ivr.channels.sip.driver import SipChannel
from ivr.people.directory import BY_ENDING, returning_person_of
from ivr.people.person import Behaviour, HangUp, Person, Press, Script
from ivr.people.sip.endpoint import SipPeople
from tests.peers.ports import free_port, rtp_ports

pytestmark = pytest.mark.live


async def test_who_was_busy_rings_back_and_presses_keys(tmp_path: Path) -> None:
    person = Person(
        Behaviour.BUSY,
        status=486,
        rings=0.0,
        rings_back=0.5,
        script=Script(on_answer=(Press("12", 0.5), HangUp(0.5))),
    )
    port = free_port()
    people = SipPeople(people=lambda _: person, ring_back_to=("127.0.0.1", port))
    await people.start()
    channel = SipChannel(
        [Trunk("t", f"sip:127.0.0.1:{people.port}", caller_id="01012345678")],
        channels=1,
        ports=rtp_ports(),
        reception=port,
    )
    await channel.start()
    try:
        async with asyncio.timeout(30):
            ours = await channel.dial(DialRequest("a", "+8613800138001", "t"))
            *_, busy = [event async for event in ours.events()]
            assert isinstance(busy, Ended)
            assert busy.sip_status == 486
            his = await anext(channel.incoming())
            assert (his.caller.number, his.caller.called) == ("13800138001", "01012345678")
            await his.answer()
            seen = [event async for event in his.events()]
    finally:
        await channel.close()
        await people.close()
    assert isinstance(seen[0], Answered)
    assert [event.key for event in seen if isinstance(event, KeyPressed)] == ["1", "2"]
    assert isinstance(seen[-1], Ended)
    assert seen[-1].by is EndedBy.PARTY


async def test_who_is_refused_lets_it_be(tmp_path: Path) -> None:
    person = Person(Behaviour.BUSY, status=486, rings=0.0, rings_back=0.2)
    port = free_port()
    people = SipPeople(people=lambda _: person, ring_back_to=("127.0.0.1", port))
    await people.start()
    channel = SipChannel(
        [Trunk("t", f"sip:127.0.0.1:{people.port}")],
        channels=1,
        ports=rtp_ports(),
        reception=port,
    )
    await channel.start()
    try:
        async with asyncio.timeout(30):
            await channel.dial(DialRequest("a", "+8613800138001", "t"))
            his = await anext(channel.incoming())
            await his.refuse(486)
            (ended,) = [event async for event in his.events()]
            while people.held:  # noqa: ASYNC110 - a figure, not an event
                await asyncio.sleep(0.02)
    finally:
        await channel.close()
        await people.close()
    assert isinstance(ended, Ended)
    assert (ended.by, ended.sip_status) == (EndedBy.US, 486)


def test_the_busy_and_the_absent_ring_back_and_nobody_else() -> None:
    back = {ending for ending in BY_ENDING if returning_person_of(f"1380013{ending}").rings_back}
    assert back == {ending for ending, who in BY_ENDING.items() if who in ("busy", "no_answer")}

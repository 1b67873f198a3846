"""People who ring us over SIP: SIPp as the trunk that passes their calls on."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.trunk import Trunk
from ivr.channels.contract import (
    Ability,
    Answered,
    Ended,
    EndedBy,
    Event,
    IncomingCall,
    KeyPressed,
    PromptFinished,
)
from ivr.channels.silence_file import write_silence
from ivr.channels.sip.driver import SipChannel
from ivr.channels.sip.pool import Ports
from tests.peers import pcap, sipp
from tests.peers.sipp_caller import IS_HUNG_UP_ON, Caller

pytestmark = pytest.mark.live
LIMIT = 20.0


@asynccontextmanager
async def house(**more: object) -> AsyncIterator[tuple[SipChannel, int]]:
    """Return a started channel and the port on which it can be rung."""
    port = sipp.free_port()
    first = random.randrange(33000, 60000, 2)
    channel = SipChannel(
        [Trunk("t", "sip:127.0.0.1:5999", **more)],  # type: ignore[arg-type]
        channels=1,
        ports=Ports(rtp_from=first, rtp_until=first + 400),
        reception=port,
    )
    await channel.start()
    try:
        yield channel, port
    finally:
        await channel.close()


async def rung(channel: SipChannel) -> IncomingCall:
    async with asyncio.timeout(LIMIT):
        return await anext(channel.incoming())


async def until(events: AsyncIterator[Event], kind: type[Event]) -> Event:
    async with asyncio.timeout(LIMIT):
        async for event in events:
            if isinstance(event, kind):
                return event
    raise AssertionError("the events ended")


async def test_a_person_who_rings_is_heard_and_hears(tmp_path: Path) -> None:
    keys = pcap.write(
        tmp_path / "keys.pcap",
        [
            *pcap.press("1", at=0.0, sequence=1, timestamp=1000),
            *pcap.press("2", at=0.3, sequence=20, timestamp=3400),
        ],
    )
    prompt = tmp_path / "prompt.wav"
    write_silence(prompt, 0.5)
    async with house() as (channel, port):
        assert Ability.INCOMING in channel.abilities
        person = Caller(
            tmp_path / "a", "013800138001", port, sipp.pause(300), sipp.sound(keys), IS_HUNG_UP_ON
        )
        reading = channel.incoming()
        waiting = asyncio.ensure_future(anext(reading))
        async with person:
            call = await asyncio.wait_for(waiting, LIMIT)
            assert (call.caller.number, call.caller.trunk) == ("013800138001", "t")
            assert (call.caller.called, call.caller.room) == ("12345", True)
            events = call.events()
            await call.answer()
            assert isinstance(await until(events, Answered), Answered)
            play = await call.play([prompt])
            pressed = [await until(events, KeyPressed), await until(events, KeyPressed)]
            assert [each.key for each in pressed] == ["1", "2"]  # type: ignore[union-attr]
            play = await call.play([prompt])
            finished = await until(events, PromptFinished)
            assert finished.play == play  # type: ignore[union-attr]
            await call.hang_up()
            ended = await until(events, Ended)
            assert ended.by is EndedBy.US  # type: ignore[union-attr]
            assert await person.finished() == (True, "")

"""Another SIP stack than SIPp's at the other end: a whole little call with baresip."""

import asyncio
from pathlib import Path

import pytest

from core.trunk import Trunk
from ivr.channels.contract import (
    Answered,
    DialRequest,
    Ended,
    EndedBy,
    Event,
    KeyPressed,
    PromptFinished,
)
from ivr.channels.sip.driver import SipChannel
from tests.live.test_sip_sound import seconds_of, spoken
from tests.peers.baresip import Baresip
from tests.peers.ports import rtp_ports

pytestmark = pytest.mark.live


async def test_a_prompt_a_key_a_recording_and_a_hang_up(tmp_path: Path) -> None:
    prompt, said = spoken(tmp_path / "prompt.wav", 1000.0, 1.0), tmp_path / "said.wav"
    async with Baresip(tmp_path, "13800138000") as person:
        channel = SipChannel([Trunk("t", person.uri)], channels=1, ports=rtp_ports())
        await channel.start()
        seen: list[Event] = []
        try:
            call = await channel.dial(DialRequest("a", "+8613800138000", "t"))
            async with asyncio.timeout(25):
                async for event in call.events():
                    seen.append(event)
                    if isinstance(event, Answered):
                        await call.record(said, seconds=20, silence=0)
                        await call.play([prompt])
                    elif isinstance(event, PromptFinished):
                        await person.do("sndcode", "5")
                    elif isinstance(event, KeyPressed):
                        assert await call.stop_recording() > 1.0
                        await person.do("hangup")
        finally:
            await channel.close()
    assert [event.key for event in seen if isinstance(event, KeyPressed)] == ["5"]
    assert isinstance(seen[-1], Ended)
    assert seen[-1].by is EndedBy.PARTY
    # It says back what it hears: the prompt came whole, there and back.
    assert seconds_of(said, 1000.0) == pytest.approx(1.0, abs=0.15)

"""Sound arrives whole: prompts without a gap, recordings of what was said, transfers."""

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from core.trunk import Trunk
from ivr.channels.contract import Answered, DialRequest, Ended, PromptFinished, TransferFinished
from ivr.channels.sip.driver import SipChannel
from speech.tones import tone_pcm
from tests.peers import sipp
from tests.peers.ports import rtp_ports

pytestmark = pytest.mark.live


def spoken(path: Path, hertz: float, seconds: float) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(tone_pcm(hertz, seconds=seconds))
    return path


def seconds_of(path: Path, hertz: float) -> float:
    """Return for how long a recording holds a tone, in blocks of 20 ms."""
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        samples = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2").astype(float)
    blocks = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    wave_form = np.exp(-2j * np.pi * hertz * np.arange(160) / 8000)
    power = np.abs(blocks @ wave_form) ** 2 / 160
    return float(np.sum((power > 0.3 * (blocks**2).sum(axis=1)) & (power > 1e6)) * 0.02)


@pytest.mark.parametrize("codecs", [("PCMA", "PCMU"), ("PCMU", "PCMA")])
async def test_prompts_arrive_whole_and_are_recorded(
    tmp_path: Path, codecs: tuple[str, ...]
) -> None:
    low = spoken(tmp_path / "low.wav", 400.0, 0.61)
    high = spoken(tmp_path / "high.wav", 1000.0, 0.83)
    payload = {"PCMA": "8", "PCMU": "0"}
    steps = (sipp.answered(codecs=payload[codecs[0]]), sipp.IS_HUNG_UP_ON)
    async with sipp.Person(tmp_path, *steps, echo=True) as person:
        channel = SipChannel([Trunk("t", person.uri, codecs=codecs)], channels=1, ports=rtp_ports())
        await channel.start()
        try:
            call = await channel.dial(DialRequest("a", "+8613800138000", "t"))
            async with asyncio.timeout(15):
                async for event in call.events():
                    if isinstance(event, Answered):
                        await call.record(tmp_path / "said.wav", seconds=20, silence=0)
                        await call.record_call(tmp_path / "call" / "whole.wav")
                        await call.play([low, high])
                    elif isinstance(event, PromptFinished):
                        assert await call.stop_recording() > 1.4
                        await call.hang_up()
        finally:
            await channel.close()
        offer = person.heard().partition("m=audio ")[2].partition("\n")[0].split()
    assert isinstance(event, Ended)
    assert event.packets_lost == 0
    assert offer[2:4] == [payload[codec] for codec in codecs]
    said = tmp_path / "said.wav"
    assert seconds_of(said, 400.0) == pytest.approx(0.61, abs=0.1)
    assert seconds_of(said, 1000.0) == pytest.approx(0.83, abs=0.1)
    assert seconds_of(tmp_path / "call" / "whole.wav", 1000.0) > 0.7


async def test_a_call_is_handed_over(tmp_path: Path) -> None:
    told = sipp.request(
        "NOTIFY",
        "Event: refer",
        "Subscription-State: terminated;reason=noresource",
        "Content-Type: message/sipfrag",
        body="SIP/2.0 200 OK\n",
    )
    taken = sipp.response("202 Accepted", copied=sipp.COPIED_IN_CALL)
    steps = (sipp.answered(), sipp.expect("REFER"), taken, told, sipp.expect("200"))
    async with sipp.Person(tmp_path, *steps, sipp.IS_HUNG_UP_ON) as person:
        channel = SipChannel([Trunk("t", person.uri)], channels=1, ports=rtp_ports())
        await channel.start()
        results = []
        try:
            call = await channel.dial(DialRequest("a", "+8613800138000", "t"))
            async with asyncio.timeout(15):
                async for event in call.events():
                    if isinstance(event, Answered):
                        await call.transfer("+8613900139000")
                    elif isinstance(event, TransferFinished):
                        results.append(event.taken)
                        await call.hang_up()
        finally:
            await channel.close()
        assert results == [True], person.errors()
        assert f"Refer-To: sip:13900139000@127.0.0.1:{person.port}" in person.heard()

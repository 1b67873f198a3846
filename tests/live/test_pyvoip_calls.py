"""Calls over pyVoIP's stack when something goes amiss, with real callees."""

import asyncio
import os
import signal
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from core.trunk import Trunk
from ivr.channels.contract import Answered, Call, DialRequest, EndedBy, PromptFinished
from ivr.channels.sip.driver import SipChannel
from ivr.channels.sip.stacks import PYVOIP
from speech.g711 import decode_alaw, decode_ulaw, encode_ulaw
from speech.tones import DtmfDetector
from tests.live.test_sip_lines import LIMIT, answered, end_of
from tests.peers import sipp
from tests.peers.listener import Listener
from tests.peers.ports import free_port, rtp_ports

pytestmark = pytest.mark.live
ACK = sipp.expect("ACK")


@asynccontextmanager
async def channel_to(
    person: sipp.Person | str, *, channels: int = 1, silent_seconds: float = 0
) -> AsyncIterator[SipChannel]:
    """Start a channel; `person`: SIPp, or the URI of somebody else."""
    uri = person if isinstance(person, str) else person.uri
    channel = SipChannel(
        [Trunk("t", uri)],
        channels=channels,
        ports=rtp_ports(),
        silent_seconds=silent_seconds,
        stack=PYVOIP,
    )
    await channel.start()
    try:
        yield channel
    finally:
        await channel.close()


async def dial(channel: SipChannel, *, ring_seconds: int = 30) -> Call:
    return await channel.dial(DialRequest("a", "+8613800138000", "t", ring_seconds=ring_seconds))


def answer_again() -> str:
    """Return the step that answers the INVITE, whatever was received since."""
    sdp = sipp.SDP.format(media="[auto_media_port]", codecs="0", event="")
    copied = sipp.COPIED.replace("[last_CSeq:]", "CSeq: [last_cseq_number] INVITE")
    copied = copied.replace("[last_Via:]", "Via: [$via]").replace("[last_To:]", "To: [$mine]")
    return sipp.response("200 OK", sdp=sdp, copied=copied)


async def test_an_ack_that_is_lost_is_sent_again(tmp_path: Path) -> None:
    """The person repeats his 200 as if no ACK had come (RFC 3261, 13.2.2.4)."""
    ok = answer_again()
    steps = (sipp.answered(), ok, ACK, ok, ACK, sipp.IS_HUNG_UP_ON)
    async with sipp.Person(tmp_path, *steps) as person, channel_to(person) as channel:
        call = await answered(channel, "t")
        async with asyncio.timeout(LIMIT):
            while person.heard().count("\nACK sip:") < 3:  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.05)
        await call.hang_up()
        assert (await end_of(call)).by is EndedBy.US


async def test_nobody_there_is_given_up_at_once_when_we_hang_up(tmp_path: Path) -> None:
    async with channel_to(f"sip:127.0.0.1:{free_port()}") as channel:
        call = await dial(channel)
        await call.hang_up()
        ended = await end_of(call)
        assert (ended.by, ended.sip_status) == (EndedBy.US, 0)


async def test_ringing_is_taken_back(tmp_path: Path) -> None:
    steps = (
        sipp.response("180 Ringing"),
        sipp.expect("CANCEL"),
        sipp.response("200 OK", copied=sipp.COPIED_IN_CALL),
        sipp.CANCELLED,
        ACK,
    )
    async with sipp.Person(tmp_path, *steps) as person, channel_to(person) as channel:
        ended = await end_of(await dial(channel, ring_seconds=1))
        assert (ended.by, ended.sip_status) == (EndedBy.RING_TIMEOUT, 487)


async def test_who_answers_while_we_give_up_is_hung_up_on(tmp_path: Path) -> None:
    """The 200 crosses our CANCEL: it is acknowledged, and a BYE follows (RFC 3261, 9.1)."""
    steps = (
        sipp.response("180 Ringing"),
        sipp.expect("CANCEL"),
        sipp.response("200 OK", copied=sipp.COPIED_IN_CALL),
        answer_again(),
        ACK,
        sipp.IS_HUNG_UP_ON,
    )
    async with sipp.Person(tmp_path, *steps) as person, channel_to(person) as channel:
        call = await dial(channel, ring_seconds=1)
        ended = await end_of(call)
        assert ended.by is EndedBy.RING_TIMEOUT
        assert "\nBYE sip:" in person.heard()
        assert person.errors() == ""


async def test_no_codec_in_common_ends_the_call_properly(tmp_path: Path) -> None:
    steps = (sipp.answered(codecs="18"), sipp.IS_HUNG_UP_ON)
    async with sipp.Person(tmp_path, *steps) as person, channel_to(person) as channel:
        ended = await end_of(await dial(channel))
        assert (ended.by, ended.sip_status) == (EndedBy.TRUNK, 488)
        async with asyncio.timeout(LIMIT):
            while "\nBYE sip:" not in person.heard():  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.05)


async def test_a_trunk_that_goes_silent_ends_its_call(tmp_path: Path) -> None:
    steps = (sipp.answered(), sipp.IS_HUNG_UP_ON)
    async with (
        sipp.Person(tmp_path, *steps, echo=True) as person,
        channel_to(person, silent_seconds=2.0) as channel,
    ):
        call = await answered(channel, "t")
        person.freeze()
        assert (await end_of(call)).by is EndedBy.CRASH


async def test_a_dead_line_costs_its_own_calls_and_is_replaced(tmp_path: Path) -> None:
    steps = (sipp.answered(), sipp.IS_HUNG_UP_ON)
    async with (
        sipp.Person(tmp_path, *steps) as person,
        channel_to(person, channels=20) as channel,
    ):
        calls = [await answered(channel, "t") for _ in range(4)]
        os.kill(channel.pool.lines[0].pid, signal.SIGKILL)
        ends = [asyncio.create_task(end_of(call)) for call in calls]
        crashed, living = await asyncio.wait(ends, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        while len(crashed) < 2:
            more, living = await asyncio.wait(living, return_when=asyncio.FIRST_COMPLETED)
            crashed |= more
        assert {task.result().by for task in crashed} == {EndedBy.CRASH}
        for call in calls:
            await call.hang_up()
        assert {(await task).by for task in living} == {EndedBy.US}
        async with asyncio.timeout(LIMIT):
            while len([line for line in channel.pool.lines if line.free]) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        again = await answered(channel, "t")
        await again.hang_up()
        assert (await end_of(again)).by is EndedBy.US


async def test_a_line_that_hangs_does_not_hold_up_the_house(tmp_path: Path) -> None:
    steps = (sipp.answered(), sipp.IS_HUNG_UP_ON)
    async with sipp.Person(tmp_path, *steps) as person, channel_to(person) as channel:
        call = await answered(channel, "t")
        os.kill(channel.pool.lines[0].pid, signal.SIGSTOP)
        async with asyncio.timeout(LIMIT):
            await channel.close()
        assert (await end_of(call)).by is EndedBy.CRASH


def spoken(path: Path, seconds: float) -> bytes:
    """Write a prompt in which no 20 ms are like others; return its sound."""
    rng = np.random.default_rng(3)
    pcm = rng.integers(-9000, 9000, int(8000 * seconds), dtype=np.int16).astype("<i2").tobytes()
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(pcm)
    return pcm


def alike(one: bytes, two: bytes) -> float:
    """Return how much two sounds are alike, 1: the same."""
    a, b = (np.frombuffer(pcm, "<i2").astype(float) for pcm in (one, two))
    return float(np.corrcoef(a, b)[0, 1])


async def test_a_codec_that_changes_in_the_middle_of_a_prompt(tmp_path: Path) -> None:
    pcm = spoken(tmp_path / "prompt.wav", 4.0)
    with Listener() as ears:
        described = {kind: sipp.SDP.format(media=ears.port, codecs=kind, event="") for kind in "08"}
        steps = (
            sipp.answered(event=False, codecs="0", media=str(ears.port)),
            sipp.pause(2000),
            sipp.request("INVITE", "Content-Type: application/sdp", body=described["8"]),
            sipp.expect("200"),
            sipp.acknowledgement(),
            sipp.IS_HUNG_UP_ON,
        )
        async with sipp.Person(tmp_path, *steps) as person, channel_to(person) as channel:
            call = await answered(channel, "t")
            await call.play([tmp_path / "prompt.wav"])
            async with asyncio.timeout(LIMIT):
                async for event in call.events():
                    if isinstance(event, PromptFinished):
                        await call.hang_up()
            answer = person.heard().rpartition("m=audio")[2].partition("\n")[0]
    assert " 8 " in answer
    heard = b"".join(
        (decode_ulaw if packet.kind == 0 else decode_alaw)(packet.payload) for packet in ears.heard
    )
    kinds = [packet.kind for packet in ears.heard]
    assert set(kinds) == {0, 8}
    assert kinds == sorted(kinds)
    begins = heard.index(decode_ulaw(encode_ulaw(pcm[:640])))
    assert alike(heard[begins : begins + len(pcm)], pcm) > 0.99


async def test_an_extension_is_dialled_by_tones_where_no_events_are_taken(tmp_path: Path) -> None:
    with Listener() as ears:
        steps = (
            sipp.answered(event=False, codecs="0", media=str(ears.port)),
            sipp.IS_HUNG_UP_ON,
        )
        async with sipp.Person(tmp_path, *steps) as person, channel_to(person) as channel:
            call = await channel.dial(DialRequest("a", "+862088888888", "t", extension="8017"))
            async with asyncio.timeout(LIMIT):
                async for event in call.events():
                    if isinstance(event, Answered):
                        await call.hang_up()
    pcm = b"".join(decode_ulaw(packet.payload) for packet in ears.heard)
    assert DtmfDetector().feed(pcm) == "8017"

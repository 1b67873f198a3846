"""What is made good again: a dead nursery, a lost registration, a recording that was cut off."""

import asyncio
import os
import signal
import wave
from pathlib import Path

import pytest

from core.trunk import Trunk
from ivr.channels.contract import Answered, DialRequest, Ended, EndedBy, Event, RecordingFinished
from ivr.channels.sip.driver import SipCall, SipChannel
from tests.peers import sipp
from tests.peers.kamailio import Kamailio
from tests.peers.ports import rtp_ports

pytestmark = pytest.mark.live
LIMIT = 25


async def answered(channel: SipChannel) -> SipCall:
    call = await channel.dial(DialRequest("a", "+8613800138000", "t"))
    async with asyncio.timeout(LIMIT):
        async for event in call.events():
            assert not isinstance(event, Ended), event
            if isinstance(event, Answered):
                return call
    raise AssertionError("no answer")


async def rest(call: SipCall) -> list[Event]:
    async with asyncio.timeout(LIMIT):
        return [event async for event in call.events()]


async def replaced(channel: SipChannel, index: int, pid: int) -> None:
    """Wait until another process is line `index`."""
    async with asyncio.timeout(LIMIT):
        while True:
            lines = {line.index: line for line in channel.pool.lines}
            if index in lines and lines[index].usable and lines[index].pid != pid:
                return
            await asyncio.sleep(0.05)


async def test_lines_outlive_the_nursery_and_new_ones_can_be_made(tmp_path: Path) -> None:
    async with sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON) as person:
        channel = SipChannel([Trunk("t", person.uri)], channels=4, ports=rtp_ports())
        await channel.start()
        try:
            call = await answered(channel)
            nursery, line = channel.pool.pids
            os.kill(nursery, signal.SIGKILL)
            await call.hang_up()
            assert [getattr(event, "by", None) for event in await rest(call)] == [EndedBy.US]
            again = await answered(channel)
            os.kill(line, signal.SIGKILL)
            (ended,) = await rest(again)
            assert isinstance(ended, Ended)
            assert ended.by is EndedBy.CRASH
            await replaced(channel, 0, line)
            last = await answered(channel)
            await last.hang_up()
            await rest(last)
            assert nursery not in channel.pool.pids
        finally:
            await channel.close()


async def test_a_registration_is_made_again_with_its_line(tmp_path: Path) -> None:
    person = sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON)
    async with person, Kamailio(tmp_path, person.uri) as kamailio:
        trunk = Trunk(
            "t",
            f"sip:127.0.0.1:{kamailio.port}",
            username="house",
            password=kamailio.password,
            register=True,
        )
        channel = SipChannel([trunk], channels=8, ports=rtp_ports())
        await channel.start()
        try:
            before = kamailio.log().count("REGISTERED house")
            assert before >= 1
            (line,) = [each for each in channel.pool.lines if each.index == 0]
            pid = line.pid
            os.kill(pid, signal.SIGKILL)
            await replaced(channel, 0, pid)
            async with asyncio.timeout(LIMIT):
                while kamailio.log().count("REGISTERED house") == before:  # noqa: ASYNC110 - a file
                    await asyncio.sleep(0.05)
            assert [each.registered for each in await channel.check()] == [True]
        finally:
            await channel.close()


async def test_a_recording_is_complete_when_it_is_told_of(tmp_path: Path) -> None:
    async with sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON) as person:
        channel = SipChannel([Trunk("t", person.uri)], channels=4, ports=rtp_ports())
        await channel.start()
        try:
            call = await answered(channel)
            for number in range(3):
                path = tmp_path / f"{number}.wav"
                await call.record(path, seconds=20, silence=0)
                await asyncio.sleep(0.3)
                assert await call.stop_recording() > 0
                assert frames(path) > 0
            await call.record_call(tmp_path / "whole.wav")
            await call.record(tmp_path / "last.wav", seconds=20, silence=0)
            await asyncio.sleep(0.3)
            await call.hang_up()
            async with asyncio.timeout(LIMIT):
                async for event in call.events():
                    if isinstance(event, RecordingFinished):
                        assert frames(event.path) > 0
                    elif isinstance(event, Ended):
                        assert frames(tmp_path / "whole.wav") > 0
        finally:
            await channel.close()


async def test_a_recording_cut_off_with_its_line_can_be_read(tmp_path: Path) -> None:
    async with sipp.Person(tmp_path, sipp.answered(), sipp.IS_HUNG_UP_ON, echo=True) as person:
        channel = SipChannel([Trunk("t", person.uri)], channels=4, ports=rtp_ports())
        await channel.start()
        try:
            call = await answered(channel)
            path, whole = tmp_path / "cut.wav", tmp_path / "whole.wav"
            await call.record(path, seconds=20, silence=0)
            await call.record_call(whole)
            async with asyncio.timeout(LIMIT):
                # Two pieces of 4,000 bytes have been written: there is sound in the file.
                while not (path.exists() and path.stat().st_size > 8000):  # noqa: ASYNC110 - a file
                    await asyncio.sleep(0.05)
            os.kill(channel.pool.lines[0].pid, signal.SIGKILL)
            (ended,) = await rest(call)
            assert isinstance(ended, Ended)
            assert ended.by is EndedBy.CRASH
            assert frames(path) > 3000
            assert frames(whole) > 0
        finally:
            await channel.close()


def frames(path: Path) -> int:
    with wave.open(str(path)) as sound:
        return sound.getnframes()

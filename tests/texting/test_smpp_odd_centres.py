"""The SMPP driver against centres that misbehave, written octet by octet."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from smpplib import smpp

from core.errors import UncertainError
from ivr.texting.contract import (
    Accepted,
)
from tests.peers.smpp_center import Center
from tests.texting.smpp_bound import bound, message

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]


@asynccontextmanager
async def odd_center(then: Script) -> AsyncIterator[Center]:
    """A centre that binds everybody and then does with each request what `then` does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                start = await reader.readexactly(4)
                octets = start + await reader.readexactly(int.from_bytes(start) - 4)
                if octets[7] == 0x09:
                    writer.write(answer(octets, "bind_transceiver_resp"))
                elif octets[7] == 0x06:
                    writer.write(answer(octets, "unbind_resp"))
                else:
                    await then(reader, writer, octets)
        except (EOFError, OSError):
            pass
        finally:
            writer.close()

    center = Center()
    server = await asyncio.start_server(serve, "127.0.0.1", center.port)
    try:
        yield center
    finally:
        server.close()


def answer(octets: bytes, command: str, status: int = 0) -> bytes:
    sequence = int.from_bytes(octets[12:16])
    pdu = smpp.make_pdu(command, sequence=sequence, status=status)
    pdu.sequence = sequence
    return bytes(pdu.generate())


async def test_a_message_that_is_not_answered_is_uncertain(tmp_path: Path) -> None:
    async def silent(_r: Any, _w: Any, _octets: bytes) -> None: ...

    async with (
        odd_center(silent) as center,
        bound(center, tmp_path, response_seconds=0.2) as gateway,
    ):
        with pytest.raises(UncertainError):
            await gateway.send(message("1"))


async def test_a_message_under_way_when_the_line_breaks_is_uncertain(tmp_path: Path) -> None:
    async def hangs_up(_r: Any, writer: asyncio.StreamWriter, _octets: bytes) -> None:
        writer.close()

    async with odd_center(hangs_up) as center, bound(center, tmp_path) as gateway:
        with pytest.raises(UncertainError):
            await gateway.send(message("1"))


async def test_a_dead_line_is_found_by_enquire_link_and_given_up(tmp_path: Path) -> None:
    binds, enquired = 0, asyncio.Event()

    async def dead(_r: Any, _w: Any, octets: bytes) -> None:
        nonlocal binds
        if octets[7] == 0x15:
            binds += 1
            if binds == 2:  # the second comes over a new connection only
                enquired.set()

    async with (
        odd_center(dead) as center,
        bound(center, tmp_path, enquire_seconds=0.05, response_seconds=0.1),
    ):
        async with asyncio.timeout(30):
            await enquired.wait()


async def test_the_window_holds_and_answers_may_come_in_any_order(tmp_path: Path) -> None:
    asked: list[bytes] = []
    most = 0

    async def backwards(_r: Any, writer: asyncio.StreamWriter, octets: bytes) -> None:
        nonlocal most
        if octets[7] != 0x04:
            return
        asked.append(octets)
        most = max(most, len(asked))
        if len(asked) == 3:
            for each in reversed(asked):
                pdu = smpp.make_pdu("submit_sm_resp", message_id=str(int.from_bytes(each[12:16])))
                pdu.sequence = int.from_bytes(each[12:16])
                writer.write(bytes(pdu.generate()))
            asked.clear()

    async with odd_center(backwards) as center, bound(center, tmp_path, window=3) as gateway:
        sent = await asyncio.gather(*(gateway.send(message(str(n))) for n in range(9)))
        assert most == 3
        assert len({each.ids for each in sent if isinstance(each, Accepted)}) == 9


async def test_what_it_does_not_know_is_answered_by_a_nack_and_the_session_lives(
    tmp_path: Path,
) -> None:
    nacked = asyncio.Event()

    async def curious(_r: Any, writer: asyncio.StreamWriter, octets: bytes) -> None:
        if octets[4:8] == b"\x80\x00\x00\x00":
            nacked.set()
        elif octets[7] == 0x04:
            writer.write(b"\0\0\0\x10\0\0\x0f\x0f\0\0\0\0\0\0\0\x05")  # no command of SMPP
            writer.write(answer(octets, "submit_sm_resp"))

    async with odd_center(curious) as center, bound(center, tmp_path) as gateway:
        assert isinstance(await gateway.send(message("1")), Accepted)
        async with asyncio.timeout(10):
            await nacked.wait()


async def test_a_refused_bind_is_told(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        octets = await reader.read(1000)
        writer.write(answer(octets, "bind_transceiver_resp", 0x0E))
        await reader.read(1000)
        writer.close()

    center = Center()
    async with (
        await asyncio.start_server(serve, "127.0.0.1", center.port),
        bound(center, tmp_path) as gateway,
    ):
        assert await gateway.check() == "0x0000000E Invalid Password"

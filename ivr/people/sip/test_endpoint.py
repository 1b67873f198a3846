"""The address by hand: repeats, refusals, digest; each message written out."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ivr.people.sip.endpoint import SipPeople
from ivr.people.sip.message import Message, parse


class Caller(asyncio.DatagramProtocol):
    """Sends what it is told and keeps what comes back."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Message] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.put_nowait(parse(data))

    def send(self, people: SipPeople, method: str, user: str, *more: str, cseq: int = 1) -> None:
        host, port = self.transport.get_extra_info("sockname")
        lines = [
            f"{method} sip:{user}@127.0.0.1:{people.port} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{method}{cseq}",
            f"From: <sip:me@{host}:{port}>;tag=me",
            f"To: <sip:{user}@127.0.0.1>",
            "Call-ID: one@here",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:me@{host}:{port}>",
            *more,
            "Content-Length: 0",
        ]
        data = "\r\n".join(lines).encode() + b"\r\n\r\n"
        self.transport.sendto(data, ("127.0.0.1", people.port))  # type: ignore[attr-defined]

    async def next(self, status: int = 0) -> Message:
        """Return the next response, or the next one with `status`."""
        async with asyncio.timeout(5):
            while (message := await self.heard.get()).status != status and status:
                pass
            return message


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        Caller, local_addr=("127.0.0.1", 0)
    )
    yield protocol
    transport.close()


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[SipPeople]:
    endpoint = SipPeople(ring_log=tmp_path / "rings")
    await endpoint.start()
    yield endpoint
    await endpoint.close()


async def test_a_repeated_invite_rings_once_and_a_lost_ack_brings_the_answer_again(
    people: SipPeople, caller: Caller, tmp_path: Path
) -> None:
    caller.send(people, "INVITE", "7")
    caller.send(people, "INVITE", "7")
    busy = await caller.next(486)
    assert busy.cseq == (1, "INVITE")
    again = await caller.next(486)  # 500 ms later, for want of an ACK
    assert again.get("to") == busy.get("to")
    caller.send(people, "ACK", "7")
    assert people.rings == 1
    assert len((tmp_path / "rings").read_text().splitlines()) == 1


async def test_what_belongs_to_no_call_is_told_so(people: SipPeople, caller: Caller) -> None:
    for method in ("BYE", "CANCEL"):
        caller.send(people, method, "1")
        assert (await caller.next()).status == 481
    caller.send(people, "INVITE", "1", "Require: precondition", cseq=2)
    refused = await caller.next(420)
    assert refused.get("unsupported") == "precondition"
    caller.send(people, "PUBLISH", "1", cseq=3)
    assert "INVITE" in (await caller.next(405)).get("allow")
    assert people.rings == 0


async def test_a_registration_is_granted(people: SipPeople, caller: Caller) -> None:
    caller.send(people, "REGISTER", "trunk", "Expires: 120")
    granted = await caller.next(200)
    assert granted.get("expires") == "120"


async def test_only_who_knows_the_password_may_call(caller: Caller) -> None:
    people = SipPeople(credentials=("huifang", "secret"))
    await people.start()
    try:
        caller.send(people, "INVITE", "7")
        header = (await caller.next(401)).get("www-authenticate")
        challenge = header.partition('nonce="')[2].partition('"')[0]
        assert challenge
        for cseq, password, status in ((2, "wrong", 401), (3, "secret", 486)):

            def md5(words: str) -> str:
                return hashlib.md5(words.encode(), usedforsecurity=False).hexdigest()

            ha1, ha2 = md5(f"huifang:huifang:{password}"), md5("INVITE:sip:7@127.0.0.1")
            digest = (
                'Authorization: Digest username="huifang", realm="huifang", '
                f'nonce="{challenge}", uri="sip:7@127.0.0.1", '
                f'response="{md5(f"{ha1}:{challenge}:{ha2}")}"'
            )
            caller.send(people, "INVITE", "7", digest, cseq=cseq)
            found = await caller.next()
            while found.cseq[0] != cseq or found.status == 100:
                found = await caller.next()
            assert found.status == status
            caller.send(people, "ACK", "7", cseq=cseq)
    finally:
        await people.close()


async def test_a_number_that_is_free_for_udp_only_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop, taken = asyncio.get_running_loop(), []
    create = loop.create_server

    async def create_server(*facts: Any, **more: Any) -> asyncio.Server:
        if not taken:
            taken.append(facts[2])
            raise OSError(98, "address already in use")
        return await create(*facts, **more)

    monkeypatch.setattr(loop, "create_server", create_server)
    people = SipPeople()
    await people.start()
    try:
        assert taken
        assert people.port not in (0, taken[0])
    finally:
        await people.close()


async def test_a_number_that_was_asked_for_is_taken_or_refused() -> None:
    first = SipPeople()
    await first.start()
    try:
        with pytest.raises(OSError, match="in use"):
            await SipPeople(port=first.port).start()
    finally:
        await first.close()

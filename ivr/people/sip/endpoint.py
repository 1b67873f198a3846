"""Simulated people at one SIP address, UDP and TCP: anybody may call, the number tells who answers.

Written without any SIP library, so that the calling side is tried against a stranger.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from ivr.people.directory import person_of
from ivr.people.person import Person
from ivr.people.sip.call import ALLOW, GIVE_UP, PHRASES, T1, T2, IncomingCall, Peer, with_source
from ivr.people.sip.media import Metronome
from ivr.people.sip.message import (
    Message,
    NotSip,
    framed,
    parameter,
    parse,
    reply,
    uri_of,
    user_of,
)
from ivr.people.sip.ringing import RingingCall
from ivr.people.sip.rtp import Impairment

FREE_TRIES = 20
"""Free numbers tried until one is free for UDP and for TCP."""
LINGER = 10.0
"""Seconds that a call that is over still answers repeats of its last requests."""


class SipPeople:
    """The address. Start it, read `port`, close it."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        people: Callable[[str], Person] = person_of,
        ring_log: Path | None = None,
        impairment: Impairment | None = None,
        credentials: tuple[str, str] | None = None,
        ring_back_to: tuple[str, int] | None = None,
        seed: int = 1,
    ) -> None:
        """`ring_log`: each ring is appended there as one JSON line, the dialled number as it is.

        `credentials`: user and password that an INVITE must carry (digest, RFC 3261, 22).
        `ring_back_to`: where people who ring back (`Person.rings_back`) reach us, by UDP.
        """
        self.host, self.port = host, port
        self._people, self._ring_log = people, ring_log
        self._impairment = impairment or Impairment()
        self._credentials = credentials
        self._dice = random.Random(seed)  # noqa: S311 - tags and stamps of simulated people
        self._metronome = Metronome()
        self._by_tag: dict[str, IncomingCall] = {}
        self._by_invite: dict[tuple[str, int], IncomingCall] = {}
        self._asked: dict[str, asyncio.Future[Message]] = {}
        self._ring_back_to = ring_back_to
        self._ringing: set[asyncio.Task[None]] = set()
        self._connections: set[_Connection] = set()
        self._nonce = f"{self._dice.getrandbits(64):x}"
        self.replies: list[float] = []
        """Seconds from the end of what somebody said to the first sound of the next prompt."""
        self.rings = 0
        """Calls that came in so far."""
        self.most_at_once = 0
        """Calls that were held at the same time, at most."""

    async def start(self) -> None:
        """Listen on UDP and TCP. Raises OSError where the port is taken."""
        for _ in range(0 if self.port else FREE_TRIES):
            with contextlib.suppress(OSError):
                await self._listen(0)
                return
        await self._listen(self.port)

    async def _listen(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        udp, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), local_addr=(self.host, port)
        )
        number = udp.get_extra_info("sockname")[1]
        try:
            self._tcp = await loop.create_server(
                lambda: _Connection(self), self.host, number, reuse_address=True
            )
        except OSError:  # what is free for UDP need not be for TCP
            udp.close()
            raise
        self._udp, self.port = udp, number

    async def close(self) -> None:
        """Hang up what is left and stop listening."""
        for task in self._ringing:
            task.cancel()
        calls = [call for call in self._by_tag.values() if not call.over]
        leaving = [asyncio.create_task(call.hang_up()) for call in calls]
        if leaving:
            await asyncio.wait(leaving, timeout=1.0)
        for task in leaving:
            task.cancel()
        for call in self._by_tag.values():
            call.end()
        self._udp.close()
        self._tcp.close()
        for connection in list(self._connections):
            connection.close()
        await asyncio.sleep(0)

    @property
    def held(self) -> int:
        """Calls that are going on."""
        return sum(not call.over for call in self._by_tag.values())

    # ------------------------------------------------------------------------------ inwards

    def take(self, data: bytes, peer: Peer) -> None:
        """Take one message off the wire."""
        try:
            message = parse(data)
        except NotSip:
            return
        if message.status:
            waiting = self._asked.get(parameter(message.get("via"), "branch"))
            if waiting is not None and not waiting.done() and message.status >= 200:
                waiting.set_result(message)
            return
        self._take_request(with_source(message, peer), peer)

    def _take_request(self, request: Message, peer: Peer) -> None:
        tag = parameter(request.get("to"), "tag")
        invite = (request.get("call-id"), request.cseq[0])
        call = self._by_tag.get(tag) if tag else self._by_invite.get(invite)
        if call is not None:
            call.take(request, peer)
        elif request.method == "ACK":
            return
        elif tag or request.method in ("BYE", "CANCEL", "INFO"):
            self._answer(request, peer, 481)
        elif request.method == "INVITE":
            self._ring(request, peer)
        elif request.method == "OPTIONS":
            self._answer(request, peer, 200, accept="application/sdp")
        elif request.method == "REGISTER":
            expires = request.get("expires") or "300"
            self._answer(request, peer, 200, contact=request.get("contact"), expires=expires)
        else:
            self._answer(request, peer, 405)

    def _ring(self, invite: Message, peer: Peer) -> None:
        required = invite.get("require")
        if required:
            return self._answer(invite, peer, 420, unsupported=required)
        if not self._may_call(invite):
            challenge = f'Digest realm="huifang", nonce="{self._nonce}", algorithm=MD5'
            return self._answer(invite, peer, 401, www_authenticate=challenge)
        number = user_of(invite.uri)
        call = IncomingCall(
            invite,
            peer,
            self._people(number),
            self,
            self._metronome,
            number=number,
            host=self.host,
            dice=self._dice,
            impairment=self._impairment,
            replies=self.replies,
        )
        self.rings += 1
        self._write_ring(number, invite)
        self._by_tag[call.tag] = call
        self._by_invite[invite.get("call-id"), invite.cseq[0]] = call
        self.most_at_once = max(self.most_at_once, self.held)
        call.begin()
        self._forget_old()
        return None

    def _write_ring(self, number: str, invite: Message) -> None:
        """Append the ring before the caller learns of it: a witness that forgets nothing."""
        if self._ring_log is None:
            return
        ring = {
            "at": datetime.now(UTC).isoformat(),
            "number": number,
            "call_id": invite.get("call-id"),
            "from": user_of(uri_of(invite.get("from"))),
        }
        handle = os.open(self._ring_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(handle, (json.dumps(ring) + "\n").encode())
        finally:
            os.close(handle)

    def _forget_old(self) -> None:
        loop = asyncio.get_running_loop()
        for call in [call for call in self._by_tag.values() if call.over and not call.lingering]:
            call.lingering = True
            loop.call_later(LINGER, self._forget, call)

    def _forget(self, call: IncomingCall) -> None:
        self._by_tag.pop(call.tag, None)
        self._by_invite.pop((call.invite.get("call-id"), call.invite.cseq[0]), None)

    def _may_call(self, invite: Message) -> bool:
        """Check the digest (RFC 2617, 3.2.2, without qop)."""
        if self._credentials is None:
            return True
        user, password = self._credentials
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', invite.get("authorization")))

        def md5(words: str) -> str:
            return hashlib.md5(words.encode(), usedforsecurity=False).hexdigest()

        ha1, ha2 = md5(f"{user}:huifang:{password}"), md5(f"INVITE:{given.get('uri', '')}")
        wanted = md5(f"{ha1}:{self._nonce}:{ha2}")
        return given.get("username") == user and given.get("response") == wanted

    def _answer(self, request: Message, peer: Peer, status: int, **headers: str) -> None:
        tag = f"{self._dice.getrandbits(48):x}"
        peer.send(reply(request, status, PHRASES[status], tag=tag, allow=ALLOW, **headers))

    # ----------------------------------------------------------------------------- outwards

    def contact(self, peer: Peer) -> str:
        """Return our Contact URI as seen from `peer`."""
        transport = ";transport=tcp" if peer.transport == "TCP" else ""
        return f"sip:people@{self.host}:{self.port}{transport}"

    def via(self, peer: Peer) -> str:
        """Return the Via of a new transaction with `peer`."""
        branch = f"z9hG4bK{self._dice.getrandbits(64):x}"
        return f"SIP/2.0/{peer.transport} {self.host}:{self.port};rport;branch={branch}"

    async def ask(self, request: Message, peer: Peer) -> int:
        """Send a request until it is answered; return the final status."""
        answer = await self.exchange(request, peer)
        return 408 if answer is None else answer.status

    async def exchange(self, request: Message, peer: Peer) -> Message | None:
        """Send a request until it is answered (RFC 3261, 17.1.2); return the final response."""
        via = self.via(peer)
        branch = parameter(via, "branch")
        request.headers.insert(0, ("via", via))
        answered: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._asked[branch] = answered
        interval, waited = T1, 0.0
        try:
            while waited < GIVE_UP:
                if not waited or peer.transport == "UDP":
                    peer.send(request)
                with contextlib.suppress(TimeoutError):
                    return await asyncio.wait_for(asyncio.shield(answered), interval)
                waited, interval = waited + interval, min(2 * interval, T2)
            return None
        finally:
            self._asked.pop(branch, None)

    def missed(self, call: IncomingCall) -> None:
        """Let the person of `call` ring back after a while, where he is one who does."""
        if call.person.rings_back and self._ring_back_to is not None:
            task = asyncio.create_task(self._ring_back(call, self._ring_back_to))
            self._ringing.add(task)
            task.add_done_callback(self._ringing.discard)

    async def _ring_back(self, missed: IncomingCall, to: tuple[str, int]) -> None:
        await asyncio.sleep(missed.person.rings_back)
        call = RingingCall(
            _UdpPeer(self._udp, to),
            replace(missed.person, status=200, rings_back=0.0),
            self,
            self._metronome,
            number=missed.number,
            called=user_of(uri_of(missed.invite.get("from"))) or "house",
            host=self.host,
            dice=self._dice,
            impairment=self._impairment,
            replies=self.replies,
        )
        self._by_tag[call.tag] = call
        call.begin()
        self._forget_old()

    def connected(self, connection: "_Connection", *, here: bool) -> None:
        """Note a TCP connection that came or went."""
        (self._connections.add if here else self._connections.discard)(connection)


class _UdpPeer:
    transport = "UDP"

    def __init__(self, transport: asyncio.DatagramTransport, address: tuple[str, int]) -> None:
        self._transport = transport
        self.host, self.port = address[0], address[1]

    def send(self, message: Message) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(message.encode(), (self.host, self.port))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, people: SipPeople) -> None:
        self._people = people

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data.strip():
            self._people.take(data, _UdpPeer(self._transport, addr))


class _Connection(asyncio.Protocol):
    transport = "TCP"

    def __init__(self, people: SipPeople) -> None:
        self._people = people
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast(asyncio.Transport, transport)
        self.host, self.port = transport.get_extra_info("peername")[:2]
        self._people.connected(self, here=True)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        self._people.connected(self, here=False)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            for message in framed(self._buffer):
                if message:
                    self._people.take(message, self)
                else:
                    self._wire.write(b"\r\n")  # the pong to a keep-alive (RFC 5626, 4.4.1)
        except NotSip:
            self.close()

    def send(self, message: Message) -> None:
        if not self._wire.is_closing():
            self._wire.write(message.encode())

    def close(self) -> None:
        self._wire.close()

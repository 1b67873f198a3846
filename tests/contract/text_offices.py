"""The other sides of the text gateways, for their contract: all over real sockets."""

import asyncio
import itertools
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import smpp34

from app.beside import beside
from app.web.server import WebServer
from core.clock import SystemClock
from ivr.people.texting.gateway import PeopleGateway
from ivr.people.texting.sendsms import Account
from ivr.texting.contract import TextGateway
from ivr.texting.gateways.http.asking import Own
from ivr.texting.gateways.http.driver import HttpGateway
from ivr.texting.gateways.http.reading import description_file, read_description
from ivr.texting.gateways.smpp.driver import SmppAccount, SmppGateway
from ivr.texting.gateways.twilio_messages import TwilioAccount, TwilioGateway
from ivr.texting.people import Texter, TextPeople, Writes
from tests.peers.http_providers import HttpProvider
from tests.peers.smpp_center import Center
from tests.peers.twilio_messages import ACCOUNT, TOKEN, TwilioMessages, calls_back
from tests.peers.web_hooks import HookServer

REACHED, LOST = "+8613800138000", "+8613800138009"


@dataclass
class Office:
    """A gateway, and the other side of it."""

    gateway: TextGateway
    reached: str
    """A number at which messages arrive, as is reported."""
    lost: str
    """A number at which they do not, as is reported."""
    writes: Callable[[str, str, int], Awaitable[None]]
    """(number, words, copies): the person there writes to us; the other side delivers the message
    so many times, each time as the same message."""
    got: Callable[[str], list[str]]
    """(number) -> what arrived there, long messages joined."""


class Errands:
    """What the other side does by itself, called off at the end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def run(self, what: Any) -> None:
        """Begin it."""
        task = asyncio.get_running_loop().create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def over(self) -> None:
        """Wait until all is done, or call it off."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def http() -> AsyncIterator[Office]:
    """A carrier's platform, described in YAML."""
    errands, got = Errands(), defaultdict[str, list[str]](list)
    async with HookServer() as server, HttpProvider() as provider:
        hooks = f"{server.url}/hooks/mas"
        numbers = itertools.count(1)

        async def tells(what: str, body: dict[str, str]) -> None:
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.post(f"{hooks}/{what}?token=t0ken", content=json.dumps(body))
                assert answer.status_code == 200

        def takes(sent: dict[str, str]) -> tuple[int, str]:
            number, group = f"+86{sent['mobiles']}", f"group{next(numbers)}"
            arrives = number == REACHED
            if arrives:
                got[number].append(sent["content"])
            state = "CM:0000" if arrives else "MK:0001"
            report = {"msgGroup": group, "reportStatus": state, "errorCode": state}
            errands.run(tells("report", report))
            return 200, json.dumps({"rspcod": "success", "msgGroup": group, "success": True})

        async def writes(number: str, words: str, copies: int) -> None:
            now = datetime.now(ZoneInfo("Asia/Shanghai"))
            text = {
                "mobile": number.removeprefix("+86"),
                "smsContent": words,
                "sendTime": now.strftime("%Y-%m-%d %H:%M:%S"),
                "addSerial": "01",
            }
            for _ in range(copies):
                await tells("incoming", text)

        provider.takes = takes
        own = Own(
            {"address": provider.url, "enterprise": "e", "sign": "s"},
            {"account": "ap1", "password": "s3cret", "hook": "t0ken"},
        )
        description = read_description(description_file("carrier-mas", Path()))
        gateway = server.hooks["mas"] = HttpGateway("mas", description, own, address=hooks)
        try:
            yield Office(gateway, REACHED, LOST, writes, lambda number: got[number])
        finally:
            await errands.over()


@asynccontextmanager
async def people() -> AsyncIterator[Office]:
    """The gateway of `huifang people`, described as Kannel is."""
    async with HookServer() as server:
        hooks = f"{server.url}/hooks/kannel"
        behind = PeopleGateway(
            "there",
            SystemClock(),
            TextPeople(lambda n: Texter.UNREACHABLE if n == LOST else Texter.NEVER),
            Account("tester", "foobar7"),
            replies_to=f"{hooks}/incoming?token=t0ken&from=%p&to=%P&text=%a&id=%I&at=%T",
            delivery_seconds=0.0,
        )
        sendsms = WebServer(behind)
        sendsms.open()
        own = Own(
            {"address": sendsms.url, "sender": "1069"},
            {"username": "tester", "password": "foobar7", "hook": "t0ken"},
        )
        description = read_description(description_file("kannel", Path()))
        gateway = server.hooks["kannel"] = HttpGateway("kannel", description, own, address=hooks)

        async def writes(number: str, words: str, copies: int) -> None:
            await behind.phones.write(number, Writes(words, 0.0, copies))

        try:
            async with beside(sendsms.run()):
                yield Office(
                    gateway, REACHED, LOST, writes, lambda n: behind.phones.people.at(n).got
                )
        finally:
            await behind.close()


@asynccontextmanager
async def smpp() -> AsyncIterator[Office]:
    """A short message centre of another make."""
    errands, parts = Errands(), defaultdict[str, list[bytes]](list)
    got, ids = defaultdict[str, list[str]](list), itertools.count(1)
    center = Center()

    def takes(sent: Any) -> str:
        id, number = f"id{next(ids)}", f"+{sent.destination_addr}"
        octets = sent.short_message
        last = True
        if sent.esm_class & 0x40:
            last, octets = octets[4] == octets[5], octets[6:]
        parts[number].append(octets)
        if last:
            whole = b"".join(parts.pop(number))
            if number == REACHED:
                got[number].append(_read(whole, sent.data_coding))
        word = "DELIVRD" if number == REACHED else "UNDELIV"
        errands.run(center.tells(f"id:{id} stat:{word} err:000".encode(), esm_class=4))
        return id

    async def writes(number: str, words: str, copies: int) -> None:
        octets, own = words.encode("utf-16-be"), f"in{next(ids)}"
        named = smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, f"{own}\0".encode())
        fields: dict[str, Any] = {"source_addr": number.removeprefix("+"), "data_coding": 8}
        pieces = [octets[at : at + 134] for at in range(0, len(octets), 134)]
        for _ in range(copies):
            if len(pieces) == 1:
                await center.tells(octets, **fields, tlvs=[named])
                continue
            for position, piece in enumerate(pieces, 1):
                head = bytes([5, 0, 3, 9, len(pieces), position])
                await center.tells(head + piece, **fields, esm_class=0x40)

    center.answer = takes
    with TemporaryDirectory() as folder:
        account = SmppAccount("127.0.0.1", center.port, "huifang", "secret", sender="1069")
        gateway = SmppGateway("smpp", account, Path(folder), messages_per_second=1000)
        async with center:
            try:
                yield Office(gateway, REACHED, LOST, writes, lambda number: got[number])
            finally:
                await errands.over()


def _read(octets: bytes, data_coding: int) -> str:
    if data_coding == 8:
        return octets.decode("utf-16-be")
    # Enough of the GSM alphabet for the words of the contract.
    for code, character in ((b"\x1b\x28", "{"), (b"\x1b\x29", "}"), (b"\x1be", "€")):
        octets = octets.replace(code, character.encode())
    return octets.decode()


@asynccontextmanager
async def twilio() -> AsyncIterator[Office]:
    """Twilio's API, and its webhooks."""
    errands, ids = Errands(), itertools.count(1)
    async with HookServer() as server, TwilioMessages() as api:
        account = TwilioAccount(ACCOUNT, TOKEN, sender="+15005550006", api_url=api.url)
        hook = f"{server.url}/hooks/twilio"
        gateway = server.hooks["twilio"] = TwilioGateway("twilio", account, hook)

        def created(message: dict[str, str]) -> None:
            known = {"MessageSid": message["sid"], "To": message["To"]}
            lost = known | {"MessageStatus": "undelivered", "ErrorCode": "30005"}
            arrived = known | {"MessageStatus": "delivered"}
            arrives = message["To"] == REACHED
            errands.run(calls_back(message["StatusCallback"], arrived if arrives else lost))

        async def writes(number: str, words: str, copies: int) -> None:
            sid = f"SM{next(ids):032x}"
            fields = {"MessageSid": sid, "From": number, "To": "+15005550006", "Body": words}
            for _ in range(copies):
                assert (await calls_back(f"{hook}/incoming", fields)).status_code == 200

        def got(number: str) -> list[str]:
            return [each["Body"] for each in api.created if each["To"] == number]

        api.after = created
        try:
            yield Office(gateway, REACHED, LOST, writes, got)
        finally:
            await errands.over()

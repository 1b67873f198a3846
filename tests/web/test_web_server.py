"""The web server over real sockets: what it hands on, what it refuses, and that it counts both."""

import asyncio
import json
import socket
from dataclasses import dataclass, field
from ipaddress import ip_network

import httpx
import pytest
from structlog.testing import capture_logs

from app.web.hooks import Bounds, HookSite
from app.web.monitor import monitor
from app.web.server import WebServer
from app.web.tally import QUIET, HookTally
from core.clock import SystemClock, VirtualClock
from core.errors import AuthorError, Place, TransientError, problem
from ivr.webhook import WebRequest, WebResponse
from tests.dialing.town import MORNING
from tests.peers.web_hooks import HookServer

SHORT = Bounds(octets=2000, seconds=0.5)


@dataclass
class Provider:
    """A webhook that says what the test wants."""

    address: str = "https://callback.example.cn/police/hooks/mas"
    answer: WebResponse | Exception = field(default_factory=lambda: WebResponse(200, "好"))
    came: list[WebRequest] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event | None = None
    """Set: the request is under way until it is set."""

    async def request(self, request: WebRequest) -> WebResponse:
        self.came.append(request)
        self.reached.set()
        if self.waiting:
            await self.waiting.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def ask(url: str, method: str = "POST", **more: object) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.request(method, url, **more)


async def raw(server: HookServer, *parts: bytes) -> bytes:
    """Send octets as they are and return everything that comes until the other side hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
    for part in parts:
        writer.write(part)
        await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()


async def test_a_request_is_handed_on_as_the_provider_addressed_it() -> None:
    provider = Provider()
    site = HookSite({"mas": provider}, HookTally(SystemClock()))
    server = WebServer(site)
    server.open()
    running = asyncio.create_task(server.run())
    answer = await ask(
        f"{server.url}/hooks/mas/re%2Fport%20%E5%A5%BD?b=1%202&b=&a=%E6%BB%A1",
        content="满意".encode(),
        headers={"Host": "evil.example", "X-Own": "1", "X-Forwarded-Host": "evil.example"},
    )
    assert (answer.status_code, answer.text) == (200, "好")
    [request] = provider.came
    # Letter for letter, and below the configured public address: signatures are made over it.
    assert request.url == f"{provider.address}/re%2Fport%20%E5%A5%BD?b=1%202&b=&a=%E6%BB%A1"
    assert request.query == (("b", "1 2"), ("b", ""), ("a", "满"))
    assert (request.method, request.body) == ("POST", "满意".encode())
    assert request.headers["x-own"] == "1"
    assert request.remote == "127.0.0.1"
    server.drain()
    await running


@pytest.mark.parametrize(
    ("trusted", "remote"),
    [((), "127.0.0.1"), (("127.0.0.0/8",), "10.1.2.3"), (("127.0.0.1", "10.0.0.0/8"), "1.2.3.4")],
)
async def test_only_our_own_proxies_say_who_sent_it(trusted: tuple[str, ...], remote: str) -> None:
    provider = Provider()
    site = HookSite({"mas": provider}, HookTally(SystemClock()))
    server = WebServer(site, proxies=[ip_network(each) for each in trusted])
    server.open()
    running = asyncio.create_task(server.run())
    # The provider wrote the first itself, the outer proxy the second, ours the third.
    told = {"X-Forwarded-For": "6.6.6.6, 1.2.3.4, 10.1.2.3"}
    await ask(f"{server.url}/hooks/mas", headers=told)
    assert provider.came[0].remote == remote
    server.drain()
    await running


async def test_what_a_webhook_says_is_answered_and_counted() -> None:
    provider = Provider()
    async with HookServer({"mas": provider}) as server:
        url = f"{server.url}/hooks/mas/report"
        for answer, status in (
            (WebResponse(200), 200),
            (WebResponse(204), 204),
            (WebResponse(403, refusal="signature"), 403),
            (WebResponse(400, refusal="malformed"), 400),
            (TransientError(problem("gateway-not-started", name="mas")), 503),
            (ZeroDivisionError(), 500),
        ):
            provider.answer = answer
            assert (await ask(url)).status_code == status
        assert (await ask(f"{server.url}/hooks/nobody/report")).status_code == 404
        assert (await ask(f"{server.url}/elsewhere", "GET")).status_code == 404
        assert server.tally.requests == {
            ("mas", "taken"): 2,
            ("mas", "signature"): 1,
            ("mas", "malformed"): 1,
            ("mas", "unavailable"): 2,
            ("-", "unknown"): 2,
        }


async def test_what_is_too_large_is_refused_without_being_read() -> None:
    provider = Provider()
    async with HookServer({"mas": provider}, bounds=SHORT) as server:
        head = b"POST /hooks/mas/report HTTP/1.1\r\nHost: x\r\n"
        # Not one octet of the body is ever sent: the head alone is answered.
        told = await raw(server, head + b"Content-Length: 100000000\r\n\r\n")
        assert told.startswith(b"HTTP/1.1 413 ")
        chunk = b"400\r\n" + b"a" * 1024 + b"\r\n"
        told = await raw(server, head + b"Transfer-Encoding: chunked\r\n\r\n", chunk, chunk)
        assert told.startswith(b"HTTP/1.1 413 ")
        assert server.tally.requests == {("mas", "oversized"): 2}
        assert not provider.came
        assert (await ask(f"{server.url}/hooks/mas", content=b"a" * 2000)).status_code == 200


async def test_whoever_is_slow_or_talks_nonsense_is_hung_up_on() -> None:
    provider = Provider()
    async with HookServer({"mas": provider}, bounds=SHORT) as server:
        head = b"POST /hooks/mas/report HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
        told = await asyncio.gather(
            raw(server),
            raw(server, head),
            raw(server, head + b"\r\n", b"12345"),
            raw(server, b"\x16\x03\x01 nonsense\r\n\r\n"),
        )
        assert told[:2] == [b"", b""]
        assert told[2].startswith(b"HTTP/1.1 408 ")
        assert told[3].startswith(b"HTTP/1.1 400 ")
        assert server.tally.requests == {("mas", "slow"): 1}
        assert not provider.came


async def test_a_webhook_that_hangs_is_answered_in_time() -> None:
    provider = Provider(waiting=asyncio.Event())
    async with HookServer({"mas": provider}, bounds=SHORT) as server:
        assert (await ask(f"{server.url}/hooks/mas")).status_code == 503
        assert server.tally.requests == {("mas", "unavailable"): 1}


async def test_what_is_under_way_at_the_end_is_answered() -> None:
    provider = Provider(waiting=asyncio.Event())
    async with HookServer({"mas": provider}) as server:
        asking = asyncio.create_task(ask(f"{server.url}/hooks/mas"))
        await provider.reached.wait()
        server.drain()
        provider.waiting.set()
        assert (await asking).status_code == 200
    with pytest.raises(httpx.ConnectError):
        await ask(f"{server.url}/hooks/mas")


async def test_a_server_that_was_drained_may_run_again() -> None:
    server = WebServer(HookSite({"mas": Provider()}, HookTally(SystemClock())))
    server.open()
    for _ in range(2):
        running = asyncio.create_task(server.run())
        await asyncio.sleep(0)  # now it listens again
        assert (await ask(f"{server.url}/hooks/mas")).status_code == 200
        server.drain()
        await running

    try:
        return await ask(f"{server.url}/hooks/mas")
    except httpx.ConnectError:
        return None


def test_a_port_that_is_taken_is_told_with_its_place() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = WebServer(
            HookSite({}, HookTally(SystemClock())), port=port, place=Place("h.yaml", 7)
        )
        with pytest.raises(AuthorError) as caught:
            server.open()
    [found] = caught.value.problems
    assert (found.code, found.place.line) == ("web-port", 7)
    assert str(port) in found.sentence("en")


async def test_monitoring_sees_the_parts_and_the_figures() -> None:
    tally, trouble = HookTally(SystemClock()), {"web": "", "calls": ""}
    tally.count("mas", "signature")
    tally.count("mas", "taken")
    server = WebServer(monitor(lambda: trouble, tally))
    server.open()
    running = asyncio.create_task(server.run())
    answer = await ask(f"{server.url}/healthz", "GET")
    figures = {"taken": 1, "refused": {"signature": 1}}
    assert answer.json() == {"well": True, "parts": trouble, "webhooks": figures}
    assert answer.status_code == 200
    trouble["calls"] = "线路无应答"
    answer = await ask(f"{server.url}/healthz", "GET")
    assert (answer.status_code, json.loads(answer.text)["parts"]["calls"]) == (503, "线路无应答")
    figures = (await ask(f"{server.url}/metrics", "GET")).text.splitlines()
    assert 'huifang_webhook_requests_total{outcome="signature",webhook="mas"} 1.0' in figures
    assert 'huifang_webhook_requests_total{outcome="taken",webhook="mas"} 1.0' in figures
    assert 'huifang_part_well{part="web"} 1.0' in figures
    assert 'huifang_part_well{part="calls"} 0.0' in figures
    server.drain()
    await running


async def test_a_flood_of_refusals_is_a_line_a_minute() -> None:
    clock = VirtualClock(MORNING)
    tally = HookTally(clock)
    with capture_logs() as logs:
        for _ in range(1000):
            tally.count("mas", "signature", remote="10.0.0.9")
            tally.count("mas", "taken")
        clock._elapsed += QUIET
        tally.count("mas", "signature", remote="10.0.0.8")
    told = [(each["times"], each["remote"]) for each in logs]
    assert told == [(1, "10.0.0.9"), (1000, "10.0.0.8")]
    assert tally.refused == {"signature": 1001}
    assert tally.taken == 1000

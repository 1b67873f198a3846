"""The gateway of `huifang people` beside a real Kannel, and what it does when nobody listens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.beside import beside
from app.web.server import WebServer
from core.clock import SystemClock
from ivr.people.texting.gateway import PATH, PeopleGateway
from ivr.people.texting.sendsms import Account
from ivr.people.writing import texter_of
from ivr.texting.contract import DeliveryReport, DeliveryState, IncomingText, OutgoingText
from ivr.texting.people import TextPeople
from tests.peers.kannel import Kannel
from tests.peers.web_hooks import HookServer, Kept
from tests.texting.test_kannel import gateway

pytestmark = pytest.mark.live
ACCOUNT = Account(Kannel.username, Kannel.password)
QUESTION = "您对处警是否满意？\n1 满意\n2 不满意\n请回复数字。"


@asynccontextmanager
async def people(hooks: str, *, delay: float = 1.0) -> AsyncIterator[tuple[str, PeopleGateway]]:
    """Start the gateway; yields its address and itself."""
    behind = PeopleGateway(
        "there",
        SystemClock(),
        TextPeople(texter_of, seconds=0.0, agreeing=True),
        ACCOUNT,
        replies_to=f"{hooks}/incoming?token={Kannel.secret}&from=%p&to=%P&text=%a&id=%I&at=%T",
        delivery_seconds=0.0,
        queue_delay=delay,
    )
    server = WebServer(behind)
    server.open()
    async with beside(server.run()):
        try:
            yield server.url, behind
        finally:
            await behind.close()


ASKED = {
    "username": ACCOUNT.username,
    "password": ACCOUNT.password,
    "from": "1069",
    "to": "+8613800138007",
    "text": "hi",
}
OTHERWISE: list[dict[str, str | None]] = [
    {},
    {"text": ""},
    {"to": "+8613800138007 +8613800138017"},
    {"password": "guessed"},
    {"username": None},
    {"to": None},
    {"to": ""},
    {"to": "abc"},
    {"from": ""},
    {"coding": "9"},
    {"charset": "nope"},
]


async def test_it_answers_as_a_real_kannel_does(tmp_path: Path) -> None:
    async def answers(address: str) -> list[tuple[int, str]]:
        found = []
        async with httpx.AsyncClient(trust_env=False, base_url=address) as client:
            for changed in OTHERWISE:
                asked = {
                    name: value for name, value in (ASKED | changed).items() if value is not None
                }
                answer = await client.get(PATH, params=asked)
                found.append((answer.status_code, answer.text))
            found += [((await client.get("/other")).status_code, "")]
            found += [((await client.post(PATH, data=ASKED)).status_code, "")]
        return found

    async with HookServer() as server:
        hooks = f"{server.url}/hooks/kannel"
        async with Kannel(tmp_path, hooks) as kannel, people(hooks) as (address, _):
            assert await answers(address) == await answers(kannel.address)


async def test_people_write_back_and_repeat_until_it_is_kept() -> None:
    kept = Kept(failing=True)
    async with HookServer() as server:
        hooks = f"{server.url}/hooks/kannel"
        async with people(hooks, delay=0.01) as (address, _):
            driver = server.hooks["kannel"] = gateway(address, hooks)
            await driver.start(kept)
            assert await driver.check() == ""
            for number in ("+8613800138001", "+8613800138002", "+8613800138009"):
                await driver.send(OutgoingText(f"m{number[-1]}", number, QUESTION))
            await server.until(3)
            assert {status for _, status, _ in server.answered} == {503}
            kept.failing = False
            replies = await kept.until(IncomingText, 2)
            assert {(one.number[-1], one.text, one.to) for one in replies} == {
                ("1", "满意", "1069"),
                ("2", "2", "1069"),
            }
            await kept.when(lambda: len(kept.of(DeliveryReport)) == 6)
            ends = {one.id: one.state for one in kept.of(DeliveryReport) if one.state != "enroute"}
            assert ends == {
                "m1": DeliveryState.DELIVERED,
                "m2": DeliveryState.DELIVERED,
                "m9": DeliveryState.UNDELIVERABLE,
            }
            await driver.close()


async def test_a_wrong_password_is_refused() -> None:
    async with HookServer() as server:
        hooks = f"{server.url}/hooks/kannel"
        async with people(hooks) as (address, behind):
            wrong = gateway(address, hooks, password="guessed")
            await wrong.start(Kept())
            refused = await wrong.send(OutgoingText("m1", "+8613800138000", "1"))
            assert (refused.code, refused.permanent) == ("403", False)  # type: ignore[union-attr]
            assert behind.sent == 0
            await wrong.close()

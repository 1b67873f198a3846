"""The HTTP driver with its Kannel description against a real Kannel, there and back."""

from pathlib import Path

import pytest

from core.errors import TransientError
from ivr.texting.contract import (
    Accepted,
    DeliveryReport,
    DeliveryState,
    IncomingText,
    OutgoingText,
    Refused,
)
from ivr.texting.gateways.http.asking import Own
from ivr.texting.gateways.http.driver import HttpGateway
from ivr.texting.gateways.http.reading import description_file, read_description
from tests.peers.kannel import Kannel
from tests.peers.ports import free_port
from tests.peers.web_hooks import HookServer, Kept

pytestmark = pytest.mark.live


def gateway(address: str, hooks: str, **secrets: str) -> HttpGateway:
    own = Own(
        {"address": address, "sender": "1069"},
        {"username": Kannel.username, "password": Kannel.password, "hook": Kannel.secret} | secrets,
    )
    description = read_description(description_file("kannel", Path()))
    return HttpGateway("kannel", description, own, address=hooks)


async def test_messages_go_out_reports_and_replies_come_back(tmp_path: Path) -> None:
    kept = Kept()
    async with HookServer() as server:
        hooks = f"{server.url}/hooks/kannel"
        async with Kannel(tmp_path, hooks) as kannel:
            driver = server.hooks["kannel"] = gateway(kannel.address, hooks)
            await driver.start(kept)
            assert await driver.check() == ""
            # Signs that would end a field if they were spliced into the request.
            text = "您好，满意请回复1&to=10086#%d+不满意请回复2"
            sent = await driver.send(OutgoingText("m17", "+8613800138000", text))
            assert sent == Accepted(("m17",))
            reports = await kept.until(DeliveryReport, 2)
            assert [report.id for report in reports] == ["m17", "m17"]
            assert {report.state for report in reports} == {
                DeliveryState.ENROUTE,
                DeliveryState.DELIVERED,
            }
            assert kannel.received() == [("1069", "+8613800138000", text)]

            await kannel.writes("+8613800138000", "1069", "不满意&1")
            replies = await kept.until(IncomingText, 2)
            reply = next(each for each in replies if each.number == "+8613800138000")
            assert (reply.to, reply.text) == ("1069", "不满意&1")
            assert reply.id
            assert all(status == 200 for _, status, _ in server.answered)
            await driver.close()


async def test_kannel_repeats_a_reply_that_could_not_be_kept(tmp_path: Path) -> None:
    kept = Kept(failing=True)
    async with HookServer() as server:
        hooks = f"{server.url}/hooks/kannel"
        driver = server.hooks["kannel"] = gateway("http://127.0.0.1:9", hooks)
        await driver.start(kept)
        async with Kannel(tmp_path, hooks) as kannel:
            await server.until(1)
            assert server.answered[0][1] == 503
            kept.failing = False
            await kannel.writes("+8613800138000", "1069", "1")
            texts = await kept.until(IncomingText, 2)
            assert sorted(text.text for text in texts) == ["1", "hello"]
        await driver.close()


async def test_a_wrong_password_is_refused_and_a_kannel_that_is_away_gets_nothing(
    tmp_path: Path,
) -> None:
    async with HookServer() as server:
        hooks = f"{server.url}/hooks/kannel"
        async with Kannel(tmp_path, hooks) as kannel:
            wrong = gateway(kannel.address, hooks, password="guessed")
            await wrong.start(Kept())
            refused = await wrong.send(OutgoingText("m1", "+8613800138000", "1"))
            assert isinstance(refused, Refused)
            assert (refused.code, refused.permanent) == ("403", False)
            await wrong.close()
    away = gateway(f"http://127.0.0.1:{free_port()}", hooks)
    await away.start(Kept())
    with pytest.raises(TransientError):
        await away.send(OutgoingText("m2", "+8613800138000", "1"))
    assert await away.check() != ""
    await away.close()

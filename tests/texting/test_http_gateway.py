"""The HTTP driver with its shipped cloud and carrier descriptions, over real HTTP both ways."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.errors import TransientError, UncertainError
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
from tests.peers.http_providers import HttpProvider
from tests.peers.ports import free_port
from tests.peers.web_hooks import HookServer, Kept

MESSAGE = OutgoingText("m1", "+8613800138000", '您好"，满意&请回复1 ~*+%')
VALUES = {
    "aliyun": {"sign_name": "市公安局", "template": "SMS_1"},
    "carrier-mas": {"enterprise": "市公安局", "sign": "AbC", "extension": "01"},
}
SECRETS = {
    "aliyun": {"access_key_id": "id", "access_key_secret": "s3cret", "hook": "t0ken"},
    "carrier-mas": {"account": "ap1", "password": "s3cret", "hook": "t0ken"},
}

GOOD_REPORT = {"biz_id": "1", "success": True}


def gateway(
    kind: str, address: str, secrets: dict[str, str] | None = None, **more: Any
) -> HttpGateway:
    where = f"{address}/" if kind == "aliyun" else address
    own = Own(VALUES[kind] | {"address": where}, SECRETS[kind] | (secrets or {}))
    return HttpGateway(kind, read_description(description_file(kind, Path())), own, **more)


@asynccontextmanager
async def opened(driver: HttpGateway, kept: Kept | None = None) -> AsyncIterator[HttpGateway]:
    await driver.start(kept or Kept())
    try:
        yield driver
    finally:
        await driver.close()


async def test_a_cloud_provider_takes_what_it_can_verify() -> None:
    async with HttpProvider() as provider:
        async with opened(gateway("aliyun", provider.url)) as driver:
            assert await driver.check() == ""
            assert await driver.send(MESSAGE) == Accepted(("9006^0",))
            [sent] = provider.taken
            assert sent["PhoneNumbers"] == "13800138000"
            assert json.loads(sent["TemplateParam"]) == {"content": MESSAGE.text}
            await driver.send(MESSAGE)
            assert provider.taken[1]["SignatureNonce"] != sent["SignatureNonce"]
            provider.answers = [
                (200, '{"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发流控"}'),
                (400, '{"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": "号码有误"}'),
                (200, '{"Code": "isp.SYSTEM_ERROR", "Message": "?"}'),
            ]
            limited = Refused("isv.BUSINESS_LIMIT_CONTROL", "触发流控", retry_after=60.0)
            assert await driver.send(MESSAGE) == limited
            illegal = Refused(
                "isv.MOBILE_NUMBER_ILLEGAL", "号码有误", permanent=True, invalid_number=True
            )
            assert await driver.send(MESSAGE) == illegal
            with pytest.raises(UncertainError):
                await driver.send(MESSAGE)
        wrong = gateway("aliyun", provider.url, {"access_key_secret": "guessed"})
        async with opened(wrong) as driver:
            refused = await driver.send(MESSAGE)
            assert isinstance(refused, Refused)
            assert (refused.code, refused.permanent) == ("SignatureDoesNotMatch", False)


async def test_a_carrier_takes_what_it_can_verify() -> None:
    provider = HttpProvider()
    async with provider, opened(gateway("carrier-mas", provider.url)) as driver:
        assert await driver.send(MESSAGE) == Accepted(("0921",))
        assert provider.taken[0]["content"] == MESSAGE.text
        provider.answers = [(200, '{"rspcod": "InvalidMessage", "success": false}')]
        assert await driver.send(MESSAGE) == Refused(
            "InvalidMessage", "InvalidMessage", permanent=True
        )


async def test_a_gateway_that_hangs_up_or_keeps_silent_leaves_it_open() -> None:
    read = asyncio.Event()

    async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        read.set()
        writer.close()

    port = free_port()
    async with (
        await asyncio.start_server(hangs_up, "127.0.0.1", port),
        opened(gateway("aliyun", f"http://127.0.0.1:{port}")) as driver,
    ):
        with pytest.raises(UncertainError):
            await driver.send(MESSAGE)
        assert read.is_set()


async def test_a_gateway_that_takes_no_connection_got_nothing() -> None:
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for waiting in (first, second):  # they fill its queue: whoever comes now waits for ever
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(deaf.getsockname())
        driver = gateway("aliyun", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        send = driver._description.send.model_copy(update={"timeout_seconds": 0.9})
        driver._description = driver._description.model_copy(update={"send": send})
        async with opened(driver):
            with pytest.raises(TransientError):
                await driver.send(MESSAGE)


async def post(url: str, body: Any) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(url, content=body if isinstance(body, bytes) else json.dumps(body))


async def test_reports_and_texts_come_in_batches() -> None:
    kept = Kept()
    driver = gateway("aliyun", "http://127.0.0.1:9")
    async with HookServer({"aliyun": driver}) as server, opened(driver, kept):
        hooks = f"{server.url}/hooks/aliyun"
        report = {"biz_id": "9006^0", "report_time": "2026-03-01 12:00:05"}
        answer = await post(
            f"{hooks}/report?token=t0ken",
            [
                report | {"success": True, "err_code": "DELIVERED"},
                report | {"success": False, "err_code": "MK:0001"},
            ],
        )
        assert (answer.status_code, answer.json()) == (200, {"code": 0, "msg": "接收成功"})
        first, second = kept.of(DeliveryReport)
        at = datetime(2026, 3, 1, 4, 0, 5, tzinfo=UTC)
        assert first == DeliveryReport("9006^0", DeliveryState.DELIVERED, at, "DELIVERED")
        assert (second.state, second.error) == (DeliveryState.UNDELIVERABLE, "MK:0001")
        text = {
            "phone_number": "13800138000",
            "send_time": "2026-03-01 12:00:05",
            "content": "不满意",
            "dest_code": "1069",
            "sequence_id": 17,
        }
        await post(f"{hooks}/incoming?token=t0ken", [text, text | {"phone_number": "10086"}])
        first_text, service = kept.of(IncomingText)
        assert first_text == IncomingText("17", "+8613800138000", "1069", "不满意", at)
        assert service.number == "10086"  # nobody of ours, and yet not lost


async def test_a_message_without_an_id_of_its_own_has_the_same_one_when_it_is_repeated() -> None:
    kept = Kept()
    driver = gateway("carrier-mas", "http://127.0.0.1:9")
    async with HookServer({"mas": driver}) as server, opened(driver, kept):
        url = f"{server.url}/hooks/mas/incoming?token=t0ken"
        text = {
            "mobile": "13800138000",
            "smsContent": "1",
            "sendTime": "2026-03-01 12:00:05",
            "addSerial": "01",
        }
        await post(url, text)
        await post(url, text)
        await post(url, text | {"sendTime": "2026-03-01 12:07:00"})
        first, again, later = (each.id for each in kept.of(IncomingText))
        assert first == again != later


@pytest.mark.parametrize(
    ("path", "body", "status", "refusal"),
    [
        ("report", [], 403, "signature"),
        ("report?token=guessed", [], 403, "signature"),
        ("report?token=t0ken", b"[{", 400, "malformed"),
        ("report?token=t0ken", {"biz_id": 1}, 400, "malformed"),
        ("report?token=t0ken", [{"biz_id": "1"}], 400, "malformed"),
        (
            "report?token=t0ken",
            [{"biz_id": "1", "success": True}, {"biz_id": "2"}],
            400,
            "malformed",
        ),
        ("incoming?token=t0ken", [{"content": "1"}], 400, "malformed"),
        ("elsewhere?token=t0ken", [], 404, "unknown"),
    ],
)
async def test_what_is_refused_changes_nothing(
    path: str, body: Any, status: int, refusal: str
) -> None:
    kept = Kept()
    driver = gateway("aliyun", "http://127.0.0.1:9")
    async with HookServer({"aliyun": driver}) as server, opened(driver, kept):
        answer = await post(f"{server.url}/hooks/aliyun/{path}", body)
        assert answer.status_code == status
        assert server.answered[-1][2] == refusal
        assert not kept.events


async def test_only_allowed_addresses_are_heard_where_they_are_named() -> None:
    networks = (ip_network("10.0.0.0/8"),)
    driver = gateway("aliyun", "http://127.0.0.1:9", addresses=networks)
    async with HookServer({"aliyun": driver}) as server, opened(driver):
        answer = await post(f"{server.url}/hooks/aliyun/report?token=t0ken", [])
        assert answer.status_code == 403


async def test_what_cannot_be_kept_is_not_acknowledged() -> None:
    driver = gateway("carrier-mas", "http://127.0.0.1:9")
    async with HookServer({"mas": driver}) as server, opened(driver, Kept(failing=True)):
        report = {"msgGroup": "1", "reportStatus": "CM:0000"}
        answer = await post(f"{server.url}/hooks/mas/report?token=t0ken", report)
        assert answer.status_code == 503

"""The Twilio driver over real HTTP, against an API that judges requests by the documentation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
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
from ivr.texting.gateways.twilio_messages import TwilioAccount, TwilioGateway
from tests.peers.ports import free_port
from tests.peers.twilio_messages import ACCOUNT, TOKEN, TwilioMessages, calls_back, signature
from tests.peers.web_hooks import HookServer, Kept

NUMBER = "+8613800138000"


@asynccontextmanager
async def opened(
    api: TwilioMessages, server: HookServer, kept: Kept, **more: Any
) -> AsyncIterator[TwilioGateway]:
    account = TwilioAccount(ACCOUNT, TOKEN, sender="+15005550006", api_url=api.url)
    gateway = TwilioGateway("twilio", replace(account, **more), f"{server.url}/hooks/twilio")
    server.hooks["twilio"] = gateway
    await gateway.start(kept)
    try:
        yield gateway
    finally:
        await gateway.close()


async def test_a_message_is_created_as_documented_and_its_status_comes_back() -> None:
    kept = Kept()
    async with (
        TwilioMessages() as api,
        HookServer() as server,
        opened(api, server, kept) as gateway,
    ):
        assert await gateway.check() == ""
        sent = await gateway.send(OutgoingText("m1", NUMBER, "您好，满意请回复1 & 2"))
        [created] = api.created
        assert sent == Accepted((created["sid"],))
        assert created["Body"] == "您好，满意请回复1 & 2"
        assert (created["To"], created["From"]) == (NUMBER, "+15005550006")
        known = {"MessageSid": created["sid"], "SmsSid": created["sid"], "To": NUMBER}
        for status in ("sent", "delivered"):
            answer = await calls_back(created["StatusCallback"], known | {"MessageStatus": status})
            assert answer.status_code == 204
        failed = known | {"MessageStatus": "undelivered", "ErrorCode": "30005"}
        await calls_back(created["StatusCallback"], failed)
        assert [(each.id, each.state, each.error) for each in kept.of(DeliveryReport)] == [
            (created["sid"], DeliveryState.ENROUTE, "sent"),
            (created["sid"], DeliveryState.DELIVERED, "delivered"),
            (created["sid"], DeliveryState.UNDELIVERABLE, "30005"),
        ]


async def test_a_messaging_service_sends_instead_of_a_number() -> None:
    async with (
        TwilioMessages() as api,
        HookServer() as server,
        opened(api, server, Kept(), messaging_service="MG1", sender="") as gateway,
    ):
        assert isinstance(await gateway.send(OutgoingText("m1", NUMBER, "1")), Accepted)
        assert api.created[0]["MessagingServiceSid"] == "MG1"


@pytest.mark.parametrize(
    ("status", "code", "permanent", "waits"),
    [
        (400, 21610, True, False),
        (400, 21211, True, False),
        (400, 21614, True, False),
        (429, 20429, False, True),
        (503, 20503, False, True),
        (400, 30001, False, True),
        (401, 20003, False, False),
    ],
)
async def test_refusals_are_told_apart(
    status: int, code: int, permanent: bool, waits: bool
) -> None:
    async with (
        TwilioMessages(refusals={NUMBER: (status, code)}) as api,
        HookServer() as server,
        opened(api, server, Kept()) as gateway,
    ):
        refused = await gateway.send(OutgoingText("m1", NUMBER, "1"))
        assert isinstance(refused, Refused)
        assert (refused.code, refused.permanent) == (str(code), permanent)
        assert (refused.retry_after > 0) is waits


async def test_what_may_have_been_sent_is_uncertain_and_what_never_left_is_not() -> None:
    async with HookServer() as server:
        async with (
            TwilioMessages(broken="answer") as api,
            opened(api, server, Kept()) as gateway,
        ):
            with pytest.raises(UncertainError):
                await gateway.send(OutgoingText("m1", NUMBER, "1"))
            assert len(api.created) == 1
        async with (
            TwilioMessages(refusals={NUMBER: (500, 20500)}) as api,
            opened(api, server, Kept()) as gateway,
        ):
            with pytest.raises(UncertainError):
                await gateway.send(OutgoingText("m1", NUMBER, "1"))
        away = TwilioMessages(port=free_port())
        async with opened(away, server, Kept()) as gateway:
            with pytest.raises(TransientError):
                await gateway.send(OutgoingText("m1", NUMBER, "1"))
            assert "twilio" in await gateway.check()


async def test_a_text_comes_in_and_the_same_one_twice_has_the_same_id() -> None:
    kept = Kept()
    async with TwilioMessages() as api, HookServer() as server, opened(api, server, kept):
        url = f"{server.url}/hooks/twilio/incoming"
        fields = {"MessageSid": "SM9", "From": NUMBER, "To": "+15005550006", "Body": "不满意&1 "}
        for _ in range(2):
            answer = await calls_back(url, fields)
            assert (answer.status_code, answer.text) == (200, "<Response></Response>")
            assert answer.headers["content-type"].startswith("text/xml")
        first, second = kept.of(IncomingText)
        assert (first.id, first.number, first.text) == ("SM9", NUMBER, "不满意&1 ")
        assert second.id == first.id


async def test_who_cannot_prove_to_be_the_provider_changes_nothing() -> None:
    kept = Kept()
    async with TwilioMessages() as api, HookServer() as server, opened(api, server, kept):
        url = f"{server.url}/hooks/twilio/incoming"
        fields = {"MessageSid": "SM9", "From": NUMBER, "To": "1", "Body": "1"}
        assert (await calls_back(url, fields, signed=False)).status_code == 403
        assert (await calls_back(url, fields, token="guessed")).status_code == 403
        changed = {"AccountSid": ACCOUNT, **fields, "Body": "2"}
        async with httpx.AsyncClient(trust_env=False) as client:
            headers = {"X-Twilio-Signature": signature(url, {"AccountSid": ACCOUNT, **fields})}
            answer = await client.post(url, data=changed, headers=headers)
            assert answer.status_code == 403
        assert (await calls_back(url, fields | {"AccountSid": "AC2"})).status_code == 403
        assert (await calls_back(url, {"MessageSid": "SM9"})).status_code == 400
        elsewhere = url.replace("incoming", "voice")
        assert (await calls_back(elsewhere, fields)).status_code == 404
        assert [refusal for _, _, refusal in server.answered] == [
            *["signature"] * 3,
            "unknown",
            "malformed",
            "unknown",
        ]
        assert not kept.events
        kept.failing = True
        assert (await calls_back(url, fields)).status_code == 503

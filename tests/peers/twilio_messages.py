"""Twilio's Messages API as its documentation describes it: requests are judged, callbacks signed.

https://www.twilio.com/docs/messaging/api/message-resource (parameters, properties),
https://www.twilio.com/docs/usage/security (signature: written here anew, not by the library).
"""

import base64
import hashlib
import hmac
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiohttp import web

from tests.peers.twilio_api import ACCOUNT, TOKEN, TwilioApi, api_error

ALLOWED = {"To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod"}


@dataclass
class TwilioMessages(TwilioApi):
    """The API on loopback. `refusals`: number -> (HTTP status, error code)."""

    refusals: dict[str, tuple[int, int]] = field(default_factory=dict)
    created: list[dict[str, str]] = field(default_factory=list)
    after: Callable[[dict[str, str]], None] | None = None
    """Told of every message that was created."""
    broken: str = ""
    """``answer``: messages are created, but the connection ends before the answer."""
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Say what is served."""
        router.add_post("/2010-04-01/Accounts/{sid}/Messages.json", self._create)
        super().add_routes(router)

    async def _create(self, request: web.Request) -> web.Response:
        wrong = self.wrong(request)
        if wrong:
            return wrong
        assert request.content_type == "application/x-www-form-urlencoded"
        sent = {name: str(value) for name, value in (await request.post()).items()}
        fault = _fault(sent)
        if fault:
            return api_error(400, *fault)
        if sent["To"] in self.refusals:
            status, code = self.refusals[sent["To"]]
            return api_error(status, code, "refused as the test wants it")
        sid = f"SM{next(self._numbers):032x}"
        self.created.append({**sent, "sid": sid})
        if self.after:
            self.after(self.created[-1])
        if self.broken == "answer":
            assert request.transport is not None
            request.transport.close()
        resource = {
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "body": sent["Body"],
            "date_created": "Thu, 24 Aug 2023 05:01:45 +0000",
            "date_sent": None,
            "date_updated": "Thu, 24 Aug 2023 05:01:45 +0000",
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": sent.get("From"),
            "messaging_service_sid": sent.get("MessagingServiceSid"),
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": None,
            "sid": sid,
            "status": "queued",
            "subresource_uris": {},
            "to": sent["To"],
            "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json",
        }
        return web.json_response(resource, status=201)


def _fault(sent: dict[str, str]) -> tuple[int, str] | None:
    assert set(sent) <= ALLOWED, set(sent) - ALLOWED
    if not sent.get("To", "").startswith("+") or not sent["To"][1:].isdigit():
        return 21211, "Invalid 'To' Phone Number"
    if bool(sent.get("From")) == bool(sent.get("MessagingServiceSid")):
        return 21603, "A 'From' phone number is required"
    if not sent.get("Body"):
        return 21602, "Message body is required"
    if len(sent["Body"]) > 1600:
        return 21617, "The concatenated message body exceeds the 1600 character limit"
    if not sent.get("StatusCallback", "").startswith(("http://", "https://")):
        return 21609, "Invalid 'StatusCallback' URL"
    if not 1 <= int(sent.get("ValidityPeriod", "36000")) <= 36000:
        return 30020, "Invalid validity period"
    return None


def signature(url: str, fields: dict[str, str], token: str = TOKEN) -> str:
    """Return X-Twilio-Signature: HMAC-SHA1 over the URL and the sorted fields, in Base64."""
    over = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), over.encode(), hashlib.sha1).digest()).decode()


async def calls_back(
    url: str, fields: dict[str, str], *, token: str = TOKEN, signed: bool = True
) -> httpx.Response:
    """Send a webhook request as the provider does."""
    sent = {"AccountSid": ACCOUNT, "ApiVersion": "2010-04-01"} | fields
    headers = {"X-Twilio-Signature": signature(url, sent, token)} if signed else {}
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(url, data=sent, headers=headers)

"""Twilio Programmable Messaging as a TextGateway and a Webhook, through the twilio library.

https://www.twilio.com/docs/messaging/api/message-resource,
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status,
https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.rest import Client

from core.clock import Clock, SystemClock
from core.errors import HuifangError, TransientError, UncertainError, problem
from ivr.texting.contract import (
    Accepted,
    DeliveryReport,
    DeliveryState,
    IncomingText,
    OutgoingText,
    Refused,
    Take,
    TextEvent,
)
from ivr.texting.delivery import says_invalid_number
from ivr.texting.gateways.incoming import said
from ivr.twilio.http import TwilioHttp
from ivr.twilio.signed import SignedRequests
from ivr.webhook import WebRequest, WebResponse

_STATES = {
    "accepted": DeliveryState.ENROUTE,
    "scheduled": DeliveryState.ENROUTE,
    "queued": DeliveryState.ENROUTE,
    "sending": DeliveryState.ENROUTE,
    "sent": DeliveryState.ENROUTE,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.DELIVERED,
    "undelivered": DeliveryState.UNDELIVERABLE,
    "failed": DeliveryState.REJECTED,
    "canceled": DeliveryState.REJECTED,
}
"""MessageStatus; ``failed`` never left Twilio, ``undelivered`` came back from the carrier."""
_PERMANENT = {
    "21211",  # invalid To
    "21214",  # To cannot be reached
    "21408",  # no permission for the region
    "21610",  # the person wrote STOP
    "21612",  # no way from From to To
    "21614",  # To is not a mobile number
    "21617",  # longer than 1600 characters
    "30003",
    "30004",
    "30005",
    "30006",
    "30007",
    "30008",
}
_THROTTLED = {"20429", "14107", "30001", "30022", "63038"}
"""Too many requests, or the queue is full."""
_TWIML = "text/xml; charset=utf-8"
_NO_REPLY = "<Response></Response>"
"""TwiML that sends nothing back: what we answer goes out by the API."""


@dataclass(frozen=True)
class TwilioAccount:
    """The account and how messages leave it."""

    account_sid: str
    auth_token: str = field(repr=False)
    sender: str = ""
    """A number (E.164) or a short code of ours."""
    messaging_service: str = ""
    """MG... instead of `sender`: Twilio chooses the number."""
    validity_seconds: int = 14400
    """After which Twilio gives a waiting message up (1 to 36000)."""
    api_url: str = "https://api.twilio.com"
    """Another address is for tests and for proxies of the house."""


class TwilioGateway:
    """A TextGateway and a Webhook: ``status`` and ``incoming`` below its address."""

    def __init__(
        self,
        name: str,
        account: TwilioAccount,
        address: str,
        *,
        messages_per_second: float = 1.0,
        clock: Clock | None = None,
    ) -> None:
        """`address`: the public one of its webhook, without slash at the end."""
        self.name = name
        self.address = address
        self.messages_per_second = messages_per_second
        self._account = account
        self._clock = clock or SystemClock()
        self._signed = SignedRequests(account.account_sid, account.auth_token)
        self._http: TwilioHttp | None = None
        self._client: Client | None = None
        self._take: Take | None = None

    async def start(self, take: Take) -> None:
        """Be ready to send and to be told."""
        self._take = take
        self._http = TwilioHttp(self.name, self._account.api_url)
        self._client = Client(
            self._account.account_sid, self._account.auth_token, http_client=self._http
        )

    async def close(self) -> None:
        """Let go of the connections."""
        if self._http:
            await self._http.close()
        self._http = self._client = None

    async def send(self, text: OutgoingText) -> Accepted | Refused:
        """Create a message. Raises TransientError, UncertainError; see the contract."""
        client = self._started()
        sender = (
            {"messaging_service_sid": self._account.messaging_service}
            if self._account.messaging_service
            else {"from_": self._account.sender}
        )
        try:
            created = await client.messages.create_async(
                to=text.number,
                body=text.text,
                status_callback=f"{self.address}/status",
                validity_period=self._account.validity_seconds,
                **sender,
            )
        except (TwilioRestException, TwilioServiceException) as error:
            return self._refused(error)
        except (TwilioException, ValueError, KeyError) as error:  # no answer of the API's kind
            raise UncertainError(problem("gateway-uncertain", reason=str(error))) from error
        return Accepted((str(created.sid),))

    def _refused(self, error: TwilioRestException | TwilioServiceException) -> Refused:
        code, status = str(error.code or error.status), error.status
        words = error.msg if isinstance(error, TwilioRestException) else error.title
        if status >= 500 and status != 503:
            raise UncertainError(problem("gateway-uncertain", reason=f"HTTP {status}")) from error
        throttled = status in (429, 503) or code in _THROTTLED
        return Refused(
            code,
            said(words),
            permanent=code in _PERMANENT,
            retry_after=1 / self.messages_per_second if throttled else 0.0,
            invalid_number=says_invalid_number(code),
        )

    async def check(self) -> str:
        """Ask for our own account; nothing is sent."""
        try:
            client = self._started()
            await client.api.accounts(self._account.account_sid).fetch_async()
        except (TwilioRestException, TwilioServiceException) as error:
            return f"{error.status} {error.code or ''}".strip()
        except HuifangError as error:
            return "\n".join(error.sentences("en"))
        return ""

    def _started(self) -> Client:
        if self._client is None:
            raise TransientError(problem("gateway-not-started", name=self.name))
        return self._client

    async def request(self, request: WebRequest) -> WebResponse:
        """Take a status callback or an incoming text; kept before it is answered."""
        fields = self._signed.fields(request)
        if isinstance(fields, WebResponse):
            return fields
        what = urlsplit(request.url).path.rstrip("/").split("/")[-1]
        event = self._status(fields) if what == "status" else self._incoming(fields)
        if what not in ("status", "incoming"):
            return WebResponse(404, refusal="unknown")
        if event is None:
            return WebResponse(400, refusal="malformed")
        if self._take is None:
            raise TransientError(problem("gateway-not-started", name=self.name))
        await self._take(self.name, event)
        if what == "status":
            return WebResponse(204)
        return WebResponse(200, _NO_REPLY, _TWIML)

    def _status(self, fields: Mapping[str, str]) -> TextEvent | None:
        sid, status = fields.get("MessageSid", ""), fields.get("MessageStatus", "")
        if not sid or not status:
            return None
        code = fields.get("ErrorCode", "") or status
        state = _STATES.get(status, DeliveryState.UNKNOWN)
        return DeliveryReport(sid, state, self._clock.now(), code, says_invalid_number(code))

    def _incoming(self, fields: Mapping[str, str]) -> TextEvent | None:
        sid, number = fields.get("MessageSid", ""), fields.get("From", "")
        if not sid or not number or "Body" not in fields:
            return None
        return IncomingText(sid, number, fields.get("To", ""), fields["Body"], self._clock.now())

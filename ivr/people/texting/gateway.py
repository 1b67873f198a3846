"""Simulated people behind a text gateway that speaks HTTP as Kannel does.

An ASGI application: sendsms comes in, delivery reports and replies go out as GET requests, each
repeated until it is answered with 2xx. Written apart from the driver that it is tried with.
"""

import itertools
from http import HTTPStatus

import httpx
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from core.clock import Clock
from ivr.people.texting.sendsms import ACCEPTED, Account, NotTaken, Submitted, filled, read
from ivr.texting.contract import DeliveryReport, DeliveryState, IncomingText, TextEvent
from ivr.texting.people import TextPeople
from ivr.texting.phones import Phones

PATH = "/cgi-bin/sendsms"
QUEUE_DELAY = 1.0
"""Seconds until a report or a reply is told again (Kannel: `http-queue-delay`)."""
ANSWER_SECONDS = 10.0
"""Within which whoever is told must answer."""
_TAKEN, _DELIVERED, _FAILED = 8, 1, 2
"""Kinds of delivery reports (Kannel: `dlr-mask`, ``%d``)."""

log = structlog.get_logger(__name__)


class PeopleGateway:
    """The gateway, with everybody behind it."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        people: TextPeople,
        account: Account,
        *,
        replies_to: str = "",
        delivery_seconds: float = 1.0,
        queue_delay: float = QUEUE_DELAY,
    ) -> None:
        """`name`: what its ids begin with, another one after each start. `replies_to`: where
        replies go, with Kannel's escapes (its `get-url`); empty: they are lost, and counted."""
        self.phones = Phones(name, clock, people, self._tell, delivery_seconds=delivery_seconds)
        self.sent = self.replies = self.unheard = 0
        """Messages taken; replies told; replies that nobody wants to hear."""
        self._name, self._clock, self._account = name, clock, account
        self._replies_to, self._delay = replies_to, queue_delay
        self._ids = itertools.count(1)
        self._reports: dict[str, Submitted] = {}
        """Of messages under way, by their ids here."""
        self._client = httpx.AsyncClient(trust_env=False, timeout=ANSWER_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        status, words = self._answer(request)
        await PlainTextResponse(words, status)(scope, receive, send)

    def _answer(self, request: Request) -> tuple[int, str]:
        if request.url.path != PATH:
            return 404, "Unknown request."
        if request.method != "GET":
            return 400, "Invalid content-type"  # a POST would be XML
        asked = read(request.scope["query_string"], self._account)
        if isinstance(asked, NotTaken):
            return asked.status, asked.words
        for number in asked.numbers:
            own = f"{self._name}-{next(self._ids)}"
            self._reports[own] = asked
            self.phones.deliver(own, number, asked.text, asked.sender)
            self.sent += 1
        return ACCEPTED

    async def _tell(self, event: TextEvent) -> None:
        if isinstance(event, DeliveryReport):
            await self._report(event)
        else:
            await self._reply(event)

    async def _report(self, event: DeliveryReport) -> None:
        asked = self._reports.pop(event.id)
        kinds = (_TAKEN, _DELIVERED if event.state is DeliveryState.DELIVERED else _FAILED)
        for kind in kinds:
            if asked.report_url and asked.report_mask & kind:
                told = {"d": str(kind), "T": f"{event.at.timestamp():.0f}", "A": event.error}
                await self._until_heard(filled(asked.report_url, told))

    async def _reply(self, event: IncomingText) -> None:
        if not self._replies_to:
            self.unheard += 1
            return
        told = {
            "p": event.number,
            "P": event.to,
            "a": event.text,
            "I": event.id,
            "T": f"{event.at.timestamp():.0f}",
        }
        await self._until_heard(filled(self._replies_to, told))
        self.replies += 1

    async def _until_heard(self, url: str) -> None:
        while True:
            try:
                status = (await self._client.get(url)).status_code
            except httpx.HTTPError as error:
                log.info("people_not_heard", error=type(error).__name__)
            else:
                if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
                    return
                log.info("people_not_heard", status=status)
            await self._clock.sleep(self._delay)

    async def close(self) -> None:
        """Nobody writes back any more."""
        await self.phones.close()
        await self._client.aclose()

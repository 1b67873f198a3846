"""A gateway that is asked and tells by HTTP, as its description says."""

import asyncio
import ssl
import uuid
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network
from urllib.parse import urlsplit

import httpx
import structlog

from core.clock import Clock, SystemClock
from core.errors import TransientError, UncertainError, problem
from ivr.texting.contract import Accepted, OutgoingText, Refused, Take
from ivr.texting.gateways.http import answering, asking, telling
from ivr.texting.gateways.http.asking import Own
from ivr.texting.gateways.http.description import Description
from ivr.texting.gateways.http.templates import TemplateFault, template
from ivr.texting.gateways.transport import patience, posted
from ivr.webhook import WebRequest, WebResponse

log = structlog.get_logger(__name__)

CHECK_SECONDS = 5.0
"""Within which a gateway must take a connection."""


class HttpGateway:
    """A TextGateway and a Webhook."""

    def __init__(
        self,
        name: str,
        description: Description,
        own: Own,
        *,
        address: str = "",
        messages_per_second: float = 5.0,
        addresses: Sequence[IPv4Network | IPv6Network] = (),
        verify: ssl.SSLContext | bool = True,
        clock: Clock | None = None,
        nonce: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        """`address`: the public one of its webhook, without slash at the end."""
        self.name = name
        self.messages_per_second = messages_per_second
        self.address = address if description.hooks else ""
        self._description = description
        hooks = {hook: f"{address}/{hook}" for hook in description.hooks}
        self._own = Own({**description.optional, **own.values}, own.secrets, hooks)
        self._addresses = tuple(addresses)
        self._verify = verify
        self._clock = clock or SystemClock()
        self._nonce = nonce
        self._client: httpx.AsyncClient | None = None
        self._take: Take | None = None

    async def start(self, take: Take) -> None:
        """Be ready to send and to be told."""
        self._take = take
        self._client = httpx.AsyncClient(verify=self._verify, trust_env=False)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client:
            await self._client.aclose()
            self._client = None

    async def send(self, text: OutgoingText) -> Accepted | Refused:
        """Send. Raises TransientError, UncertainError; see the contract."""
        if self._client is None:
            raise TransientError(problem("gateway-not-started", name=self.name))
        send = self._description.send
        scope = asking.scope_of(self._own, text, self._clock.now(), self._nonce())
        try:
            request = asking.request(send, scope)
        except (TemplateFault, UnicodeError) as error:
            return Refused("template", str(error), permanent=True)
        async with posted(self.name, send.timeout_seconds):
            response = await self._client.request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.body,
                timeout=patience(send.timeout_seconds),
            )
        headers = {name.lower(): value for name, value in response.headers.items()}
        try:
            return answering.read(
                self._description.answer, response.status_code, headers, response.text, scope
            )
        except UncertainError as error:
            log.warning("gateway_answer_unclear", gateway=self.name, status=response.status_code)
            raise error from None

    async def check(self) -> str:
        """Try to connect, and send nothing."""
        address = urlsplit(template(self._description.send.url)({"values": self._own.values}))
        secure = address.scheme == "https"
        port = address.port or (443 if secure else 80)
        context: ssl.SSLContext | None = None
        if secure:
            own = self._verify if isinstance(self._verify, ssl.SSLContext) else None
            context = own or ssl.create_default_context()
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                _, writer = await asyncio.open_connection(address.hostname, port, ssl=context)
                writer.close()
                await writer.wait_closed()
        except (OSError, TimeoutError) as error:
            return str(error) or type(error).__name__
        return ""

    async def request(self, request: WebRequest) -> WebResponse:
        """Take what the provider tells; everything is kept before the answer, or nothing."""
        # The last part of the path names the hook: the server may put anything before it.
        hook = self._description.hooks.get(urlsplit(request.url).path.rstrip("/").split("/")[-1])
        if hook is None:
            return WebResponse(404, refusal="unknown")
        if request.method != hook.method:
            return WebResponse(405, refusal="malformed")
        try:
            found = telling.fields(hook, request)
            allowed = not self._addresses or telling.is_within(self._addresses, request.remote)
            if not allowed or not telling.is_genuine(hook, request, found, self._own):
                return WebResponse(403, refusal="signature")
            told = telling.events(hook, found, self._description.region, self._clock.now())
        except telling.Malformed as error:
            log.warning("gateway_hook_malformed", gateway=self.name, missing=str(error))
            return WebResponse(400, refusal="malformed")
        if self._take is None:
            raise TransientError(problem("gateway-not-started", name=self.name))
        for event in told:
            await self._take(self.name, event)
        return WebResponse(hook.answer.status, hook.answer.body, hook.answer.content_type)

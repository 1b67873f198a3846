"""The web site of the webhooks: bounds what comes in, and hands it to the webhook of its name."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.web.tally import NOBODY, TAKEN, UNAVAILABLE, HookTally
from app.webhooks import HOOKS
from core.errors import HuifangError
from ivr.webhook import Webhook, WebRequest, WebResponse

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Bounds:
    """What one request may take."""

    octets: int = 65536
    """Of its body."""
    seconds: float = 10.0
    """Until it has come in, and again until it is answered."""


class _Refused(Exception):
    """The request is answered before a webhook hears of it."""

    def __init__(self, status: int, refusal: str) -> None:
        super().__init__(refusal)
        self.answer = WebResponse(status, refusal=refusal)


class HookSite:
    """An ASGI application: ``/hooks/NAME/...`` goes to the webhook NAME."""

    def __init__(
        self, hooks: Mapping[str, Webhook], tally: HookTally, bounds: Bounds = Bounds()
    ) -> None:
        """`hooks` may change while the site is up."""
        self._hooks, self._tally, self._bounds = hooks, tally, bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        path: str = scope["path"]
        name, _, _ = path.removeprefix(HOOKS).partition("/")
        hook = self._hooks.get(name) if path.startswith(HOOKS) else None
        name = NOBODY if hook is None else name
        remote = request.client.host if request.client else ""
        why, headers = "", {"Connection": "close"}
        try:
            if hook is None:
                raise _Refused(404, "unknown")
            asked = await self._asked(request, hook, remote)
            headers = {}
            async with asyncio.timeout(self._bounds.seconds):
                answer = await hook.request(asked)
            outcome = answer.refusal or TAKEN
        except _Refused as refused:
            answer, outcome = refused.answer, refused.answer.refusal
        except ClientDisconnect:
            self._tally.count(name, "malformed", remote=remote, why="broken off")
            return
        except (HuifangError, TimeoutError) as error:
            # A full disk is no reason either for a provider to think that we have it.
            why = "; ".join(error.sentences("en")) if isinstance(error, HuifangError) else "slow"
            answer, outcome = WebResponse(503), UNAVAILABLE
        except Exception:
            log.exception("webhook_broke", webhook=name)
            answer, outcome = WebResponse(500), UNAVAILABLE
        self._tally.count(name, outcome, remote=remote, why=why)
        response = Response(answer.body, answer.status, headers, answer.content_type)
        await response(scope, receive, send)

    async def _asked(self, request: Request, hook: Webhook, remote: str) -> WebRequest:
        """Read the request within its bounds. Raises _Refused, ClientDisconnect."""
        body = bytearray()
        # Not even begun where its head says that it is too large (h11 has refused other nonsense).
        if int(request.headers.get("content-length", 0)) > self._bounds.octets:
            raise _Refused(413, "oversized")
        try:
            async with asyncio.timeout(self._bounds.seconds):
                async for part in request.stream():
                    body += part
                    if len(body) > self._bounds.octets:
                        raise _Refused(413, "oversized")
        except TimeoutError:
            raise _Refused(408, "slow") from None
        return WebRequest(
            method=request.method,
            url=hook.address + _below(request),
            query=tuple(request.query_params.multi_items()),
            headers=dict(request.headers),
            body=bytes(body),
            remote=remote,
        )


def _below(request: Request) -> str:
    """Return what the address says after the webhook's name, as it was sent: signatures are made
    over the letters themselves."""
    raw: bytes = request.scope["raw_path"]
    _, slash, path = raw.decode("ascii").removeprefix(HOOKS).partition("/")
    query = request.url.query
    return slash + path + ("?" + query if query else "")

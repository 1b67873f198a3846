"""What a failed HTTP request says of the message in it: not sent, or nobody knows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from core.errors import TransientError, UncertainError, problem

_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


def patience(seconds: float) -> httpx.Timeout:
    """Return the time-outs of a request of `seconds`: connecting gives up well before the whole,
    so that a gateway that does not even take connections is known to have got nothing."""
    return httpx.Timeout(seconds, connect=seconds / 3, pool=seconds / 3)


@asynccontextmanager
async def posted(gateway: str, seconds: float) -> AsyncIterator[None]:
    """Around one request, of `seconds` at most.

    Raises TransientError where no connection came about: nothing has left. Everything else
    (a time-out, a connection that broke) is an UncertainError: the gateway may have read it all.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except _NEVER_LEFT as error:
        raise TransientError(
            problem("gateway-away", name=gateway, reason=str(error) or type(error).__name__)
        ) from error
    except (httpx.HTTPError, TimeoutError) as error:
        said = str(error) or type(error).__name__
        raise UncertainError(problem("gateway-uncertain", reason=said)) from error

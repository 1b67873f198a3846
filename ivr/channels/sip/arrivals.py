"""The calls of people who ring us, in line for the one who takes them; who may ring at all."""

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable

from core.trunk import Trunk
from ivr.channels.contract import IncomingCall
from ivr.channels.sip.numbering import target

log = logging.getLogger(__name__)


class Arrivals:
    """Between the driver and its one reader."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[IncomingCall | None] = asyncio.Queue()
        self.strangers: Counter[str] = Counter()
        """IP address -> calls from there that were refused."""

    def tell(self, call: IncomingCall) -> None:
        """Put a call in line; it rings until somebody takes it."""
        self._waiting.put_nowait(call)

    def refused(self, address: str) -> None:
        """Count a call that came from none of the trunks."""
        host = address.rpartition(":")[0]
        self.strangers[host] += 1
        log.warning("call of a stranger refused: %s (%d so far)", host, self.strangers[host])

    def close(self) -> None:
        """Let the reader end."""
        self._waiting.put_nowait(None)

    async def read(self) -> AsyncIterator[IncomingCall]:
        """Yield calls until closed."""
        while (call := await self._waiting.get()) is not None:
            yield call


async def addresses_of(trunks: Iterable[Trunk]) -> dict[str, Collection[str]]:
    """Return the IP addresses from which each trunk may call: those named, else its own.

    A name that cannot be looked up has none: its calls are refused as a stranger's.
    """
    return {trunk.name: trunk.callers or await _own(trunk) for trunk in trunks}


async def _own(trunk: Trunk) -> list[str]:
    host = _host(target(trunk))
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        log.warning("trunk %s: the address of %s is not known: %s", trunk.name, host, error)
        return []
    return sorted({str(each[4][0]) for each in found})


def _host(target: str) -> str:
    """Return the host of ``host:port;parameters``."""
    plain = target.partition(";")[0]
    if plain.startswith("["):
        return plain[1:].partition("]")[0]
    return plain.partition(":")[0]

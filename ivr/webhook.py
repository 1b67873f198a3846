"""An HTTP request that a provider sends us, and our answer; free of any web framework."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class WebRequest:
    """What came in. Header names are lower case."""

    method: str
    url: str
    """As the provider addressed it: the webhook's public address with path and query (signatures
    are made over it, not over what a proxy made of it)."""
    query: tuple[tuple[str, str], ...] = ()
    """Decoded, in their order, names may repeat."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    """Whole; the server has refused what is too large (413)."""
    remote: str = ""
    """IP address of who sent it (behind a proxy that is ours: of whom the proxy names)."""


@dataclass(frozen=True)
class WebResponse:
    """What goes back."""

    status: int = 200
    body: str | bytes = ""
    content_type: str = "text/plain; charset=utf-8"
    refusal: str = ""
    """Why the request was refused, in a whole word that is counted: ``signature`` (or another
    proof of who it is), ``unknown``, ``malformed``, ``oversized``, ``slow``; empty: it was
    taken."""


@runtime_checkable
class Webhook(Protocol):
    """Takes the requests of one provider below one address.

    What a request tells is committed before the answer: a provider repeats what was not answered
    with 2xx, and a repetition changes nothing. A refused request (4xx) changes nothing.
    """

    @property
    def address(self) -> str:
        """Its public address, without slash at the end; empty: the provider tells nothing."""
        ...

    async def request(self, request: WebRequest) -> WebResponse:
        """Deal with one request. Raises TransientError where it cannot be kept now (503)."""
        ...

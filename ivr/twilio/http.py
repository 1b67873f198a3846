"""The HTTP of the twilio library: wherever the API is, and a request that never left told apart."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from ivr.texting.gateways.transport import patience, posted

log = structlog.get_logger(__name__)

SECONDS = 15.0
"""For one request to the API."""
MOST_SECONDS = 3600
"""A longer Retry-After is no answer to a call that waits."""


class TwilioHttp(AsyncHttpClient):  # type: ignore[misc]  # the library has no types
    """One account's connections to the API."""

    def __init__(self, name: str, api_url: str) -> None:
        """`name`: of the gateway or trunk, for errors."""
        super().__init__(logger=log, is_async=True)
        self._name, self._api_url = name, api_url.rstrip("/")
        self._client = httpx.AsyncClient(trust_env=False, timeout=patience(SECONDS))
        self.retry_after = 0
        """Seconds of the Retry-After header of the last answer, 0 where it had none. The library
        drops headers of refusals; whoever catches one reads this before he awaits anything."""

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Make one request to the API, wherever it is.

        Raises TransientError where it never left, UncertainError where nobody knows.
        """
        answer = await self._request(
            method,
            uri,
            timeout,
            params=dict(params) if params else None,
            data=dict(data) if data else None,
            headers=dict(headers or {}),
            auth=auth,
            follow_redirects=allow_redirects,
        )
        return Response(answer.status_code, answer.text, answer.headers)

    async def download(self, uri: str, auth: tuple[str, str]) -> httpx.Response:
        """Return a file of the account, whole. Raises as `request` does."""
        return await self._request("GET", uri, None, auth=auth, follow_redirects=True)

    async def _request(
        self, method: str, uri: str, timeout: float | None, **more: Any
    ) -> httpx.Response:
        address = self._api_url + urlsplit(uri)._replace(scheme="", netloc="").geturl()
        async with posted(self._name, timeout or SECONDS):
            answer = await self._client.request(method, address, **more)
        said = answer.headers.get("retry-after", "")
        self.retry_after = min(int(said), MOST_SECONDS) if said.isdigit() else 0
        return answer

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

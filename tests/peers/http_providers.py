"""Two providers as their interface descriptions have them: a signed cloud API, a carrier's MAS.

They judge what is sent anew, by other code than the driver's.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from aiohttp import web

from tests.peers.web_server import WebServer


@dataclass
class HttpProvider(WebServer):
    """Serves on loopback; `answers` are given in turn before the ordinary one."""

    taken: list[dict[str, str]] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    takes: Callable[[dict[str, str]], tuple[int, str]] | None = None
    """Makes the answer to a genuine request."""

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Say what is served."""
        router.add_post("/", self._cloud)
        router.add_post("/sms/norsubmit", self._mas)

    def _next(self, sent: dict[str, str]) -> web.Response | None:
        if self.takes:
            status, body = self.takes(sent)
        elif self.answers:
            status, body = self.answers.pop(0)
        else:
            return None
        return web.Response(status=status, text=body, content_type="application/json")

    async def _cloud(self, request: web.Request) -> web.Response:
        sent = {name: str(value) for name, value in (await request.post()).items()}
        given = sent.pop("Signature")
        pairs = sorted(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sent.items())
        over = "POST&%2F&" + quote("&".join(pairs), safe="~")
        wanted = base64.b64encode(hmac.new(b"s3cret&", over.encode(), hashlib.sha1).digest())
        if given != wanted.decode():
            return _json({"Code": "SignatureDoesNotMatch", "Message": over}, 400)
        self.taken.append(sent)
        return self._next(sent) or _json({"Code": "OK", "Message": "OK", "BizId": "9006^0"})

    async def _mas(self, request: web.Request) -> web.Response:
        sent = json.loads(base64.b64decode(await request.read()))
        order = ("ecName", "apId", "", "mobiles", "content", "sign", "addSerial")
        over = "".join(sent[name] if name else "s3cret" for name in order)
        if sent["mac"] != hashlib.md5(over.encode(), usedforsecurity=False).hexdigest():
            return _json({"rspcod": "IllegalMac", "success": False})
        self.taken.append(sent)
        return self._next(sent) or _json({"rspcod": "success", "msgGroup": "0921", "success": True})


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(body, status=status)

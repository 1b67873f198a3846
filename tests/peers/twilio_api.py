"""What Twilio's APIs share: who may ask, the account, errors as its documentation shows them."""

from dataclasses import dataclass

from aiohttp import BasicAuth, web

from tests.peers.web_server import WebServer

ACCOUNT, TOKEN = "AC" + "0" * 31 + "1", "token-of-the-account"


@dataclass
class TwilioApi(WebServer):
    """The account on loopback."""

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Say what is served."""
        router.add_get("/2010-04-01/Accounts/{sid}.json", self._account)

    def wrong(self, request: web.Request) -> web.Response | None:
        """Return the refusal of a request that may not ask; None: it may."""
        try:
            given = BasicAuth.decode(request.headers.get("Authorization", ""))
        except ValueError:
            given = BasicAuth("", "")
        if (given.login, given.password) != (ACCOUNT, TOKEN):
            return api_error(401, 20003, "Authenticate")
        return None if request.match_info["sid"] == ACCOUNT else api_error(404, 20404, "not found")

    async def _account(self, request: web.Request) -> web.Response:
        return self.wrong(request) or web.json_response({"sid": ACCOUNT, "status": "active"})


def api_error(
    status: int, code: int, message: str, headers: dict[str, str] | None = None
) -> web.Response:
    """Return an error as the API answers it."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return web.json_response(
        {"code": code, "message": message, "more_info": more, "status": status},
        status=status,
        headers=headers,
    )

"""Requests of Twilio: read and believed only with its signature.

https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator

from ivr.webhook import WebRequest, WebResponse

MOST_FIELDS = 500


class SignedRequests:
    """Reads the requests about one account."""

    def __init__(self, account_sid: str, auth_token: str) -> None:
        """`auth_token`: requests are signed with it."""
        self._account_sid = account_sid
        self._validator = RequestValidator(auth_token)

    def fields(self, request: WebRequest) -> Mapping[str, str] | WebResponse:
        """Return the fields of a request that is surely Twilio's, else the refusal."""
        if request.method != "POST":
            return WebResponse(405, refusal="malformed")
        try:
            pairs = parse_qsl(
                request.body.decode(),
                keep_blank_values=True,
                max_num_fields=MOST_FIELDS,
                errors="strict",
            )
        except ValueError:
            return WebResponse(400, refusal="malformed")
        fields = dict(pairs)
        signature = request.headers.get("x-twilio-signature", "")
        if not self._validator.validate(request.url, fields, signature):
            return WebResponse(403, refusal="signature")
        if fields.get("AccountSid") != self._account_sid:
            return WebResponse(403, refusal="unknown")
        return fields

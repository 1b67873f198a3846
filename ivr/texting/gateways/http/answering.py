"""Reads what a gateway answered to a sending: taken, refused, or nobody knows. Pure."""

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from core.errors import UncertainError, problem
from ivr.texting.contract import Accepted, Refused
from ivr.texting.delivery import says_invalid_number
from ivr.texting.gateways.http.description import Answer
from ivr.texting.gateways.http.templates import expression
from ivr.texting.gateways.incoming import said

NOT_NOW = (408, 425, 429, 503)
"""RFC 9110, RFC 6585: the request was not carried out and may come again."""
OURS = (401, 403, 404, 405, 407)
"""The settings are wrong or the account is: other messages fare no better, this one may later."""


def read(
    answer: Answer,
    status: int,
    headers: Mapping[str, str],
    body: str,
    asked: Mapping[str, Any],
) -> Accepted | Refused:
    """Return what the answer says. `headers`: names in lower case; `asked`: the request's scope.

    Raises UncertainError where it says neither that the message was taken nor that it was not.
    """
    read_body = _parsed(answer, body)
    scope = {
        "answer": read_body,
        "status": status,
        "headers": headers,
        "message": asked["message"],
        "number": asked["number"],
    }
    if 200 <= status < 300 and expression(answer.accepted)(scope) is True:
        ids = expression(answer.ids)(scope)
        found = ids if isinstance(ids, list) else [ids]
        return Accepted(tuple(str(id) for id in found if id not in (None, "")))
    wait = _seconds(headers.get("retry-after", ""))
    code = expression(answer.code)(scope) if read_body else None
    if code in (None, "") or str(code) == str(status):
        return _by_status(status, wait, body)
    return _by_code(answer, str(code), _words(answer, scope), wait)


def _parsed(answer: Answer, body: str) -> Any:
    if answer.format == "json":
        try:
            return json.loads(body)
        except ValueError:
            return {}
    found = re.search(answer.pattern, body, re.DOTALL)
    return {k: v or "" for k, v in found.groupdict().items()} if found else {}


def _words(answer: Answer, scope: Mapping[str, Any]) -> str:
    words = expression(answer.detail)(scope) if answer.detail else ""
    return "" if words is None else said(words)


def _by_code(answer: Answer, code: str, detail: str, wait: float) -> Refused:
    def among(codes: Any) -> str | None:
        return next((each for each in codes if fnmatchcase(code, each)), None)

    if among(answer.uncertain) is not None:
        raise UncertainError(problem("gateway-uncertain", reason=f"{code} {detail}".strip()))
    throttled = among(answer.throttled)
    if throttled is not None:
        return Refused(code, detail, retry_after=wait or answer.throttled[throttled])
    return Refused(
        code,
        detail,
        permanent=among((*answer.permanent, *answer.invalid_numbers)) is not None,
        retry_after=wait,
        invalid_number=among(answer.invalid_numbers) is not None or says_invalid_number(code),
    )


def _by_status(status: int, wait: float, body: str) -> Refused:
    """Judge an answer that the description cannot read by its HTTP status (RFC 9110, 15)."""
    detail = said(body)
    if status in NOT_NOW:
        return Refused(str(status), detail, retry_after=wait)
    if 300 <= status < 500:
        return Refused(str(status), detail, permanent=status >= 400 and status not in OURS)
    raise UncertainError(problem("gateway-uncertain", reason=f"HTTP {status} {detail}".strip()))


def _seconds(retry_after: str) -> float:
    return float(retry_after) if retry_after.isdigit() else 0.0

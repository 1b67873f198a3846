"""Makes the request that sends a message, from the description and the message. Pure.

Values are encoded by the format they stand in (query, form, JSON), never spliced into it.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from core.phone import written
from ivr.texting.contract import OutgoingText
from ivr.texting.gateways.http.description import Send
from ivr.texting.gateways.http.signing import signed
from ivr.texting.gateways.http.templates import Scope, TemplateFault, template
from ivr.texting.parts import encoding_of


@dataclass(frozen=True)
class Request:
    """An HTTP request that is ready to go out."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Own:
    """What a description works with: what the settings give to it, and where it is told."""

    values: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    hooks: Mapping[str, str] = field(default_factory=dict)
    """Name of a hook -> its public address."""


def scope_of(own: Own, text: OutgoingText, now: datetime, nonce: str) -> dict[str, Any]:
    """Return what the templates of a request see."""
    forms = ("e164", "digits", "national")
    return {
        "values": own.values,
        "secrets": own.secrets,
        "hooks": own.hooks,
        "number": {form: written(text.number, f"{{{form}}}") for form in forms},
        "text": text.text,
        "encoding": encoding_of(text.text),
        "message": text.message,
        "now": now,
        "nonce": nonce,
    }


def request(send: Send, scope: Mapping[str, Any]) -> Request:
    """Return the request for `send`. Raises TemplateFault."""
    url = template(send.url)(scope)
    query = _fields(send.query, scope)
    form = _fields(send.form, scope) if send.form is not None else None
    body = _json(send.json_body, scope)
    more: dict[str, Any] = {}
    if send.signature:
        place, name = send.signature.place, send.signature.name
        inner = {**scope, "method": send.method, "url": url}
        inner["parameters"] = query | (form or {}) | _plain(body)
        if place not in ("form", "json"):
            inner["body"] = _body(send, form, body).decode(send.charset)
        more["signature"] = signature = signed(send.signature, inner)
        if place == "query":
            query[name] = signature
        elif place == "form" and form is not None:
            form[name] = signature
        elif place == "json":
            body[name] = signature
        elif place == "header":
            more["header"] = {name: signature}
    content = _body(send, form, body)
    headers = _headers(send, {**scope, **more, "body": content.decode(send.charset)})
    headers |= more.get("header", {})
    if query:
        url = f"{url}{'&' if '?' in url else '?'}{urlencode(query, encoding=send.charset)}"
    return Request(send.method, url, headers, content)


def _fields(fields: Mapping[str, str], scope: Scope) -> dict[str, str]:
    return {name: template(source)(scope) for name, source in fields.items()}


def _json(value: Any, scope: Scope) -> Any:
    if isinstance(value, str):
        return template(value)(scope)
    if isinstance(value, dict):
        return {name: _json(inner, scope) for name, inner in value.items()}
    if isinstance(value, list):
        return [_json(inner, scope) for inner in value]
    return value


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _plain(body: Any) -> dict[str, str]:
    """Return the top fields of a JSON body as texts, for signatures."""
    if not isinstance(body, dict):
        return {}
    return {name: v if isinstance(v, str) else _dumped(v) for name, v in body.items()}


def _body(send: Send, form: Mapping[str, str] | None, body: Any) -> bytes:
    content = b""
    if form is not None:
        content = urlencode(form, encoding=send.charset).encode("ascii")
    elif body is not None:
        content = _dumped(body).encode(send.charset)
    return base64.b64encode(content) if send.wrapped == "base64" else content


def _headers(send: Send, scope: Scope) -> dict[str, str]:
    headers = {name: template(source)(scope) for name, source in send.headers.items()}
    for name, value in headers.items():
        if not value.isprintable():
            raise TemplateFault(f"control characters in the header {name}")
    names = {name.lower() for name in headers}
    if "content-type" not in names and (send.form is not None or send.json_body is not None):
        kind = "x-www-form-urlencoded" if send.form is not None else "json"
        headers["Content-Type"] = f"application/{kind}; charset={send.charset}"
    return headers

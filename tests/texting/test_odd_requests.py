"""Whatever comes to a webhook is taken or refused (4xx): nothing breaks it, and what was taken can
be kept."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ivr.texting.contract import TextEvent
from ivr.texting.gateways.http.asking import Own
from ivr.texting.gateways.http.driver import HttpGateway
from ivr.texting.gateways.http.reading import description_file, read_description
from ivr.texting.gateways.twilio_messages import TwilioAccount, TwilioGateway
from ivr.webhook import Webhook, WebRequest
from tests.peers.twilio_messages import ACCOUNT, TOKEN, signature

ADDRESS = "https://callback.example.cn/hooks/g"


async def keep(_gateway: str, event: TextEvent) -> None:
    """Do what a database has to be able to do with it."""
    for value in vars(event).values():
        if isinstance(value, str):
            value.encode()
        if isinstance(value, datetime):
            assert value.utcoffset() == timedelta(0)


def described(kind: str) -> HttpGateway:
    values = {"address": "http://127.0.0.1:9/", "sign_name": "s", "template": "t"}
    secrets = dict.fromkeys(
        ("account", "password", "username", "access_key_id", "access_key_secret"), "x"
    )
    own = Own(values | {"enterprise": "e", "sign": "s"}, secrets | {"hook": "t0ken"})
    description = read_description(description_file(kind, Path()))
    gateway = HttpGateway(kind, description, own, address=ADDRESS)
    gateway._take = keep  # nothing has to be connected
    return gateway


KINDS = {kind: described(kind) for kind in ("kannel", "aliyun", "carrier-mas")}
TWILIO = TwilioGateway("g", TwilioAccount(ACCOUNT, TOKEN, sender="+15005550006"), ADDRESS)
TWILIO._take = keep

REPLY = {
    "aliyun": {
        "phone_number": "13800138000",
        "send_time": "2026-03-01 12:00:05",
        "content": "不满意",
        "dest_code": "1069",
        "sequence_id": 17,
    },
    "carrier-mas": {
        "mobile": "13800138000",
        "smsContent": "不满意",
        "sendTime": "2026-03-01 12:00:05",
        "addSerial": "01",
    },
}
REPORT = {
    "aliyun": {
        "biz_id": "9006^0",
        "report_time": "2026-03-01 12:00:05",
        "success": True,
        "err_code": "DELIVERED",
    },
    "carrier-mas": {"msgGroup": "1", "reportStatus": "CM:0000", "errorCode": "CM:0000"},
}
KANNEL = {"from": "+8613800138000", "to": "1069", "text": "1", "id": "1", "at": "1", "state": "1"}
TWILIO_FORM = {
    "MessageSid": "SM1",
    "MessageStatus": "sent",
    "ErrorCode": "",
    "From": "+8613800138000",
    "To": "1",
    "Body": "1",
}
ODD = (
    *("", "\0", "\ud800", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "nan", "inf", "-1e308"),
    *("1" * 5000, "DELIVRD", "{{ 1 }}", "%s", "+"),
)
words = st.one_of(st.text(max_size=30), st.sampled_from(ODD))
scalars = st.one_of(words, st.none(), st.booleans(), st.integers(), st.floats())
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def spoilt(draw: st.DrawFn, good: dict[str, Any], values: st.SearchStrategy[Any]) -> dict[str, Any]:
    """A request's fields as they should be, but for one or two."""
    names = draw(st.lists(st.sampled_from(sorted(good)), min_size=1, max_size=2))
    left_out = object()
    changed = {name: draw(st.one_of(values, st.just(left_out))) for name in names}
    return {name: value for name, value in (good | changed).items() if value is not left_out}


def answered(hook: Webhook, request: WebRequest) -> int:
    """Return the status; it is an error that anything is raised."""
    return asyncio.run(hook.request(request)).status


@pytest.mark.parametrize("kind", ["aliyun", "carrier-mas"])
@pytest.mark.parametrize(("name", "good"), [("report", REPORT), ("incoming", REPLY)])
@given(data=st.data())
def test_any_json_is_taken_or_refused(
    kind: str, name: str, good: dict[str, dict[str, Any]], data: st.DataObject
) -> None:
    entry = spoilt(good[kind], anything)
    body = data.draw(
        st.one_of(st.lists(entry, max_size=2) if kind == "aliyun" else entry, anything)
    )
    url = f"{ADDRESS}/{name}?token=t0ken"
    request = WebRequest("POST", url, body=json.dumps(body).encode())
    assert answered(KINDS[kind], request) in (200, 400)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("content", "好\ud83d"),
        ("send_time", "0001-01-01 00:00:00"),
        ("send_time", "9999-12-31 23:59:59"),
    ],
)
def test_a_reply_is_not_lost_for_half_an_emoji_or_a_clock_that_is_wrong(
    field: str, value: str
) -> None:
    url = f"{ADDRESS}/incoming?token=t0ken"
    body = json.dumps([REPLY["aliyun"] | {field: value}]).encode()
    assert answered(KINDS["aliyun"], WebRequest("POST", url, body=body)) == 200


@pytest.mark.parametrize("kind", ["aliyun", "carrier-mas"])
@given(body=st.binary(max_size=60))
@example(body=b"[" * 100_000)
@example(body=b"1" * 5000)
def test_any_octets_are_taken_or_refused(kind: str, body: bytes) -> None:
    sent = WebRequest("POST", f"{ADDRESS}/incoming?token=t0ken", body=body)
    assert answered(KINDS[kind], sent) in (200, 400)


@pytest.mark.parametrize("name", ["report", "incoming"])
@given(fields=spoilt(KANNEL, words))
def test_any_query_is_taken_or_refused(name: str, fields: dict[str, str]) -> None:
    query = urlencode({"token": "t0ken"} | fields, errors="surrogatepass")
    assert answered(KINDS["kannel"], WebRequest("GET", f"{ADDRESS}/{name}?{query}")) in (200, 400)


@pytest.mark.parametrize("name", ["status", "incoming"])
@given(fields=spoilt(TWILIO_FORM, words.filter(lambda one: one != "\ud800")))
def test_any_signed_form_is_taken_or_refused(name: str, fields: dict[str, str]) -> None:
    url, sent = f"{ADDRESS}/{name}", {"AccountSid": ACCOUNT} | fields
    headers = {"x-twilio-signature": signature(url, sent)}
    request = WebRequest("POST", url, headers=headers, body=urlencode(sent).encode())
    assert answered(TWILIO, request) in (200, 204, 400)


@given(body=st.binary(max_size=60), given_signature=st.text(max_size=30))
def test_any_unsigned_octets_are_refused(body: bytes, given_signature: str) -> None:
    headers = {"x-twilio-signature": given_signature}
    request = WebRequest("POST", f"{ADDRESS}/incoming", headers=headers, body=body)
    assert answered(TWILIO, request) in (400, 403)

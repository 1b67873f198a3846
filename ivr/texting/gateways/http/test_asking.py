"""Requests: a person's words stay within the field they stand in."""

import base64
import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.texting.contract import OutgoingText
from ivr.texting.gateways.http.asking import Own, request, scope_of
from ivr.texting.gateways.http.description import Send
from ivr.texting.gateways.http.templates import TemplateFault

OWN = Own({"address": "http://gw:1"}, {"key": "k&=%"}, {"report": "https://us/hooks/gw/report"})
NOW = datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC)
WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=50)


def scope(text: str) -> dict[str, object]:
    return scope_of(OWN, OutgoingText("m1", "+8613800138000", text), NOW, "n1")


@given(WORDS)
def test_no_text_leaves_its_field(text: str) -> None:
    fields = {"to": "{{ number.national }}", "text": "{{ text }}", "key": "{{ secrets.key }}"}
    wanted = {"to": "13800138000", "text": text, "key": "k&=%"}
    url = "{{ values.address }}/send"
    asked = request(Send(url=url, query=fields), scope(text))
    assert dict(parse_qsl(urlsplit(asked.url).query, keep_blank_values=True)) == wanted
    asked = request(Send(url=url, form=fields), scope(text))
    assert dict(parse_qsl(asked.body.decode(), keep_blank_values=True)) == wanted
    asked = request(Send(url=url, json_body={"a": [fields], "n": 1}), scope(text))
    assert json.loads(asked.body) == {"a": [wanted], "n": 1}


@given(WORDS)
def test_json_within_a_field_is_made_not_spliced(text: str) -> None:
    send = Send(url="http://gw", form={"p": "{{ {'content': text} | json }}"})
    asked = request(send, scope(text))
    inner = dict(parse_qsl(asked.body.decode()))["p"]
    assert json.loads(inner) == {"content": text}


def test_times_nonces_and_wrapping() -> None:
    send = Send(
        url="http://gw/",
        json_body={
            "t": "{{ now | date('%Y%m%d%H%M%S', 'Asia/Shanghai') }}",
            "e": "{{ now | epoch }}",
            "n": "{{ nonce }}",
            "h": "{{ hooks.report }}",
        },
        wrapped="base64",
    )
    assert json.loads(base64.b64decode(request(send, scope("")).body)) == {
        "t": "20260301120506",
        "e": "1772337906",
        "n": "n1",
        "h": "https://us/hooks/gw/report",
    }


def test_gb18030_where_the_gateway_wants_it() -> None:
    asked = request(Send(url="http://gw", form={"t": "{{ text }}"}, charset="gb18030"), scope("您"))
    assert asked.body == b"t=%C4%FA"
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=gb18030"


def test_a_signed_header_sees_the_body_and_takes_no_line_break() -> None:
    signature = {"algorithm": "sha256", "over": "{{ nonce }}{{ body }}", "encoding": "base64"}
    send = Send.model_validate(
        {
            "url": "http://gw",
            "form": {"t": "{{ text }}"},
            "signature": signature,
            "headers": {"X-WSSE": 'Digest="{{ signature }}", Nonce="{{ nonce }}"'},
        }
    )
    header = request(send, scope("1")).headers["X-WSSE"]
    assert header.startswith('Digest="')
    assert header.endswith('", Nonce="n1"')
    assert request(send, scope("2")).headers["X-WSSE"] != header
    broken = Send(url="http://gw", headers={"X": "{{ text }}"})
    with pytest.raises(TemplateFault):
        request(broken, scope("a\r\nX-Other: b"))

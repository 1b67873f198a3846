"""What pyVoIP would drop is read, and its texts are put right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyVoIP.SIP import SIPMessage, SIPParseError, SIPStatus

from ivr.channels.pyvoip.message import Message, mended, uri_of

ODD = (
    b"SIP/2.0 499 Odd\r\n"
    b"v:SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKone;rport\r\n"
    b"VIA: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKtwo\r\n"
    b'f:"A: B" <sip:house@10.0.0.1>;tag=ours\r\n'
    b"t: <tel:+8613800138000>;tag=theirs;x=1\r\n"
    b"i: abc@10.0.0.1\r\n"
    b"CSeq: 7 INVITE\r\n"
    b"Supported:\r\n"
    b'Reason: Q.850;cause=20;\r\n text="off: gone"\r\n'
    b"Record-Route: <sip:a;lr>, <sip:b;lr>\r\n"
    b"Record-Route: <sip:c;lr>\r\n"
    b"l: 0\r\n\r\n"
)


def test_odd_headers_are_read() -> None:
    message = Message(ODD, ("10.0.0.9", 5070))
    assert (message.code, message.reason, message.status) == (499, "Odd", SIPStatus(400))
    assert (message.branch, message.answers, message.number) == ("z9hG4bKone", "INVITE", 7)
    assert (message.tag("From"), message.tag("To")) == ("ours", "theirs")
    assert message.first("Reason") == 'Q.850;cause=20; text="off: gone"'
    assert message.route_set() == ["<sip:a;lr>", "<sip:b;lr>", "<sip:c;lr>"]
    assert len(message.all("Via")) == 2
    assert message.source == ("10.0.0.9", 5070)


def test_the_library_by_itself_drops_it() -> None:
    with pytest.raises((IndexError, KeyError, ValueError, SIPParseError)):
        SIPMessage(ODD)


@pytest.mark.parametrize(
    "method", ["OPTIONS", "INFO", "UPDATE", "NOTIFY", "REFER", "MESSAGE", "PRACK"]
)
def test_every_method_is_a_request(method: str) -> None:
    text = ODD.replace(b"SIP/2.0 499 Odd", f"{method} sip:house@10.0.0.1 SIP/2.0".encode())
    message = Message(text.replace(b"7 INVITE", f"7 {method}".encode()))
    assert (message.code, message.method) == (0, method)


def test_a_body_may_hold_anything() -> None:
    body = "v=0\r\n\r\nm=audio 4000 RTP/SAVPF 111\r\nnonsense"
    head = ODD.decode().replace("l: 0\r\n", "c: application/sdp;x=y\r\n")
    assert Message((head + body).encode()).description == body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\x00\x00\x00\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\n\r\n",
        ODD.replace(b"7 INVITE", b"one INVITE"),
        ODD.replace(b"7 INVITE", b"7"),
        ODD.replace(b"v:", b"x:").replace(b"VIA:", b"y:"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(SIPParseError):
        Message(data)


@given(st.integers(0, len(ODD)), st.integers(0, 40), st.binary(max_size=8))
def test_whatever_comes_is_read_or_refused(at: int, length: int, other: bytes) -> None:
    try:
        message = Message(ODD[:at] + other + ODD[at + length :])
    except SIPParseError:
        return
    assert message.number >= 0
    assert isinstance(message.branch + message.tag("From") + message.tag("To"), str)


def test_mending_replaces_adds_and_takes_out() -> None:
    text = "BYE sip:a SIP/2.0\r\nVia: x\r\nVia: y\r\nAllow: BYE\r\nContent-Length: 0\r\n\r\n"
    changed = {"Via": ["one", "two"], "Allow": "", "Route": "<sip:p;lr>"}
    lines = ["ACK sip:b SIP/2.0", "Via: one", "Via: two", "Route: <sip:p;lr>", "Content-Length: 0"]
    made = mended(text, changed, line="ACK sip:b SIP/2.0")
    assert made == "\r\n".join(lines) + "\r\n\r\n"


def test_the_length_is_that_of_the_body_in_bytes() -> None:
    assert "Content-Length: 5\r\n\r\n满ab" in mended("A sip:a SIP/2.0\r\n\r\n", {}, body="满ab")


@pytest.mark.parametrize(
    ("value", "uri"),
    [
        ('"A" <sip:a@b;lr>;expires=3', "sip:a@b;lr"),
        ("sip:a@b;expires=3", "sip:a@b"),
        ("<sip:a@b:5070>", "sip:a@b:5070"),
    ],
)
def test_the_uri_of_a_header(value: str, uri: str) -> None:
    assert uri_of(value) == uri

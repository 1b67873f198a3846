"""SIP messages as they come off the wire: compact forms, folded lines, streams in pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ivr.people.sip.message import (
    Message,
    NotSip,
    framed,
    parameter,
    parse,
    received,
    reply,
    uri_of,
    user_of,
)

INVITE = (
    b"INVITE sip:+86-138.0000(0001)@10.0.0.2;user=phone SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK7;rport\r\n"
    b"Via: SIP/2.0/UDP 10.0.0.9\r\n"
    b"Record-Route: <sip:10.0.0.9;lr>\r\n"
    b'f: "Call;back" <sip:110@10.0.0.1>;tag=abc\r\n'
    b"t: <sip:13800000001@10.0.0.2>\r\n"
    b"i: x@y\r\n"
    b"CSeq: 2\r\n\tINVITE\r\n"
    b"l: 4\r\n\r\nbodyand more"
)


def test_a_request_is_read_with_compact_names_and_folded_lines() -> None:
    message = parse(INVITE)
    assert message.method == "INVITE"
    assert message.cseq == (2, "INVITE")
    assert message.get("call-id") == "x@y"
    assert len(message.all("via")) == 2
    assert message.body == b"body"
    assert user_of(message.uri) == "+8613800000001"
    assert parameter(message.get("from"), "tag") == "abc"
    assert uri_of(message.get("from")) == "sip:110@10.0.0.1"


def test_a_response_carries_what_binds_it_to_the_request() -> None:
    request = parse(INVITE)
    response = reply(request, 180, "Ringing", tag="mine", reason="x")
    again = parse(response.encode())
    assert again.status == 180
    assert again.all("via") == request.all("via")
    assert again.get("to").endswith(";tag=mine")
    assert again.get("record-route") == "<sip:10.0.0.9;lr>"
    assert again.get("content-length") == "0"
    assert reply(request, 486, "Busy Here", tag="mine").get("record-route") == ""


def test_the_topmost_via_learns_where_the_request_came_from() -> None:
    via = parse(INVITE).get("via")
    assert received(via, "192.0.2.7", 40000).endswith(";rport=40000;received=192.0.2.7")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\xff\xfe",
        b"GET / HTTP/1.1\r\n\r\n",
        INVITE[:60],
        INVITE.replace(b"l: 4", b"l: x"),
    ],
)
def test_what_is_no_sip_is_refused(data: bytes) -> None:
    with pytest.raises(NotSip):
        parse(data)


@given(some.lists(some.integers(1, 60), max_size=40))
def test_a_stream_in_any_pieces_gives_the_same_messages(pieces: list[int]) -> None:
    one = Message("OPTIONS sip:a SIP/2.0", [("cseq", "1 OPTIONS")]).encode()
    two = Message("INFO sip:a SIP/2.0", [("cseq", "2 INFO")], b"Signal=1\r\n\r\n").encode()
    stream = b"\r\n\r\n" + one + two + one
    buffer, found, at = bytearray(), list[bytes](), 0
    for piece in [*pieces, len(stream)]:
        buffer += stream[at : at + piece]
        at += piece
        found += framed(buffer)
    assert found == [b"", one, two, one]
    assert not buffer

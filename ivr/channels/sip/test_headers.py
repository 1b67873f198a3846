"""Headers and bodies that pjsua2 does not take apart."""

import pytest

from ivr.channels.sip import headers

BUSY = (
    "SIP/2.0 503 Service Unavailable\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1\r\n"
    'Reason: SIP;cause=503, Q.850 ;cause=34;text="No circuit"\r\n'
    "Retry-After: 18000;duration=3600\r\n\r\n"
)


def test_the_cause_and_the_wait_are_read() -> None:
    assert headers.q850_cause(BUSY) == 34
    assert headers.retry_after(BUSY) == 18000


def test_nothing_is_read_where_nothing_stands() -> None:
    assert headers.q850_cause("SIP/2.0 486 Busy Here\r\n\r\nReason: Q.850;cause=1") == 0
    assert headers.retry_after("") == 0
    assert not headers.has_sdp("SIP/2.0 180 Ringing\r\nContent-Length: 0\r\n\r\n")


def test_the_cause_may_stand_after_the_text() -> None:
    assert headers.q850_cause('BYE sip:a SIP/2.0\r\nReason: Q.850;text="x";cause=16\r\n\r\n') == 16


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        ("application/dtmf", "5", "5"),
        ("application/dtmf", "#\r\n", "#"),
        ("application/dtmf", "11", "#"),
        ("Application/DTMF;x=y", "Signal= 7\r\nDuration= 160", "7"),
        ("application/dtmf", "55", ""),
        ("application/dtmf-relay", "Signal=5\r\nDuration=160", ""),
        ("text/plain", "5", ""),
    ],
)
def test_the_key_of_an_info(kind: str, body: str, key: str) -> None:
    message = f"INFO sip:a SIP/2.0\r\nContent-Type: {kind}\r\n\r\n{body}"
    assert headers.plain_key(message) == key


def test_keys_are_offered_under_the_number_that_everybody_uses() -> None:
    sdp = (
        "v=0\r\nm=audio 4000 RTP/AVP 8 0 120\r\na=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:120 telephone-event/8000\r\na=fmtp:120 0-16\r\na=ssrc:120 cname:x\r\n"
    )
    changed = headers.conventional_events(sdp)
    assert "m=audio 4000 RTP/AVP 8 0 101\r\n" in changed
    assert "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ssrc:120 " in changed
    assert headers.conventional_events(changed) == changed


def invite(*lines: str, to: str = "sip:12345@10.0.0.9:5060") -> str:
    return "\r\n".join((f"INVITE {to} SIP/2.0", "Via: SIP/2.0/UDP 10.0.0.1", *lines, "", ""))


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (("From: <sip:013800138001@10.0.0.1>;tag=1",), "013800138001"),
        (('f: "张三" <sip:+8613800138001@c.example;user=phone>;tag=1',), "+8613800138001"),
        (("From: sip:13800138001@10.0.0.1;tag=1",), "13800138001"),
        (("From: <sip:%2B8613800138001@10.0.0.1>;tag=1",), "+8613800138001"),
        (("From: <sip:0138-0013-8001;phone-context=+86@10.0.0.1>;tag=1",), "013800138001"),
        (
            ("From: <sip:pbx@10.0.0.1>;tag=1", "P-Asserted-Identity: <tel:+8613800138001>"),
            "+8613800138001",
        ),
        (("From: <sip:10086@10.0.0.1>", "P-Asserted-Identity: <sip:13800138001@c>"), "13800138001"),
        (("From: <sip:13800138001@10.0.0.1>", "P-Asserted-Identity: <sip:trunk@c>"), "13800138001"),
        (("From: <sip:13800138001@10.0.0.1>", "Privacy: none"), "13800138001"),
        (("From: <sip:13800138001@10.0.0.1>", "Privacy: id"), ""),
        (("From: <sip:anonymous@anonymous.invalid>;tag=1",), ""),
        (("From: <sip:10.0.0.1>;tag=1",), ""),
        ((), ""),
    ],
)
def test_who_calls(lines: tuple[str, ...], number: str) -> None:
    assert headers.caller(invite(*lines)) == number


def test_which_number_was_dialled() -> None:
    assert headers.called(invite()) == "12345"
    assert headers.called(invite(to="sip:huifang@10.0.0.9")) == ""
    assert headers.called("") == ""

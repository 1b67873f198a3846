"""Where the sound goes, in which codec, by all the ways of saying it."""

import pytest
from pyVoIP.RTP import PayloadType, TransmitType

from ivr.channels.pyvoip.description import audio

PLAIN = """v=0
o=- 1 1 IN IP4 10.0.0.1
s=-
c=IN IP4 10.0.0.1
t=0 0
m=audio 4000 RTP/AVP 8 0 101
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
"""


def test_a_plain_answer() -> None:
    found = audio(PLAIN)
    assert found is not None
    assert found.address == ("10.0.0.1", 4000)
    assert found.codecs == (PayloadType.PCMA, PayloadType.PCMU)
    assert found.event_type == 101
    assert found.direction is TransmitType.SENDRECV
    assert found.codec(["PCMU"]) is PayloadType.PCMU
    assert found.codec([]) is None


def test_the_address_of_the_sound_goes_before_that_of_the_session() -> None:
    text = PLAIN + "c=IN IP4 10.0.0.2/127\na=sendonly\nm=video 5000 RTP/AVP 31\nc=IN IP4 10.0.0.3\n"
    found = audio(text.replace("\n", "\r\n"))
    assert found is not None
    assert found.address == ("10.0.0.2", 4000)
    assert found.direction is TransmitType.RECVONLY


def test_sound_behind_a_picture() -> None:
    text = PLAIN.replace("m=audio", "m=video 5000 RTP/AVP 31\nc=IN IP4 10.0.0.3\nm=audio")
    found = audio(text)
    assert found is not None
    assert found.address == ("10.0.0.1", 4000)


def test_events_under_another_number_and_codecs_nobody_knows() -> None:
    text = PLAIN.replace("8 0 101", "9 96 0 13 120").replace(":101", ":120")
    found = audio(text + "a=rtpmap:96 opus/48000/2\n")
    assert found is not None
    assert found.codecs == (PayloadType.PCMU,)
    assert found.event_type == 120


def test_events_that_are_not_taken() -> None:
    found = audio(PLAIN.replace(" 101\n", "\n").replace("a=rtpmap:101 telephone-event/8000\n", ""))
    assert found is not None
    assert found.event_type is None


@pytest.mark.parametrize(
    "text",
    ["", "v=0\n", PLAIN.replace("m=audio", "m=image"), PLAIN.replace("c=IN IP4", "c=IN IP6")],
)
def test_what_describes_no_sound_that_can_be_reached(text: str) -> None:
    assert audio(text) is None

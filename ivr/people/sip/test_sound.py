"""What people send: events with three ends, tones that are keys, a beep that is a beep."""
# ruff: noqa: S311 - dice for a rehearsal

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ivr.people.person import BEEP_HERTZ, BEEP_SECONDS, GREETING_SECONDS
from ivr.people.sip import sdp, sound
from ivr.people.sip.hearing import PAUSE_SECONDS, Hearing
from ivr.people.sip.rtp import BadLine, Impairment, Sender, Sound, key_events
from speech.beep import BeepDetector
from speech.tones import DtmfDetector


def pcm(payload: bytes, codec: int) -> bytes:
    table = sound.decoding(codec)
    return b"".join(table[code].to_bytes(2, "little", signed=True) for code in payload)


@pytest.mark.parametrize("codec", [0, 8])
@given(sample=some.integers(-32000, 32000))
def test_g711_keeps_a_sample_within_its_step(codec: int, sample: int) -> None:
    (code,) = sound.encode([sample], codec)
    assert abs(sound.decoding(codec)[code] - sample) <= max(16, abs(sample) / 16)


@pytest.mark.parametrize("codec", [0, 8])
@pytest.mark.parametrize("key", "0123456789*#")
def test_a_key_tone_is_heard_as_its_key(key: str, codec: int) -> None:
    still = sound.silence(codec) * 5
    line = pcm(still + sound.key_tone(key, codec) + still * 2, codec)
    assert DtmfDetector().feed(line) == key


def test_a_mailbox_beeps_and_a_greeting_alone_does_not() -> None:
    greeting = sound.babble(GREETING_SECONDS, 8)
    beep = sound.beep(BEEP_HERTZ, BEEP_SECONDS, 8)
    quiet = sound.silence(8) * 100
    assert BeepDetector().feed(pcm(greeting + beep + quiet, 8))
    assert not BeepDetector().feed(pcm(greeting + quiet, 8))


def test_one_press_is_events_of_one_stamp_with_three_ends() -> None:
    sender = Sender(8, 101, random.Random(1))
    before = sender.packet(Sound(sound.silence(8)))
    packets = [sender.packet(frame) for frame in key_events("#")]
    heads = [struct.unpack("!BBHII", packet[:12]) for packet in packets]
    bodies = [struct.unpack("!BBH", packet[12:]) for packet in packets]
    assert [second >> 7 for _, second, *_ in heads] == [1] + [0] * (len(packets) - 1)
    assert {second & 0x7F for _, second, *_ in heads} == {101}
    assert len({stamp for _, _, _, stamp, _ in heads}) == 1
    first = struct.unpack("!BBHII", before[:12])[2]
    assert [head[2] - first for head in heads] == list(range(1, len(packets) + 1))
    assert {event for event, _, _ in bodies} == {11}
    assert [flags >> 7 for _, flags, _ in bodies] == [0] * 5 + [1] * 3
    assert [duration for *_, duration in bodies] == [160, 320, 480, 640, 800, 960, 960, 960]


def test_a_bad_line_loses_doubles_and_swaps() -> None:
    line = BadLine(Impairment(0.1, 0.1, 0.1), random.Random(1))
    packets = [bytes([n % 256, n // 256]) for n in range(2000)]
    arrived = [each for packet in packets for each in line.send(packet)]
    assert 0.85 < len(set(arrived)) / len(packets) < 0.95
    assert len(arrived) > len(set(arrived))
    assert arrived != sorted(arrived, key=packets.index)
    perfect = BadLine(Impairment(), random.Random(1))
    assert [each for packet in packets for each in perfect.send(packet)] == packets


def test_a_prompt_begins_with_sound_and_ends_after_a_pause() -> None:
    hearing, now, heard = Hearing(), 0.0, list[tuple[str, float]]()
    still = sound.silence(8)
    speech = sound.frames(sound.babble(2.0, 8), 8)
    line = [still] * 50 + speech + [still] * 20 + speech + [still] * 100
    for payload in line:
        if hearing.packet(payload, 8, now):
            heard.append(("began", round(now, 1)))
        if hearing.finished(now):
            heard.append(("ended", round(now, 1)))
        now += 0.02
    assert [what for what, _ in heard] == ["began", "ended"]  # 0.4 s is no end
    assert 1.0 <= heard[0][1] <= 1.3
    assert 5.4 + PAUSE_SECONDS - 0.3 <= heard[1][1] <= 5.4 + PAUSE_SECONDS + 0.1


OFFER = (
    "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 96 8 0 120\r\na=rtpmap:96 opus/48000/2\r\n"
    "a=rtpmap:120 telephone-event/8000\r\n"
)


def test_an_offer_is_answered_with_its_own_numbers() -> None:
    media = sdp.parse(OFFER.encode())
    assert media == sdp.Media("10.0.0.1", 4000, 8, 120)
    answer = sdp.describe("127.0.0.1", 5000, media)
    assert sdp.parse(answer) == sdp.Media("127.0.0.1", 5000, 8, 120)
    assert sdp.parse(sdp.describe("127.0.0.1", 5000, media, events=False)).event is None
    held = sdp.parse((OFFER + "a=sendonly\r\n").encode())
    assert not held.receives
    assert b"a=recvonly" in sdp.describe("127.0.0.1", 5000, held)


def test_an_offer_without_g711_is_refused() -> None:
    with pytest.raises(sdp.NoCommonCodec):
        sdp.parse(OFFER.replace("96 8 0 120", "96 120").encode())

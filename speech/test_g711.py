"""A-law and µ-law as the standard's tables say, and as Python's former audioop did."""

import audioop

import numpy as np
import pytest

from speech.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw

EVERY_CODE = bytes(range(256))
EVERY_SAMPLE = np.arange(-32768, 32768).astype("<i2").tobytes()


def samples(*values: int) -> bytes:
    return np.array(values, "<i2").tobytes()


def test_known_values() -> None:
    # G.711 tables 1a, 2a: virtual edge 4032 (12 bit) and 8031 (14 bit) at full scale.
    assert decode_alaw(b"\xaa\x2a\xd5\x55") == samples(32256, -32256, 8, -8)
    assert decode_ulaw(b"\x80\x00\xff\x7f") == samples(32124, -32124, 0, 0)
    assert encode_alaw(samples(32767, -32768, 0, -1)) == b"\xaa\x2a\xd5\x55"
    assert encode_ulaw(samples(32767, -32768, 0)) == b"\x80\x00\xff"


def test_a_milliwatt_sine_has_its_standard_codes() -> None:
    # G.711, 6 (tables 5 and 6): 1 kHz at 0 dBm0 is this sequence for ever.
    alaw, ulaw = bytes.fromhex("342121 34b4a1a1b4"), bytes.fromhex("1e0b0b1e9e8b8b9e")
    for sequence, decode in ((alaw, decode_alaw), (ulaw, decode_ulaw)):
        sound = np.frombuffer(decode(sequence * 100), "<i2").astype(float)
        level = 20 * np.log10(np.sqrt((sound**2).mean() * 2) / 32768) + 3.14
        assert level == pytest.approx(0.0, abs=0.1)


def test_all_codes_and_samples_agree_with_another_implementation() -> None:
    assert decode_alaw(EVERY_CODE) == audioop.alaw2lin(EVERY_CODE, 2)
    assert decode_ulaw(EVERY_CODE) == audioop.ulaw2lin(EVERY_CODE, 2)
    assert encode_alaw(EVERY_SAMPLE) == audioop.lin2alaw(EVERY_SAMPLE, 2)
    # audioop rounds negative samples down to 14 bits first: at most the next code, at the edges.
    ours = np.frombuffer(encode_ulaw(EVERY_SAMPLE), np.uint8).astype(int)
    theirs = np.frombuffer(audioop.lin2ulaw(EVERY_SAMPLE, 2), np.uint8).astype(int)
    assert np.abs(ours - theirs).max() <= 1
    assert (ours != theirs).mean() < 0.01


def test_every_code_survives_there_and_back() -> None:
    assert encode_alaw(decode_alaw(EVERY_CODE)) == EVERY_CODE
    back = encode_ulaw(decode_ulaw(EVERY_CODE))
    assert back.replace(b"\xff", b"\x7f") == EVERY_CODE.replace(b"\xff", b"\x7f")  # two zeros

"""The sounds of simulated people, in G.711: tones, beeps, something like speech, silence. Pure.

G.711 by tables made from the standard's formulas (ITU-T G.711, tables 1a and 2a).
"""

import bisect
import math
import random
from functools import cache

RATE = 8000
"""Samples a second."""
FRAME = 160
"""Samples in 20 ms."""
DTMF = {
    key: (low, high)
    for row, low in zip(("123A", "456B", "789C", "*0#D"), (697, 770, 852, 941), strict=True)
    for key, high in zip(row, (1209, 1336, 1477, 1633), strict=True)
}
"""Frequencies of the keys in hertz (ITU-T Q.23)."""
LOUD = 700
"""Sample value (of 32,767) from which something is heard."""


def _from_alaw(code: int) -> int:
    code ^= 0x55
    exponent, mantissa = code >> 4 & 7, code & 15
    value = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << exponent - 1
    return value if code & 0x80 else -value


def _from_ulaw(code: int) -> int:
    code = ~code & 0xFF
    value = (((code & 15) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    return -value if code & 0x80 else value


@cache
def decoding(codec: int) -> tuple[int, ...]:
    """Return code -> sample for payload type `codec` (8 A-law, 0 µ-law)."""
    return tuple((_from_alaw if codec == 8 else _from_ulaw)(code) for code in range(256))


@cache
def loudness(codec: int) -> bytes:
    """Return a translation table: 1 for every code that is heard, 0 for all others."""
    return bytes(abs(sample) >= LOUD for sample in decoding(codec))


@cache
def _levels(codec: int) -> tuple[list[int], list[int]]:
    pairs = sorted((sample, code) for code, sample in enumerate(decoding(codec)))
    return [sample for sample, _ in pairs], [code for _, code in pairs]


def encode(samples: list[int], codec: int) -> bytes:
    """Return samples as G.711: each takes the nearest level."""
    levels, codes = _levels(codec)
    out = bytearray()
    for sample in samples:
        above = min(bisect.bisect_left(levels, sample), len(levels) - 1)
        below = max(above - 1, 0)
        nearest = above if levels[above] - sample <= sample - levels[below] else below
        out.append(codes[nearest])
    return bytes(out)


def mixed(payload: bytes, echo: bytes, share: float, codec: int) -> bytes:
    """Return `payload` with `share` of the amplitudes of `echo` added."""
    table = decoding(codec)
    pairs = zip(payload, echo, strict=False)
    return encode([table[own] + int(share * table[other]) for own, other in pairs], codec)


def frames(payload: bytes, codec: int) -> list[bytes]:
    """Cut a payload into 20 ms, the last one filled up with silence."""
    still = silence(codec)
    cut = [payload[at : at + FRAME] for at in range(0, len(payload), FRAME)]
    return [each + still[len(each) :] for each in cut]


@cache
def silence(codec: int) -> bytes:
    """Return 20 ms of silence."""
    return encode([0], codec) * FRAME


def _tone(hertz: tuple[float, ...], seconds: float, amplitude: float) -> list[int]:
    count = int(RATE * seconds)
    turns = [2 * math.pi * each / RATE for each in hertz]
    return [int(sum(amplitude * math.sin(turn * i) for turn in turns)) for i in range(count)]


@cache
def key_tone(key: str, codec: int, seconds: float = 0.1) -> bytes:
    """Return one key as an in-band tone, about -10 dBm0 a frequency."""
    return encode(_tone(DTMF[key], seconds, 5000), codec)


@cache
def beep(hertz: float, seconds: float, codec: int) -> bytes:
    """Return the beep of a mailbox."""
    return encode(_tone((hertz,), seconds, 9000), codec)


@cache
def tone(hertz: tuple[float, ...], seconds: float, codec: int) -> bytes:
    """Return one or two frequencies at once: call progress, fax, information tones."""
    return encode(_tone(hertz, seconds, 6000), codec)


@cache
def babble(seconds: float, codec: int) -> bytes:
    """Return something like speech: harmonics of a changing voice in syllables, some noise."""
    dice = random.Random(7)  # noqa: S311 - always the same voice
    samples: list[int] = []
    phase = 0.0
    while len(samples) < RATE * seconds:
        pitch = dice.uniform(110, 190)
        length = int(RATE * dice.uniform(0.12, 0.24))
        weights = [dice.uniform(0.2, 1.0) / harmonic for harmonic in range(1, 9)]
        for i in range(length):
            phase += 2 * math.pi * pitch * (1 + 0.1 * i / length) / RATE
            envelope = math.sin(math.pi * i / length)
            voice = sum(w * math.sin(h * phase) for h, w in enumerate(weights, 1))
            samples.append(int(envelope * (2600 * voice + dice.gauss(0, 200))))
        samples += [0] * int(RATE * dice.uniform(0.02, 0.08))
    return encode(samples[: int(RATE * seconds)], codec)

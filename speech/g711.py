"""A-law and µ-law (ITU-T G.711), by table: what a call's bytes mean, and the way back.

The tables follow the segments of G.711 tables 1a and 2a. Encoding picks the decision value below
which a sample lies, as the standard's coders do, with inputs of 16 bit.
"""

import numpy as np
from numpy.typing import NDArray

_ALAW_TOGGLE = 0x55
"""Even bits are inverted on the line (G.711, 3.3)."""
_BIAS = 132
"""µ-law: 33 of the standard's 14 bit scale, on 16 bits."""


def _alaw_table() -> NDArray[np.int16]:
    code = np.arange(256) ^ _ALAW_TOGGLE
    segment, step = code >> 4 & 7, code & 15
    magnitude = np.where(
        segment == 0, (step << 4) + 8, ((step << 4) + 264) << np.maximum(segment - 1, 0)
    )
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _ulaw_table() -> NDArray[np.int16]:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 15) << 3) + _BIAS << (code >> 4 & 7)) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _segment(magnitude: NDArray[np.int64], first: int) -> NDArray[np.int64]:
    """Return how many of the bounds `first`, 2 `first` ... each magnitude reaches, at most 7."""
    return sum((magnitude >= first << shift).astype(np.int64) for shift in range(7))  # type: ignore[return-value]


def _alaw_codes() -> NDArray[np.uint8]:
    sample = np.arange(-32768, 32768)
    # A negative sample belongs to the interval that mirrors it: -1 is the first below zero.
    magnitude = np.where(sample >= 0, sample, -sample - 1)
    segment = _segment(magnitude, 256)
    step = magnitude >> np.maximum(segment + 3, 4) & 15
    code = (segment << 4) | step | np.where(sample >= 0, 0x80, 0)
    return (code ^ _ALAW_TOGGLE).astype(np.uint8)


def _ulaw_codes() -> NDArray[np.uint8]:
    sample = np.arange(-32768, 32768)
    magnitude = np.minimum(np.abs(sample), 32635) + _BIAS
    segment = _segment(magnitude, 256)
    step = magnitude >> (segment + 3) & 15
    code = (segment << 4) | step | np.where(sample < 0, 0x80, 0)
    return (~code & 0xFF).astype(np.uint8)


_FROM_ALAW, _FROM_ULAW = _alaw_table(), _ulaw_table()
_TO_ALAW, _TO_ULAW = _alaw_codes(), _ulaw_codes()


def decode_alaw(data: bytes) -> bytes:
    """Return 16 bit little-endian samples of A-law bytes (PCMA)."""
    return _decode(data, _FROM_ALAW)


def decode_ulaw(data: bytes) -> bytes:
    """Return 16 bit little-endian samples of µ-law bytes (PCMU)."""
    return _decode(data, _FROM_ULAW)


def encode_alaw(pcm: bytes) -> bytes:
    """Return A-law bytes (PCMA) of 16 bit little-endian samples."""
    return _encode(pcm, _TO_ALAW)


def encode_ulaw(pcm: bytes) -> bytes:
    """Return µ-law bytes (PCMU) of 16 bit little-endian samples."""
    return _encode(pcm, _TO_ULAW)


def _decode(data: bytes, table: NDArray[np.int16]) -> bytes:
    return table[np.frombuffer(data, np.uint8)].astype("<i2").tobytes()


def _encode(pcm: bytes, table: NDArray[np.uint8]) -> bytes:
    return table[np.frombuffer(pcm, "<i2").astype(np.int32) + 32768].tobytes()

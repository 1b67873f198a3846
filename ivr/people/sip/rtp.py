"""RTP packets, keys as events (RFC 3550, 5.1; RFC 4733, 2.3), and a line that loses some."""

import random
import struct
from dataclasses import dataclass

from ivr.people.sip.sound import FRAME

KEYS = "0123456789*#ABCD"
"""Event codes 0-15 (RFC 4733, table 3)."""
PRESS_FRAMES = 5
"""20 ms packets while the key is down: 100 ms."""
GAP_FRAMES = 5
"""Packets between two keys."""


@dataclass(frozen=True)
class Sound:
    """20 ms of sound."""

    payload: bytes


@dataclass(frozen=True)
class Event:
    """One packet of a key that is held down."""

    key: str
    duration: int
    """Timestamp units since the key went down."""
    first: bool = False
    last: bool = False


Frame = Sound | Event


def key_events(key: str) -> list[Frame]:
    """Return the packets of one press: the end is sent three times (RFC 4733, 2.5.1.4)."""
    down: list[Frame] = [
        Event(key, FRAME * (index + 1), first=index == 0) for index in range(PRESS_FRAMES)
    ]
    return [*down, *[Event(key, FRAME * (PRESS_FRAMES + 1), last=True)] * 3]


class Sender:
    """Numbers and stamps one stream's packets."""

    def __init__(self, codec: int, event: int | None, dice: random.Random) -> None:
        self._codec, self._event = codec, event
        self._sequence = dice.getrandbits(16)
        self._stamp = dice.getrandbits(32)
        self._source = dice.getrandbits(32)
        self._key_down_at = 0
        self._started = False

    def packet(self, frame: Frame) -> bytes:
        """Return the next packet; 20 ms pass with each."""
        if isinstance(frame, Event) and self._event is not None:
            if frame.first:
                self._key_down_at = self._stamp
            body = struct.pack(
                "!BBH", KEYS.index(frame.key), 10 | (0x80 if frame.last else 0), frame.duration
            )
            packet = self._head(self._event, frame.first, self._key_down_at) + body
        else:
            payload = frame.payload if isinstance(frame, Sound) else b""
            packet = self._head(self._codec, not self._started, self._stamp) + payload
        self._started = True
        self._sequence = self._sequence + 1 & 0xFFFF
        self._stamp = self._stamp + FRAME & 0xFFFFFFFF
        return packet

    def _head(self, payload_type: int, marker: bool, stamp: int) -> bytes:
        second = payload_type | (0x80 if marker else 0)
        return struct.pack("!BBHII", 0x80, second, self._sequence, stamp, self._source)


@dataclass(frozen=True)
class Impairment:
    """What a bad line does to the packets we send: shares from 0 to 1."""

    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    echo: float = 0.0
    """Of what is heard so much comes back to the caller (amplitudes: 0.1 is -20 dB)."""


class BadLine:
    """Loses, doubles and swaps packets."""

    def __init__(self, impairment: Impairment, dice: random.Random) -> None:
        self._impairment, self._dice = impairment, dice
        self._held: bytes | None = None

    def send(self, packet: bytes) -> list[bytes]:
        """Return what arrives instead of `packet`."""
        bad = self._impairment
        if self._dice.random() < bad.loss:
            return []
        out = [packet, packet] if self._dice.random() < bad.duplicate else [packet]
        if self._held is not None:
            out.append(self._held)
            self._held = None
        elif self._dice.random() < bad.reorder:
            self._held = out.pop()
        return out

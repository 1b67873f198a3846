"""Keys as RFC 4733 events: reading one packet, and what is sent for a press. Pure.

pyVoIP counts a press where a packet has the marker bit: where that packet is lost, or a gateway
sets none, the key is missed, and where every packet has it, it is heard several times.
"""

import struct
from collections.abc import Iterator

KEYS = "0123456789*#ABCD"
_END = 0x80
_VOLUME = 10
"""-10 dBm0."""
_STEP = 160
"""Samples of 20 ms."""
_PACKETS = 5
_REPEATED_END = 2
PAUSE = 5
"""Packets of silence between two keys."""


def read(payload: bytes) -> tuple[str, int] | None:
    """Return the key of an event's packet and its duration so far in ms; None: another event."""
    if len(payload) < 4:
        return None
    event, _, duration = struct.unpack(">BBH", payload[:4])
    return (KEYS[event], duration // 8) if event < len(KEYS) else None


def presses(keys: str) -> Iterator[tuple[bytes, bool]]:
    """Yield a payload for each 20 ms that `keys` take, and whether a press begins with it.

    An empty payload: send none. A press is five growing packets, the last of them three times.
    """
    for key in keys:
        if key.upper() not in KEYS:
            continue
        event = KEYS.index(key.upper())
        for index in range(_PACKETS + _REPEATED_END):
            length = min(index + 1, _PACKETS) * _STEP
            end = _END if index >= _PACKETS - 1 else 0
            yield struct.pack(">BBH", event, end | _VOLUME, length), index == 0
        for _ in range(PAUSE):
            yield b"", False

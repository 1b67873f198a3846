"""RTP captures made for SIPp to play: keys after RFC 4733, tones, with any loss or repetition."""

import math
import struct
from dataclasses import dataclass
from pathlib import Path

EVENTS = "0123456789*#ABCD"
EVENT_TYPE = 101
PCMA, PCMU = 8, 0
DTMF_HZ = {
    key: (low, high)
    for low, row in ((697, "123A"), (770, "456B"), (852, "789C"), (941, "*0#D"))
    for high, key in zip((1209, 1336, 1477, 1633), row, strict=True)
}


@dataclass(frozen=True)
class Packet:
    """One RTP packet and when it is sent (seconds)."""

    at: float
    sequence: int
    timestamp: int
    kind: int
    payload: bytes
    marker: bool = False

    def rtp(self) -> bytes:
        head = (0x80, self.kind | (0x80 if self.marker else 0), self.sequence & 0xFFFF)
        return struct.pack(">BBHII", *head, self.timestamp & 0xFFFFFFFF, 0x1234) + self.payload


def press(
    key: str, *, at: float = 0.0, sequence: int = 1, timestamp: int = 1000, milliseconds: int = 100
) -> list[Packet]:
    """Return the packets of one press: growing ones every 20 ms, then the end three times."""
    packets = []
    count = milliseconds // 20
    for index in range(count + 2):
        length = min(index + 1, count) * 160
        end = 0x80 if index >= count - 1 else 0
        payload = struct.pack(">BBH", EVENTS.index(key), end | 10, length)
        packets.append(
            Packet(at + index * 0.02, sequence + index, timestamp, EVENT_TYPE, payload, index == 0)
        )
    return packets


def ulaw(sample: int) -> int:
    """Return the G.711 mu-law code of a 16-bit sample."""
    sign = 0x80 if sample < 0 else 0
    value = min(abs(sample), 32635) + 132
    exponent = value.bit_length() - 8
    return ~(sign | (exponent << 4) | ((value >> (exponent + 3)) & 0x0F)) & 0xFF


def tones(
    hertz: tuple[float, ...], *, at: float = 0.0, sequence: int = 1, milliseconds: int = 100
) -> list[Packet]:
    """Return packets of sound (PCMU); no frequency is silence."""
    packets = []
    for index in range(milliseconds // 20):
        codes = bytes(
            ulaw(
                int(sum(7000 * math.sin(2 * math.pi * f * (index * 160 + n) / 8000) for f in hertz))
            )
            for n in range(160)
        )
        stamp = int(at * 8000) + index * 160
        packets.append(Packet(at + index * 0.02, sequence + index, stamp, PCMU, codes))
    return packets


def write(path: Path, packets: list[Packet]) -> Path:
    """Write a capture file (LINKTYPE_ETHERNET) that SIPp can play."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for packet in sorted(packets, key=lambda p: p.at):
        rtp = packet.rtp()
        udp = struct.pack(">HHHH", 6000, 6002, 8 + len(rtp), 0) + rtp
        ip = struct.pack(
            ">BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, 0x7F000001, 0x7F000001
        )
        frame = bytes(12) + b"\x08\x00" + ip + udp
        seconds, fraction = divmod(packet.at, 1)
        out.append(struct.pack("<IIII", int(seconds), int(fraction * 1e6), len(frame), len(frame)))
        out.append(frame)
    path.write_bytes(b"".join(out))
    return path

"""Ears at the called side: every RTP packet with the moment at which the kernel took it."""

import asyncio
import socket
import struct
from dataclasses import dataclass

_STAMP = struct.Struct("ll")
SO_TIMESTAMPNS = 35


@dataclass(frozen=True)
class Heard:
    """One RTP packet."""

    at: float
    """Seconds since 1970, by the kernel: a busy listener is none the later."""
    kind: int
    marker: bool
    sequence: int
    timestamp: int
    payload: bytes


class Listener:
    """A UDP port that listens."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])
        self.heard: list[Heard] = []

    def __enter__(self) -> "Listener":
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        return self

    def _read(self) -> None:
        while True:
            try:
                data, extra, _, _ = self._socket.recvmsg(2048, 256)
            except BlockingIOError:
                return
            seconds, nanoseconds = _STAMP.unpack(extra[0][2][: _STAMP.size])
            _, kind, sequence, timestamp, _ = struct.unpack(">BBHII", data[:12])
            self.heard.append(
                Heard(
                    seconds + nanoseconds / 1e9,
                    kind & 0x7F,
                    kind >= 0x80,
                    sequence,
                    timestamp,
                    data[12:],
                )
            )

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

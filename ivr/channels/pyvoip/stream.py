"""The RTP of one call: pyVoIP's client with another clock, another ear and another memory.

pyVoIP sleeps between packets, so that every lateness adds up: on a busy machine seconds in a call,
and the person hears gaps. Here one clock of 20 ms drives all calls of a process, and what was held
up is made good at once. pyVoIP carries sound in 8 bits, encodes A-law as µ-law, and keeps all that
it ever heard; here prompts are encoded once, and sound is decoded only where somebody listens.
"""

import logging
import secrets
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from pyVoIP.RTP import PayloadType, RTPClient, RTPParseError, TransmitType

from ivr.channels.pyvoip import keys
from ivr.channels.pyvoip.client import EVENT_TYPE
from ivr.channels.pyvoip.reception import PACKET, Reception
from speech.g711 import decode_alaw, decode_ulaw

log = logging.getLogger(__name__)

FRAME_SECONDS = 0.02
QUIET_AMPLITUDE = 73.0
"""Root mean square of 16 bit samples at -50 dBm0 (G.711: +3.17 dBm0 is full scale)."""
SILENCE = {PayloadType.PCMA: b"\xd5", PayloadType.PCMU: b"\xff"}
DECODE = {PayloadType.PCMA: decode_alaw, PayloadType.PCMU: decode_ulaw}
_HEADER = 12
_LARGEST = 2048


class Playing(Protocol):
    """What is being played."""

    def take(self, codec: PayloadType) -> bytes:
        """Return the next 20 ms as codes of `codec`; empty at the end."""
        ...


class Listener(Protocol):
    """Somebody who wants the person's sound."""

    def hear(self, heard: bytes, played: bytes, playing: Playing | None) -> None:
        """Take 20 ms of PCM (8 kHz, 16 bit): the person's, and what was played meanwhile."""
        ...


class Stream(RTPClient):
    """The sound of one call, both ways, in one codec."""

    def __init__(
        self,
        sock: socket.socket,
        address: tuple[str, int],
        codec: PayloadType,
        event_type: int | None,
        event: Callable[[str, int, int], None],
    ) -> None:
        """`event` is told each RFC 4733 packet: key, RTP timestamp and duration in ms."""
        host, port = sock.getsockname()
        assoc = {int(codec): codec} | ({event_type: PayloadType.EVENT} if event_type else {})
        super().__init__(assoc, host, port, *address, TransmitType.SENDRECV)
        self.sin = self.sout = sock
        self.outSSRC = secrets.randbits(32)
        self.outSequence = secrets.randbits(15)
        self.outTimestamp = secrets.randbits(31)
        self.event_type = event_type
        self._event = event
        self._reception = Reception(SILENCE[codec])
        self._heard = SILENCE[codec] * PACKET
        self._begins = True
        self._presses: Iterator[tuple[bytes, bool]] = iter(())
        self._pressed_at = 0
        self.playing: Playing | None = None
        """What is being played; it is taken off when it ends."""
        self.listeners: list[Listener] = []

    def start(self) -> None:
        """Nothing: pyVoIP would start two threads."""

    def stop(self) -> None:
        """Send and receive no more."""
        self.NSD = False
        self.sin.close()

    def agree(self, address: tuple[str, int], codec: PayloadType, event_type: int | None) -> None:
        """Go on as a new description says (RFC 3264, 8)."""
        self.outIP, self.outPort = address
        self.event_type = event_type
        if codec is not self.preference:
            self.preference = codec
            self._reception = Reception(SILENCE[codec])

    @property
    def counts(self) -> tuple[int, int]:
        """Packets received and lost."""
        return self._reception.received, self._reception.lost

    @property
    def quiet(self) -> bool:
        """True while the person is silent."""
        pcm = np.frombuffer(DECODE[self.preference](self._heard), "<i2").astype(np.float32)
        return bool(np.sqrt(np.mean(pcm * pcm)) <= QUIET_AMPLITUDE)

    def press(self, pressed: str) -> None:
        """Press keys."""
        self._presses = keys.presses(pressed)

    # ------------------------------------------------------------------------------ receiving

    def receive(self) -> None:
        """Take what has come in."""
        while self.NSD:
            try:
                packet = self.sin.recv(_LARGEST)
            except (BlockingIOError, OSError):
                return
            try:
                self.parse_packet(packet)
            except (RTPParseError, struct.error, IndexError):
                continue  # RTCP, STUN, comfort noise, anything

    def parse_packet(self, packet: bytes) -> None:
        """Take one packet, header extension and padding left out (RFC 3550, 5.1).

        Raises RTPParseError, struct.error, IndexError for what is none.
        """
        first, kind, sequence, timestamp, source = struct.unpack(">BBHII", packet[:_HEADER])
        if first >> 6 != 2 or len(packet) <= _HEADER:
            raise RTPParseError("no RTP")
        begin = _HEADER + 4 * (first & 0x0F)
        if first & 0x10:
            begin += 4 + 4 * int(struct.unpack(">H", packet[begin + 2 : begin + 4])[0])
        end = len(packet) - (packet[-1] if first & 0x20 else 0)
        payload, payload_type = packet[begin:end], kind & 0x7F
        if payload_type == int(self.preference):
            self._reception.put(source, sequence, payload)
        elif payload_type in (self.event_type, EVENT_TYPE):
            self._reception.put(source, sequence, b"")
            event = keys.read(payload)
            if event:
                self._event(event[0], timestamp // 8, event[1])

    # -------------------------------------------------------------------------------- sending

    def turn(self, behind: int = 0) -> None:
        """Send and hear the next 20 ms. `behind`: so many more are to follow at once."""
        playing, codes = self.playing, b""
        if playing is not None:
            codes = playing.take(self.preference)
            if not codes:
                self.playing = playing = None
        silence = SILENCE[self.preference]
        codes = codes.ljust(PACKET, silence)
        event = next(self._presses, None)
        if event is None:
            self._send(int(self.preference), codes, self.outTimestamp, marker=self._begins)
            self._begins = False
        elif event[0] and self.event_type is not None:
            if event[1]:
                self._pressed_at = self.outTimestamp
            self._send(self.event_type, event[0], self._pressed_at, marker=event[1])
        self.outTimestamp = (self.outTimestamp + PACKET) & 0xFFFFFFFF
        self._hear(codes, playing, behind)

    def leave_out(self, behind: int) -> None:
        """Send nothing for 20 ms: it is too late. What was heard meanwhile counts all the same."""
        self.outTimestamp = (self.outTimestamp + PACKET) & 0xFFFFFFFF
        self._begins = True
        self._hear(SILENCE[self.preference] * PACKET, None, behind)

    def _hear(self, codes: bytes, playing: Playing | None, behind: int) -> None:
        self._heard = self._reception.take(behind)
        if self.listeners:
            decode = DECODE[self.preference]
            heard, played = decode(self._heard), decode(codes)
            for listener in list(self.listeners):
                listener.hear(heard, played, playing)

    def _send(self, kind: int, payload: bytes, timestamp: int, *, marker: bool) -> None:
        if not self.outPort or self.outIP == "0.0.0.0":  # noqa: S104 - the old way to say "hold"
            return
        marked = kind | (0x80 if marker else 0)
        head = struct.pack(">BBHII", 0x80, marked, self.outSequence, timestamp, self.outSSRC)
        self.outSequence = (self.outSequence + 1) & 0xFFFF
        try:
            self.sout.sendto(head + payload, (self.outIP, self.outPort))
        except OSError as error:
            log.debug("RTP to %s:%s: %s", self.outIP, self.outPort, error)

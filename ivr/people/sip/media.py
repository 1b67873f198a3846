"""The sound of many calls on one 20 ms timer: a socket a call, packets out and in at each beat."""

import asyncio
import random
import socket
from collections import deque
from collections.abc import Callable, Iterable

from ivr.people.sip.hearing import Hearing
from ivr.people.sip.rtp import BadLine, Frame, Impairment, Sender, Sound
from ivr.people.sip.sdp import Media
from ivr.people.sip.sound import mixed, silence

BEAT = 0.02
"""Seconds between two packets of a stream."""
ECHO_BEATS = 5
"""After how many packets an echo comes back: 100 ms."""
LATEST = 0.5
"""Seconds behind time after which beats are left out instead of being made up for."""


class Metronome:
    """One timer for all streams: a hundred calls cost one wake-up each 20 ms."""

    def __init__(self) -> None:
        self._streams: dict[Stream, None] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, stream: "Stream") -> None:
        """Let `stream` beat; starts the timer with the first one."""
        self._streams[stream] = None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._beat())

    def remove(self, stream: "Stream") -> None:
        """Let `stream` rest."""
        self._streams.pop(stream, None)

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while self._streams:
            due += BEAT
            late = loop.time() - due
            if late > LATEST:
                due += late
            await asyncio.sleep(max(0.0, -late))
            now = loop.time()
            for stream in tuple(self._streams):
                stream.beat(now)


class Stream:
    """The RTP of one call: what the person says and presses out, what he hears in."""

    def __init__(self, host: str, dice: random.Random, impairment: Impairment) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self.port: int = self._socket.getsockname()[1]
        self._dice, self._impairment = dice, impairment
        self._line: BadLine | None = None
        self._outbox: deque[Frame] = deque()
        self._sender: Sender | None = None
        self._hearing = Hearing()
        self._echo: deque[bytes] = deque(maxlen=ECHO_BEATS + 1)
        self.media: Media | None = None
        self.on_began: Callable[[], None] = lambda: None
        self.on_ended: Callable[[], None] = lambda: None
        self.packets_heard = 0

    def agree(self, media: Media) -> None:
        """Take what offer and answer came to; a new offer in a call keeps the numbering."""
        if self.media is None or (media.codec, media.event) != (self.media.codec, self.media.event):
            self._sender = Sender(media.codec, media.event, self._dice)
            self._still = Sound(silence(media.codec))
        if self._impairment != Impairment():
            self._line = BadLine(self._impairment, self._dice)
        self.media = media

    def say(self, what: Iterable[Frame]) -> None:
        """Send these after all that waits already."""
        self._outbox.extend(what)

    @property
    def waiting(self) -> float:
        """Seconds until all that waits is sent."""
        return len(self._outbox) * BEAT

    def beat(self, now: float) -> None:
        """Receive what came, send the next packet."""
        media = self.media
        if media is None or self._sender is None:
            return
        self._hear(media, now)
        frame = self._outbox.popleft() if self._outbox else self._still
        if not media.port or media.host == "0.0.0.0":  # noqa: S104 - RFC 3264: on hold
            return
        if len(self._echo) > ECHO_BEATS and isinstance(frame, Sound):
            share = self._impairment.echo
            frame = Sound(mixed(frame.payload, self._echo.popleft(), share, media.codec))
        packet = self._sender.packet(frame)
        for each in self._line.send(packet) if self._line else (packet,):
            try:
                self._socket.sendto(each, (media.host, media.port))
            except OSError:
                return  # the other side is gone or its buffer full; RTP goes on without

    def _hear(self, media: Media, now: float) -> None:
        while True:
            try:
                packet = self._socket.recv(2048)
            except BlockingIOError:
                break
            except OSError:
                continue  # an ICMP refusal of something sent before
            if len(packet) < 12 or packet[0] >> 6 != 2 or packet[1] & 0x7F != media.codec:
                continue
            self.packets_heard += 1
            start = 12 + 4 * (packet[0] & 15)
            if self._impairment.echo:
                self._echo.append(packet[start:])
            if self._hearing.packet(packet[start:], media.codec, now):
                self.on_began()
        if self._hearing.finished(now):
            self.on_ended()

    def close(self) -> None:
        """Free the port."""
        self._socket.close()

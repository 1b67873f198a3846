"""The first sounds of a call, listened to until it is known who picked up.

From the network's sound before the answer (announcements, RFC 3960) to the greeting after it. What
was heard is told to the house with its moment; pieces of speech are sent along where words are
recognised. The house says when it knows enough.
"""

import base64
import time
from collections.abc import Callable

from ivr.channels.sip.leg import Source
from ivr.channels.sip.protocol import FIRST_SOUNDS
from speech.activity import Began, Ended
from speech.pickup.ear import PickUpEar

BEFORE_SECONDS = 0.3
"""Sound sent from before speech was noticed: a soft beginning belongs to it."""
LONGEST_SECONDS = 20.0
"""Listened to after the answer at most, whatever the house says or does not say."""
_GOES_ON_SECONDS = 0.5
"""How often it is told that speech goes on."""
_HANG_OVER = 0.4
"""Seconds of quiet that may have passed already while speech counts as going on."""
_KEPT_SECONDS = 1.0
_BYTES = 16000
"""Bytes of a second: 8,000 samples of 16 bit."""


class FirstSounds:
    """What is heard of one call. `happened` tells an event, `sound` sends base64 PCM."""

    def __init__(
        self,
        source: Source,
        happened: Callable[..., None],
        sound: Callable[[int, str], None] | None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`sound`: None where no words are recognised. A recording has a `clock` of its own
        (seconds)."""
        self._time = clock
        self._source, self._happened, self._sound = source, happened, sound
        self._ear = PickUpEar()
        self._kept = b""
        self._sending = False
        self._told_until = 0.0
        self._behind = 0.0
        """Seconds of sound that were waiting behind what is looked at, in a process that lags."""
        self._until = float("inf")

    def follow(self, source: Source) -> None:
        """Go on with the sound of another stream (a changed answer, RFC 3264)."""
        source.waiting.extendleft(reversed(self._source.waiting))
        self._source.end()
        self._source = source

    def answered(self, now: float) -> None:
        """The call was answered: what was heard before was the network."""
        self._ear.answered()
        self._sending, self._kept = False, b""
        self._until = now + LONGEST_SECONDS

    def turn(self, now: float) -> bool:
        """Look at what was heard since the last time. False once it was long enough."""
        left = sum(map(len, self._source.waiting))
        for _ in range(len(self._source.waiting)):
            pcm = self._source.waiting.popleft()
            left -= len(pcm)
            self._behind = left / _BYTES
            self._hear(pcm)
        return now < self._until

    def _hear(self, pcm: bytes) -> None:
        told = self._ear.feed(pcm)
        if self._sending:
            self._send(pcm)
        elif self._sound:
            self._kept = (self._kept + pcm)[-int(_KEPT_SECONDS * _BYTES) :]
        for event in told:
            if isinstance(event, Began):
                self._tell("began", event.at)
                self._begin(event.at)
            elif isinstance(event, Ended):
                self._sending = False
                self._tell("ended", event.at)
            else:
                self._tell(event.name, event.at)
        heard = self._ear.heard - _HANG_OVER
        if self._ear.speaking and heard - self._told_until >= _GOES_ON_SECONDS:
            self._tell("goes_on", heard)

    def _begin(self, at: float) -> None:
        if self._sound is None:
            return
        before = int((self._ear.heard - at + BEFORE_SECONDS) * _BYTES) & ~1
        self._sending = True
        self._send(self._kept[-before:])
        self._kept = b""

    def _send(self, pcm: bytes) -> None:
        if self._sound is not None:
            self._sound(FIRST_SOUNDS, base64.b64encode(pcm).decode())

    def _tell(self, sign: str, at: float) -> None:
        self._told_until = at
        moment = self._time() - self._behind - (self._ear.heard - at)
        self._happened("first_sound", at=moment, sign=sign)

    def end(self) -> None:
        """Tap no more."""
        self._source.end()

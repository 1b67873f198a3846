"""What the person says, cut into utterances and sent to the house, while somebody listens.

The sound is tapped only then (and for a moment longer, as a survey listens again at its next
question). Who was speaking already when the listening began is not heard to the end of it.
"""

import base64
import time
import wave
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from ivr.channels.sip.leg import Source
from speech.activity import Began, VoiceActivity
from speech.echo import EchoGuard, Levels, levels

BEFORE_SECONDS = 0.3
"""Sound sent from before an utterance was noticed: a soft beginning belongs to it. Quiet of this
length is where it began at the earliest."""
QUIET_DB = 12.0
"""What is so much weaker than the beginning that was noticed is quiet."""
LONGEST_SECONDS = 15.0
"""An utterance is cut there: nobody answers for so long, a television does."""
LINGER_SECONDS = 2.0
"""How long the sound is still tapped after the last listening."""
_KEPT_SECONDS = 2.0
"""Sound kept: what is sent from before, and what passes until a beginning is told."""
_FRAME_SECONDS = 0.02
_BYTES = 16000
"""Bytes of a second: 8,000 samples of 16 bit."""


@lru_cache(maxsize=64)
def _levels_of(path: str) -> Levels:
    """Return the levels of a prompt's file."""
    with wave.open(path, "rb") as sound:
        return levels(sound.readframes(sound.getnframes()))


def beginning(pcm: bytes, noticed: float) -> float:
    """Return how many seconds before its end the speech in `pcm` began.

    `noticed`: where it was noticed, in seconds before the end. What is heard late must not be cut:
    of 不满意 there would remain 满意. So the beginning is looked for backwards, up to a quiet.
    """
    before = levels(pcm)
    count = int(noticed / _FRAME_SECONDS) + 1
    if len(before) <= count:
        return noticed
    loud = float(before[-count:].max()) * 10 ** (-QUIET_DB / 20)
    quiet = 0
    for level in before[-count - 1 :: -1]:
        quiet = quiet + 1 if level < loud else 0
        count += 1
        if quiet * _FRAME_SECONDS >= BEFORE_SECONDS:
            break
    return max(noticed, (count - quiet) * _FRAME_SECONDS)


class Utterances:
    """The speech of one person. `happened` tells an event, `sound` sends base64 PCM."""

    def __init__(
        self,
        source: Source,
        happened: Callable[..., None],
        sound: Callable[[int, str], None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Listen to `source`; a recording has a `clock` of its own (seconds)."""
        self._time = clock
        self._source, self._happened, self._sound = source, happened, sound
        self._activity = VoiceActivity()
        self._guard = EchoGuard()
        self._listening = 0
        self._listened_until = 0.0
        self._utterance = 0
        """The listening to which the utterance under way is told; 0: to none."""
        self._kept = self._without_echo = b""
        self._heard = 0.0
        """Seconds of sound until now."""
        self._began = 0.0

    def listen(self, listening: int) -> None:
        """Tell of utterances that begin from now on."""
        self._listening, self._utterance = listening, 0

    def stop(self, now: float) -> None:
        """Tell of none."""
        self._listening = self._utterance = 0
        self._listened_until = now

    def plays(self, files: list[str], now: float) -> None:
        """A prompt begins."""
        self._guard.plays(np.concatenate([_levels_of(file) for file in files]), now)

    def silent(self, now: float) -> None:
        """Nothing is played any more."""
        self._guard.stops(now)

    def turn(self, now: float) -> bool:
        """Look at what was heard since the last time. False once nobody has listened for long."""
        for left in range(len(self._source.waiting) - 1, -1, -1):
            pcm = self._source.waiting.popleft()
            self._hear(pcm, now - left * len(pcm) / _BYTES)
        return bool(self._listening) or now - self._listened_until < LINGER_SECONDS

    def _hear(self, pcm: bytes, now: float) -> None:
        # Once somebody speaks every sound of his counts: there is no echo of what was stopped.
        passed = pcm if self._activity.speaking else self._guard.pass_on(pcm, now)
        told = self._activity.feed(passed)
        self._heard += len(pcm) / _BYTES
        if self._utterance:
            self._send(pcm)
        else:
            most = int(_KEPT_SECONDS * _BYTES)
            self._kept = (self._kept + pcm)[-most:]
            self._without_echo = (self._without_echo + passed)[-most:]
        for event in told:
            if isinstance(event, Began):
                self._begin(event.at)
            else:
                self._end(event.at)
        if self._utterance and self._heard - self._began > LONGEST_SECONDS:
            self._end(self._heard)

    def _begin(self, at: float) -> None:
        if not self._listening:
            return
        seconds = beginning(self._without_echo, self._heard - at)
        self._utterance, self._began = self._listening, self._heard - seconds
        self._happened("speech_began", listening=self._utterance, at=self._clock(self._began))
        self._send(self._kept[-(int((seconds + BEFORE_SECONDS) * _BYTES) & ~1) :])
        self._kept = self._without_echo = b""

    def _end(self, at: float) -> None:
        if self._utterance:
            self._happened("speech_ended", listening=self._utterance, at=self._clock(at))
        self._utterance = 0

    def _send(self, pcm: bytes) -> None:
        self._sound(self._utterance, base64.b64encode(pcm).decode())

    def _clock(self, at: float) -> float:
        """Return when the sound at `at` was heard, in seconds since 1970."""
        return self._time() - (self._heard - at)

    def end(self) -> None:
        """Tap no more."""
        self._source.end()

"""Listening to the sound itself: keys as tones, the beep of a mailbox.

Tapping the sound costs CPU, so it is tapped only where and as long as something can be heard in
it: keys where the other side did not offer telephone-event, a mailbox's beep in the first half
minute. The samples are put aside and looked at by the line's own loop, so that a detector never
holds up the sound.
"""

from ivr.channels.sip.leg import Sound, Source
from speech.beep import BeepDetector
from speech.tones import DtmfDetector

KEY_FRAME, ANSWER_FRAME, BEEP_FRAME = 60_000, 60_000, 960_000
"""Microseconds of the tapped frames. Taking one costs about the same for 20 ms as for 960; a key
must be heard soon, the end of a spoken answer too, a beep counts only after a second of quiet
anyway."""
MOST_WAITING = 50
"""Frames put aside at most: older ones are dropped when the process cannot keep up."""


class Hearing:
    """The detectors of one call."""

    def __init__(self, sound: Sound, *, keys: bool, beep_until: float) -> None:
        """Raises StackError where the sound cannot be tapped."""
        self._keys = DtmfDetector() if keys else None
        self._beep: BeepDetector | None = BeepDetector()
        self._beep_until = beep_until
        self._tap: Source | None = sound.tap(KEY_FRAME if keys else BEEP_FRAME)

    def listen(self, now: float) -> tuple[str, bool]:
        """Return the keys pressed since the last time, and whether a beep was heard."""
        if self._tap is None:
            return "", False
        keys, beep = "", False
        if self._tap.waiting:
            frames = [self._tap.waiting.popleft() for _ in range(len(self._tap.waiting))]
            pcm = b"".join(frames)
            if self._keys:
                keys = self._keys.feed(pcm)
            if self._beep and self._beep.feed(pcm):
                beep, self._beep = True, None
        if self._beep and now >= self._beep_until:
            self._beep = None
        if not self._beep and not self._keys:
            self.end()
        return keys, beep

    def person_is_there(self) -> None:
        """Whoever presses a key is no mailbox: stop listening for its beep."""
        self._beep_until = 0.0

    def end(self) -> None:
        """Stop listening."""
        if self._tap is not None:
            self._tap.end()
            self._tap = None

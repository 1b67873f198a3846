"""Listening to the sound itself: keys as tones, the beep of a mailbox.

Sound comes out of pjsua through a Python port, which costs CPU, so it is tapped only where and as
long as something can be heard in it: keys where the other side did not offer telephone-event,
a mailbox's beep in the first half minute. The sound clock's thread only puts the samples aside;
they are looked at by the line's own loop, so that a detector never holds up the sound.
"""

import contextlib
import ctypes
from collections import deque
from typing import Any, Protocol

import pjsua2 as pj

from speech.beep import BeepDetector
from speech.tones import DtmfDetector

KEY_FRAME, ANSWER_FRAME, BEEP_FRAME = 60_000, 60_000, 960_000
"""Microseconds of the tapped frames. A callback into Python costs the same for 20 ms as for 960;
a key must be heard soon, the end of a spoken answer too, a beep counts only after a second of
quiet anyway."""
MOST_WAITING = 50
"""Frames put aside at most: older ones are dropped when the process cannot keep up."""
_idle: dict[int, list["Tap"]] = {KEY_FRAME: [], ANSWER_FRAME: [], BEEP_FRAME: []}
"""Taps of this process that no call uses. They are used again and never destroyed: the sound
clock's thread may still be inside one when its call is over."""


class Source(Protocol):
    """Where the sound of one person is taken from: a call's tap, or a recording."""

    waiting: deque[bytes]
    """8 kHz, 16 bit, mono, in frames."""


class Tap(pj.AudioMediaPort):  # type: ignore[misc]
    """Puts aside what the person sends."""

    def __init__(self, microseconds: int) -> None:
        super().__init__()
        self.microseconds = microseconds
        self.waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        shape = pj.MediaFormatAudio()
        shape.init(pj.PJMEDIA_FORMAT_PCM, 8000, 1, microseconds, 16)
        self.createPort("tap", shape)

    def onFrameReceived(self, frame: Any) -> None:
        self.waiting.append(pcm_of(frame))

    def onFrameRequested(self, frame: Any) -> None:
        frame.type = pj.PJMEDIA_FRAME_TYPE_NONE


def borrow_tap(person: Any, microseconds: int) -> Tap:
    """Tap what `person` sends, in frames of that length. Raises pjsua2.Error."""
    tap = _idle[microseconds].pop() if _idle[microseconds] else Tap(microseconds)
    tap.waiting.clear()
    person.startTransmit(tap)
    return tap


def give_back_tap(person: Any, tap: Source) -> None:
    """Stop tapping."""
    if not isinstance(tap, Tap):
        return  # a recording
    with contextlib.suppress(pj.Error):  # the call's sound may be gone already
        person.stopTransmit(tap)
    _idle[tap.microseconds].append(tap)


def pcm_of(frame: Any) -> bytes:
    """Return the bytes of a frame: 16 bit, 8 kHz, mono.

    Element by element through SWIG a frame costs hundreds of times as much as its memory read in
    one piece. A std::vector's first word points to its elements.
    """
    size = frame.size
    if not size:
        return b""
    begin = ctypes.c_void_p.from_address(int(frame.buf.this)).value
    return ctypes.string_at(begin, size) if begin else b""


class Hearing:
    """The detectors of one call."""

    def __init__(self, person: Any, *, keys: bool, beep_until: float) -> None:
        """Raises pjsua2.Error where the sound cannot be tapped."""
        self._person = person
        self._keys = DtmfDetector() if keys else None
        self._beep: BeepDetector | None = BeepDetector()
        self._beep_until = beep_until
        self._tap: Tap | None = borrow_tap(person, KEY_FRAME if keys else BEEP_FRAME)

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
            give_back_tap(self._person, self._tap)
            self._tap = None

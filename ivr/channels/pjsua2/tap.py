"""Tapping the sound of a call: it comes out of pjsua through a Python port.

The sound clock's thread only puts the samples aside.
"""

import contextlib
import ctypes
from collections import defaultdict, deque
from typing import Any

import pjsua2 as pj

from ivr.channels.sip.hearing import MOST_WAITING

_idle: defaultdict[int, list["Tap"]] = defaultdict(list)
"""Taps of this process that no call uses, by the length of their frames. They are used again and
never destroyed: the sound clock's thread may still be inside one when its call is over."""


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


class Tapping:
    """A tap that is in use, as `ivr.channels.sip.stack.Source`."""

    def __init__(self, person: Any, microseconds: int) -> None:
        """Tap what `person` sends, in frames of that length. Raises pjsua2.Error."""
        idle = _idle[microseconds]
        self._person = person
        self._tap = idle.pop() if idle else Tap(microseconds)
        self.waiting = self._tap.waiting
        self.waiting.clear()
        person.startTransmit(self._tap)

    def end(self) -> None:
        with contextlib.suppress(pj.Error):  # the call's sound may be gone already
            self._person.stopTransmit(self._tap)
        _idle[self._tap.microseconds].append(self._tap)

"""Our own voice that comes back: the echo of a prompt is not the person speaking. Pure.

A hybrid (the telephone exchange's two-wire to four-wire transition) returns what we send some
6-30 dB weaker (ITU-T G.168 counts on 6 dB at least; 10-20 dB are usual) and some 20-600 ms later.
As echo cancellers do to tell that the near end speaks (Geigel: D. L. Duttweiler, "A twelve-channel
digital echo canceler", IEEE Trans. Comm., 1978), the level that arrives is compared with the
loudest that was sent within that time. What is not louder than an echo can be is turned down to
the quiet of the line.
"""

import math

import numpy as np
from numpy.typing import NDArray

FRAME = 160
"""Samples (20 ms) whose level is looked at."""
_SECONDS = FRAME / 8000
_WINDOW_SECONDS = 0.8
"""How much later an echo may come."""
_AHEAD_SECONDS = 0.2
"""How far the prompt may be ahead of where it is believed to be."""
_MOST = 0.45
"""An echo of -10 dB and 3 dB of margin, as a ratio of amplitudes."""
_LEAST = 0.06
_LEARNT_SECONDS = 1.0
"""Of prompt heard before what came back of it is relied on."""
_LEARNT_MARGIN = 1.8
_FAR_LOUD = 300.0
"""Amplitude (of 32,767) from which a prompt is loud enough to learn from."""
_QUIETEST, _LOUDEST_QUIET = 4.0, 20.0
"""Amplitudes between which the quiet of a line is believed to be."""
_HOLD = 5
"""Frames that pass after one that was no echo: a voice falls between its syllables."""

Levels = NDArray[np.float32]
"""Root mean squares of frames of 20 ms."""


def levels(pcm: bytes) -> Levels:
    """Return the levels of 8 kHz, 16 bit samples, a last unfilled frame left out."""
    samples = np.frombuffer(pcm[: len(pcm) // (2 * FRAME) * 2 * FRAME], dtype="<i2")
    frames = samples.reshape(-1, FRAME).astype(np.float32)
    found: Levels = np.sqrt((frames**2).mean(axis=1))
    return found


class EchoGuard:
    """Turns down what may be an echo. Moments are seconds of one clock, whichever."""

    def __init__(self) -> None:
        self._sent: Levels = np.zeros(0, dtype=np.float32)
        self._began = -math.inf
        self._stopped = -math.inf
        self._learnt = 0
        """Frames that were learned from."""
        self._most = 0.0
        """The loudest echo so far, as a ratio to what was sent."""
        self._quiet = _LOUDEST_QUIET
        self._held = 0

    def plays(self, sent: Levels, now: float) -> None:
        """A prompt of these levels begins."""
        self._sent, self._began, self._stopped = sent, now, math.inf

    def stops(self, now: float) -> None:
        """It was stopped, or is over."""
        self._stopped = min(self._stopped, now)

    def pass_on(self, pcm: bytes, now: float) -> bytes:
        """Return `pcm`, which ended at `now`, without what may be an echo."""
        count = len(pcm) // (2 * FRAME)
        if not count or not len(self._sent) or now - self._stopped > _WINDOW_SECONDS:
            return pcm
        near = levels(pcm)
        if near.max() <= _LOUDEST_QUIET and self._knows:
            return pcm
        far = np.array([self._far(now - (count - n) * _SECONDS) for n in range(count)])
        self._learn(near, far)
        self._quiet = min(self._quiet, max(_QUIETEST, float(near.min())))
        scale = np.ones(count, dtype=np.float32)
        for index, is_echo in enumerate((far > 0) & (near <= far * self._limit)):
            self._held = max(0, self._held - 1) if is_echo else _HOLD
            if is_echo and not self._held:
                scale[index] = min(1.0, self._quiet / max(1.0, float(near[index])))
        if scale.min() == 1.0:
            return pcm
        samples = np.frombuffer(pcm[: count * 2 * FRAME], dtype="<i2").reshape(-1, FRAME)
        turned = (samples * scale[:, None]).astype("<i2").tobytes()
        return turned + pcm[count * 2 * FRAME :]

    @property
    def _knows(self) -> bool:
        """True where it was heard for long enough what comes back."""
        return self._learnt * _SECONDS >= _LEARNT_SECONDS

    @property
    def _limit(self) -> float:
        """How loud an echo may be, as a ratio to what was sent."""
        if not self._knows:
            return _MOST
        return min(_MOST, max(_LEAST, self._most * _LEARNT_MARGIN))

    def _learn(self, near: Levels, far: NDArray[np.float64]) -> None:
        loud = far > _FAR_LOUD
        if not self._knows and loud.any():
            self._learnt += int(loud.sum())
            self._most = max(self._most, float((near[loud] / far[loud]).max()))

    def _far(self, moment: float) -> float:
        """Return the loudest that was sent and may come back in the 20 ms from `moment` on."""
        until = min(moment + _AHEAD_SECONDS, self._stopped) - self._began
        since = moment - _WINDOW_SECONDS - self._began
        part = self._sent[max(0, int(since / _SECONDS)) : max(0, math.ceil(until / _SECONDS))]
        return float(part.max()) if len(part) else 0.0

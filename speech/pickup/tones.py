"""Tones that tell who, or what, is on the line: call progress, information tones, fax.

Call progress in China (GB/T 3380, YD/T 1065): 450 Hz, ringing 1 s in 5 s, busy 0.35 s in 0.7 s,
congestion 0.7 s in 1.4 s. Elsewhere (ITU-T E.180 supplement 2): 425 Hz with other lengths; in North
America 480 + 620 Hz for busy (its ringing, 440 + 480 Hz, is not told from here). Special
information tones (ITU-T E.180, Q.35): 950, 1,400 and 1,800 Hz, 330 ms each, before an
announcement. Fax (ITU-T T.30): a called machine answers with 2,100 Hz for 2.6 to 4 s (CED), a
calling one sends 1,100 Hz, 0.5 s every 3.5 s (CNG). The beep of a mailbox is heard by
`speech.beep`.
"""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speech.framing import Framing
from speech.tones import amplitude, block_index

_WINDOW, _HOP = 256, 160
_SECONDS = _HOP / 8000
_CHUNK = 3 * _HOP
_MOST = 15 * _HOP
"""Samples looked at in one step."""
_BIN = 8000 / _WINDOW
_LOWEST, _HIGHEST = 10, 90
"""Spectral lines looked at: 310 to 2,800 Hz."""
_PURITY = 0.88
"""Share of the energy (125 to 3,930 Hz) that lies in the one or two lines of a tone."""
_WEAKER = 0.10
"""Share that the weaker of two tones has at least: 10 dB under the other."""
_LEVEL_DBM0 = -42.0
_WANDER = 14.0
"""Hertz by which a tone may wander within itself."""
_OTHER = 45.0
"""Hertz by which another tone differs at least. Where a frame of RTP was lost or late the phase
breaks, and a window with the break in it seems to be off by up to a line."""
_MISSED = 4
"""Frames in a row without the tone that end it: a lost frame of RTP spoils three windows, and ANSam
(ITU-T V.8) turns its phase every 450 ms."""
_SHORTEST = 0.08
_STEADY = 0.10
"""Seconds after which it is told that a tone is under way."""
_FORGET = 8.0
"""Seconds after which a tone no longer belongs to a cadence."""


@dataclass(frozen=True)
class Tone:
    """A sign in the sound."""

    name: str
    """``steady`` (a tone is under way: wait for what it comes to), ``ringback``, ``busy``,
    ``congestion``, ``sit``, ``cng``, ``ced``; `speech.pickup.ear` adds ``beep``."""
    at: float
    """Seconds of sound since the first sample: when it began."""


@dataclass
class _Sounded:
    """One tone from its beginning to its end."""

    low: float
    """Hertz."""
    high: float
    """Hertz of the second tone; 0: there was one only."""
    begin: float
    end: float
    told: bool = False

    @property
    def seconds(self) -> float:
        return self.end - self.begin

    def same(self, low: float, high: float) -> bool:
        return abs(self.low - low) <= _WANDER and abs(self.high - high) <= _WANDER

    def other(self, low: float, high: float) -> bool:
        """True where that is another tone, and not this one with a break in its phase."""
        apart = max(abs(self.low - low), abs(self.high - high))
        return apart > _OTHER

    @property
    def progress(self) -> bool:
        """True at the frequencies of call progress."""
        if self.high:
            return abs(self.low - 480) < 15 and abs(self.high - 620) < 15
        return 380 <= self.low <= 490


class ToneSigns:
    """Hears signs in a stream of 8 kHz, 16 bit little-endian mono samples."""

    def __init__(self) -> None:
        self._framing = Framing(_WINDOW, _HOP, least=_CHUNK, most=_MOST)
        self._hann = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
        self._scale = float(2 / (self._hann**2).sum() / _WINDOW)
        self._least = amplitude(_LEVEL_DBM0) ** 2 / 2
        self._gate = int(amplitude(_LEVEL_DBM0))
        self._frames = 0
        self._now: _Sounded | None = None
        self._missed = 0
        self._past: deque[_Sounded] = deque(maxlen=6)
        self._repeated: dict[str, float] = {}
        """Sign -> when it was told last."""

    def feed(self, pcm: bytes) -> list[Tone]:
        """Take samples of any length; return the signs in them, in order (mostly none)."""
        told: list[Tone] = []
        for sound, count, loudest in self._framing.feed(pcm):
            loud = loudest >= self._gate
            for low, high in self._measure(sound, count) if loud else [(0.0, 0.0)] * count:
                self._frames += 1
                told += self._hear(low, high)
        return told

    def _measure(self, sound: NDArray[np.float32], count: int) -> list[tuple[float, float]]:
        """Return of each frame the hertz of its one or two tones; zeros: no tone."""
        blocks = sound[block_index(count, _WINDOW, _HOP)] * self._hann
        spectrum = np.fft.rfft(blocks, axis=1)[:, :126]
        power = (spectrum.real**2 + spectrum.imag**2) * self._scale
        power[:, :4] = 0.0  # hum
        total = power.sum(axis=1)
        rows = np.arange(count)
        first = power[:, _LOWEST:_HIGHEST].argmax(axis=1) + _LOWEST
        likely = (power[rows, first] > total * 0.2) & (total > self._least)
        if not likely.any():
            return [(0.0, 0.0)] * count
        one, hertz = self._peak(power, rows, first)
        rest = power.copy()
        rest[rows[:, None], first[:, None] + np.arange(-2, 3)] = 0.0
        second = rest[:, _LOWEST:_HIGHEST].argmax(axis=1) + _LOWEST
        other, other_hertz = self._peak(rest, rows, second)
        single = likely & (one > total * _PURITY)
        double = likely & ~single & (one + other > total * _PURITY) & (other > total * _WEAKER)
        low = np.where(single, hertz, np.where(double, np.minimum(hertz, other_hertz), 0.0))
        high = np.where(double, np.maximum(hertz, other_hertz), 0.0)
        return list(zip(low.tolist(), high.tolist(), strict=True))

    @staticmethod
    def _peak(
        power: NDArray[np.floating[Any]], rows: NDArray[np.intp], peak: NDArray[np.intp]
    ) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
        """Return the energy of the main lobe around `peak`, and the hertz of its crest."""
        near = power[rows[:, None], peak[:, None] + np.arange(-2, 3)]
        left, middle, right = (np.sqrt(near[:, column]) for column in (1, 2, 3))
        shift = 2 * (right - left) / np.maximum(left + 2 * middle + right, 1e-9)
        return near.sum(axis=1), (peak + shift) * _BIN

    def _hear(self, low: float, high: float) -> list[Tone]:
        """Take one frame."""
        moment = self._frames * _SECONDS
        if self._now is not None:
            if low and self._now.same(low, high):
                self._now.end, self._missed = moment, 0
                return self._lasting(self._now)
            self._missed += 1
            changed = low and self._missed >= 2 and self._now.other(low, high)
            if self._missed < _MISSED and not changed:
                return []
            sounded, self._now = self._now, None
            told = self._over(sounded)
        else:
            told = []
        if low:
            self._now = _Sounded(low, high, moment - _SECONDS, moment)
            self._missed = 0
        return told

    def _lasting(self, tone: _Sounded) -> list[Tone]:
        """Say what a tone under way tells already."""
        told: list[Tone] = []
        if not tone.told and tone.seconds >= _STEADY:
            tone.told = True
            told.append(Tone("steady", tone.begin))
        if not tone.high and abs(tone.low - 2100) <= 30 and tone.seconds >= 1.4:
            told += self._once("ced", tone)
        return told

    def _over(self, tone: _Sounded) -> list[Tone]:
        """A tone has ended: say what it completes."""
        if tone.seconds < _SHORTEST:
            return []
        while self._past and tone.begin - self._past[0].end > _FORGET:
            self._past.popleft()
        self._past.append(tone)
        return self._information() + self._calling_fax() + self._progress(tone)

    def _information(self) -> list[Tone]:
        three = list(self._past)[-3:]
        if len(three) < 3:
            return []
        nominal = (950.0, 1400.0, 1800.0)
        right = all(
            not one.high and abs(one.low - hertz) <= 60 and 0.2 <= one.seconds <= 0.5
            for one, hertz in zip(three, nominal, strict=True)
        )
        gaps = [after.begin - before.end for before, after in pairwise(three)]
        return self._once("sit", three[0]) if right and max(gaps) < 0.15 else []

    def _calling_fax(self) -> list[Tone]:
        tones = [
            one
            for one in self._past
            if not one.high and abs(one.low - 1100) <= 45 and 0.4 <= one.seconds <= 0.62
        ]
        if len(tones) < 2:
            return []  # one alone may be a mailbox's beep
        pause = tones[-1].begin - tones[-2].end
        return self._once("cng", tones[-2]) if 2.4 <= pause <= 3.6 else []

    def _progress(self, tone: _Sounded) -> list[Tone]:
        if not tone.progress:
            return []
        if 0.86 <= tone.seconds <= 2.3:
            return [Tone("ringback", tone.begin)]
        alike = [one for one in self._past if one.progress and one.same(tone.low, tone.high)][-3:]
        if len(alike) < 3:
            return []
        lengths = [one.seconds for one in alike]
        pauses = [after.begin - before.end for before, after in pairwise(alike)]
        for name, shortest, longest in (("busy", 0.26, 0.58), ("congestion", 0.59, 0.85)):
            if all(shortest <= each <= longest for each in (*lengths, *pauses)):
                return self._once(name, alike[0])
        return []

    def _once(self, name: str, tone: _Sounded) -> list[Tone]:
        """Tell a sign once for as long as it goes on."""
        last = self._repeated.get(name)
        self._repeated[name] = tone.begin
        return [] if last is not None and tone.begin - last < _FORGET else [Tone(name, tone.begin)]

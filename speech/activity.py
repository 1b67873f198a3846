"""Voice activity: when somebody begins to speak, and when they have finished.

Every 20 ms a spectrum of 32 ms says three things. Speech stands out of the noise: band by band it
is compared with the quietest moments of the last second. Speech is uneven: a vowel's energy lies
in a few formants, while hiss, wind and clicks are spread flat. And speech is no tone: keys, call
progress and fax are one or two spectral lines. Only what stands out, is uneven and is no tone
makes a beginning; to go on, standing out is enough, as a word may end in a hiss.

Measured by benchmarks/voice_activity.py; figures, also of WebRTC's detector on the same sounds
(it misses as little, but takes tones, clicks and changes of noise for speech), in docs/speech.md.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speech.framing import Framing
from speech.tones import block_index

_WINDOW = 256
_HOP = 160
_SECONDS = _HOP / 8000
"""Seconds from one frame to the next."""
_CHUNK = 2 * _HOP
"""Samples gathered before anything is computed: fewer, larger NumPy calls."""
_MOST = 6 * _HOP
"""Samples looked at in one step: all frames of a step are compared with the same quiet."""
_LOWEST, _HIGHEST = 4, 126
"""Spectral lines looked at: 125 to 3,930 Hz."""
_FIRST, _BANDS, _WIDTH = 8, 16, 6
_LAST = _FIRST + _BANDS * _WIDTH
"""Bands: lines from 250 Hz on, 16 times 187 Hz, to 3,250 Hz."""
_REMEMBERED = 55
"""Frames (1.1 s) whose quietest is the noise: longer than any vowel."""
_BIAS = 1.6
"""The quietest of so many frames by the mean of noise."""
_LEAST_DBFS = -58.0
"""Level of a frame's telephone band below which nothing counts."""
_SILENT = 24
"""Samples below this (-60 dBFS) are not looked at."""
_FLOOR_DBFS = -82.0
"""Level of a band that noise is assumed to have at least."""
_MARGIN_DB = 3.5
"""Decibels by which the bands stand out of the noise on average, where it is speech."""
_GOES_ON_DB = 2.5
_FLAT = 0.30
"""Geometric by arithmetic mean of the lines: noise has 0.56, vowels have 0.02 to 0.2."""
_TONE = 0.90
"""Share of the energy in the two strongest lines from which on it is a tone."""
_BEHIND = 10**-1.8
"""Share of the loudest speech just now that others in the room, or an echo, do not reach: 18 dB."""
_FORGET_SPEAKING, _FORGET_QUIET = 10 ** (-0.2 * _SECONDS), 10 ** (-0.3 * _SECONDS)
"""How the loudest is forgotten with each frame: by 2 dB a second while somebody speaks, then 3."""
_SEEN, _NEEDED, _UNEVEN = 6, 4, 3
"""Of so many frames so many must stand out, and so many of those be uneven, to begin."""
_WHILE_PLAYING_DBFS = -40.0
_WHILE_PLAYING_DB = 3.0
_WHILE_PLAYING_SEEN, _WHILE_PLAYING_NEEDED = 10, 8
"""While a prompt plays: louder than its echo (ITU-T G.131 takes 30 dB of echo loss as good, our
prompts have -20 dBov), clearer, and longer."""

_LEAST = 10 ** (_LEAST_DBFS / 10)
_WHILE_PLAYING_LEAST = 10 ** (_WHILE_PLAYING_DBFS / 10)
_NEAR = np.arange(-2, 3)
_ONE, _HUNDRED = np.float32(1), np.float32(100)
_ALL = np.ones(_BANDS, np.float32)
_DECIBELS = np.full(_BANDS, 10 / np.log(10) / _BANDS, np.float32)
"""Natural logarithms of all bands to decibels on average."""
_MEAN = np.full(_LAST - _FIRST, 1 / (_LAST - _FIRST), np.float32)
_GROUPS = np.repeat(np.eye(_BANDS, dtype=np.float32), _WIDTH, axis=0)
"""Lines to bands."""


@lru_cache(maxsize=64)
def _smoothing(count: int) -> NDArray[np.float32]:
    """Return what makes of `count` + 2 frames the means of three neighbours each."""
    rows = np.eye(count, count + 2, dtype=np.float32)
    return (rows + np.roll(rows, 1, axis=1) + np.roll(rows, 2, axis=1)) / np.float32(3)


_Frame = tuple[bool, bool, bool, float]
"""What a frame is: goes on with speech; stands out; is uneven too; its mean square."""
_NOTHING: _Frame = (False, False, False, 0.0)


@dataclass(frozen=True)
class Began:
    """Somebody began to speak."""

    at: float
    """Seconds of sound since the first sample."""


@dataclass(frozen=True)
class Ended:
    """They stopped."""

    at: float
    """Seconds of sound since the first sample: when it became quiet, not when that was told."""


class VoiceActivity:
    """Hears speech in a stream of 8 kHz, 16 bit little-endian mono samples.

    `quiet`: seconds without speech that end an utterance. A beginning is told about 0.1 s after
    it, an end `quiet` seconds after it. Set `playing` while a prompt of ours plays: more is asked
    of a beginning then, so that the prompt's echo is none.
    """

    def __init__(self, *, quiet: float = 0.4) -> None:
        self.speaking = False
        """True between a beginning and its end."""
        self.playing = False
        self._quiet = quiet
        self._framing = Framing(_WINDOW, _HOP, least=_CHUNK, most=_MOST)
        self._hann = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
        # A sine at full scale has 0 dBFS + 3 dB in its lines together: levels are mean squares.
        self._scale = np.float32(2 / ((self._hann**2).sum() * _WINDOW) / 32768.0**2)
        self._floor = np.float32(10 ** (_FLOOR_DBFS / 10))
        self._before = np.full((2, _BANDS), self._floor, dtype=np.float32)
        """Bands of the last two frames, for smoothing."""
        self._quietest = np.full((_REMEMBERED, _BANDS), np.inf, dtype=np.float32)
        self._frames = 0
        self._recent: list[tuple[bool, bool]] = []
        """Of the last frames: whether it stood out, whether it was uneven too."""
        self._loudest = 0.0
        """Mean square of the loudest speech just now."""
        self._last = 0.0
        """When the speech under way was last heard."""

    def feed(self, pcm: bytes) -> list[Began | Ended]:
        """Take samples of any length; return what they tell, in order (mostly nothing)."""
        told: list[Began | Ended] = []
        for sound, count, loudest in self._framing.feed(pcm):
            silent = loudest < _SILENT
            told += self._take(self._pass_over(count) if silent else self._judge(sound, count))
        return told

    def _take(self, judged: list[_Frame]) -> list[Began | Ended]:
        told: list[Began | Ended] = []
        for stands_out, clear, uneven, power in judged:
            self._frames += 1
            near = self._near(power, clear=clear)
            if self.speaking:
                told += self._goes_on(stands_out and near)
            else:
                told += self._begins(clear and near, uneven and near)
        return told

    def _near(self, power: float, *, clear: bool) -> bool:
        """Say whether a frame is loud enough to be of who speaks, or spoke just now."""
        self._loudest *= _FORGET_SPEAKING if self.speaking else _FORGET_QUIET
        if clear:
            self._loudest = max(self._loudest, power)
        return power >= self._loudest * _BEHIND

    def _pass_over(self, count: int) -> list[_Frame]:
        """Take frames of silence: there is no noise in them."""
        self._before = np.full((2, _BANDS), self._floor, dtype=np.float32)
        self._quietest[:-count] = self._quietest[count:]
        self._quietest[-count:] = self._floor
        return [_NOTHING] * count

    def _judge(self, sound: NDArray[np.float32], count: int) -> list[_Frame]:
        """Return for each frame: goes on with speech, stands out, is uneven and no tone."""
        blocks = sound[block_index(count, _WINDOW, _HOP)] * self._hann
        spectrum = np.fft.rfft(blocks, axis=1)[:, _LOWEST:_HIGHEST]
        lines = (spectrum.real**2 + spectrum.imag**2) * self._scale
        bands = lines[:, _FIRST - _LOWEST : _LAST - _LOWEST] @ _GROUPS
        around = np.concatenate([self._before, bands])
        self._before = around[-2:]
        # The oldest frames make room for the newest: a copy of so few is quicker than a ring.
        self._quietest[:-count] = self._quietest[count:]
        self._quietest[-count:] = _smoothing(count) @ around
        loud = (power := bands @ _ALL) > (_WHILE_PLAYING_LEAST if self.playing else _LEAST)
        if not loud.any():
            return [_NOTHING] * count
        noise = np.maximum(self._quietest.min(axis=0) * _BIAS, self._floor)
        ratio: NDArray[np.float32] = np.minimum(np.maximum(bands / noise, _ONE), _HUNDRED)
        above = np.log(ratio) @ _DECIBELS
        on = loud & (above > _GOES_ON_DB)
        if not on.any():
            return [_NOTHING] * count
        on &= ~self._tone(lines, count)
        clear = on & (above > _MARGIN_DB + (_WHILE_PLAYING_DB if self.playing else 0.0))
        uneven = clear if self.speaking else clear & self._uneven(lines)
        told = (each.tolist() for each in (on, clear, uneven, power))
        return list(zip(*told, strict=True))

    def _uneven(self, lines: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
        """Say of each frame whether its lines differ more than those of noise."""
        band = lines[:, _FIRST - _LOWEST : _LAST - _LOWEST] + np.float32(1e-14)
        less: NDArray[np.bool_] = np.log(band) @ _MEAN < np.log(band @ _MEAN * _FLAT)
        return less

    def _tone(self, lines: NDArray[np.floating[Any]], count: int) -> NDArray[np.bool_]:
        """Say of each frame whether two spectral lines are nearly all of it."""
        total = lines.sum(axis=1)
        left = lines.copy()
        rows = np.arange(count)[:, None]
        for _ in range(2):
            peak = left.argmax(axis=1)
            near = np.minimum(np.maximum(peak[:, None] + _NEAR, 0), left.shape[1] - 1)
            left[rows, near] = 0.0
        few: NDArray[np.bool_] = left.sum(axis=1) < total * (1 - _TONE)
        return few

    def _begins(self, clear: bool, uneven: bool) -> list[Began | Ended]:
        seen = _WHILE_PLAYING_SEEN if self.playing else _SEEN
        needed = _WHILE_PLAYING_NEEDED if self.playing else _NEEDED
        self._recent = [*self._recent[-seen + 1 :], (clear, uneven)]
        if sum(one for one, _ in self._recent) < needed:
            return []
        if sum(both for _, both in self._recent) < _UNEVEN:
            return []
        first = len(self._recent) - [one for one, _ in self._recent].index(True)
        self.speaking, self._recent = True, []
        self._last = self._frames * _SECONDS
        return [Began(max(0.0, (self._frames - first) * _SECONDS))]

    def _goes_on(self, stands_out: bool) -> list[Began | Ended]:
        self._recent = [*self._recent[-2:], (stands_out, stands_out)]
        now = self._frames * _SECONDS
        # One frame alone is a click.
        if stands_out and sum(one for one, _ in self._recent) >= 2:
            self._last = now
        elif now - self._last >= self._quiet:
            self.speaking, self._recent = False, []
            return [Ended(self._last)]
        return []

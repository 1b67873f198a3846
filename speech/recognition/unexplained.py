"""Speech that none of the recognised words accounts for.

A grammar lets a recogniser pass over what it does not expect as if it were noise: of 不满意 with a
soft 不 there remains 满意, said with full confidence. But the sound of 不 is there. So the speech
before the first word, after the last and between two is measured, and where there is too much of
it, something else was said. That asks nothing of model or language.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

_FRAME = 80
"""Samples of a frame: 10 ms at 8,000 a second."""
_FRAMES = 100
"""Frames a second."""
_BELOW_PEAK_DB = 25.0
_ABOVE_FLOOR_DB = 10.0
"""A frame is speech where it is louder than both: the utterance's peak less so much, and its
quietest part and so much."""
_FLOOR_SHARE = 0.1
"""The share of quietest frames that is taken for the line's noise."""

BEFORE_SECONDS = 0.12
"""Speech that may stand before the first word. Measured (docs/speech.md): words that were said
begin within 0.09 s, a syllable that was passed over takes 0.13 s and more."""
AFTER_SECONDS = 0.25
BETWEEN_SECONDS = 0.27
"""Words end early in most models, before the breath of a final consonant; so more may follow."""


class Levels:
    """The level of each 10 ms of an utterance."""

    def __init__(self) -> None:
        self._decibels: list[float] = []
        self._odd = b""

    def feed(self, pcm: bytes) -> None:
        """Take 8,000 samples a second, mono, 16 bit little-endian, of any length."""
        sound = self._odd + pcm
        whole = len(sound) // (2 * _FRAME) * 2 * _FRAME
        self._odd = sound[whole:]
        frames = np.frombuffer(sound[:whole], "<i2").astype(np.float32).reshape(-1, _FRAME)
        self._decibels += (10 * np.log10((frames**2).mean(axis=1) + 1)).tolist()

    def unexplained(self, words: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Return where there is more speech than `words` (start, end in seconds) account for."""
        return [(start, end) for start, end, most, speech in self._speech(words) if speech > most]

    def between(self, words: Sequence[tuple[float, float]]) -> float:
        """Return the most speech between two of `words`, in seconds."""
        return max((speech for *_, speech in self._speech(words)[1:-1]), default=0.0)

    def _speech(
        self, words: Sequence[tuple[float, float]]
    ) -> list[tuple[float, float, float, float]]:
        """Return the times around the words, how much speech each may hold, and does hold."""
        if not words or not self._decibels:
            return []
        decibels = np.array(self._decibels)
        floor = float(np.quantile(decibels, _FLOOR_SHARE))
        speech = decibels > max(decibels.max() - _BELOW_PEAK_DB, floor + _ABOVE_FLOOR_DB)
        found = []
        for start, end, most in _pauses(words, len(decibels) / _FRAMES):
            first, last = round(start * _FRAMES), round(end * _FRAMES)
            found.append((start, end, most, int(speech[first:last].sum()) / _FRAMES))
        return found


def _pauses(
    words: Sequence[tuple[float, float]], seconds: float
) -> Iterator[tuple[float, float, float]]:
    """Yield the times around the words, and how many seconds of speech each may hold."""
    yield 0.0, words[0][0], BEFORE_SECONDS
    for (_, end), (start, _) in pairwise(words):
        yield end, max(start, end), BETWEEN_SECONDS
    yield words[-1][1], max(seconds, words[-1][1]), AFTER_SECONDS

"""Pieces of sound made one prompt: no click at a joint, no hole, one loudness.

A studio's pieces and a voice's values meet in the middle of a sentence. Each piece loses its
silence down to a breath, starts and ends at zero over some milliseconds, and is brought to the
level of the others, so that what is joined is heard as one sentence.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from speech.loudness import level, loudness, trim

LEAD, TAIL = 0.015, 0.03
"""Seconds of quiet kept before and after the sound of a piece."""
FADE = 0.006
"""Seconds in which a piece rises from zero and falls back to it."""
GAP, COMMA_GAP, STOP_GAP = 0.02, 0.1, 0.2
"""Seconds of silence put between two pieces: within a sentence, after a comma, after its end."""
_STOPS = "。！？.!?；;…"
_COMMAS = "，、,:："


def join(pieces: Sequence[tuple[str, NDArray[np.float32]]], rate: int) -> NDArray[np.float32]:
    """Return the pieces (text, sound) as one sound, levelled; the texts tell where to pause."""
    shaped = [_shaped(sound, rate) for _, sound in pieces]
    levelled = _alike([sound for sound in shaped if len(sound)], rate)
    texts = [text for (text, _), sound in zip(pieces, shaped, strict=True) if len(sound)]
    parts: list[NDArray[np.float32]] = []
    for index, (text, sound) in enumerate(zip(texts, levelled, strict=True)):
        if index:
            parts.append(np.zeros(round(pause(texts[index - 1], text) * rate), np.float32))
        parts.append(sound)
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def pause(before: str, after: str) -> float:
    """Return the seconds of silence between two pieces with these texts."""
    last, first = before.rstrip("”\"'） )")[-1:], after.lstrip()[:1]
    if last and last in _STOPS:
        return STOP_GAP
    if (last and last in _COMMAS) or (first and first in _COMMAS + _STOPS):
        return COMMA_GAP
    return GAP


def _shaped(sound: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Return the sound without its silence, rising from zero and falling back to it."""
    cut = np.array(trim(sound, rate, lead=LEAD, tail=TAIL), dtype=np.float32)
    fade = min(round(FADE * rate), len(cut) // 2)
    if fade:
        slope = (0.5 - 0.5 * np.cos(np.pi * np.arange(fade) / fade)).astype(np.float32)
        cut[:fade] *= slope
        cut[-fade:] *= slope[::-1]
    return cut


def _alike(sounds: Sequence[NDArray[np.float32]], rate: int) -> list[NDArray[np.float32]]:
    """Return the sounds at one level: that of the house, or what the peakiest of them reaches."""
    levelled = [level(sound, rate) for sound in sounds]
    reached = [loudness(sound, rate).active_dbov for sound in levelled]
    common = min((one for one in reached if one > -60), default=0.0)
    return [
        sound * np.float32(10 ** (min(0.0, common - one) / 20))
        for sound, one in zip(levelled, reached, strict=True)
    ]

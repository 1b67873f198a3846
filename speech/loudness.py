"""How loud speech is, and bringing it to the level of the house.

The level is that of the speech, not of its pauses (after ITU-T P.56: only what lies within a
margin of the loud parts counts). dBov: decibels below the overload point of 16 bit samples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TARGET_DBOV = -20.0
"""Level of speech in every prompt, so that the called person hears all alike."""
_PEAK = 10 ** (-1.5 / 20)
"""No sample above this share of full scale after levelling."""
_MARGIN_DB = 16.0
_FRAME_SECONDS = 0.02
_MOST_GAIN_DB = 30.0
_ABOVE_NOISE = 4.0
"""Power of a frame over that of the noise from which it counts as speech (6 dB)."""
_LEAD, _TAIL = 0.04, 0.15
"""Seconds of quiet left before and after the speech."""


@dataclass(frozen=True)
class Loudness:
    """Figures of a sound."""

    seconds: float
    active_dbov: float
    """Level of its loud parts; -100 for silence."""
    peak_dbov: float
    """Its highest sample; -100 for silence."""
    clipped: float
    """Share of samples at the end of the scale (in runs of 3 or more)."""


def loudness(sound: NDArray[np.float32], rate: int) -> Loudness:
    """Measure `sound` (-1 to 1, mono)."""
    if len(sound) == 0:
        return Loudness(0.0, -100.0, -100.0, 0.0)
    power = _frames(sound, rate)
    loud = power[power > power.max() * 10 ** (-_MARGIN_DB / 10)]
    flat = np.abs(sound) >= 32767 / 32768 - 1e-6
    runs = flat[:-2] & flat[1:-1] & flat[2:]
    return Loudness(
        seconds=len(sound) / rate,
        active_dbov=_decibels(float(loud.mean())) if len(loud) else -100.0,
        peak_dbov=_decibels(float(np.abs(sound).max()) ** 2),
        clipped=float(runs.mean()) if len(runs) else 0.0,
    )


def signal_to_noise(sound: NDArray[np.float32], rate: int) -> float:
    """Estimate how far the speech is above the noise between its words, in decibels (0-90).

    The noise is the quietest tenth of the 20 ms frames: the pauses, and the closures of
    consonants where there are no pauses.
    """
    power = _frames(sound, rate) if len(sound) else np.zeros(0, np.float32)
    if len(power) < 5:
        return 90.0
    return min(90.0, max(0.0, loudness(sound, rate).active_dbov - _decibels(_noise(power))))


def level(sound: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Return `sound` at the level of the house, never over its peak; silence stays silence."""
    measured = loudness(sound, rate)
    if measured.active_dbov <= -90:
        return sound
    gain = 10 ** (min(TARGET_DBOV - measured.active_dbov, _MOST_GAIN_DB) / 20)
    peak = float(np.abs(sound).max())
    return sound * np.float32(min(gain, _PEAK / peak))


def trim(
    sound: NDArray[np.float32],
    rate: int,
    *,
    lead: float = _LEAD,
    tail: float = _TAIL,
    noisy: bool = False,
) -> NDArray[np.float32]:
    """Cut quiet off both ends (40 dB under the loudest part), leaving a breath of it.

    `lead`, `tail`: seconds of quiet left before and after. `noisy`: the quiet of a recording is
    the noise of its room, so what is not clearly above that is cut as well.
    """
    if len(sound) == 0:
        return sound
    power = _frames(sound, rate)
    least = max(float(power.max()) * 1e-4, 1e-9)
    if noisy:
        # Never more than 30 dB under the loudest part: soft consonants must stay.
        least = max(least, min(_ABOVE_NOISE * _noise(power), float(power.max()) * 1e-3))
    heard = np.flatnonzero(power > least)
    if len(heard) == 0:
        return sound[:0]
    frame = max(1, round(rate * _FRAME_SECONDS))
    first = max(0, int(heard[0]) * frame - round(rate * lead))
    last = min(len(sound), (int(heard[-1]) + 1) * frame + round(rate * tail))
    return sound[first:last]


def _frames(sound: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Return the mean power of each 20 ms."""
    frame = max(1, round(rate * _FRAME_SECONDS))
    padded = np.concatenate([sound, np.zeros(-len(sound) % frame, np.float32)])
    return np.asarray((padded.reshape(-1, frame) ** 2).mean(axis=1), dtype=np.float32)


def _noise(power: NDArray[np.float32]) -> float:
    """Return the mean power of the quietest tenth of the frames."""
    return float(np.sort(power)[: max(1, len(power) // 10)].mean())


def _decibels(power: float) -> float:
    return 10 * float(np.log10(max(power, 1e-10)))

"""A cheap look at sound: could one steady tone be in it? Speech nearly never passes. Pure.

A sine's correlation with itself k samples later is cos(kw), 2k samples later cos(2kw), which is
2 cos^2(kw) - 1; one that holds for several k at once is a sine. Seven sums over the samples say
so, which costs a thirtieth of a spectrum for every block.
"""

import numpy as np
from numpy.typing import NDArray

PIECE = 0.040
"""Seconds of the pieces that are looked at: the shortest beep fills two of them."""
_LAGS = (1.5e-3, 0.625e-3, 0.125e-3)
"""Seconds: short ones pass every low hum, long ones every pitch of a voice; together neither. The
first one alone already stops most speech."""
_ERROR = 0.25
"""How far the correlations may lie apart from a sine's. A twelfth of the energy may be something
else (what `speech.beep` calls pure), which moves them by less: 0.15 cos^2 + 0.08 for noise."""
_GLIDE = 0.3
"""How far the correlations of two pieces of one tone may lie apart."""


def tone_possible(samples: NDArray[np.float32], rate: int, least: float) -> bool:
    """Return False where no tone of 120 ms or more, of mean square `least` or more, is in it."""
    size = round(rate * PIECE)
    pieces = samples[: len(samples) // size * size].reshape(-1, size)
    energy = _products(pieces, pieces)
    steady = energy > least * size
    if np.count_nonzero(steady) < 2:
        return False
    same = steady[1:] & steady[:-1]
    energy = np.maximum(energy, 1e-9)
    for seconds in _LAGS:
        lag = round(rate * seconds)
        near = _products(pieces[:, lag:], pieces[:, :-lag]) / energy * (size / (size - lag))
        far = _products(pieces[:, 2 * lag :], pieces[:, : -2 * lag]) / energy
        far *= size / (size - 2 * lag)
        steady &= np.abs(far - (2 * near * near - 1)) < _ERROR
        same &= steady[1:] & steady[:-1] & (np.abs(near[1:] - near[:-1]) < _GLIDE)
        if not same.any():
            return False
    return True


def _products(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    sums: NDArray[np.float32] = np.einsum("ij,ij->i", one, other)
    return sums

"""From one sample rate to another: a windowed-sinc low-pass evaluated at the new samples only.

The pass band ends at 92 % of the lower of both Nyquist frequencies; what would fold back into
the telephone band (ITU-T G.712: 300-3400 Hz) is down by more than 60 dB.
"""

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

_CROSSINGS = 28
"""Zero crossings of the sinc on each side: how steep the low-pass is."""
_PASS = 0.92
_BETA = 8.0
"""Kaiser window: stop band below -80 dB."""


def resample(sound: NDArray[np.float32], old: int, new: int) -> NDArray[np.float32]:
    """Return mono `sound` of `old` samples a second at `new` samples a second."""
    if old == new or len(sound) == 0:
        return sound
    common = gcd(old, new)
    up, down = new // common, old // common
    taps, kernels = _kernels(up, down)
    length = -(-len(sound) * up // down)
    half = taps // 2
    padded = np.concatenate([np.zeros(half, np.float32), sound, np.zeros(taps + down, np.float32)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, taps)
    made = np.empty(length, dtype=np.float32)
    for phase in range(min(up, length)):
        first = phase * down // up
        count = len(range(phase, length, up))
        made[phase::up] = windows[first::down][:count] @ kernels[phase]
    return made


@lru_cache(maxsize=16)
def _kernels(up: int, down: int) -> tuple[int, NDArray[np.float32]]:
    """Return the length and, for each phase of the output, the low-pass at its offset."""
    cutoff = _PASS * min(1.0, up / down)
    reach = int(np.ceil(_CROSSINGS / cutoff))
    taps = 2 * reach + 1
    offsets = (np.arange(up) * down % up) / up
    at = np.arange(taps)[None, :] - reach - offsets[:, None]
    inside = np.clip(1 - (at / (reach + 1)) ** 2, 0, None)
    window = np.i0(_BETA * np.sqrt(inside)) / np.i0(_BETA)
    kernels = np.sinc(cutoff * at) * window
    kernels /= kernels.sum(axis=1, keepdims=True)
    return taps, kernels.astype(np.float32)

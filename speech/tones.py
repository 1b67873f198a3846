"""Keys as tones: making and hearing DTMF (ITU-T Q.23 frequencies, Q.24 limits of a receiver).

The receiver correlates windowed blocks of 13 ms, one every 3.25 ms, with the eight frequencies
(the Goertzel sums, all blocks of a chunk as one matrix product). The energy of a block says
whether two tones make up nearly all of it; how far the phase runs ahead from block to block says
how far each tone is off its nominal frequency, which blocks this short could not tell otherwise.
What the blocks hold becomes presses in `speech.presses`.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from speech.presses import OTHER, SILENT, Block, Presses

LOW = (697.0, 770.0, 852.0, 941.0)
HIGH = (1209.0, 1336.0, 1477.0, 1633.0)
KEYS = ("123A", "456B", "789C", "*0#D")
"""Keys by row (low frequency) and column (high frequency), ITU-T Q.23."""

FULL_SCALE_DBM0 = 3.14
"""Level of a sine that just fills the A-law coder (ITU-T G.711, table 1a): dBm0."""

_BLOCK = 0.013
_HOP = 0.00325
_LAG = 2
"""Hops between the blocks whose phases are compared: unambiguous to +-77 Hz at 8 kHz."""
_CHUNK = 0.040
"""Seconds gathered before anything is computed: fewer, larger NumPy calls."""
_DEVIATION = 0.0195
"""Q.24: 1.5 % must be accepted; 3.5 % must be rejected. Below 2 %, so that a note and its octave
(2 to 1) are no key: 697 and 1336 Hz, 852 and 1633 Hz are 1.917 to 1."""
_PURITY = 0.88
"""Share of a block's energy that the two tones must hold: speech and music have more besides. In
noise 15 dB under each tone the two hold 0.98."""
_TWIST_HIGH = 6.0
_TWIST_LOW = 10.0
"""Decibels by which the high (low) tone may be the stronger; Q.24 asks for 4 (8)."""
_LEVEL_DBM0 = -40.0
"""Weakest tone that counts. Q.24 asks for -25 dBm to be heard and -55 dBm not to be."""


def amplitude(level: float) -> float:
    """Return the peak amplitude (16 bit) of a sine at `level` dBm0."""
    return float(32767.0 * 10 ** ((level - FULL_SCALE_DBM0) / 20))


def tone_pcm(
    *frequencies: float,
    seconds: float,
    level: float | Sequence[float] = -10.0,
    rate: int = 8000,
    phase: float = 0.0,
) -> bytes:
    """Return a sum of sines as 16 bit little-endian mono samples; no frequencies: silence.

    `level` is dBm0 of each sine, or one level per sine; `rate` samples a second; `phase` radians.
    What exceeds the scale is clipped, as a line would.
    """
    at = np.arange(round(seconds * rate)) / rate
    levels = [level] * len(frequencies) if isinstance(level, int | float) else list(level)
    sound = np.zeros(len(at))
    for frequency, one in zip(frequencies, levels, strict=True):
        sound += amplitude(one) * np.sin(2 * np.pi * frequency * at + phase)
    return np.clip(np.round(sound), -32768, 32767).astype("<i2").tobytes()


def key_frequencies(key: str) -> tuple[float, float]:
    """Return the low and the high frequency of a key (Hz). Raises KeyError for no key."""
    for row, keys in enumerate(KEYS):
        if key and key in keys:
            return LOW[row], HIGH[keys.index(key)]
    raise KeyError(key)


def key_pcm(key: str, *, seconds: float = 0.1, level: float = -10.0, rate: int = 8000) -> bytes:
    """Return the tone of one key, 16 bit little-endian mono; `level` is dBm0 of each sine."""
    return tone_pcm(*key_frequencies(key), seconds=seconds, level=level, rate=rate)


@lru_cache(maxsize=16)
def block_index(count: int, block: int, hop: int) -> NDArray[np.intp]:
    """Return which samples make up each of `count` overlapping blocks, a row a block."""
    return np.arange(count)[:, None] * hop + np.arange(block)


class DtmfDetector:
    """Hears keys in a stream of 16 bit little-endian mono samples; one press is one key."""

    def __init__(self, rate: int = 8000) -> None:
        self._rate = rate
        self._block = round(rate * _BLOCK)
        self._hop = round(rate * _HOP)
        self._chunk = round(rate * _CHUNK)
        self._frequencies = np.array(LOW + HIGH)
        at = np.arange(self._block) / rate
        window = np.hanning(self._block + 2)[1:-1]
        turns = np.exp(-2j * np.pi * np.outer(at, self._frequencies)) * window[:, None]
        self._waves = np.hstack([turns.real, turns.imag]).astype(np.float32)
        self._window_energy = (window**2).astype(np.float32)
        self._tone_scale = float(2 / window.sum() ** 2)
        self._total_scale = float(1 / (window**2).sum())
        lag = _LAG * self._hop / rate
        self._expected = np.exp(-2j * np.pi * self._frequencies * lag)
        self._most_radians = 2 * np.pi * self._frequencies * _DEVIATION * lag
        self._least = amplitude(_LEVEL_DBM0) ** 2 / 2
        self._gate = int(amplitude(_LEVEL_DBM0))
        keep = self._block + (_LAG - 1) * self._hop
        self._pending: list[bytes] = []
        self._waiting = 0
        self._odd = b""
        self._carry = np.zeros(keep, dtype=np.float32)
        self._cycles = self._frequencies * self._hop / rate
        """Of the nominal frequencies, from block to block."""
        self._before = 0
        """Blocks before those that are looked at."""
        self._presses = Presses()

    def feed(self, pcm: bytes) -> str:
        """Take samples of any length and return the keys newly pressed, in order (often none).

        A key is reported about 25 to 70 ms after its tone began, and once, however long it is
        held.
        """
        self._pending.append(pcm)
        self._waiting += len(pcm)
        if self._waiting < 2 * self._chunk:
            return ""
        data = self._odd + b"".join(self._pending)
        whole = len(data) & ~1
        self._odd = data[whole:]
        self._pending, self._waiting = [], len(self._odd)
        return self._take(np.frombuffer(data[:whole], dtype="<i2"))

    def _take(self, samples: NDArray[np.int16]) -> str:
        sound = np.concatenate([self._carry, samples.astype(np.float32)])
        first = _LAG * self._hop
        count = (len(sound) - first - self._block) // self._hop + 1
        self._carry = sound[count * self._hop :] if count > 0 else sound
        if count <= 0:
            return ""
        if int(samples.max()) < self._gate:  # a tone swings both ways: its crests would show
            found, nothing = [], SILENT
        else:
            found, nothing = self._decide(sound, count + _LAG), OTHER
        self._before += count
        if found:
            return self._presses.take(found)
        self._presses.pass_over(count, nothing)
        return ""

    def _decide(self, sound: NDArray[np.float32], count: int) -> list[Block]:
        """Return what each block holds; nothing where that is no key and need not be known.

        The first `_LAG` only lend phases.
        """
        blocks = sound[block_index(count, self._block, self._hop)]
        sums = blocks @ self._waves
        power = (sums[:, :8] ** 2 + sums[:, 8:] ** 2)[_LAG:] * self._tone_scale
        low = power[:, :4].argmax(axis=1)
        high = power[:, 4:].argmax(axis=1) + 4
        rows = np.arange(count - _LAG)
        low_power, high_power = power[rows, low], power[rows, high]
        likely = (np.minimum(low_power, high_power) > self._least) & (
            high_power < low_power * 10 ** (_TWIST_HIGH / 10)
        )
        likely &= low_power < high_power * 10 ** (_TWIST_LOW / 10)
        if not likely.any() and not self._presses.may_go_on:
            return []  # silent or not: it matters to nobody
        total = (blocks[_LAG:] ** 2 @ self._window_energy) * self._total_scale
        likely &= low_power + high_power > total * _PURITY
        rest = [OTHER if loud else SILENT for loud in (total > self._least).tolist()]
        if not likely.any():
            return rest
        spectrum = sums[:, :8] + 1j * sums[:, 8:]
        phases, drifts = [], []
        for tone in (low, high):
            now = spectrum[rows + _LAG, tone]
            # A block's sum turns by the tone's own phase: what is nominal is taken out.
            off = np.angle(now * np.conj(spectrum[rows, tone]) * self._expected[tone])
            likely &= np.abs(off) < self._most_radians[tone]
            nominal = (self._before + rows) * self._cycles[tone] % 1.0
            phases.append((np.angle(now) - 2 * np.pi * nominal).tolist())
            drifts.append((off / _LAG).tolist())
        return [
            Block(
                KEYS[int(low[n])][int(high[n]) - 4],
                (phases[0][n], phases[1][n]),
                (drifts[0][n], drifts[1][n]),
            )
            if good
            else rest[n]
            for n, good in enumerate(likely.tolist())
        ]

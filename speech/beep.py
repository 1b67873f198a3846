"""The beep of a mailbox: one steady tone of 120 ms to 3 s, 350 to 2,500 Hz, then quiet.

A tone that comes again, or with others in a row, is call progress (ITU-T E.180 supplement 2: in
China 450 Hz, ringing 1 s in 5 s, busy 0.35 s in 0.7 s, congestion 0.7 s in 1.4 s; 950, 1400 and
1800 Hz before an announcement), so a beep counts only after a pause in which nothing followed;
near the frequencies of call progress that pause is longer than the silence between two rings.
Two tones at once are a key; speech is never this pure this long.
"""

import numpy as np
from numpy.typing import NDArray

from speech.sieve import PIECE, tone_possible
from speech.tones import amplitude, block_index

_BLOCK = 0.032
_HOP = 0.016
_CHUNK = 0.080
"""Seconds gathered before anything is computed."""
_LOWEST, _HIGHEST = 350.0, 2500.0
"""Hertz between which a beep lies."""
_SHORTEST, _LONGEST = 0.120, 3.0
"""Seconds a beep lasts."""
_TOLERANCE = 0.032
"""Seconds by which blocks may misjudge a length."""
_PURITY = 0.92
"""Share of a block's energy in one spectral line: the weaker tone of a key (Q.24: 8 dB) has
0.14, so that two tones never pass."""
_PEAK = 0.3
"""Share of it in the highest bin alone: a sine between two bins still has 0.48 there."""
_WANDER = 0.012
"""Share of its frequency by which a tone may wander from block to block; speech glides more."""
_SWELL_DB = 2.0
"""Decibels by which a steady tone's level may change from block to block."""
_LEVEL_DBM0 = -38.0
_PAUSE = 0.9
"""Seconds of quiet that prove the tone stood alone: longer than the pause of congestion."""
_PROGRESS = (395.0, 505.0)
"""Hertz of call progress tones: Europe 425, China 450 (+-25), Japan 400, North America 440."""
_PROGRESS_PAUSE = 4.6
"""Seconds of quiet asked for there: ringing pauses for 4 s (North America: its second tone, 480
Hz, makes it no single tone at all)."""
_GAP = 5
"""Blocks that a tone may be disturbed for and still be one: a frame of RTP that was lost or late,
or two in a row (20 ms each, RFC 3551), spoil that many. Shorter than any pause of call progress."""
_FIRM = 4
"""Blocks of a tone before that: shorter ones may lose one block only, speech is full of them."""
_OTHER = 0.03
"""Share of its frequency by which two tones differ: the next one of a row is no disturbance."""
_FORGET = 6.0
"""Seconds of quiet after which a cadence is over."""
_QUIETER_DB = 10.0
"""Decibels by which the pause must lie under the tone."""


class BeepDetector:
    """Hears a mailbox's beep in a stream of 16 bit little-endian mono samples, once."""

    def __init__(self, rate: int = 8000) -> None:
        self._block = round(rate * _BLOCK)
        self._hop = round(rate * _HOP)
        self._chunk = round(rate * _CHUNK)
        self._bin = rate / self._block
        self._window = np.hanning(self._block + 1)[:-1].astype(np.float32)
        self._scale = float(2 / (self._window**2).sum() / self._block)
        self._first = round(200 / self._bin)
        self._least = amplitude(_LEVEL_DBM0) ** 2 / 2
        self._gate = int(amplitude(_LEVEL_DBM0))
        self._rate = rate
        self._held = 2 * round(rate * PIECE) // self._hop
        """Blocks of sound passed over that are kept: a tone may have begun in them."""
        self._carry = np.zeros(self._block - self._hop, dtype=np.float32)
        self._pending: list[bytes] = []
        self._waiting = 0
        self._odd = b""
        self._reported = False
        self._run: list[tuple[float, float]] = []
        """Frequency and power of each block of the steady tone under way."""
        self._missed: list[tuple[float, float]] = []
        """Those that disturb it just now."""
        self._tone: tuple[float, float] | None = None
        """Frequency and power of a finished tone that waits for its pause."""
        self._quiet: list[float] = []
        self._cadence = 0.0
        """Frequency of the last tone of several; 0: none."""
        self._since_tone = 0

    def feed(self, pcm: bytes) -> bool:
        """Take samples of any length; return True once, when a beep has ended.

        That is about a second after its end (near call progress frequencies 4.7 s).
        """
        if self._reported:
            return False
        self._pending.append(pcm)
        self._waiting += len(pcm)
        if self._waiting < 2 * self._chunk:
            return False
        data = self._odd + b"".join(self._pending)
        whole = len(data) & ~1
        self._odd = data[whole:]
        self._pending, self._waiting = [], len(self._odd)
        samples = np.frombuffer(data[:whole], dtype="<i2")
        sound = np.concatenate([self._carry, samples.astype(np.float32)])
        if not self._run and self._tone is None and not self._possible(samples, sound):
            self._pass_over(sound)
            return False
        self._reported = any(self._hear(*block) for block in self._measure(sound))
        return self._reported

    def _possible(self, samples: NDArray[np.int16], sound: NDArray[np.float32]) -> bool:
        return int(samples.max()) >= self._gate and tone_possible(sound, self._rate, self._least)

    def _pass_over(self, sound: NDArray[np.float32]) -> None:
        """Take sound without a tone: only the time since the last one goes on."""
        count = max(0, (len(sound) - self._block) // self._hop + 1 - self._held)
        self._carry = sound[count * self._hop :]
        self._since_tone += count
        if self._since_tone * _HOP > _FORGET:
            self._cadence = 0.0

    def _measure(self, sound: NDArray[np.float32]) -> list[tuple[float, float]]:
        """Return for each block the frequency of its only tone (0: none) and its power."""
        count = (len(sound) - self._block) // self._hop + 1
        self._carry = sound[max(0, count) * self._hop :]
        if count <= 0:
            return []
        blocks = sound[block_index(count, self._block, self._hop)] * self._window
        power = np.abs(np.fft.rfft(blocks, axis=1)) ** 2 * self._scale
        power[:, : self._first - 1] = 0.0
        peak = np.clip(power[:, 2:-2].argmax(axis=1) + 2, 2, power.shape[1] - 3)
        rows = np.arange(count)
        total = power.sum(axis=1)
        if not (power[rows, peak] > total * _PEAK).any():
            return [(0.0, one) for one in total.tolist()]
        near = sum(power[rows, peak + step] for step in (-2, -1, 0, 1, 2))
        # The peak of a Hann window's main lobe from three lines of it.
        left, middle, right = (np.sqrt(power[rows, peak + step]) for step in (-1, 0, 1))
        shift = 2 * (right - left) / np.maximum(left + 2 * middle + right, 1e-9)
        frequency = (peak + shift) * self._bin
        pure = (total > self._least) & (near > total * _PURITY)
        pure &= (frequency >= _LOWEST * 0.99) & (frequency <= _HIGHEST * 1.01)
        return list(
            zip(np.where(pure, frequency, 0.0).tolist(), total.tolist(), strict=True),
        )

    def _hear(self, frequency: float, power: float) -> bool:
        """Take one block; return True where it completes a beep."""
        self._since_tone += 1
        if self._since_tone * _HOP > _FORGET:
            self._cadence = 0.0
        if frequency and self._goes_on(frequency, power):
            # What disturbed it belongs to its length.
            self._run += [*((frequency, power) for _ in self._missed), (frequency, power)]
            self._missed = []
            return False
        if len(self._run) == 1 and frequency:
            self._run = []  # the first block held little of the tone
        if self._run:
            self._missed.append((frequency, power))
            if self._may_go_on():
                return False
            missed = self._missed
            self._finish()
            # Those were the first of the pause, or of another tone.
            return any(self._begins(*block) for block in missed)
        return self._begins(frequency, power)

    def _begins(self, frequency: float, power: float) -> bool:
        """Take a block where no tone is under way; return True where it completes a beep."""
        if frequency and self._run and self._goes_on(frequency, power):
            self._run.append((frequency, power))
        elif frequency:
            self._run = [(frequency, power)]
        return self._stood_alone(power)

    def _may_go_on(self) -> bool:
        """Say whether a tone may still come back after what disturbed it."""
        known = self._run[-1][0]
        if len(self._run) < _FIRM:
            return len(self._missed) == 1 and self._missed[0][1] >= self._run[-1][1] / 4
        last = [frequency for frequency, _ in self._missed[-2:]]
        others = all(one and abs(one - known) > known * _OTHER for one in last)
        return len(self._missed) <= _GAP and not (len(last) == 2 and others)

    def _goes_on(self, frequency: float, power: float) -> bool:
        if not self._run:
            return False
        before = self._run[-1][0]
        # After a disturbance the tone is as loud as before it, whatever its last block was.
        known = self._run[-_FIRM:] if self._missed else self._run[-1:]
        change = min(abs(10 * np.log10(power / level)) for _, level in known)
        # The first and the last block are only partly filled.
        swell = _SWELL_DB if len(self._run) > 1 else 20.0
        return abs(frequency - before) <= before * _WANDER and bool(change <= swell)

    def _finish(self) -> None:
        """A steady tone is over: keep it as a possible beep, or forget it."""
        run, self._run = self._run, []
        ago, self._missed = len(self._missed), []
        seconds = (len(run) - 1) * _HOP + _BLOCK / 2
        frequency = float(np.median([one for one, _ in run]))
        if seconds < _SHORTEST / 2:
            return
        since, self._since_tone = (self._since_tone - len(run) - ago) * _HOP, ago
        known = self._tone[0] if self._tone else self._cadence
        if known and (abs(frequency - known) <= known * 0.03 or since < _PAUSE):
            # Again the same, or a row of tones (information tones, a melody).
            self._cadence, self._tone = frequency, None
            return
        steady = _SHORTEST - _TOLERANCE <= seconds <= _LONGEST + _TOLERANCE
        self._tone = (frequency, max(one for _, one in run)) if steady else None
        self._quiet = []

    def _stood_alone(self, power: float) -> bool:
        """Count the quiet after a tone; True where there was enough of it."""
        if self._tone is None:
            return False
        frequency, level = self._tone
        self._quiet.append(power)
        progress = _PROGRESS[0] <= frequency <= _PROGRESS[1]
        if len(self._quiet) * _HOP < (_PROGRESS_PAUSE if progress else _PAUSE):
            return False
        # The first two blocks still hold the end of the tone.
        followed = float(np.mean(self._quiet[2:]))
        self._tone = None
        return followed < level / 10 ** (_QUIETER_DB / 10)

"""A stream of samples cut into overlapping frames, whatever the size of what is fed. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Frames(NamedTuple):
    """Some frames in a row."""

    sound: NDArray[np.float32]
    """The samples that they are cut from: frame n begins at n hops."""
    number: int
    loudest: int
    """Largest sample (of either sign) that is new in them."""


class Framing:
    """Gathers 16 bit little-endian mono samples: NumPy is quick on many, slow on few."""

    def __init__(self, window: int, hop: int, *, least: int, most: int) -> None:
        """`window`, `hop`: samples; frames are cut from `least` to `most` new samples at a time."""
        self._window, self._hop, self._least, self._most = window, hop, least, most
        self._odd = b""
        self._pending: list[bytes] = []
        self._waiting = 0
        self._carry = np.zeros(window - hop, dtype=np.float32)

    def feed(self, pcm: bytes) -> Iterator[Frames]:
        """Take samples of any length; yield the frames that are complete (often none)."""
        for at in range(0, len(pcm), 2 * self._most):
            piece = pcm[at : at + 2 * self._most]
            self._pending.append(piece)
            self._waiting += len(piece)
            if self._waiting >= 2 * self._least:
                yield self._cut()

    def _cut(self) -> Frames:
        data = self._odd + b"".join(self._pending)
        whole = len(data) & ~1
        self._odd = data[whole:]
        self._pending, self._waiting = [], len(self._odd)
        samples = np.frombuffer(data[:whole], dtype="<i2")
        sound = np.concatenate([self._carry, samples.astype(np.float32)])
        count = (len(sound) - self._window) // self._hop + 1
        self._carry = sound[count * self._hop :]
        return Frames(sound, count, max(int(samples.max()), -int(samples.min())))

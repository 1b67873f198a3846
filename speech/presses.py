"""From what single blocks of sound hold to presses: one press is one key. Pure.

A packet that is lost may leave silence in the middle of a tone, as long as the pause between two
presses (ITU-T Q.24 counts a pause of 40 ms: two packets). But the tone comes back in step: both of
its frequencies run on as if they had never stopped. A second press begins at phases of its own and
is in step by chance once in eighty times. So what is in step after silence goes on with the press
before. After other sound it does not: chords of music go in and out of being a key.
"""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

_ON = 7
"""Blocks of a key before it counts as pressed: 40 ms of tone hold at least 8 whole blocks."""
_OFF = 10
"""Blocks without it before it counts as let go: longer than a lost packet of 20 ms disturbs (Q.24
asks for 10 ms), shorter than a pause of 40 ms does."""
_STUTTER = 2
"""Blocks without it that a press not yet counted survives."""
_REACH = 29
"""Blocks (94 ms) over which a tone may come back in step: four lost packets, and the blocks that
hold only a part of the tone at either end."""
_REMEMBERED = 16
"""Blocks by which it is known how far the tones of a press are off."""
_IN_STEP = 0.35
"""Radians by which each of the two phases may be off. Measured in noise 15 dB under the tone."""


class Block(NamedTuple):
    """What a block of sound holds."""

    key: str
    """Empty: no key."""
    phases: tuple[float, float] = (0.0, 0.0)
    """Radians by which the low and the high tone are ahead of their nominal frequencies, both
    counted from the first sample of the stream."""
    drifts: tuple[float, float] = (0.0, 0.0)
    """Radians by which that changes from block to block: the tones are a little off."""
    silent: bool = False
    """True where there is no sound at all."""


SILENT, OTHER = Block("", silent=True), Block("")
"""No sound; a sound that is no key."""


@dataclass
class _Press:
    """A key under way."""

    key: str = ""
    """Empty: silence."""
    blocks: int = 0
    misses: int = 0
    """Blocks without the key since it was last heard."""
    counted: bool = False
    """True once it was told."""
    broken_off: bool = False
    """True once silence was heard after it."""
    last: deque[tuple[int, Block]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    """Its last blocks, with their numbers in the stream."""

    def hear(self, block: Block, now: int) -> None:
        """Take one more block of the key."""
        self.blocks += 1
        self.misses = 0
        self.last.append((now, block))

    def in_step(self, after: "_Press") -> bool:
        """Say whether the tones of `after` are those of this press, running on."""
        if (
            after.key != self.key
            or not self.broken_off
            or after.last[0][0] - self.last[-1][0] > _REACH
        ):
            return False
        # The last block before the gap holds the gap's edge, which spoils it a little.
        then, before = self.last[max(0, len(self.last) - 2)]
        now, found = after.last[-1]
        blocks = [block for _, block in (*self.last, *after.last)]
        return all(
            abs(math.remainder(phase - was - median(drifts) * (now - then), math.tau)) < _IN_STEP
            for phase, was, drifts in zip(
                found.phases,
                before.phases,
                zip(*(block.drifts for block in blocks), strict=True),
                strict=True,
            )
        )

    def goes_on_with(self, before: "_Press") -> None:
        """Be the same press as `before`."""
        self.blocks += before.blocks
        self.counted |= before.counted


class Presses:
    """The presses of one stream of blocks."""

    def __init__(self) -> None:
        self._now = 0
        self._press = _Press()
        self._before = _Press()
        """The last press that ended."""

    @property
    def may_go_on(self) -> bool:
        """True where a tone may come back in step: then it matters what lies between."""
        last = self._press.last or self._before.last
        return bool(last) and self._now - last[-1][0] <= _REACH

    def pass_over(self, count: int, block: Block) -> None:
        """Take `count` blocks without any key at once."""
        if self._press.key:
            self.take([block] * count)
            return
        self._now += count
        self._before.broken_off |= block.silent

    def take(self, blocks: Iterable[Block]) -> str:
        """Return the keys that are newly pressed, in order."""
        return "".join(self._hear(block) for block in blocks)

    def _hear(self, block: Block) -> str:
        self._now += 1
        press = self._press
        if block.key and block.key == press.key:
            return self._goes_on(block)
        press.misses += 1
        if block.silent:
            press.broken_off = self._before.broken_off = True
        if press.key and press.misses < (_OFF if press.counted else _STUTTER):
            return ""
        if press.key:
            self._before = press
        self._press = _Press(block.key)
        return self._goes_on(block) if block.key else ""

    def _goes_on(self, block: Block) -> str:
        press = self._press
        press.hear(block, self._now)
        if not press.counted and self._before.in_step(press):
            press.goes_on_with(self._before)
            self._before = _Press()
        if press.counted or press.blocks < _ON:
            return ""
        press.counted = True
        return press.key

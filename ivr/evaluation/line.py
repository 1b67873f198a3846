"""A recording in the place of a line: its frames and its own time."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

FRAME = 640
"""Bytes of 40 ms (`ivr.channels.sip.hearing.ANSWER_FRAME`)."""


@dataclass
class SoundClock:
    """The time of a recording."""

    seconds: float = 0.0

    def now(self) -> datetime:
        """Return the recording's time as a moment."""
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        """Return seconds of sound."""
        return self.seconds


@dataclass
class SoundSource:
    """Frames of a recording."""

    waiting: deque[bytes] = field(default_factory=deque)

    def end(self) -> None:
        """Nothing is to be given back."""

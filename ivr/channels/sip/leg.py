"""What one call asks of the SIP stack under it: its dialog, and its sound once it flows."""

from collections import deque
from typing import Protocol


class StackError(Exception):
    """The stack cannot do what it was asked; its words say why."""


class Source(Protocol):
    """Sound of the person, as it comes in, or of a recording."""

    waiting: deque[bytes]
    """8 kHz, 16 bit, mono, in frames; whoever listens takes them."""

    def end(self) -> None:
        """No more is wanted."""
        ...


class Player(Protocol):
    """Prompts that are being played."""

    finished: bool
    """True once everything was played."""

    def stop(self) -> None:
        """Stop at once; harmless once finished. It is let go of afterwards."""
        ...


class Recording(Protocol):
    """A recording under way."""

    path: str

    def add(self, player: Player) -> None:
        """Mix what we play in."""
        ...

    def end(self) -> float:
        """End it; return its seconds. The file may be complete only a moment later."""
        ...


class Sound(Protocol):
    """The sound of one call, once it flows."""

    @property
    def quiet(self) -> bool:
        """True while the person is silent: under some -50 dBm0, over line noise."""
        ...

    def play(self, files: list[str]) -> Player:
        """Play files to the person. Raises StackError where one cannot be played."""
        ...

    def record(self, path: str) -> Recording:
        """Record the person. Raises StackError where the file cannot be written."""
        ...

    def tap(self, microseconds: int) -> Source:
        """Put the person's sound aside, in frames of that length. Raises StackError."""
        ...


class Leg(Protocol):
    """The SIP dialog of one call: obeys its `LineCall`, and tells it what happens."""

    @property
    def takes_events(self) -> bool:
        """True where the other side takes telephone-event (RFC 4733); known once sound flows."""
        ...

    def invite(self) -> None:
        """Send the INVITE. Raises StackError."""
        ...

    def leave(self) -> None:
        """Send CANCEL before the answer, BYE after it. Raises StackError."""
        ...

    def ask(self) -> None:
        """Send an OPTIONS inside the call (RFC 3261, 11). Raises StackError."""
        ...

    def refer(self, target: str) -> None:
        """Ask the other side to call `target` (RFC 3515). Raises StackError."""
        ...

    def press(self, keys: str) -> None:
        """Press keys, 0.25 s each, pause included."""
        ...

    def count(self) -> tuple[int, int] | None:
        """Return how many RTP packets came and how many were lost; None: not known now."""
        ...

    def dispose(self) -> None:
        """Let go of everything; nothing is asked any more."""
        ...

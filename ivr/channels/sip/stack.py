"""What a line process asks of the SIP stack under it.

Two stacks do it: `ivr/channels/pjsua2/` (pjsua2, in C) and `ivr/channels/pyvoip/` (pyVoIP, in
Python, where there is no wheel of pjsua2). What a call is, what is told of it and what becomes of
its sound is the same over both (`call.py`, `voice.py`).
"""

import socket
from collections import deque
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ivr.channels.sip.protocol import Ask, Place, Setup

if TYPE_CHECKING:
    from ivr.channels.sip.call import LineCall
    from ivr.channels.sip.received import ReceivedCall


class StackError(Exception):
    """The stack cannot do what it was asked; its words say why."""


class Arrival(NamedTuple):
    """What is seen of a call that comes in."""

    trunk: str
    """Of whose address it comes; empty: of none."""
    address: str
    """IP address and port from which it comes."""
    message: str
    """The INVITE."""


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


class Stack(Protocol):
    """The library, its sockets, its trunks."""

    most_trunks: int
    """Trunks that can be in use at once."""
    take: "Callable[[ReceivedCall, Arrival], None]"
    """Set by the line that takes calls (`Setup.reception`): given each call that comes in. A stack
    that cannot take calls gives none."""

    def start(self) -> None:
        """Open the sockets, register. Raises StackError."""
        ...

    def find_limit(self) -> int:
        """Return how many calls one process may carry; the stack is not used afterwards."""
        ...

    def call(self, order: Place) -> "LineCall":
        """Make a call that `begin` begins. Raises StackError."""
        ...

    def ask(self, command: Ask) -> None:
        """Send OPTIONS to a trunk; told as `Health`. Raises StackError."""
        ...

    def wait(self, house: socket.socket | None, seconds: float) -> bool:
        """Work for at most so long; return True, at once, where the house has sent something.

        None: the house is not listened to any more.
        """
        ...

    def unregister(self) -> None:
        """Take back the registrations."""
        ...


StackMaker = Callable[[Setup, Callable[[Any], None]], Stack]
"""Makes a stack that tells what happens by the second."""


def load(engine: str) -> StackMaker:
    """Return what makes a stack (`ivr.channels.sip.stacks.SipStack.engine`), in a line process.

    Raises ImportError where its library is missing.
    """
    maker: StackMaker = import_module(engine).Engine
    return maker

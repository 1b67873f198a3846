"""What a line process asks of the SIP stack under it.

Two stacks do it: `ivr/channels/pjsua2/` (pjsua2, in C) and `ivr/channels/pyvoip/` (pyVoIP, in
Python, where there is no wheel of pjsua2). What a call is, what is told of it and what becomes of
its sound is the same over both (`call.py`, `voice.py`); a call's own part of the stack is `leg.py`.
"""

import socket
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from ivr.channels.sip.call import LineCall
from ivr.channels.sip.protocol import Ask, Place, Setup
from ivr.channels.sip.received import ReceivedCall


class Arrival(NamedTuple):
    """What is seen of a call that comes in."""

    trunk: str
    """Of whose address it comes; empty: of none."""
    address: str
    """IP address and port from which it comes."""
    message: str
    """The INVITE."""


class Stack(Protocol):
    """The library, its sockets, its trunks."""

    most_trunks: int
    """Trunks that can be in use at once."""
    take: Callable[[ReceivedCall, Arrival], None]
    """Set by the line that takes calls (`Setup.reception`): given each call that comes in. A stack
    that cannot take calls gives none."""

    def start(self) -> None:
        """Open the sockets, register. Raises StackError."""
        ...

    def find_limit(self) -> int:
        """Return how many calls one process may carry; the stack is not used afterwards."""
        ...

    def call(self, order: Place) -> LineCall:
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

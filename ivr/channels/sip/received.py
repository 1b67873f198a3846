"""A call that somebody makes to us, inside the line process that takes calls."""

from collections.abc import Callable
from typing import Any, Protocol

from ivr.channels.sip import headers
from ivr.channels.sip.call import LineCall
from ivr.channels.sip.leg import Leg, StackError
from ivr.channels.sip.protocol import LineTrunk, Place, Setup

RING_SECONDS = 30.0
"""How long a caller hears it ring until somebody has decided; then he is told to try later."""
RINGING, OK, FORBIDDEN, UNAVAILABLE = 180, 200, 403, 480


class ReceivedLeg(Leg, Protocol):
    """The SIP dialog of a call that came in."""

    def respond(self, status: int) -> None:
        """Answer the INVITE with `status` (RFC 3261, 21). Raises StackError."""
        ...


class ReceivedCall(LineCall):
    """A call that came in. What is done with it once it is answered is the same as of any."""

    leg: ReceivedLeg
    unanswered = "party"

    def __init__(
        self, name: str, trunk: LineTrunk, report: Callable[[Any], None], setup: Setup
    ) -> None:
        order = Place(name, trunk.name, "", "", RING_SECONDS)
        super().__init__(order, trunk.dtmf, report, setup)
        self._pick_up = False  # it is the person who calls
        self._beep_seconds = 0.0
        self._rang = True  # at our end: nothing to be told of
        self._status = UNAVAILABLE

    def begin(self) -> None:
        """Let the caller hear that it rings. Raises StackError."""
        self.leg.respond(RINGING)

    def pick_up(self) -> None:
        """Answer."""
        try:
            self.leg.respond(OK)
        except StackError as error:
            self.hang_up(reason=f"{error}")

    def refuse(self, status: int) -> None:
        """Say with `status` why nobody answers."""
        self._status = status
        self.hang_up()

    def _leave(self) -> None:
        if self.confirmed:
            self.leg.leave()
        else:
            self.leg.respond(self._status)


def trunk_at(address: str, callers: list[Any]) -> str:
    """Return the trunk whose address (``10.0.0.1:5060``, ``[::1]:5060``) this is, or nothing."""
    host = address.rpartition(":")[0].strip("[]")
    return next((trunk for trunk, known in callers if host in known), "")


def numbers_of(message: str) -> tuple[str, str]:
    """Return the number of the caller (empty: withheld) and the one that was dialled."""
    return headers.caller(message), headers.called(message)

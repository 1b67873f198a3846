"""A call that somebody makes to us, inside the line process that takes calls."""

from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from ivr.channels.sip import headers
from ivr.channels.sip.call import LineCall
from ivr.channels.sip.protocol import LineTrunk, Place, Setup

RING_SECONDS = 30.0
"""How long a caller hears it ring until somebody has decided; then he is told to try later."""
RINGING, OK, FORBIDDEN, UNAVAILABLE = 180, 200, 403, 480


class ReceivedCall(LineCall):
    """A call that came in. What is done with it once it is answered is the same as of any."""

    unanswered = "party"

    def __init__(
        self,
        account: Any,
        name: str,
        trunk: LineTrunk,
        id: int,
        report: Callable[[Any], None],
        setup: Setup,
    ) -> None:
        super().__init__(account, Place(name, trunk.name, "", "", RING_SECONDS), report, setup, id=id)
        self._dtmf = trunk.dtmf
        self._pick_up = False  # it is the person who calls
        self._beep_seconds = 0.0
        self._rang = True  # at our end: nothing to be told of
        self._status = UNAVAILABLE

    def ring(self) -> None:
        """Let the caller hear that it rings. Raises pjsua2.Error."""
        self._respond(RINGING)

    def pick_up(self) -> None:
        """Answer."""
        try:
            self._respond(OK)
        except pj.Error as error:
            self.hang_up(reason=error.reason)

    def refuse(self, status: int) -> None:
        """Say with `status` why nobody answers."""
        self._status = status
        self.hang_up()

    def _respond(self, status: int) -> None:
        prm = pj.CallOpParam(True)
        prm.opt.audioCount = 1
        prm.opt.videoCount = 0
        prm.statusCode = status
        self.answer(prm)

    def _goodbye(self) -> Any:
        prm = pj.CallOpParam()
        if not self._confirmed:
            prm.statusCode = self._status
        return prm


def trunk_of(address: str, callers: list[Any]) -> str:
    """Return the trunk whose address (``10.0.0.1:5060``, ``[::1]:5060``) this is, or nothing."""
    host = address.rpartition(":")[0].strip("[]")
    return next((trunk for trunk, known in callers if host in known), "")


def who(message: str) -> tuple[str, str]:
    """Return the number of the caller (empty: withheld) and the one that was dialled."""
    return headers.caller(message), headers.called(message)

"""A simulated person who rings us."""

from collections.abc import Callable

from core.clock import Clock
from ivr.channels.contract import Answered, Caller, DialRequest, EndedBy
from ivr.channels.dry_run_call import DryRunCall
from ivr.people.person import Person

PATIENCE_SECONDS = 30.0
"""How long somebody lets it ring."""
GIVEN_UP = 487
"""What a caller's CANCEL ends a call with (RFC 3261, 15.1.2)."""


class DryRunIncomingCall(DryRunCall):
    """A call that rings until it is answered, refused, or the person gives up."""

    def __init__(
        self,
        caller: Caller,
        person: Person,
        clock: Clock,
        grid: float,
        on_end: Callable[[DryRunCall], None],
    ) -> None:
        self.caller = caller
        self.refused = 0
        """The status with which he was refused; 0: he was not."""
        super().__init__(DialRequest("", caller.number, caller.trunk), person, clock, grid, on_end)

    def _begin(self) -> None:
        self._spawn(self._lose_patience())

    async def _lose_patience(self) -> None:
        await self._pause(PATIENCE_SECONDS)
        if not self._answered:
            self._end(EndedBy.PARTY, GIVEN_UP)

    async def answer(self) -> None:
        """Pick up."""
        if self._happenings.over or self._answered:
            return
        self._answered = True
        self._happenings.tell(Answered(self._clock.now()))
        self._spawn(self._act_at_once())

    async def refuse(self, status: int = 486) -> None:
        """Do not pick up."""
        if not self._answered and not self._happenings.over:
            self.refused = status
            self._end(EndedBy.US, status)

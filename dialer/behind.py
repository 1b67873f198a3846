"""What a rehearsal writes down: gathered, and written in one go before the next claim.

In a rehearsal nothing real can be lost, so no call waits for a commit. What is kept is the same
as the `Writer` and the `AttemptJournal` keep for real calls.
"""

from datetime import datetime
from typing import Any

from dialer.closing import Close
from dialer.journal import AttemptJournal, Writer
from storage.attempt_ends import add_answers, finish_all
from storage.database import Database
from storage.trunk_lanes import clear_pause

BEAT = 6.0
"""Virtual seconds between two claims of a rehearsal: few claims, each for many lines."""
TRICKLE = 20.0
"""The same where everybody who is due was claimed, and others become due one by one."""


class Behind:
    """Gathers answers and ends of calls until `flush`."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database, self._writer = database, writer
        self._answers: list[dict[str, Any]] = []
        self._ends: list[Close] = []
        self._rested: set[str] = set()
        """Trunks whose next trouble would make them rest longer."""

    def journal(self, attempt_id: int) -> AttemptJournal:
        """Return the journal of one attempt."""
        return _BehindJournal(self._writer, attempt_id, self._answers)

    def finish(self, close: Close) -> None:
        """Note how an attempt ended."""
        self._ends.append(close)

    async def flush(self) -> None:
        """Write all of it."""
        answers, ends = self._answers[:], self._ends[:]
        # What is noted while this is written waits for the next flush.
        del self._answers[:], self._ends[:]
        if not (answers or ends):
            return
        async with self._database.write() as session:
            await add_answers(session, answers)
            await finish_all(session, [(one.end, one.by.following(one.outcome)) for one in ends])
            for trunk in self._rested & {one.trunk for one in ends if not one.trouble}:
                await clear_pause(session, trunk)
                self._rested.discard(trunk)
            for one in ends:
                if one.trouble:
                    self._rested.add(one.trunk)
                    await one.by.rest(session, one.trunk, one.outcome)


class _BehindJournal(AttemptJournal):
    def __init__(self, writer: Writer, attempt_id: int, answers: list[dict[str, Any]]) -> None:
        super().__init__(writer, attempt_id)
        self._answers = answers

    async def _keep(self, values: dict[str, Any], session: dict[str, Any] | None) -> None:  # noqa: ARG002
        # The session as of the end is kept with the end.
        self._answers.append({"attempt_id": self._attempt_id, **values})

    async def _note(self, **moments: datetime) -> None:
        """The end of the attempt tells its moments once more."""

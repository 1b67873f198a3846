"""What a rehearsal writes down: gathered, and written in one go before the next claim.

In a rehearsal nothing real can be lost, so no call waits for a commit. What is kept is the same
as the `Writer` and the `AttemptJournal` keep for real calls.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from dialer.journal import AttemptJournal, Writer
from storage.attempt_ends import End, add_answers, finish_all
from storage.database import Database


class Behind:
    """Gathers answers and ends of calls until `flush`."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database, self._writer = database, writer
        self._answers: list[dict[str, Any]] = []
        self._ends: list[End] = []
        self._acts: list[Callable[[AsyncSession], Awaitable[Any]]] = []

    def journal(self, attempt_id: int) -> AttemptJournal:
        """Return the journal of one attempt."""
        return _BehindJournal(self._writer, attempt_id, self._answers)

    def finish(self, end: End) -> None:
        """Note how an attempt ended."""
        self._ends.append(end)

    def act(self, act: Callable[[AsyncSession], Awaitable[Any]]) -> None:
        """Note something else to be done, after the ends."""
        self._acts.append(act)

    async def flush(self) -> None:
        """Write all of it."""
        answers, ends, acts = self._answers[:], self._ends[:], self._acts[:]
        # What is noted while this is written waits for the next flush.
        del self._answers[:], self._ends[:], self._acts[:]
        if not (answers or ends or acts):
            return
        async with self._database.write() as session:
            await add_answers(session, answers)
            if ends:
                await finish_all(session, ends)
            for act in acts:
                await act(session)


class _BehindJournal(AttemptJournal):
    def __init__(self, writer: Writer, attempt_id: int, answers: list[dict[str, Any]]) -> None:
        super().__init__(writer, attempt_id)
        self._answers = answers

    async def _keep(self, values: dict[str, Any], session: dict[str, Any] | None) -> None:  # noqa: ARG002
        # The session as of the end is kept with the end.
        self._answers.append({"attempt_id": self._attempt_id, **values})

    async def _note(self, **moments: datetime) -> None:
        """The end of the attempt tells its moments once more."""

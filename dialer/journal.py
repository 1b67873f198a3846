"""One writer a process: the writes of all calls that wait at a moment are one transaction.

A write is acknowledged only after its commit (SQLite: synchronous FULL). While one commit is
under way the next group gathers, so a hundred calls cost little more than one. Where the
database fails, calls are told so after `PATIENCE`, but what they wrote down is kept here in
order and committed as soon as the database takes it again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.errors import HuifangError, TransientError, problem
from dialer.texting.survey_text import send
from flows.exchange import BookTime, SaveAnswer, SendMessage
from storage.attempts import add_answer, note
from storage.database import Database

PATIENCE = 5.0
"""Seconds that a call waits for a commit before it is told that the database fails."""
AGAIN = 1.0
"""Seconds between two tries to write while the database fails."""
GROUP = 500
"""Most writes in one transaction."""

Act = Callable[[AsyncSession], Awaitable[Any]]

log = structlog.get_logger(__name__)


@dataclass
class _Write:
    act: Act
    done: "asyncio.Future[Any]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Writer:
    """Gathers writes. Run `run()` as a task; `close()` waits until everything is written."""

    def __init__(self, database: Database, clock: Clock, texts_by: Sequence[str] = ()) -> None:
        """`texts_by`: the gateways that carry what surveys send, the first one that works."""
        self._database, self._clock, self._texts_by = database, clock, texts_by
        self._waiting: deque[_Write] = deque()
        self._news = asyncio.Event()
        self._closing = False
        self.fault: HuifangError | None = None
        """Why the database takes nothing at present; None while all is well."""
        self.commits = 0

    @property
    def waiting(self) -> int:
        """Writes that are not committed yet."""
        return len(self._waiting)

    async def write(self, act: Act, *, patience: float | None = PATIENCE) -> Any:
        """Do `act` in the next transaction; returns its result after the commit.

        Raises TransientError or PermanentError after `patience` seconds of a failing database
        (None: waits for ever). The write stays in line all the same.
        """
        write = _Write(act)
        self._waiting.append(write)
        self._news.set()
        if patience is None:
            return await asyncio.shield(write.done)
        left = patience
        while True:
            # Real time: the database is real, even where the calls are rehearsed.
            done, _ = await asyncio.wait([write.done], timeout=min(left, 0.5))
            if done:
                return write.done.result()
            left -= 0.5
            if left <= 0 and self.fault is not None:
                raise self.fault

    def journal(self, attempt_id: int) -> "AttemptJournal":
        """Return the journal of one attempt."""
        return AttemptJournal(self, attempt_id, self._texts_by)

    async def run(self) -> None:
        """Write until `close()`."""
        while not (self._closing and not self._waiting):
            if not self._waiting:
                self._news.clear()
                await self._news.wait()
                continue
            await self._one_group()

    async def close(self, *, abandon: bool = False) -> None:
        """Let `run` end once everything is written; `abandon`: what cannot be written is left
        (its attempts stay open and go to a person at the next start)."""
        self._closing = True
        if abandon:
            self._waiting.clear()
        self._news.set()

    async def _one_group(self) -> None:
        group = [self._waiting[i] for i in range(min(GROUP, len(self._waiting)))]
        try:
            results = await self._together(group)
        except HuifangError as error:
            await self._failing(error)
            return
        except Exception:  # one of them is at fault; the others must not suffer
            await self._one_by_one(group)
            return
        self._acknowledge(group, results)

    async def _together(self, group: list[_Write]) -> list[Any]:
        async with self._database.write() as session:
            results = [await write.act(session) for write in group]
        self.commits += 1
        return results

    async def _one_by_one(self, group: list[_Write]) -> None:
        """One of the group is at fault (a constraint, a mistake of ours): trying it again cannot
        help, hiding it must not be. Write each by itself so that only that one fails."""
        for write in group:
            try:
                results = await self._together([write])
            except HuifangError as error:
                await self._failing(error)
                return
            except Exception as error:
                if self._is_the_databases(error):
                    told = problem(
                        "database-unreachable",
                        database=self._database.name,
                        detail=type(error).__name__,
                    )
                    await self._failing(TransientError(told))
                    return
                self.fault = None  # it was looked at, and refused: the database works
                # The kind of error only: its words may hold a number.
                log.error("write_refused", error=type(error).__name__)
                self._waiting.popleft()
                if not write.done.done():
                    write.done.set_exception(error)
                    write.done.exception()  # known, also where its call is gone
            else:
                self._acknowledge([write], results)

    @staticmethod
    def _is_the_databases(error: Exception) -> bool:
        """True where `error` says nothing about the write: then it has to be tried again."""
        own = (IntegrityError, DataError, ProgrammingError)
        return isinstance(error, DBAPIError) and not isinstance(error, own)

    def _acknowledge(self, group: list[_Write], results: list[Any]) -> None:
        if self.fault is not None:
            log.warning("database_writes_again")
            self.fault = None
        for write, result in zip(group, results, strict=True):
            self._waiting.popleft()
            if not write.done.done():
                write.done.set_result(result)

    async def _failing(self, error: HuifangError) -> None:
        if self.fault is None:
            log.error("database_fails", problem=error.sentences("en")[0])
        self.fault = error
        if self._closing:
            await asyncio.sleep(0)
        await asyncio.sleep(AGAIN)


class AttemptJournal:
    """The `ivr.journal.Journal` of one attempt."""

    def __init__(
        self,
        writer: Writer,
        attempt_id: int,
        texts_by: Sequence[str] = (),
    ) -> None:
        self._writer, self._attempt_id, self._texts_by = writer, attempt_id, texts_by
        self.position = 0
        self.dialed_at: datetime | None = None
        self._rang: dict[str, datetime] = {}
        self.answered_at: datetime | None = None
        self.booking: tuple[BookTime, datetime] | None = None

    async def dialed(self, at: datetime) -> None:
        self.dialed_at = at
        await self._note(dialed_at=at)

    async def ringing(self, at: datetime) -> None:
        # A fact for the reports, not worth a transaction: it comes with the answer or the end.
        self._rang = {"ringing_at": at}

    async def answered(self, at: datetime) -> None:
        self.answered_at = at
        await self._note(answered_at=at, **self._rang)

    async def answer(self, answer: SaveAnswer, session: dict[str, Any], at: datetime) -> None:
        self.position += 1
        await self._keep(answer_row(answer, self.position, at), session)

    async def book(self, booking: BookTime, at: datetime) -> None:
        self.booking = (booking, at)
        self.position += 1
        await self._keep(booking_row(booking, self.position, at), None)

    async def message(self, message: SendMessage, at: datetime) -> None:
        gateways = self._texts_by
        if not gateways:  # its batch was refused, or it is a rehearsal
            log.warning("message_not_sent", attempt=self._attempt_id)
            return
        await self._writer.write(lambda s: send(s, gateways, self._attempt_id, message, at))

    async def _keep(self, values: dict[str, Any], session: dict[str, Any] | None) -> None:
        await self._writer.write(lambda s: add_answer(s, self._attempt_id, values, session))

    async def _note(self, **moments: datetime) -> None:
        await self._writer.write(lambda s: note(s, self._attempt_id, **moments))


def answer_row(answer: SaveAnswer, position: int, at: datetime) -> dict[str, Any]:
    """Return an answer as it is written down, without its attempt."""
    return {
        "position": position,
        "step": answer.step,
        "kind": answer.kind,
        "value": answer.value,
        "label": answer.label,
        "aspect": answer.aspect,
        "verdict": answer.verdict,
        "score": answer.score,
        "raw": answer.raw,
        "confidence": answer.confidence,
        "tries": answer.tries,
        "answered_at": at,
    }


def booking_row(booking: BookTime, position: int, at: datetime) -> dict[str, Any]:
    """Return a time that the person picked as it is written down among the answers."""
    return {
        "position": position,
        "step": "booking",
        "kind": "booking",
        "value": f"+{booking.days}d {booking.at}",
        "label": booking.label,
        "answered_at": at,
    }

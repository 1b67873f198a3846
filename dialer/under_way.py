"""The calls under way: each from its claim to its end, which is written down whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from core.catalogue import text
from core.clock import Clock
from core.disposition import Disposition
from core.errors import HuifangError
from dialer.behind import Behind
from dialer.closing import Closing
from dialer.journal import AttemptJournal, Writer
from dialer.starting import Lead, wait_for_start
from dialer.terms import Tally
from dialer.trouble import Trouble
from ivr.outcome import Outcome
from storage.claims import Claimed, ClaimRules
from storage.database import Database
from storage.recovery import give_up
from storage.withdrawing import leaves

Hold = Callable[[Claimed, AttemptJournal], Awaitable[Outcome]]
"""Makes one claimed call from the INVITE to its end (composed in app over ivr.conversation)."""

STOPPED, RANG_BACK, NO_START, WITHDRAWN = "stopped", "rang_back", "no_start", "withdrawn"
"""Reasons of ends that say nothing of the trunk. Withdrawn: the call never left, the person was
heard by another channel since its claim."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Call:
    claimed: Claimed
    journal: AttemptJournal
    task: "asyncio.Task[None]"


class UnderWay:
    """The calls of one dialer that have not ended yet."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        hold: Hold,
        book: Writer | Behind,
        *,
        rules: ClaimRules,
        closing: Closing,
        trouble: Trouble,
        tally: Tally,
        lead: Lead,
        language: str,
        ended: Callable[[], None],
    ) -> None:
        """`book`: where ends are written; `ended` is called after each call."""
        self._database, self._clock, self._hold, self._book = database, clock, hold, book
        self._rules, self._closing, self._trouble = rules, closing, trouble
        self._tally, self._lead, self._language, self._ended = tally, lead, language, ended
        self._calls: dict[int, _Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def attempts(self) -> list[int]:
        """Ids of their attempts."""
        return sorted(self._calls)

    def begin(self, claimed: Claimed, hold: Hold | None = None) -> "asyncio.Task[None]":
        """Make one claimed call; `hold`: how, where it is not one that has to be dialled."""
        journal = self._book.journal(claimed.attempt_id)
        task = asyncio.create_task(self._call(claimed, journal, hold))
        self._calls[claimed.attempt_id] = _Call(claimed, journal, task)
        return task

    async def take_back(self, attempt_id: int) -> None:
        """Hang up a call that nobody has answered yet, and wait for its written end.

        One that was answered, or is another process's, goes on.
        """
        call = self._calls.get(attempt_id)
        if call is not None and call.journal.answered_at is None:
            call.task.cancel(RANG_BACK)
            await asyncio.wait([call.task])

    async def wait(self, seconds: float | None) -> None:
        """Wait until those of this moment have ended, at the most `seconds`."""
        if tasks := [call.task for call in self._calls.values()]:
            await asyncio.wait(tasks, timeout=seconds)

    def hang_up(self, batch_id: int | None = None) -> None:
        """Hang up the calls of a batch, or all."""
        for call in list(self._calls.values()):
            if batch_id is None or call.claimed.candidate.batch_id == batch_id:
                call.task.cancel()

    async def end(self) -> None:
        """Leave nothing running: the first cancelling ends a conversation, the next one its
        waiting for the database."""
        for _ in range(3):
            if self._calls:
                self.hang_up()
                await self.wait(1.0)

    async def _call(self, claimed: Claimed, journal: AttemptJournal, hold: Hold | None) -> None:
        self._tally.calls_now += 1
        self._tally.most_at_once = max(self._tally.most_at_once, self._tally.calls_now)
        self._tally.started += 1
        try:
            outcome = await self._outcome(claimed, journal, hold)
            self._count(outcome)
            await self._finish(claimed, journal, outcome)
        finally:
            self._tally.calls_now -= 1
            self._calls.pop(claimed.attempt_id, None)
            self._ended()

    async def _finish(self, claimed: Claimed, journal: AttemptJournal, outcome: Outcome) -> None:
        close = self._closing.act(claimed, journal, outcome)
        if isinstance(self._book, Behind):
            return self._book.finish(close)
        # Cancelling (a second Ctrl-C) must not lose the end: the writer keeps it in line.
        try:
            await asyncio.shield(self._book.write(close, patience=None))
        except HuifangError:
            raise
        except Exception as error:  # the end as it was cannot be kept: a person looks
            log.error("end_refused", attempt=claimed.attempt_id, error=type(error).__name__)
            now, why = self._clock.now(), text("dialing-end-refused", self._language)
            await asyncio.shield(
                self._book.write(
                    lambda session: give_up(session, [claimed.attempt_id], now, why=why),
                    patience=None,
                )
            )

    async def _outcome(
        self, claimed: Claimed, journal: AttemptJournal, hold: Hold | None
    ) -> Outcome:
        try:
            if hold is not None:
                return await hold(claimed, journal)
            if not await wait_for_start(
                self._database, claimed, self._rules, self._clock, self._lead, self._was_late
            ):
                return Outcome(Disposition.FAILED, self._clock.now(), reason=NO_START)
            if not await self._leaves(claimed.attempt_id):
                return Outcome(Disposition.FAILED, self._clock.now(), reason=WITHDRAWN)
            return await self._hold(claimed, journal)
        except asyncio.CancelledError as cancelled:
            # Somebody stopped the batch, or he rang us: the conversation has hung up.
            return self._broken_off(journal, *cancelled.args[:1])
        except Exception as error:  # whatever went wrong, the attempt gets its end
            known = isinstance(error, HuifangError)  # a fault that others tell in words already
            name = type(error).__name__
            log.error("call_broke", attempt=claimed.attempt_id, error=name, exc_info=not known)
            return self._broken_off(journal, type(error).__name__)

    async def _leaves(self, attempt_id: int) -> bool:
        """Note that the call leaves; False where it was taken back since its claim."""
        if isinstance(self._book, Behind):
            return True  # nobody else writes in a rehearsal
        now = self._clock.now()
        left: bool = await self._book.write(lambda session: leaves(session, attempt_id, now))
        return left

    def _was_late(self) -> None:
        self._tally.late += 1

    def _broken_off(self, journal: AttemptJournal, reason: str = STOPPED) -> Outcome:
        """What we cut short: whoever answered is called by a person, never by us again."""
        if journal.answered_at is None:
            ended = Disposition.FAILED
        elif journal.position:
            ended = Disposition.PARTIAL
        else:
            ended = Disposition.UNKNOWN
        return Outcome(ended, self._clock.now(), reason=reason)

    def _count(self, outcome: Outcome) -> None:
        self._tally.dispositions[outcome.disposition.value] += 1
        if outcome.verdict is not None:
            self._tally.verdicts[outcome.verdict.value] += 1
        if outcome.disposition is not Disposition.FAILED:
            self._trouble.call_went_through()
        elif outcome.reason not in (STOPPED, RANG_BACK, NO_START, WITHDRAWN):
            self._trouble.call_failed()
            self._tally.trouble = self._trouble.told

"""Sends the notices that wait: digests where there are too many, tries again what was not taken.

At least once, never never: a row is claimed (committed) before the mail server hears of it and
marked after the server took it. Whoever dies in between leaves a claimed row that is sent again
after a while, with the same Message-ID, so that a repeated mail can be told from a new one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import groupby

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.errors import PermanentError, TransientError, problem
from followup.notices.composing import SHOWN, Words, compose
from followup.notices.contract import MailServer
from followup.notices.letter import Kind
from followup.notices.message import message
from followup.notices.rules import Flow, NoticeRules, flow, try_again
from storage import notices
from storage.database import Database
from storage.notices import Waiting
from storage.schema import Notice

AT_ONCE = 8
"""Mails of one connection: even the slowest server takes them within `storage.notices.LEASE`."""
ALONE = (Kind.DAILY, Kind.TEST)
"""Kinds that never go into a digest."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Letterhead:
    """What all mails have in common."""

    sender: str
    sender_name: str
    words: Words


@dataclass
class Posted:
    """What became of the mails of a round."""

    sent: int = 0
    postponed: int = 0
    failed: int = 0


class Postman:
    """Sends what waits in the database."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        server: MailServer,
        head: Letterhead,
        rules: NoticeRules | None = None,
    ) -> None:
        self._database, self._clock, self._server = database, clock, server
        self._head, self._rules = head, rules or NoticeRules()

    async def post(self) -> Posted:
        """Send all that is due, connection after connection, until the server falters."""
        posted = Posted()
        while claimed := await self._claim():
            if not await self._send(claimed, posted):
                break
        return posted

    async def _claim(self) -> list[Notice]:
        now = self._clock.now()
        async with self._database.write() as session:
            await notices.lock_sending(session)
            await notices.free_abandoned(session, now)
            chosen = await self._choose(session, await notices.due(session, now))
            return await notices.claim(session, [each.id for each in chosen[:AT_ONCE]], now)

    async def _choose(self, session: AsyncSession, due: list[Waiting]) -> list[Waiting]:
        """Return what is sent now, first things first; make digests where the rules say so."""
        # What was tried before stays as it is: perhaps it has arrived.
        fresh: list[Waiting] = []
        chosen: list[Waiting] = []
        for each in due:
            alone = each.tries or each.gathers or each.kind in ALONE
            (chosen if alone else fresh).append(each)
        now = self._clock.now()
        fresh.sort(key=_address_and_kind)
        for (recipient, kind), some in groupby(fresh, key=_address_and_kind):
            waiting = list(some)
            since = now - self._rules.digest_window
            singles, digest = await notices.flow(session, recipient, kind, since)
            match flow(len(waiting), singles, digest, self._rules):
                case Flow.SINGLES:
                    chosen += waiting
                case Flow.GATHER:
                    chosen.append(await notices.gather(session, waiting, now, shown=SHOWN))
        return sorted(chosen, key=lambda each: each.id)

    async def _send(self, claimed: Sequence[Notice], posted: Posted) -> bool:
        """Send over one connection; False where the server is in no state to go on."""
        left = list(claimed)
        try:
            async with self._server.session() as session:
                while left and session.alive:
                    notice = left.pop(0)
                    try:
                        await session.send(self._mail(notice))
                    except TransientError as error:
                        await self._later(notice, error, posted)
                    except PermanentError as error:
                        await self._fail(notice, error, posted)
                    else:
                        await self._sent(notice, posted)
        except TransientError as error:  # no connection at all
            for notice in left:
                await self._later(notice, error, posted)
            return False
        for notice in left:  # the connection broke before their turn came: no try of theirs
            await self._mark(notice, "waiting", tried=False)
        return True

    def _mail(self, notice: Notice) -> EmailMessage:
        head = self._head
        try:
            letter = compose(notice.kind, notice.facts, head.words, gathers=notice.gathers)
            return message(
                letter,
                sender=head.sender,
                sender_name=head.sender_name,
                recipient=notice.recipient,
                key=notice.key,
                made_at=notice.created_at,
            )
        except Exception as error:  # one that cannot be written must not hold up the others
            why = f"{type(error).__name__}: {error}"
            raise PermanentError(problem("mail-unwritable", key=notice.key, reason=why)) from error

    async def _sent(self, notice: Notice, posted: Posted) -> None:
        posted.sent += 1
        await self._mark(notice, "sent", sent_at=self._clock.now())

    async def _later(self, notice: Notice, error: TransientError, posted: Posted) -> None:
        again = try_again(notice.tries + 1, notice.created_at, self._clock.now(), self._rules)
        if again is None:
            await self._fail(notice, error, posted)
            return
        posted.postponed += 1
        await self._mark(notice, "waiting", error=self._said(error), next_at=again)

    async def _fail(
        self, notice: Notice, error: TransientError | PermanentError, posted: Posted
    ) -> None:
        posted.failed += 1
        log.error("notice_failed", key=notice.key, why=self._said(error))
        await self._mark(notice, "failed", error=self._said(error))

    def _said(self, error: TransientError | PermanentError) -> str:
        return " ".join(p.sentence(self._head.words.language) for p in error.problems)

    async def _mark(self, notice: Notice, state: str, **known: object) -> None:
        async with self._database.write() as session:
            await notices.mark(session, notice, state, **known)  # type: ignore[arg-type]


def _address_and_kind(waiting: Waiting) -> tuple[str, str]:
    return waiting.recipient, waiting.kind

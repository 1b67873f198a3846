"""Sending: messages leave the outbox within the rate of their gateway, each at most once.

A message is claimed and committed as `sending` before the gateway hears of it. What the gateway
surely did not take waits again; what nobody knows about is `uncertain` and stays so.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.errors import HuifangError, TransientError, UncertainError
from core.phone import mask
from dialer.texting.ledger import Ledger
from dialer.texting.quiet import not_before
from dialer.texting.silence import undelivered
from dialer.texting.terms import TextingRules, TextTally
from ivr.texting.contract import Accepted, OutgoingText, Refused, TextGateway
from storage.database import Database
from storage.texting.conversations import asked
from storage.texting.delivery import Undelivered, accepted, refused
from storage.texting.gateway_lanes import gateway_works, pause_gateway
from storage.texting.outbox import ToSend, back, claim_to_send, lost, mark_uncertain

WINDOW = timedelta(seconds=0.25)
"""How far ahead moments of sending are given out."""
WINDOW_REHEARSED = timedelta(seconds=60)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Went:
    """How the sending of one message went."""

    message: ToSend
    answer: Accepted | Refused | None
    error: str = ""
    uncertain: bool = False


class Sending:
    """Sends what waits in the outbox over the gateways."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        gateways: Mapping[str, TextGateway],
        rules: TextingRules,
        tally: TextTally,
        name: str,
        went: Callable[[], None],
    ) -> None:
        """`name`: who this process is; `went` is called after each message."""
        self._database, self._clock, self._gateways = database, clock, dict(gateways)
        self._rules, self._tally, self._name, self._tell = rules, tally, name, went
        self._under_way: set[asyncio.Task[None]] = set()
        self._went: list[_Went] = []
        self._ahead = WINDOW_REHEARSED if rules.beat else WINDOW
        self._working: set[str] = set(gateways)
        """Gateways that have nothing to be forgiven."""

    @property
    def busy(self) -> bool:
        """True while messages are under way, or how they went is not written yet."""
        return bool(self._under_way or self._went)

    async def recover(self, now: datetime, gone: Callable[[str], bool]) -> int:
        """Mark as uncertain what dead processes were sending; returns how many."""
        async with self._database.write() as session:
            number = await lost(session, now, gone=gone, own=self._name)
        self._tally.uncertain += number
        return number

    async def send(self, now: datetime) -> tuple[int, datetime | None]:
        """Begin to send what may leave; returns how many, and when to look again."""
        begun, again = 0, None
        for name, gateway in self._gateways.items():
            most = self._rules.at_once - len(self._under_way)
            if most <= 0:
                return begun, None  # the end of one of them wakes us
            async with self._database.write() as session:
                granted = await claim_to_send(
                    session,
                    name,
                    now=now,
                    per_second=gateway.messages_per_second,
                    ahead=self._ahead,
                    most=most,
                    sender=self._name,
                    quiet=self._quiet,
                )
                await asked(
                    session,
                    [
                        (one.attempt_id, one.id, one.purpose, one.at)
                        for one in granted.messages
                        if one.attempt_id is not None
                    ],
                    patience=self._rules.patience,
                    after_reminder=self._rules.after_reminder,
                )
            for message in granted.messages:
                task = asyncio.create_task(self._one(gateway, message))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            begun += len(granted.messages)
            if granted.look_again is not None:
                again = min(again or granted.look_again, granted.look_again)
        return begun, again

    def _quiet(self, zone: str, now: datetime) -> datetime:
        return not_before(zone, self._rules.calling, now)

    async def _one(self, gateway: TextGateway, message: ToSend) -> None:
        await self._clock.sleep((message.at - self._clock.now()).total_seconds())
        text = OutgoingText(str(message.id), message.e164, message.text)
        try:
            async with asyncio.timeout(None if self._rules.beat else self._rules.send_seconds):
                answer = await gateway.send(text)
            went = _Went(message, answer)
        except TransientError as error:
            went = _Went(message, None, _told(error))
        except UncertainError as error:
            went = _Went(message, None, _told(error), uncertain=True)
        except Exception as error:
            # A time-out, a driver's own fault: whether it left nobody knows.
            went = _Went(message, None, type(error).__name__, uncertain=True)
        self._went.append(went)
        self._tell()

    async def finish(self) -> None:
        """Wait until nothing is under way any more, and write how it went."""
        while self._under_way:
            await asyncio.wait(set(self._under_way))
        await self.write(self._clock.now())

    async def write(self, now: datetime) -> int:
        """Write how messages went; returns how many. Raises the database's errors: all is kept
        here until it is written."""
        went = list(self._went)
        if not went:
            return 0
        took = [one for one in went if isinstance(one.answer, Accepted)]
        uncertain = [one for one in went if one.uncertain]
        async with self._database.write() as session:
            lost = await accepted(
                session,
                [(one.message.id, one.message.gateway, _ids(one)) for one in took],
                now,
            )
            if uncertain:
                await mark_uncertain(session, {one.message.id: one.error for one in uncertain}, now)
            lost += await self._refusals(session, went, now)
            ledger = Ledger(self._rules, self._tally, now)
            await undelivered(session, lost, ledger)
            await ledger.write(session)
            for name in {one.message.gateway for one in took} - self._working:
                await gateway_works(session, name)
                self._working.add(name)
        del self._went[: len(went)]
        self._tally.sent += len(took)
        self._tally.uncertain += len(uncertain)
        for one in uncertain:
            log.error("text_uncertain", message=one.message.id, why=one.error)
        return len(went)

    async def _refusals(
        self, session: AsyncSession, went: list[_Went], now: datetime
    ) -> list[Undelivered]:
        """Let what was surely not taken wait again; what is refused for good is over."""
        waiting: list[tuple[int, datetime, str]] = []
        final: list[tuple[int, str, bool]] = []
        for one in went:
            if one.uncertain or isinstance(one.answer, Accepted):
                continue
            answer, why = one.answer, one.error
            rest = 0.0
            if isinstance(answer, Refused):
                why = f"{answer.code} {answer.detail}".strip()
                if answer.permanent or one.message.tries + 1 >= self._rules.send_tries:
                    final.append((one.message.id, why, answer.invalid_number))
                    log.warning(
                        "text_refused",
                        number=mask(one.message.e164),
                        why=why,
                        gateway=one.message.gateway,
                    )
                    continue
                rest = answer.retry_after
            # A gateway that is away, or asks for patience, is left alone for a while.
            self._working.discard(one.message.gateway)
            rest = await pause_gateway(session, one.message.gateway, now, why, asked=rest)
            waiting.append((one.message.id, now + timedelta(seconds=rest), why))
        if waiting:
            await back(session, waiting)
        return await refused(session, final, now)


def _told(error: HuifangError) -> str:
    return error.problems[0].code if error.problems else type(error).__name__


def _ids(went: _Went) -> tuple[str, ...]:
    return went.answer.ids if isinstance(went.answer, Accepted) else ()

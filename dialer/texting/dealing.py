"""Dealing with what people wrote: which conversation it belongs to, and what it does there.

A reply belongs to the conversation that waits for its number, and answers the question that went
out before it was written. Where none waits but the party's callback is open, it has begun, or taken
up, the survey by text (`begun`). All else is kept: `late` (the conversation is over), `repeated`
(written before the question that waits now), `unmatched` (nobody asked), and a person sees it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue import text
from core.disposition import Disposition
from core.errors import PermanentError, TransientError
from core.phone import mask
from dialer.texting.ending import End
from dialer.texting.ledger import Ledger
from dialer.texting.returning import Returning
from dialer.texting.terms import Programs, TextingRules, TextTally
from flows.session import Session
from ivr.texting.conversation import reply
from ivr.texting.language import flat, is_courtesy, is_opt_out
from storage.database import Database
from storage.incoming.callers import KnownCaller
from storage.texting.conversations import Conversation, Ended, latest_ended, waiting_for
from storage.texting.inbox import Dealt, Received, dealt, next_received
from storage.texting.late import late_reply
from storage.texting.opt_out import opt_out

MOST = 200
"""Replies dealt with in one transaction."""
SKEW = timedelta(seconds=5)
"""By so much a gateway's clock may be behind ours."""

log = structlog.get_logger(__name__)


class Dealing:
    """Deals with received messages, many in one transaction."""

    def __init__(
        self, database: Database, programs: Programs, rules: TextingRules, tally: TextTally
    ) -> None:
        self._database, self._programs = database, programs
        self._rules, self._tally = rules, tally
        self._returning = Returning(programs, rules)
        self._most = MOST

    async def deal(self, now: datetime) -> int:
        """Deal with what was received; returns how many messages."""
        try:
            async with self._database.write() as session:
                received = await next_received(session, self._most)
                found = await self._all(session, received, now)
                await dealt(session, found, now)
        except (TransientError, PermanentError):
            raise  # the database's: all of it waits
        except Exception as error:
            if self._most == 1:
                return await self._set_aside(error, now)
            # One of them is at fault, the others must not suffer: one by one.
            log.warning("replies_one_by_one", error=type(error).__name__)
            self._most = 1
            return await self.deal(now)
        self._tally.replies += len(found)
        self._most = MOST if not found else min(MOST, self._most * 2)
        return len(found)

    async def _set_aside(self, error: Exception, now: datetime) -> int:
        """Give the message that cannot be dealt with to a person. Raises the database's errors."""
        async with self._database.write() as session:
            received = await next_received(session, 1)
            why = type(error).__name__
            found = [Dealt(one.id, "failed", person="wanted", error=why) for one in received]
            await dealt(session, found, now)
        log.error("reply_not_understood_by_us", error=why, message=[one.id for one in found])
        self._most = MOST
        return len(found)

    async def _all(
        self, session: AsyncSession, received: Sequence[Received], now: datetime
    ) -> list[Dealt]:
        if not received:
            return []
        numbers = {one.e164 for one in received}
        waiting = await waiting_for(session, numbers)
        turn = _Turn(
            session,
            Ledger(self._rules, self._tally, now),
            waiting,
            await latest_ended(session, numbers, now - self._rules.late_within),
            await self._returning.known(session, numbers - set(waiting)),
            now,
        )
        found = []
        for one in received:
            found.append(await self._one(turn, one))
        await turn.ledger.write(session)
        return found

    async def _one(self, turn: "_Turn", one: Received) -> Dealt:
        conversation = turn.waiting.get(one.e164)
        if is_opt_out(one.text):
            return await self._opt_out(turn, one, conversation)
        if conversation is None:
            return await self._by_himself(turn, one) or await _belated(turn, one)
        if conversation.asked_at is None or one.written_at < conversation.asked_at - SKEW:
            return _repeated(conversation, one)
        program = await self._programs(conversation.flow_version_id)
        talk = reply(program, Session.from_json(conversation.session, program), one.text)
        conversation.replies += 1
        conversation.last_reply = one.text
        turn.ledger.talk(conversation, talk)
        if talk.end is not None:
            turn.over(conversation)
        return Dealt(one.id, "taken", conversation.attempt_id)

    async def _by_himself(self, turn: "_Turn", one: Received) -> Dealt | None:
        """Nobody waits for it: whoever has not answered yet gets his survey; None: he does not."""
        words = flat(one.text)
        if not words or is_courtesy(one.text) or one.e164 in turn.just:
            return None
        conversation = await self._returning.take_up(
            turn.session, one, turn.known.pop(one.e164, []), turn.now
        )
        if conversation is None:
            return None
        turn.waiting[one.e164] = conversation
        self._tally.begun += 1
        # A number alone says nothing, but as a late reply; words are read by a person, whatever
        # the survey brings.
        late, says = turn.ended.get(one.e164), not words.isdecimal()
        if late is not None and says:
            why = text("texting-late", self._rules.language)
            await late_reply(turn.session, late.callback_id, why, turn.now)
        person = "wanted" if says or late is not None else ""
        return Dealt(one.id, "begun", conversation.attempt_id, person)

    async def _opt_out(
        self, turn: "_Turn", one: Received, conversation: Conversation | None
    ) -> Dealt:
        """Never again: the list at once, and nothing that is planned for this number happens."""
        cancelled = await opt_out(turn.session, one.e164, reason=one.text.strip(), now=turn.now)
        log.info("opted_out", number=mask(one.e164), cancelled=cancelled)
        if conversation is None:
            return Dealt(one.id, "opt_out")
        conversation.replies += 1
        conversation.last_reply = one.text
        turn.ledger.overtaken.add(conversation.attempt_id)
        turn.ledger.end(conversation, End(conversation.attempt_id, Disposition.REFUSED, "opt_out"))
        turn.over(conversation)
        return Dealt(one.id, "opt_out", conversation.attempt_id)


class _Turn:
    """The conversations that one transaction is about."""

    def __init__(
        self,
        session: AsyncSession,
        ledger: Ledger,
        waiting: dict[str, Conversation],
        ended: dict[str, Ended],
        known: dict[str, list[KnownCaller]],
        now: datetime,
    ) -> None:
        self.session, self.ledger, self.now = session, ledger, now
        self.waiting, self.ended, self.known = waiting, ended, known
        self.just: dict[str, Conversation] = {}
        """Conversations that ended within this transaction."""

    def over(self, conversation: Conversation) -> None:
        """A conversation ended: what comes next from this number is late."""
        self.just[conversation.e164] = self.waiting.pop(conversation.e164)


def _repeated(conversation: Conversation, one: Received) -> Dealt:
    """A second word on the question that was answered: the same again is nothing new."""
    courtesy = is_courtesy(one.text)
    same = flat(one.text) == flat(conversation.last_reply)
    person = "" if same or courtesy else "wanted"
    state = "courtesy" if courtesy and not same else "repeated"
    return Dealt(one.id, state, conversation.attempt_id, person)


async def _belated(turn: _Turn, one: Received) -> Dealt:
    """Nobody waits for it: late, a word of thanks, or for nothing at all."""
    just, before = turn.just.get(one.e164), turn.ended.get(one.e164)
    if just is None and before is None:
        return Dealt(one.id, "unmatched", person="wanted")
    attempt = just.attempt_id if just is not None else before.attempt_id if before else None
    words = flat(one.text)
    if not words or is_courtesy(one.text):
        return Dealt(one.id, "courtesy", attempt)
    if just is not None:
        if words == flat(just.last_reply):
            return Dealt(one.id, "repeated", attempt)
        return Dealt(one.id, "late", attempt, "wanted")
    if before is not None:
        why = text("texting-late", turn.ledger.rules.language)
        await late_reply(turn.session, before.callback_id, why, turn.now)
    return Dealt(one.id, "late", attempt, "wanted")

"""What one transaction over conversations is to write: gathered, then written in few statements.

Many replies (or silences) are dealt with in one transaction; each conversation's part of it is
whole or not there at all.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from dialer.journal import answer_row
from dialer.texting.ending import End, booked_at, close, ended
from dialer.texting.terms import TextingRules, TextTally
from ivr.texting.conversation import Talk
from ivr.texting.parts import parts_of
from ivr.texting.rendering import QUESTION, Message
from storage.attempt_ends import add_answers
from storage.texting.conversations import Conversation, save
from storage.texting.outbox import Outgoing, cancel_of, put


def outgoing(conversation: Conversation, message: Message, *, quiet: bool) -> Outgoing:
    """Return a message of a conversation as the outbox keeps it."""
    parts = parts_of(message.text)
    return Outgoing(
        conversation.attempt_id,
        conversation.gateway,
        conversation.e164,
        message.text,
        parts.count,
        parts.encoding,
        message.purpose,
        quiet,
    )


@dataclass
class Ledger:
    """The writes of one transaction."""

    rules: TextingRules
    tally: TextTally
    now: datetime
    changed: dict[int, Conversation] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Outgoing] = field(default_factory=list)
    overtaken: set[int] = field(default_factory=set)
    """Attempts whose unsent messages are pointless now."""
    ends: list[End] = field(default_factory=list)

    def change(self, conversation: Conversation) -> None:
        """Note that a conversation is to be saved."""
        self.changed[conversation.attempt_id] = conversation

    def end(self, conversation: Conversation, end: End) -> None:
        """Note the end of a conversation."""
        self.ends.append(ended(conversation, end, self.now))
        self.change(conversation)

    def talk(self, conversation: Conversation, talk: Talk, *, quiet: bool = False) -> None:
        """Note what one turn came to: its answers, its messages, and the end where it ends."""
        for answer in talk.answers:
            conversation.position += 1
            row = answer_row(answer, conversation.position, self.now)
            self.answers.append({"attempt_id": conversation.attempt_id, **row})
        conversation.session = talk.session.to_json()
        conversation.booked_at = booked_at(talk.bookings, conversation, self.rules, self.now)
        conversation.person_wanted = conversation.person_wanted or talk.person_wanted
        self.overtaken.add(conversation.attempt_id)
        for message in talk.messages:
            self.messages.append(outgoing(conversation, message, quiet=quiet))
            if message.purpose == QUESTION:
                conversation.question, conversation.asked_at = message.text, None
                conversation.question_id = None
                conversation.look_at = self.now + self.rules.expire_after
        self.change(conversation)
        if talk.end is not None:
            end = talk.end
            self.end(
                conversation,
                End(conversation.attempt_id, end.disposition, end.reason, end.verdict),
            )

    async def write(self, session: AsyncSession) -> None:
        """Write all of it."""
        await cancel_of(session, self.overtaken, self.now)
        questions = await put(session, self.messages, self.now)
        for attempt, question in questions.items():
            if attempt in self.changed:
                self.changed[attempt].question_id = question
        await add_answers(session, self.answers)
        await close(session, self.ends, self.rules, self.now, self.tally)
        await save(session, self.changed.values())

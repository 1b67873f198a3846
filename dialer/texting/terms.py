"""What the worker of text messages obeys, and what it has done so far."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from core.disposition import Disposition
from core.rules import CallingRules, PacingRules, RetryRule
from dialer.incoming.terms import RingBackRules
from flows.program import Program

Programs = Callable[[int], Awaitable[Program]]
"""(flow version) -> the survey in writing, as it was stored with its batch. Raises AuthorError
where it cannot be held by text message."""


@dataclass(frozen=True)
class TextingRules:
    """How surveys by text message are held."""

    calling: CallingRules = field(default_factory=CallingRules)
    pacing: PacingRules = field(default_factory=PacingRules)
    retry: dict[Disposition, RetryRule] = field(default_factory=dict)
    """Empty: the table of domain practice."""
    language: str = "zh"
    """Of the reasons that are kept in words."""
    expire_after: timedelta = timedelta(hours=48)
    """Silence after a question that ends the conversation, the reminder included."""
    remind_after: timedelta = timedelta(hours=24)
    """Silence after which the question is put once more, once a conversation; 0: never."""
    late_within: timedelta = timedelta(days=30)
    """How long after its end a reply still belongs to a conversation."""
    notices: Mapping[str, str] = field(default_factory=dict)
    """Language -> what is written before a call, the number filled in."""
    ring_back: RingBackRules | None = None
    """Whose survey begins, or is taken up, when he writes by himself; None: nobody's."""
    send_seconds: float = 60.0
    """The longest that a gateway may take over one message; after it, nobody knows."""
    send_tries: int = 10
    """How often a message that a gateway surely did not take is tried again."""
    at_once: int = 50
    """Messages that are under way to gateways at the same time."""
    poll: float = 1.0
    """Longest pause between two looks, in seconds."""
    beat: float = 0.0
    """Shortest pause between two looks, in seconds (rehearsals: few looks, each for many)."""

    def notice_in(self, language: str) -> str:
        """Return the advance notice in a party's language (empty: the rules' own)."""
        return self.notices.get(language) or self.notices[self.language]

    @property
    def patience(self) -> timedelta:
        """Silence after a question until something is done about it."""
        return self.remind_after or self.expire_after

    @property
    def after_reminder(self) -> timedelta:
        """Silence after the reminder that ends the conversation."""
        return max(timedelta(minutes=1), self.expire_after - self.remind_after)


@dataclass
class TextTally:
    """What this process has done so far."""

    begun: int = 0
    sent: int = 0
    """Messages that gateways took."""
    replies: int = 0
    """Messages that were dealt with."""
    ended: Counter[str] = field(default_factory=Counter)
    """Disposition -> conversations."""
    uncertain: int = 0
    reminders: int = 0
    announced: int = 0
    """Advance notices written."""
    trouble: str = ""
    """What stops the sending at present, in words; empty: all is well."""

"""What the calling policy answers with: may this number be called now, and what comes next.

The policy is pure: facts, rules and `now` in, a decision with its reason in words out. The claim
(one transaction) gathers the facts, asks the policy and acts; `huifang why` prints the same
decision.
"""

from dataclasses import dataclass, field
from datetime import datetime

from core.catalogue import text
from core.disposition import Disposition
from core.plan import BY_VOICE, VOICE, Plan


@dataclass(frozen=True)
class PastAttempt:
    """One attempt of the past, over all batches."""

    at: datetime
    """Claimed at."""
    ended_at: datetime | None
    """None while it is still open."""
    disposition: Disposition | None
    e164: str
    callback_id: int
    same_party: bool = True
    """False where only the number is the same."""
    channel: str = VOICE
    """``voice`` or ``sms``."""
    by_himself: bool = False
    """True where the person rang, or wrote, by himself: no call of ours that counts."""


@dataclass(frozen=True)
class CallbackFacts:
    """All that the policy needs to know about one callback."""

    e164: str
    respondent_class: str
    tries: int = 0
    """Tries of this callback that count against the party."""
    failed_tries: int = 0
    next_at: datetime | None = None
    deadline: datetime | None = None
    time_zone: str = ""
    """Of the party; empty: the rules' own."""
    do_not_call: str | None = None
    """Why the number is on the list; None: it is not."""
    key_incident: bool = False
    face_to_face: bool = False
    number_invalid: bool = False
    callback_id: int = 0
    channel: str = VOICE
    """How the next attempt is made: ``voice`` or ``sms``."""
    plan: Plan = BY_VOICE
    plan_step: int = 0
    """Index of the plan's step that is being tried."""
    history: tuple[PastAttempt, ...] = ()
    """Attempts to this party or this number, latest first, at least over the number period."""


@dataclass(frozen=True)
class Reason:
    """A catalogue key with its values: every decision can be told in Chinese and English."""

    code: str
    values: tuple[tuple[str, str], ...] = ()

    def sentence(self, language: str = "zh") -> str:
        """Return the reason in words; values named `disposition` or `channel` are told in that
        language."""
        values = dict(self.values)
        for name in ("disposition", "channel"):
            if name in values:
                values[name] = text(f"{name}-{values[name]}", language)
        return text(self.code, language, **values)


@dataclass(frozen=True)
class Decision:
    """May it be called now?"""

    allowed: bool
    reason: Reason
    not_before: datetime | None = None
    """Where not allowed now but later: when to look again. None: never (a person follows up)."""
    all_reasons: tuple[Reason, ...] = field(default=())
    """Every rule that was looked at and what it said, for `huifang why`."""
    follow_up: str = ""
    """Where never: the reason of the follow-up item that is due; empty: nobody follows up, the
    callback is cancelled (do-not-call)."""


@dataclass(frozen=True)
class NextStep:
    """What follows an attempt."""

    action: str
    """``retry``, ``follow_up``, ``correct`` or ``done``."""
    reason: Reason
    at: datetime | None = None
    """When, for a retry."""
    counts: bool = True
    """False: the try is not held against the party."""
    follow_up: str = ""
    """For `follow_up` and `correct`: the reason of the follow-up item."""
    onward: int | None = None
    """For a retry by the next channel: the index of the plan's step; None: the same channel."""
    channel: str = ""
    """The channel of that step."""

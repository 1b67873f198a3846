"""What the engine and the world say to each other: inputs, effects and waits.

`step(program, session, input) -> Step(session, effects, wait)`. Everything here is unchangeable
and holds plain values; only a driver (ivr) performs effects and produces inputs, so one survey
runs over SIP, a cloud API, SMS, the terminal and in tests. Effects are named tuples because
every step makes some and a frozen dataclass takes three times as long to make; what may have no
values at all (inputs, waits) are dataclasses, which never equal one another across kinds.
"""

from dataclasses import dataclass
from typing import NamedTuple

from core.disposition import Disposition
from core.verdict import Verdict

ALL_KEYS = "0123456789*#"

# ----------------------------------------------------------------------------------- inputs


@dataclass(frozen=True)
class Started:
    """The person is on the line and has been heard (or the survey is opened)."""


@dataclass(frozen=True)
class Keys:
    """What was pressed: one key for a choice, all digits of a number (without its end key)."""

    digits: str


@dataclass(frozen=True)
class Speech:
    """What was heard: the utterance and how sure the recogniser is of it (0-1)."""

    text: str
    confidence: float = 1.0


@dataclass(frozen=True)
class Silence:
    """The time-out passed without key or speech."""


@dataclass(frozen=True)
class Recorded:
    """An open answer was recorded."""

    reference: str
    """Where the sound lies (a path relative to the recordings folder)."""
    seconds: float
    ended_by: str = "silence"
    """``silence``, ``key``, ``limit`` or ``hang_up``."""


@dataclass(frozen=True)
class Written:
    """An open answer was written (surveys by text message)."""

    text: str


@dataclass(frozen=True)
class TransferEnded:
    """A transfer was taken (`taken`) or not."""

    taken: bool
    reason: str = ""


@dataclass(frozen=True)
class HungUp:
    """The person hung up."""


Input = Started | Keys | Speech | Silence | Recorded | Written | TransferEnded | HungUp

# ---------------------------------------------------------------------------------- effects


class SayText(NamedTuple):
    """Speak `text`; the keys in `interrupted_by` cut it short, all others are not heard.

    Such a key also skips the prompts behind it and is the first key of the wait that follows. A
    key in `skipped_by` cuts only this prompt short and counts for nothing else: nobody answers a
    question that was not put yet.
    """

    text: str
    language: str
    interrupted_by: str = ""
    skipped_by: str = ""


class PlayFile(NamedTuple):
    """Play a recorded file (name relative to the survey's folder)."""

    file: str
    language: str
    text: str = ""
    interrupted_by: str = ""
    skipped_by: str = ""


class SaveAnswer(NamedTuple):
    """One answer: commit it before the next prompt is played."""

    step: str
    kind: str
    """``key``, ``speech``, ``number``, ``recording``, ``text`` or ``booking``."""
    value: str
    label: str
    aspect: str | None = None
    verdict: Verdict | None = None
    score: float | None = None
    raw: str = ""
    """The key pressed or the words heard."""
    confidence: float = 1.0
    tries: int = 1
    """How often the question was put."""


class SendMessage(NamedTuple):
    """Send a text message to the called number."""

    text: str
    language: str


class BookTime(NamedTuple):
    """The person picked another time, `days` from today at `at` (HH:MM, their time zone)."""

    days: int
    at: str
    label: str


class EndCall(NamedTuple):
    """Hang up; what the attempt came to."""

    disposition: Disposition
    verdict: Verdict | None = None
    reason: str = ""


Effect = SayText | PlayFile | SaveAnswer | SendMessage | BookTime | EndCall

# ------------------------------------------------------------------------------------ waits


@dataclass(frozen=True)
class WaitAnswer:
    """Wait for keys or speech after the prompts of this step's effects have been played."""

    step: str
    keys: str
    """Single keys that answer (choices and global keys); empty where only digits are awaited."""
    digits_least: int = 1
    digits_most: int = 1
    """More than 1: collect a number; global keys do not apply after its first digit."""
    end_key: str | None = None
    timeout: float = 6.0
    """Seconds after the prompt."""
    inter_digit: float = 3.0
    """Seconds."""
    phrases: tuple[str, ...] = ()
    """Spoken answers that the recogniser should expect."""
    listen: bool = False
    """True: speech is an answer, too."""
    language: str = "zh"


@dataclass(frozen=True)
class WaitRecording:
    """Record an open answer."""

    step: str
    seconds: float
    silence: float
    end_key: str | None = "#"


@dataclass(frozen=True)
class WaitTransfer:
    """Hand the call over to `target` and report how that went."""

    step: str
    target: str


@dataclass(frozen=True)
class Finished:
    """Nothing more: the last effect was `EndCall`."""


Wait = WaitAnswer | WaitRecording | WaitTransfer | Finished

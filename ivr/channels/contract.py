"""The contract of a voice channel: dial, play, record, transfer, hang up, and what happens.

One contract test-suite (tests/contract) runs over every driver, the dry-run driver included.
What a driver cannot do is missing from its `abilities`, and a survey that needs it is refused
before the batch starts.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from speech.contract import Announcement, Grammar, PickedUpBy


class Ability(StrEnum):
    """What a driver may be able to do beside dialling, playing and hanging up."""

    KEYS = "keys"
    SPEECH = "speech"
    RECORD = "record"
    TRANSFER = "transfer"
    TEXT = "text"
    PICK_UP = "pick_up"
    """Tells who picked up (`PickUpDecided`), and what carriers announce."""
    INCOMING = "incoming"
    """Takes calls of people who ring us (`ReceivingChannel`)."""


@dataclass(frozen=True)
class DialRequest:
    """One call to be made."""

    attempt: str
    """The attempt's id: names recordings and log lines."""
    number: str
    """E.164."""
    trunk: str
    extension: str = ""
    """Digits to dial after the answer."""
    ring_seconds: int = 45


@dataclass(frozen=True)
class Caller:
    """Who rings us, as the network tells it."""

    number: str
    """As the network writes it (``+8613800138000``, ``013800138000``); empty: withheld."""
    trunk: str
    """Over which trunk the call comes."""
    at: datetime
    called: str = ""
    """The number that was dialled, as the network writes it."""
    room: bool = True
    """False: all lines are in use, this one is there to say so only."""


# ---------------------------------------------------------------------------------- events


@dataclass(frozen=True)
class Dialed:
    """The INVITE has left."""

    at: datetime


@dataclass(frozen=True)
class Ringing:
    """180, or 183 with early media (RFC 3960)."""

    at: datetime
    early_media: bool = False


@dataclass(frozen=True)
class Answered:
    """The call was answered and sound flows."""

    at: datetime


@dataclass(frozen=True)
class KeyPressed:
    """One press of one key, however it arrived and however often it was repeated on the way."""

    key: str
    at: datetime
    source: str = "rfc4733"
    """``rfc4733``, ``info`` or ``inband``."""


@dataclass(frozen=True)
class SpeechBegan:
    """The person began to speak, as voice activity tells; only while somebody listens."""

    at: datetime
    """When the speech began, which is a little before it is told."""


@dataclass(frozen=True)
class SpeechHeard:
    """The person finished an utterance, and this is what was recognised; `text` empty: nothing."""

    text: str
    confidence: float
    """0-1: the least of its words."""
    began_at: datetime
    """The same moment as `SpeechBegan.at`."""
    ended_at: datetime
    """When the person stopped speaking."""
    at: datetime
    """When it was recognised."""


@dataclass(frozen=True)
class AnnouncementHeard:
    """The carrier says why nobody answers: on early media, or by answering itself."""

    announcement: Announcement
    at: datetime
    words: str = ""
    """What was heard, or the tone that told (``sit``, ``busy``)."""


@dataclass(frozen=True)
class PickUpDecided:
    """Who picked up; told once after `Answered`. What is unsure is told as a person."""

    by: PickedUpBy
    at: datetime
    sign: str = ""
    """What told: ``short_greeting``, ``long_greeting``, ``beep``, ``phrase``, ``cng``, ``ced``,
    ``silence``, ``key``, ``unsure``."""


@dataclass(frozen=True)
class PromptFinished:
    """Everything given to the `play` of this number has been played (not: was stopped)."""

    play: int
    at: datetime


@dataclass(frozen=True)
class RecordingFinished:
    """A recording ended by itself."""

    path: Path
    seconds: float
    ended_by: str
    """``silence``, ``limit`` or ``hang_up``."""
    at: datetime


@dataclass(frozen=True)
class MachineHeard:
    """A mailbox was recognised, for example by its beep."""

    at: datetime
    sign: str = "beep"


@dataclass(frozen=True)
class TransferFinished:
    """How the transfer went."""

    taken: bool
    at: datetime
    reason: str = ""


class EndedBy(StrEnum):
    """Who or what ended the call."""

    PARTY = "party"
    US = "us"
    TRUNK = "trunk"
    """A final response before the answer."""
    RING_TIMEOUT = "ring_timeout"
    CRASH = "crash"
    """The line process died, or the trunk went silent: what became of the call is not known."""


@dataclass(frozen=True)
class Ended:
    """The call is over; always the last event."""

    at: datetime
    by: EndedBy
    sip_status: int = 0
    """The final status (RFC 3261); 0 where there was none."""
    q850_cause: int = 0
    """From the Reason header (RFC 3326) of the final response or BYE; 0 where none."""
    reason: str = ""
    retry_after: int = 0
    """Seconds of a Retry-After header (RFC 3261, 20.33); 0 where none."""
    packets_lost: int = 0
    """RTP packets expected but not received."""


Event = (
    Dialed
    | Ringing
    | Answered
    | KeyPressed
    | SpeechBegan
    | SpeechHeard
    | AnnouncementHeard
    | PickUpDecided
    | PromptFinished
    | RecordingFinished
    | MachineHeard
    | TransferFinished
    | Ended
)


class Call(Protocol):
    """One call. All methods are harmless once the call has ended."""

    def events(self) -> AsyncIterator[Event]:
        """Yield what happens, in order, `Ended` last. To be iterated by one reader only."""
        ...

    async def play(self, files: list[Path]) -> int:
        """Play 8 kHz mono WAV files one after another without a gap; return the play's number.

        A play under way is replaced.
        """
        ...

    async def stop(self) -> None:
        """Stop playing at once."""
        ...

    async def listen(self, grammar: Grammar) -> None:
        """Tell what the person says (`SpeechBegan`, `SpeechHeard`) until `stop_listening`.

        Keys are heard all the same. A listening under way is replaced; speech that had begun
        before is judged by the new grammar. Only where the driver has `Ability.SPEECH`.
        """
        ...

    async def stop_listening(self) -> None:
        """Take no more speech; what was not recognised yet is dropped."""
        ...

    async def record(self, path: Path, *, seconds: float, silence: float) -> None:
        """Record the person to `path` until `stop_recording`, the limit or `silence` seconds."""
        ...

    async def stop_recording(self) -> float:
        """End the recording; return its length in seconds."""
        ...

    async def record_call(self, path: Path) -> None:
        """Record the whole call, both sides mixed, until it ends."""
        ...

    async def transfer(self, target: str) -> None:
        """Hand the call to `target` (a number or SIP URI); reports `TransferFinished`."""
        ...

    async def hang_up(self, *, after_playing: bool = False) -> None:
        """End the call, where asked after what is being played."""
        ...


class IncomingCall(Call, Protocol):
    """A call of somebody who rings us: it rings until it is answered or refused."""

    caller: Caller

    async def answer(self) -> None:
        """Pick up; `Answered` follows, or `Ended` where the caller gave up before."""
        ...

    async def refuse(self, status: int = 486) -> None:
        """Do not pick up; `status` is the SIP response (RFC 3261, 21.4) that says why."""
        ...


class VoiceChannel(Protocol):
    """A driver."""

    abilities: frozenset[Ability]

    async def start(self) -> None:
        """Get ready: start processes, register trunks."""
        ...

    async def dial(self, request: DialRequest) -> Call:
        """Begin a call. Returns at once; what follows comes as events.

        Raises TransientError when no line is free.
        """
        ...

    async def check(self) -> "list[TrunkHealth]":
        """Ask every trunk whether it is there (OPTIONS, RFC 3261, 11)."""
        ...

    async def close(self) -> None:
        """Hang up whatever is left and stop."""
        ...


class ReceivingChannel(VoiceChannel, Protocol):
    """A driver with `Ability.INCOMING`."""

    def incoming(self) -> AsyncIterator[IncomingCall]:
        """Yield the calls of people who ring us, until the channel is closed.

        To be iterated by one reader only; until he takes it, a call rings. Only calls from the
        trunks' own addresses are told; those of strangers are refused and counted.
        """
        ...

    @property
    def strangers(self) -> int:
        """Calls that came from none of the trunks and were refused."""
        ...


@dataclass(frozen=True)
class TrunkHealth:
    """Whether a trunk answers."""

    trunk: str
    reachable: bool
    sip_status: int = 0
    detail: str = ""
    registered: bool | None = None
    """None where the trunk wants no registration."""
    milliseconds: float = field(default=0.0)
    """Round trip of the OPTIONS request."""

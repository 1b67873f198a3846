"""What the rest of the house may ask of speech: prompts as 8 kHz files, and what was said."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

# --------------------------------------------------------------------------------- prompts


class PromptSource(Protocol):
    """Gives the file for a wording: 8,000 Hz, mono, 16 bit WAV, made once and kept."""

    async def spoken(self, text: str, language: str) -> Path:
        """Return the file that speaks `text`. Raises AuthorError where no voice can."""
        ...

    async def recorded(self, file: Path) -> Path:
        """Return `file` (WAV, MP3, ...) brought to the line's format. Raises AuthorError."""
        ...


def seconds_of(path: Path) -> float:
    """Return the length of a WAV file in seconds, from its header alone."""
    import wave

    with wave.open(str(path), "rb") as sound:
        return sound.getnframes() / sound.getframerate()


# ----------------------------------------------------------------------------- recognition


@dataclass(frozen=True)
class Grammar:
    """What the recogniser is to expect."""

    language: str
    phrases: tuple[str, ...] = ()
    """Whole utterances that are answers; everything else is heard as something else (its words
    are not of interest). Empty: dictation, any words."""
    within: bool = False
    """True: the phrases are looked for within longer speech, and each word counts by its own
    confidence. False: the whole utterance is an answer, or none."""


@dataclass(frozen=True)
class Word:
    """One word with its time marks."""

    text: str
    start: float
    """Seconds from the first sample fed."""
    end: float
    confidence: float
    """0-1."""


@dataclass(frozen=True)
class Utterance:
    """What was recognised between the first sample and `finish`."""

    text: str
    """Words with blanks between; empty where nothing of the grammar was said."""
    confidence: float
    """0-1: no more than the least of the words', and less where something else fits nearly as
    well; 0 where there are none."""
    words: tuple[Word, ...] = ()


class Ear(Protocol):
    """One utterance being recognised while it is spoken."""

    def feed(self, pcm: bytes) -> None:
        """Take sound: 8,000 Hz, mono, 16 bit little-endian. Never blocks."""
        ...

    async def finish(self) -> Utterance:
        """Say what was heard; the ear is used up. Raises TransientError where the recogniser
        died meanwhile, or is too busy to answer in time."""
        ...

    def close(self) -> None:
        """Drop it; harmless at any time."""
        ...


class Recogniser(Protocol):
    """A speech recogniser, shared by all calls of this machine."""

    languages: frozenset[str]
    """Languages for which it has a model."""

    async def start(self) -> None:
        """Load the models. Raises PermanentError where one cannot be loaded."""
        ...

    async def unknown_words(self, language: str, phrases: tuple[str, ...]) -> frozenset[str]:
        """Return the words of `phrases` that the language's model cannot recognise."""
        ...

    def listen(self, grammar: Grammar) -> Ear:
        """Begin an utterance. Raises LookupError for a language without a model."""
        ...

    async def transcribe(self, path: Path, language: str) -> Utterance:
        """Take dictation of a WAV file (mono, 16 bit), behind all who are speaking just now.

        Raises LookupError for a language without a model, TransientError where it fails.
        """
        ...

    async def close(self) -> None:
        """End the recogniser's processes or connections."""
        ...


# --------------------------------------------------------------------------- who picked up


class PickedUpBy(StrEnum):
    """Who, or what, answered a call."""

    PERSON = "person"
    MACHINE = "machine"
    """A mailbox or an assistant."""
    FAX = "fax"
    SILENCE = "silence"
    """Nobody says anything: taken for a person who waits for us to speak."""


class Announcement(StrEnum):
    """What a carrier's announcement says of the called number."""

    VACANT = "vacant"
    """空号: the number does not exist."""
    SWITCHED_OFF = "switched_off"
    """关机."""
    SUSPENDED = "suspended"
    """停机: service suspended."""
    BUSY = "busy"
    """正在通话中."""
    UNREACHABLE = "unreachable"
    """无法接通, 不在服务区."""
    NO_ANSWER = "no_answer"
    """暂时无法接听, 无人接听."""
    FORWARDED = "forwarded"
    """呼叫转移: the call goes on to somebody else."""

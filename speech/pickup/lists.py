"""What carriers, mailboxes and assistants say: lists of phrases, one YAML file a language.

The files beside this one come with Huifang; a file of the same name in a folder of the operator's
adds to them. The lists make the grammar of the recogniser and say what the words heard mean.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.document import Document, read_document
from core.document_faults import faults
from core.errors import AuthorError
from speech.contract import Announcement, Grammar, Word

OWN = Path(__file__).parent / "phrases"
LEAST_CONFIDENCE = 0.7
"""Confidence (0-1) that every word of a phrase must have: what is unsure is a person."""
FASTEST = 9.0
"""Letters of a phrase without blanks (Chinese, Korean: syllables) in a second, at most: a phrase
that is laid over a short noise or another word is quicker."""
_FASTEST_LETTERS = 26.0
_ENOUGH = 6
_ENOUGH_LETTERS = 14
"""Letters of a phrase that is sure by itself. A shorter one may be laid over anything, so that
half of what is said must be known words."""
_SHORTEST = 1.0
"""Seconds that a machine or a carrier speaks at least: a greeting is shorter."""

_ORDER = (
    Announcement.VACANT,
    Announcement.SUSPENDED,
    Announcement.SWITCHED_OFF,
    Announcement.BUSY,
    Announcement.NO_ANSWER,
    Announcement.UNREACHABLE,
    Announcement.FORWARDED,
)
"""Which kind counts where several are heard: 已关机 before 无法接通 that may follow it."""


class Speaker(StrEnum):
    """Who says such a thing."""

    CARRIER = "carrier"
    MACHINE = "machine"
    PERSON = "person"


@dataclass(frozen=True)
class Said:
    """A phrase that was heard."""

    by: Speaker
    phrase: str
    announcement: Announcement | None = None


class _File(BaseModel):
    """The shape of a file."""

    model_config = ConfigDict(extra="forbid")

    language: str = Field(min_length=2)
    announcements: dict[Announcement, list[str]] = Field(default_factory=dict)
    machine: list[str] = Field(default_factory=list)
    person: list[str] = Field(default_factory=list)
    around: list[str] = Field(default_factory=list)


@dataclass(frozen=True)
class PhraseList:
    """The phrases of one language."""

    language: str
    announcements: tuple[tuple[Announcement, tuple[str, ...]], ...]
    """In the order in which they count."""
    machine: tuple[str, ...]
    person: tuple[str, ...]
    around: tuple[str, ...] = ()
    """Words around those that mean nothing by themselves; they help the recogniser."""

    @cached_property
    def grammar(self) -> Grammar:
        """What the recogniser is to expect."""
        every = [phrase for _, phrases in self.announcements for phrase in phrases]
        every += [*self.machine, *self.person, *self.around]
        return Grammar(self.language, tuple(dict.fromkeys(every)), within=True)

    def said(self, words: Sequence[Word], *, answered: bool) -> Said | None:
        """Return what `words` mean, or None.

        Before the answer only a carrier speaks; after it a mailbox counts before the carrier's
        words that may introduce it (暂时无法接听，请在提示音后留言).
        """
        long = bool(words) and words[-1].end - words[0].start >= _SHORTEST
        if answered and long and (phrase := _first(self.machine, words)):
            return Said(Speaker.MACHINE, phrase)
        for announcement, phrases in self.announcements if long else ():
            if phrase := _first(phrases, words):
                return Said(Speaker.CARRIER, phrase, announcement)
        if answered and (phrase := _first(self.person, words)):
            return Said(Speaker.PERSON, phrase)
        return None


def load_phrases(language: str, extra: Path | None = None) -> PhraseList | None:
    """Return the list of `language`, with the operator's `extra` folder; None: there is none.

    Raises AuthorError where a file cannot be read or says what it may not.
    """
    files = [folder / f"{language}.yaml" for folder in (OWN, extra) if folder is not None]
    read = [_checked(read_document(file)) for file in files if file.is_file()]
    if not read:
        return None

    def of(kind: Announcement) -> tuple[str, ...]:
        return _longest_first(each for one in read for each in one.announcements.get(kind, ()))

    return PhraseList(
        language,
        tuple((kind, of(kind)) for kind in _ORDER),
        _longest_first(phrase for one in read for phrase in one.machine),
        _longest_first(phrase for one in read for phrase in one.person),
        tuple(phrase for one in read for phrase in one.around),
    )


def _checked(document: Document) -> _File:
    try:
        found = _File.model_validate(document.data)
    except ValidationError as error:
        raise AuthorError(*document.problems, *faults(error, document, _File)) from error
    if document.problems:
        raise AuthorError(*document.problems)
    return found


def _longest_first(phrases: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(dict.fromkeys(phrases), key=len, reverse=True))


def _bare(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def _first(phrases: Sequence[str], words: Sequence[Word]) -> str:
    """Return the first of `phrases` that stands in `words` whole, surely and not too quickly."""
    return next((phrase for phrase in phrases if _stands_in(_bare(phrase), words)), "")


def _stands_in(wanted: str, words: Sequence[Word]) -> bool:
    for begin in range(len(words)):
        heard = ""
        for end in range(begin, len(words)):
            heard += "\0" if _strange(words[end]) else _bare(words[end].text)
            if heard == wanted:
                return _sure(wanted, words[begin : end + 1], words)
            if not wanted.startswith(heard):
                break
    return False


def _strange(word: Word) -> bool:
    """Say whether a word stands for something that is not in the list (``[unk]``)."""
    return word.text.startswith("[")


def _sure(phrase: str, found: Sequence[Word], words: Sequence[Word]) -> bool:
    """Say whether `phrase`, found in `words`, was really said."""
    if min(word.confidence for word in found) < LEAST_CONFIDENCE:
        return False
    fastest, enough = (
        (_FASTEST_LETTERS, _ENOUGH_LETTERS) if phrase.isascii() else (FASTEST, _ENOUGH)
    )
    if found[-1].end - found[0].start < len(phrase) / fastest:
        return False
    known = sum(word.end - word.start for word in words if not _strange(word))
    return len(phrase) >= enough or known >= (words[-1].end - words[0].start) / 2

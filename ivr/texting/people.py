"""Simulated people who get text messages: what one writes back, and when. Pure.

A person knows nothing of the survey: he reads the message, picks one of its numbered lines, and
remembers what he meant, so that it can be compared with what is kept of him.
"""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

_OPTION = re.compile(r"^([0-9]) (.+)$", re.MULTILINE)
_ANSWERABLE = re.compile(r"回复|[Rr]eply|답장")


class Texter(StrEnum):
    """Who gets the message."""

    BY_NUMBER = "by_number"
    BY_WORD = "by_word"
    DISSATISFIED = "dissatisfied"
    WRONG_FIRST = "wrong_first"
    LATE = "late"
    TWICE = "twice"
    STOPS = "stops"
    NEVER = "never"
    ODD = "odd"
    UNREACHABLE = "unreachable"
    AFTER_REMINDER = "after_reminder"
    STOPS_MIDWAY = "stops_midway"


BY_LAST_DIGIT = dict(zip("0123456789", list(Texter)[:10], strict=True))
"""Who answers at a number, by its last digit: for tests and demonstrations."""


def by_last_digit(number: str) -> Texter:
    """Return who answers at `number`."""
    return BY_LAST_DIGIT[number[-1]]


@dataclass(frozen=True)
class Writes:
    """One message that a person writes."""

    text: str
    after: float
    """Seconds after the message that it is about."""
    copies: int = 1
    """How often the network delivers it (with one and the same id)."""


@dataclass
class TextPerson:
    """One person and what he meant so far."""

    number: str
    who: Texter
    meant: list[tuple[str, str]] = field(default_factory=list)
    """(first line of the question, label or words): each answer that should be kept of him."""
    got: list[str] = field(default_factory=list)
    """Messages that arrived."""
    erred: bool = False
    seconds: float = 40.0
    """How long he takes to answer."""
    late_seconds: float = 5 * 86400.0
    """How long somebody takes who answers too late."""
    agreeing: bool = False
    """True: whoever is not dissatisfied picks the first of the options."""

    def gets(self, text: str) -> list[Writes]:
        """Return what is written back."""
        self.got.append(text)
        if self.who in (Texter.NEVER, Texter.UNREACHABLE):
            return []
        if not _ANSWERABLE.search(text):
            return []
        if self.who is Texter.STOPS:
            return [Writes("TD", self.seconds)]
        if self.who is Texter.AFTER_REMINDER and len(self.got) == 1:
            return []
        if self.who is Texter.STOPS_MIDWAY and self.meant:
            return []
        if self.who is Texter.WRONG_FIRST and not self.erred:
            self.erred = True
            return [Writes("77", self.seconds)]
        return self._answer(text)

    def _answer(self, text: str) -> list[Writes]:
        options = _OPTION.findall(text)
        question = text.split("\n", 1)[0]
        # Everybody answers by himself: a mix-up of two people shows.
        dice = zlib.crc32(f"{self.number} {question}".encode())
        if not options:
            words = f"意见{dice}"
            self.meant.append((question, words))
            return [Writes(words, self.seconds)]
        key, label = options[self._picks(len(options), dice)]
        if self.who is Texter.LATE:
            return [Writes(key, self.late_seconds)]
        self.meant.append((question, label))
        if self.who is Texter.BY_WORD:
            return [Writes(label, self.seconds)]
        if self.who is Texter.ODD:
            odd = (f"选{key}", f"{key}。", chr(ord(key) + 0xFEE0), f"{key} {label}👍")
            return [Writes(odd[dice % len(odd)], self.seconds)]
        copies = 2 if self.who is Texter.TWICE else 1
        haste = 0 if self.agreeing else dice % 20
        return [Writes(key, self.seconds + haste, copies)]

    def _picks(self, options: int, dice: int) -> int:
        if self.who is Texter.DISSATISFIED:
            return options - 1
        return 0 if self.agreeing else dice % options


@dataclass
class TextPeople:
    """Everybody who may get a message, made when the first one arrives."""

    who: Callable[[str], Texter] = by_last_digit
    seconds: float = 40.0
    late_seconds: float = 5 * 86400.0
    agreeing: bool = False
    """True: it is known beforehand what everybody thinks; else each has a mind of his own."""
    people: dict[str, TextPerson] = field(default_factory=dict)

    def at(self, number: str) -> TextPerson:
        """Return the person at a number."""
        if number not in self.people:
            self.people[number] = TextPerson(
                number,
                self.who(number),
                seconds=self.seconds,
                late_seconds=self.late_seconds,
                agreeing=self.agreeing,
            )
        return self.people[number]

"""The shape of a wording: fixed words with places between them where values are filled in.

A finished text is matched against the shapes of its survey to find out which of its words are
fixed (and may have been recorded) and which were filled in. Whatever the match, the pieces put
together are the text: a wrong guess changes who speaks a word, never which word.
"""

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Blank:
    """A place where a value is filled in."""

    name: str = ""
    """What is filled in, for people: ``day``."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a finished text."""

    text: str
    fixed: bool
    """False: a value that was filled in."""


@dataclass(frozen=True)
class Pattern:
    """Fixed texts and blanks, in order; no two blanks side by side."""

    parts: tuple[str | Blank, ...]

    @property
    def fixed(self) -> tuple[str, ...]:
        """The fixed texts."""
        return tuple(part for part in self.parts if isinstance(part, str))

    @property
    def whole(self) -> str | None:
        """The text, where nothing is filled in."""
        if any(isinstance(part, Blank) for part in self.parts):
            return None
        apart = (f"{part} " if part[-1:].isascii() else part for part in self.fixed)
        return "".join(apart).strip()

    def match(self, text: str) -> tuple[Piece, ...] | None:
        """Return the pieces of `text`, or None where it has not this shape."""
        found = self._expression.fullmatch(text)
        if found is None:
            return None
        pieces = [
            Piece(said.strip(), isinstance(part, str))
            for part, said in zip(self.parts, found.groups(), strict=True)
        ]
        return tuple(piece for piece in pieces if piece.text)

    def values(self, text: str) -> dict[str, str]:
        """Return what is filled in, by the names of the blanks; nothing for another shape."""
        found = self._expression.fullmatch(text)
        if found is None:
            return {}
        pairs = zip(self.parts, found.groups(), strict=True)
        return {part.name: said.strip() for part, said in pairs if isinstance(part, Blank)}

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        groups = ("(.*?)" if isinstance(p, Blank) else f"({re.escape(p)})" for p in self.parts)
        return re.compile(r"\s*".join(groups), re.DOTALL)


def flat(text: str) -> str:
    """Return `text` with single blanks only, as prompts are told apart."""
    return " ".join(text.split())


def speakable(text: str) -> bool:
    """Return whether there is anything to say in `text`."""
    return any(c.isalnum() for c in text)

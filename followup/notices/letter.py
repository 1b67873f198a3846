"""A letter: what a notice says, before it is HTML or text."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What notices are about."""

    URGENT = "urgent"
    OVERDUE = "overdue"
    BATCH = "batch"
    TRUNK = "trunk"
    DAILY = "daily"
    TEST = "test"


@dataclass(frozen=True)
class Grid:
    """A table of a letter."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    rest: str = ""
    """What stands below, for example how many rows were left out."""


@dataclass(frozen=True)
class Letter:
    """One letter in one language."""

    language: str
    subject: str
    title: str
    lead: str
    """The first sentence: all that somebody in a hurry needs."""
    alarm: bool = False
    """True: something is wrong; the heading shows it."""
    facts: tuple[tuple[str, str], ...] = ()
    """Name and value."""
    grids: tuple[Grid, ...] = field(default=())
    advice: str = ""
    """What to do."""
    footer: str = ""

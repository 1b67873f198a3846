"""Holds the demonstration to its word: did every call come to what that person should give?"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.phone import mask
from ivr.people.directory import behaviour_of, expected
from storage.followups import QueueEntry
from storage.results import Result

NEEDS_PERSON = {"dissatisfied", "unsure"}
DONE_WITHOUT_PERSON = {"completed", "refused"}


@dataclass(frozen=True)
class Mismatch:
    """A call that came to something else."""

    number: str
    person: str
    wanted: str
    found: str


def compare(
    numbers: Iterable[str], results: list[Result], queue: list[QueueEntry], *, heard: bool
) -> list[Mismatch]:
    """Return every difference: a wrong disposition or verdict, a missing or needless item.

    `heard`: what people and carriers say is recognised.
    """
    by_number = {result.number: result for result in results}
    waiting = {entry.e164 for entry in queue}
    found: list[Mismatch] = []
    for number in numbers:
        e164 = f"+86{number}"
        behaviour = behaviour_of(number)
        wanted = expected(behaviour, heard=heard)
        needs_person = (
            wanted.disposition.value not in DONE_WITHOUT_PERSON
            or (wanted.verdict or "") in NEEDS_PERSON
        )
        should = f"{wanted.disposition}/{wanted.verdict or '-'}/{'queue' if needs_person else '-'}"
        result = by_number.get(e164)
        if result is None:
            found.append(Mismatch(mask(e164), behaviour, should, "-"))
            continue
        queued = "queue" if e164 in waiting else "-"
        came_to = f"{result.disposition}/{result.verdict or '-'}/{queued}"
        if came_to != should or result.packets_lost:
            lost = f" ({result.packets_lost} packets lost)" if result.packets_lost else ""
            found.append(Mismatch(mask(e164), behaviour, should, came_to + lost))
    return found

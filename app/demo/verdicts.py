"""Holds the demonstration to its word: did everybody come to what that person should give?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.demo.cases import Party
from core.phone import mask
from core.plan import SMS, VOICE, Plan
from ivr.people import writing
from ivr.people.directory import behaviour_of, expected
from ivr.people.person import Expected
from ivr.people.writing import texter_of
from storage.followups import QueueEntry
from storage.results import Result

NEEDS_PERSON = {"dissatisfied", "unsure"}
DONE_WITHOUT_PERSON = {"completed", "refused"}


@dataclass(frozen=True)
class Mismatch:
    """A person who came to something else."""

    number: str
    person: str
    wanted: str
    found: str


@dataclass(frozen=True)
class Should:
    """What must come of one person: over which channels he was tried, and how it ended."""

    channels: tuple[str, ...]
    person: str
    """Who he is, over the last of them."""
    end: Expected

    def __str__(self) -> str:
        needs_person = (
            self.end.disposition.value not in DONE_WITHOUT_PERSON
            or (self.end.verdict or "") in NEEDS_PERSON
        )
        return _came_to(self.channels, self.end.disposition, self.end.verdict, queued=needs_person)


def should(party: Party, plan: Plan, *, heard: bool) -> Should:
    """Return what must come of a person; `heard`: what is spoken is recognised."""
    behaviour, texter = behaviour_of(party.number), texter_of(party.number)
    ends: dict[str, tuple[str, Expected]] = {
        VOICE: (behaviour, expected(behaviour, heard=heard)),
        SMS: (texter, writing.EXPECTED[texter]),
    }
    tried: list[str] = []
    for step in plan.steps:
        tried.append(step.channel)
        if ends[step.channel][1].disposition not in step.leads_on:
            break
    return Should(tuple(tried), *ends[tried[-1]])


def compare(
    parties: Iterable[Party],
    plans: Mapping[str, Plan],
    results: list[Result],
    queue: list[QueueEntry],
    *,
    heard: bool,
) -> list[Mismatch]:
    """Return every difference: a wrong channel, disposition or verdict, a missing or needless
    item, lost sound."""
    tries: dict[str, list[Result]] = {}
    for result in sorted(results, key=lambda result: result.sequence):
        tries.setdefault(result.number, []).append(result)
    waiting = {entry.e164 for entry in queue}
    found: list[Mismatch] = []
    for party in parties:
        e164 = f"+86{party.number}"
        wanted = should(party, plans[party.way.plan], heard=heard)
        came = "-"
        if made := tries.get(e164):
            came = _came_to(
                tuple(SMS if result.channel == SMS else VOICE for result in made),
                made[-1].disposition,
                made[-1].verdict,
                queued=e164 in waiting,
            )
            if lost := sum(result.packets_lost for result in made):
                came += f" ({lost} packets lost)"
        if came != str(wanted):
            found.append(Mismatch(mask(e164), wanted.person, str(wanted), came))
    return found


def _came_to(
    channels: tuple[str, ...], disposition: str | None, verdict: str | None, *, queued: bool
) -> str:
    ways = ">".join(channels)
    return f"{ways}/{disposition}/{verdict or '-'}/{'queue' if queued else '-'}"

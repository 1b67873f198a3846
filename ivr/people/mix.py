"""Who is met when a city is called: a seeded mix of people for rehearsals. Pure."""

import bisect
import itertools
import random
from dataclasses import dataclass, field, replace

from ivr.people.person import PEOPLE, Behaviour, Person


def usual_shares() -> dict[Behaviour, float]:
    """Return shares typical of daytime calls to mobile numbers; they need not add up to 1."""
    return {
        Behaviour.NO_ANSWER: 0.45,
        Behaviour.REJECTS: 0.07,
        Behaviour.BUSY: 0.06,
        Behaviour.SWITCHED_OFF: 0.05,
        Behaviour.MAILBOX: 0.04,
        Behaviour.INVALID_NUMBER: 0.01,
        Behaviour.HANGS_UP_EARLY: 0.04,
        Behaviour.SILENT: 0.02,
        Behaviour.WRONG_KEYS: 0.01,
        Behaviour.REFUSES: 0.02,
        Behaviour.HANGS_UP_MIDWAY: 0.01,
        Behaviour.ASKS_FOR_PERSON: 0.005,
        Behaviour.DISSATISFIED: 0.02,
        Behaviour.BASICALLY_SATISFIED: 0.03,
        Behaviour.IMPATIENT: 0.03,
        Behaviour.CORRECTS_HIMSELF: 0.01,
        Behaviour.SATISFIED: 0.125,
    }


@dataclass(frozen=True)
class Mix:
    """Shares of behaviours and the seed that deals them out.

    The same seed and attempt always meet the same person, in whatever order calls are made.
    """

    seed: int = 1
    shares: dict[Behaviour, float] = field(default_factory=usual_shares)
    shortest_ring: float = 3.0
    """Seconds until the quickest people pick up."""
    longest_ring: float = 18.0
    """Seconds until the slowest people pick up."""

    def __post_init__(self) -> None:
        sums = list(itertools.accumulate(self.shares.values()))
        if not sums or min(self.shares.values()) < 0 or sums[-1] <= 0:
            raise ValueError("a mix needs shares, none below 0, and at least one above")
        object.__setattr__(self, "_who", tuple(self.shares))
        object.__setattr__(self, "_sums", sums)

    _who: tuple[Behaviour, ...] = field(init=False, repr=False, default=())
    _sums: list[float] = field(init=False, repr=False, default_factory=list)

    def person(self, attempt: str) -> Person:
        """Return who is met in this attempt."""
        dice = random.Random(f"{self.seed}:{attempt}")  # noqa: S311 - a rehearsal, no secret
        met = self._who[bisect.bisect(self._sums, dice.random() * self._sums[-1])]
        person = PEOPLE[met]
        if not person.rings:
            return person
        rings = dice.triangular(self.shortest_ring, self.longest_ring, self.shortest_ring + 3)
        return replace(person, rings=round(rings))

"""Drawing a sample: all, so many, or a share, in strata. Pure, and the same on every machine.

Who is drawn depends on the seed and on the ids alone: everybody gets a place in line by a hash
(SHA-256) of seed and id, and each stratum takes its first so many. No random generator is
involved, so the order of the query, the Python version and the platform cannot change it.
"""

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any

Member = tuple[int, ...]
"""Who may be drawn: the ids of case and party."""
Stratum = tuple[str, ...]
"""One value for each of `Sample.by`."""
STRATA = ("unit", "class", "tag", "officer", "branch")
"""What a sample may be stratified by."""


@dataclass(frozen=True)
class Sample:
    """How many are drawn, and how. Neither number nor ratio: all."""

    number: int | None = None
    """So many in all."""
    ratio: float | None = None
    """This share, 0-1; of all, rounded to the nearest whole number (half up)."""
    seed: int = 0
    """The same seed draws the same people."""
    by: tuple[str, ...] = ()
    """Strata: some of `STRATA`."""
    each_at_least_one: bool = False
    """True: no stratum is left out, even where that draws more than asked for."""

    def __post_init__(self) -> None:
        if self.number is not None and self.ratio is not None:
            raise ValueError("a sample has a number or a ratio, not both")
        if self.number is not None and self.number < 0:
            raise ValueError(f"number {self.number} is negative")
        if self.ratio is not None and not 0 <= self.ratio <= 1:
            raise ValueError(f"ratio {self.ratio} is not within 0 and 1")
        unknown = [name for name in self.by if name not in STRATA]
        if unknown:
            raise ValueError(f"unknown strata {unknown}")

    @property
    def everyone(self) -> bool:
        """True where nobody is left out."""
        return self.number is None and self.ratio is None

    def size(self, population: int) -> int:
        """Return how many are drawn from `population`, before `each_at_least_one`."""
        if self.number is not None:
            return min(self.number, population)
        if self.ratio is not None:
            # Through the decimal text: 0.07 means seven hundredths, not the nearest double.
            return int(Fraction(str(self.ratio)) * population + Fraction(1, 2))
        return population

    def as_json(self) -> dict[str, Any]:
        """Return what the batch keeps of it; empty: all."""
        if self.everyone:
            return {}
        return {
            "number": self.number,
            "ratio": self.ratio,
            "seed": self.seed,
            "by": list(self.by),
            "each_at_least_one": self.each_at_least_one,
        }


def allocate(
    sizes: dict[Stratum, int], total: int, *, each_at_least_one: bool = False
) -> dict[Stratum, int]:
    """Share `total` among strata in proportion to their sizes, by largest remainders.

    Nobody gets more than it has. Ties go to the larger stratum, then by name, so that the result
    does not depend on the order of `sizes`. With `each_at_least_one` every stratum that is not
    empty gets at least 1, taken from those that have most; more than `total` is drawn only where
    there are more strata than that.
    """
    population = sum(sizes.values())
    total = min(total, population)
    if population == 0:
        return dict.fromkeys(sizes, 0)
    shares = {name: size * total // population for name, size in sizes.items()}
    left = total - sum(shares.values())
    order = sorted(
        sizes,
        key=lambda name: (-(sizes[name] * total % population), -sizes[name], repr(name)),
    )
    for name in order[:left]:
        shares[name] += 1
    if each_at_least_one:
        _raise_empty(shares, sizes)
    return shares


def _raise_empty(shares: dict[Stratum, int], sizes: dict[Stratum, int]) -> None:
    for name in sorted(sizes, key=repr):
        if shares[name] or not sizes[name]:
            continue
        shares[name] = 1
        giver = max(shares, key=lambda other: (shares[other], sizes[other], repr(other)))
        if shares[giver] > 1:
            shares[giver] -= 1


def place(seed: int, member: Member) -> int:
    """Return the place in line (64 bits) of one member of the population: lower comes first."""
    text = ":".join(str(part) for part in (seed, *member))
    return int.from_bytes(sha256(text.encode()).digest()[:8])


class Draw:
    """A draw over a population that is walked in two passes, so that it need not fit in memory.

    First `count` everybody, then `offer` everybody, then take `drawn`. Memory: who is drawn.
    """

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._sizes: Counter[Stratum] = Counter()
        self._shares: dict[Stratum, int] | None = None
        self._lines: dict[Stratum, list[tuple[int, Member]]] = {}

    def count(self, stratum: Stratum) -> None:
        """First pass: one member of `stratum`."""
        self._sizes[stratum] += 1

    def shares(self) -> dict[Stratum, int]:
        """Return how many are drawn from each stratum."""
        if self._shares is None:
            self._shares = allocate(
                dict(self._sizes),
                self._sample.size(self._sizes.total()),
                each_at_least_one=self._sample.each_at_least_one,
            )
        return self._shares

    def offer(self, member: Member, stratum: Stratum) -> None:
        """Second pass: one member of `stratum`, in any order."""
        share = self.shares().get(stratum, 0)
        if not share:
            return
        # A heap of the best so far with the worst on top, therefore negated.
        line = self._lines.setdefault(stratum, [])
        entry = (-place(self._sample.seed, member), member)
        if len(line) < share:
            heapq.heappush(line, entry)
        else:
            heapq.heappushpop(line, entry)

    def drawn(self) -> set[Member]:
        """Return who was drawn."""
        return {member for line in self._lines.values() for _, member in line}


def draw(population: Sequence[tuple[Member, Stratum]], sample: Sample) -> set[Member]:
    """Return who is drawn from `population`, pairs of member and stratum."""
    if sample.everyone:
        return {member for member, _ in population}
    drawing = Draw(sample)
    for _, stratum in population:
        drawing.count(stratum)
    for member, stratum in population:
        drawing.offer(member, stratum)
    return drawing.drawn()

"""Figures of an evaluation: shares with their n and 95 % interval, a confusion matrix, delays."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.interval import wilson


@dataclass(frozen=True)
class Share:
    """So many of n."""

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        """0-1; None where there is nothing to count."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval (Wilson)."""
        return wilson(self.hits, self.n)

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        low, high = self.interval
        value = self.value
        return {
            "share": None if value is None else round(value, 4),
            "hits": self.hits,
            "n": self.n,
            "low": round(low, 4),
            "high": round(high, 4),
        }


@dataclass(frozen=True)
class Spread:
    """Durations in seconds."""

    n: int
    median: float
    p95: float
    longest: float

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        seconds = {"median": self.median, "p95": self.p95, "longest": self.longest}
        return {"n": self.n, **{name: round(value, 3) for name, value in seconds.items()}}


def spread(seconds: Sequence[float]) -> Spread | None:
    """Return how `seconds` are spread; None: there are none."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    place = min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))
    return Spread(len(ordered), statistics.median(ordered), ordered[place], ordered[-1])


@dataclass
class Confusion:
    """What was there, against what was heard."""

    labels: tuple[str, ...]
    results: tuple[str, ...]
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, label: str, result: str) -> None:
        """Count one recording."""
        if label not in self.labels:
            self.labels = (*self.labels, label)
        if result not in self.results:
            self.results = (*self.results, result)
        self.counts[label, result] += 1

    def rows(self) -> list[tuple[str, list[int]]]:
        """Return each label that occurs, with its count for every result."""
        return [
            (label, [self.counts[label, result] for result in self.results])
            for label in self.labels
            if any(self.counts[label, result] for result in self.results)
        ]

    def as_json(self) -> dict[str, dict[str, int]]:
        """Return label -> result -> count."""
        return {
            label: {
                result: count for result, count in zip(self.results, counts, strict=True) if count
            }
            for label, counts in self.rows()
        }


def by_group(outcomes: Iterable[tuple[str, bool]]) -> dict[str, Share]:
    """Return the share of each group that is right. `outcomes`: group, right or not."""
    right: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for group, good in outcomes:
        every[group] += 1
        right[group] += good
    return {group: Share(right[group], n) for group, n in sorted(every.items()) if group}

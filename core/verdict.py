"""What a person thought of the service: the verdict, and the weight it has in an index."""

from collections.abc import Collection
from enum import StrEnum


class Verdict(StrEnum):
    """The verdict of one answer or of a whole callback."""

    SATISFIED = "satisfied"
    BASICALLY_SATISFIED = "basically_satisfied"
    DISSATISFIED = "dissatisfied"
    UNSURE = "unsure"
    """Something was said that the machine could not tell apart with certainty: a person decides."""

    @property
    def needs_person(self) -> bool:
        """True where somebody has to call: 满意 and 基本满意 close a callback."""
        return self in (Verdict.DISSATISFIED, Verdict.UNSURE)


DEFAULT_WEIGHTS: dict[Verdict, float] = {
    Verdict.SATISFIED: 1.0,
    Verdict.BASICALLY_SATISFIED: 0.5,
    Verdict.DISSATISFIED: 0.0,
}
"""Weights of the published index (Dongguan 2019: 6,554 + 731 / 2 of 7,781 = 88.93 %)."""

_SEVERITY = (
    Verdict.DISSATISFIED,
    Verdict.UNSURE,
    Verdict.BASICALLY_SATISFIED,
    Verdict.SATISFIED,
)


def worst(verdicts: Collection[str]) -> Verdict | None:
    """Return the verdict that most needs a person, or None where nothing was rated."""
    return next((verdict for verdict in _SEVERITY if verdict in verdicts), None)

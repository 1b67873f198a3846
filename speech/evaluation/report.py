"""What an evaluation found, the same for speech, pick-up and tones."""

from dataclasses import dataclass, field

from speech.evaluation.augment import Augmentation
from speech.evaluation.recording_set import RecordingSet
from speech.evaluation.scoring import Confusion, Share, Spread


@dataclass(frozen=True)
class Miss:
    """One recording that was not taken for what it is."""

    file: str
    label: str
    result: str
    detail: str = ""
    """What was heard."""


@dataclass(frozen=True)
class Target:
    """A figure that has to be reached."""

    name: str
    reached: bool


@dataclass(frozen=True)
class Report:
    """The figures of one evaluation."""

    evaluated: RecordingSet
    augmentation: Augmentation
    shares: dict[str, Share]
    confusion: Confusion
    delays: dict[str, Spread | None]
    groups: dict[str, Share]
    misses: list[Miss]
    targets: list[Target]
    over_sip: bool = False
    facts: dict[str, float] = field(default_factory=dict)
    """Plain counts."""
    sweep: list[dict[str, object]] = field(default_factory=list)
    """What other thresholds would have come to."""

    @property
    def reached(self) -> bool:
        """True where every target is."""
        return all(target.reached for target in self.targets)

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        head = self.evaluated.head
        return {
            "evaluates": head.evaluates.value,
            "set": str(self.evaluated.folder),
            "synthetic": head.synthetic,
            "language": head.language,
            "recordings": len(self.evaluated.recordings),
            "augment": self.augmentation.described(),
            "over_sip": self.over_sip,
            "shares": {name: share.as_json() for name, share in self.shares.items()},
            "confusion": self.confusion.as_json(),
            "delays": {
                name: found.as_json() if found else None for name, found in self.delays.items()
            },
            "groups": {name: share.as_json() for name, share in self.groups.items()},
            "facts": self.facts,
            "misses": [miss.__dict__ for miss in self.misses],
            "targets": {target.name: target.reached for target in self.targets},
            "sweep": self.sweep,
        }

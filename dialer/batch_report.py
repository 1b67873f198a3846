"""What a batch asks, and what making it came to."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Survey:
    """The survey that a batch asks, as far as making a batch needs it."""

    name: str
    version: int
    sha256: str
    source: str
    """Its text, kept for the record."""
    required: tuple[str, ...] = ()
    """Fields of the case without which nobody is called."""


@dataclass
class BatchReport:
    """What making a batch came to. selected = callbacks + not drawn + persons + left out."""

    batch_id: int = 0
    name: str = ""
    state: str = ""
    selected: int = 0
    """Parties that the query named."""
    callbacks: int = 0
    overdue: int = 0
    """Callbacks whose first due date had already passed; they are called first."""
    not_drawn: int = 0
    """Left out by the sample."""
    persons: dict[str, int] = field(default_factory=dict)
    """Reason -> parties that went into the follow-up queue at once."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Reason -> parties that are not called."""
    missing_fields: dict[str, int] = field(default_factory=dict)
    """Field -> parties whose case lacks it."""

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return asdict(self)

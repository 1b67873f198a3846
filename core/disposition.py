"""How an attempt ended: our own word with its AAPOR code beside it.

AAPOR codes: Standard Definitions, 10th edition (2023), telephone surveys. Listed people are
known to be eligible, so nobody reached is a non-contact (2.2x), never "unknown eligibility".
"""

from enum import StrEnum


class Disposition(StrEnum):
    """How one attempt ended."""

    COMPLETED = "completed"
    PARTIAL = "partial"
    REFUSED = "refused"
    BROKE_OFF = "broke_off"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    MACHINE = "machine"
    UNREACHABLE = "unreachable"
    INVALID_NUMBER = "invalid_number"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def aapor(self) -> str | None:
        """The AAPOR outcome code, or None where the attempt's end is not known."""
        return _AAPOR[self]

    @property
    def reached(self) -> bool:
        """True where a person (not a machine) picked up."""
        return self in (
            Disposition.COMPLETED,
            Disposition.PARTIAL,
            Disposition.REFUSED,
            Disposition.BROKE_OFF,
        )

    @property
    def counts_against_party(self) -> bool:
        """False where the fault was ours or the trunk's: such a try does not count."""
        return self is not Disposition.FAILED


_AAPOR: dict[Disposition, str | None] = {
    Disposition.COMPLETED: "1.1",
    Disposition.PARTIAL: "1.2",
    Disposition.REFUSED: "2.11",
    Disposition.BROKE_OFF: "2.12",
    Disposition.BUSY: "2.20",
    Disposition.NO_ANSWER: "2.20",
    Disposition.REJECTED: "2.20",
    Disposition.MACHINE: "2.22",
    Disposition.UNREACHABLE: "2.20",
    Disposition.INVALID_NUMBER: "4.30",
    Disposition.FAILED: "3.16",
    Disposition.UNKNOWN: None,
}

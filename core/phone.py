"""Phone numbers: what was typed -> what can be dialled. E.164 inside, masked outside.

Chinese case platforms export numbers with full-width digits, blanks, dashes, +86 or 0086,
land-lines with or without area code, extensions, and several numbers in one cell.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class PhoneNumber:
    """A number that can be dialled."""

    e164: str
    """For example ``+8613800138000`` (ITU-T E.164)."""
    extension: str = ""
    """Digits to be dialled after the answer, or empty."""
    kind: str = "mobile"
    """``mobile``, ``landline`` or ``other``."""

    def masked(self) -> str:
        """Return the number as screens and logs may show it: ``138****8000``."""
        return mask(self.e164)


def mask(number: str) -> str:
    """Hide the middle of a number: the first three and the last four digits stay.

    ``+86`` is left out. A short number keeps its last two digits only.
    """
    digits = number.removeprefix("+86")
    if len(digits) < 8:
        return "*" * max(0, len(digits) - 2) + digits[-2:]
    return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"

"""What is obeyed when people ring, or write, by themselves."""

from dataclasses import dataclass
from datetime import timedelta

from core.phone import parse_numbers


@dataclass(frozen=True)
class RingBackRules:
    """Whose survey may still be had, and how callers' numbers are read."""

    within: timedelta = timedelta(days=14)
    """How long after we tried him last somebody still gets his survey."""
    region: str = "CN"
    """ISO 3166 code of the country whose numbers the network writes without country code."""
    area_code: str = ""
    """Put before land-line numbers that the network writes without one; empty: not known."""
    patience: float = 6.0
    """Seconds that a caller hears it ring while a call of ours to him is taken back."""

    def number(self, shown: str) -> str:
        """Return the caller's number in E.164; empty where it is none.

        Networks write ``13800138000``, ``013800138000`` (from elsewhere in the country),
        ``8613800138000``, ``+8613800138000``, ``01082345678``.
        """
        found = parse_numbers(shown, region=self.region, area_code=self.area_code).numbers
        return found[0].e164 if len(found) == 1 else ""

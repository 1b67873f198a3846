"""`pacing`: how fast the whole house calls."""

from pydantic import Field

from config.section import Duration, Section
from core.rules import PacingRules


class PacingSettings(Section):
    """How fast the whole house calls; each trunk has its own limits beside these."""

    calls_per_second: float = Field(default=PacingRules.calls_per_second, gt=0, le=1000)
    """Calls started in any rolling second, over all trunks."""
    channels: int = Field(default=PacingRules.channels, ge=1, le=10000)
    """Calls held at once, over all trunks."""
    back_off_first: Duration = PacingRules.back_off_first
    """Pause of a trunk after its first 429, burst of 480, or 503; doubles with each further one."""
    back_off_most: Duration = PacingRules.back_off_most
    """Longest such pause; a larger Retry-After is obeyed all the same."""
    failed_tries: int = Field(default=PacingRules.failed_tries, ge=1, le=50)
    """Tries that failed by our own or the trunk's fault after which a person takes over."""

    def rules(self) -> PacingRules:
        """Return the rules that the pacing obeys."""
        return PacingRules(**dict(self))

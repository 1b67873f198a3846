"""When an open answer is over. Pure."""


class SilenceWatch:
    """Ends an open answer: after its limit, or after so much silence."""

    def __init__(self, seconds: float, silence: float, began: float) -> None:
        self._limit = began + seconds
        self._silence = silence
        self._heard = began

    def verdict(self, quiet: bool, now: float) -> str:
        """Return ``limit``, ``silence`` or nothing for what is heard at `now`."""
        if not quiet:
            self._heard = now
        if now >= self._limit:
            return "limit"
        if self._silence > 0 and now - self._heard >= self._silence:
            return "silence"
        return ""

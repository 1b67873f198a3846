"""Hearing that somebody speaks, and that he has finished. Pure: time is passed in."""

from ivr.people.sip.sound import loudness

PAUSE_SECONDS = 0.8
"""Silence after which a prompt counts as finished; pauses within one are shorter."""
LOUD_CODES = 16
"""Samples of 160 that must be loud before 20 ms count as sound."""
LOUD_PACKETS = 3
"""Packets with sound that make a beginning; one alone is a click."""


class Hearing:
    """What one person hears on the line."""

    def __init__(self) -> None:
        self._loud = 0
        self._last_loud = 0.0
        self.speaking = False
        """True while a prompt is being heard."""

    def packet(self, payload: bytes, codec: int, now: float) -> bool:
        """Take one packet of sound; return True where a prompt begins with it."""
        if payload.translate(loudness(codec)).count(1) < LOUD_CODES:
            if now - self._last_loud > 0.2:
                self._loud = 0
            return False
        self._last_loud = now
        self._loud += 1
        if self.speaking or self._loud < LOUD_PACKETS:
            return False
        self.speaking = True
        return True

    def finished(self, now: float) -> bool:
        """Return True once when the prompt that was heard is over."""
        if not self.speaking or now - self._last_loud < PAUSE_SECONDS:
            return False
        self.speaking = False
        self._loud = 0
        return True

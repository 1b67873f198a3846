"""One press is one key, whatever the redundancy, the retransmission or the way it came. Pure.

RFC 4733 sends one press as many packets that share the RTP timestamp of the press's beginning
and grow in duration; the last is sent three times. A press longer than 0xFFFF samples goes on as
a new event whose timestamp continues the old one (2.5.1.3). A gateway may send the same press
as a tone in the sound, too.
"""

from typing import NamedTuple

SAME_PRESS_GAP_MS = 40
"""ITU-T Q.24: a pause under 40 ms between two signals of one key does not separate them."""
SEGMENT_MS = 8191
"""0xFFFF samples of 8,000 Hz: the longest event; then the press goes on in another one."""
BOTH_WAYS_SECONDS = 1.0
"""How far apart one press may arrive by two ways: an in-band tone is known only after some
frames, an INFO makes the way through SIP proxies."""
_WRAP = 2**32 // 8
"""Milliseconds at which the RTP clock of 8,000 Hz starts again."""


class _Event(NamedTuple):
    key: str
    start: int
    end: int


class _Press(NamedTuple):
    key: str
    at: float
    sources: frozenset[str]


class KeyFilter:
    """Tells new presses from more of the same."""

    def __init__(self) -> None:
        self._events: list[_Event] = []
        self._presses: list[_Press] = []

    def event(self, key: str, start_ms: int, duration_ms: int, at: float) -> bool:
        """Take one RFC 4733 packet; return True where it is a new press.

        `start_ms` is the RTP timestamp, `duration_ms` the duration so far, `at` the time it
        arrived in seconds.
        """
        for index in range(len(self._events) - 1, -1, -1):
            known = self._events[index]
            if known.key != key:
                continue
            ahead = (start_ms - known.start) % _WRAP
            if ahead > _WRAP // 2:
                ahead -= _WRAP
            length = known.end - known.start
            goes_on = 0 < ahead <= length + 1000 and ahead % SEGMENT_MS <= 1
            if (
                ahead > length + SAME_PRESS_GAP_MS and not goes_on
            ) or ahead + duration_ms < -SAME_PRESS_GAP_MS:
                continue
            end = known.start + max(length, ahead + duration_ms)
            self._events[index] = _Event(key, known.start, end)
            return False
        self._events = [*self._events[-15:], _Event(key, start_ms, start_ms + duration_ms)]
        return self.press(key, "rfc4733", at)

    def press(self, key: str, source: str, at: float) -> bool:
        """Take a press that `source` reports once; return True where no other way brought it."""
        self._presses = [p for p in self._presses if at - p.at <= BOTH_WAYS_SECONDS]
        for index, known in enumerate(self._presses):
            if known.key == key and source not in known.sources:
                self._presses[index] = known._replace(sources=known.sources | {source})
                return False
        self._presses.append(_Press(key, at, frozenset((source,))))
        return True

"""Sending again until there is an answer (RFC 3261, 17.1 and 13.3.1.4). Pure.

pyVoIP sends everything once: a datagram that is lost is a call that never comes about, or one
that rings on after we hung up.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from ivr.channels.pyvoip.message import Message

T1_SECONDS = 0.5
"""Estimate of a round trip: the first repetition comes after it."""
T2_SECONDS = 4.0
"""The longest pause between repetitions of anything but an INVITE."""
PATIENCE_SECONDS = 64 * T1_SECONDS
"""Timers B, F and H: so long an answer may take."""


@dataclass
class Repetition:
    """When to send again. Times are monotonic seconds."""

    began: float
    doubles: bool
    """True: the pause doubles without end, as an INVITE's does."""
    _pause: float = field(default=T1_SECONDS, init=False)
    _next: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._next = self.began + self._pause

    def due(self, now: float) -> bool:
        """Return True where it is time to send again."""
        if now < self._next:
            return False
        self._pause = self._pause * 2 if self.doubles else min(self._pause * 2, T2_SECONDS)
        self._next = now + self._pause
        return True

    def over(self, now: float) -> bool:
        """Return True where no answer is to be expected any more."""
        return now - self.began >= PATIENCE_SECONDS


@dataclass
class Exchange:
    """A request on its way, and who wants to know what is answered."""

    method: str
    text: str
    repetition: Repetition
    answered: Callable[[Message], None]
    """Told every response, provisional ones (100-199) included."""
    unanswered: Callable[[], None]
    proceeding: bool = False
    """A provisional response came."""
    finished_at: float = 0.0
    """When the final response came; 0: not yet."""
    challenged: bool = False
    """A challenge was answered, or is not to be."""
    acknowledgement: str = ""
    """The ACK of a final response that is no 2xx; sent again as often as that comes."""

    def repeats(self, now: float) -> bool:
        """Return True where the request is to be sent again."""
        if self.finished_at or (self.proceeding and self.method == "INVITE"):
            return False
        return self.repetition.due(now)

    def gives_up(self, now: float) -> bool:
        """Return True where nobody answers: an INVITE rings as long as its caller lets it."""
        if self.finished_at or (self.proceeding and self.method == "INVITE"):
            return False
        return self.repetition.over(now)

    def forgotten(self, now: float) -> bool:
        """Return True where a repeated response cannot come any more."""
        return bool(self.finished_at) and now - self.finished_at >= PATIENCE_SECONDS

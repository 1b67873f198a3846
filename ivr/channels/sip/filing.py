"""What a call has to tell, in order, and nothing of a recording before its file is complete.

pjsua's sound clock closes a file some frames after it was stopped, and only then writes how long
it is into its header. Whoever hears of a recording may read it at once.
"""

import struct
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 1.0
"""How long a message waits for its file at most: a disk that is full never completes it."""
_HEADER = 8


def complete(path: str) -> bool:
    """Return True where the RIFF header gives the file's true length."""
    file = Path(path)
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEADER)
        size = file.stat().st_size
    except OSError:
        return False
    return len(head) == _HEADER and int(struct.unpack("<4sI", head)[1]) == size - _HEADER


class Filing:
    """Passes messages on; those that speak of a recording wait for it, those behind them too."""

    def __init__(self, tell: Callable[[Any], None]) -> None:
        self._tell = tell
        self._waiting: deque[tuple[Any, str, float]] = deque()

    @property
    def empty(self) -> bool:
        """True where everything was told."""
        return not self._waiting

    def add(self, message: Any, now: float, path: str = "") -> None:
        """Tell `message`, once `path` is complete where one is given. `now`: seconds."""
        if path or self._waiting:
            self._waiting.append((message, path, now + PATIENCE_SECONDS))
            self.turn(now)
        else:
            self._tell(message)

    def turn(self, now: float) -> None:
        """Tell what can be told by now."""
        while self._waiting:
            message, path, until = self._waiting[0]
            if path and now < until and not complete(path):
                return
            self._waiting.popleft()
            self._tell(message)

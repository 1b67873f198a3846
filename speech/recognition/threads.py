"""The threads of a recogniser process: they decode utterances, a piece at a time, in turn."""

import threading
from collections import deque
from collections.abc import Callable

from speech.recognition.frames import Kind, packed
from speech.recognition.hearing import Hearing

Answer = Callable[[Kind, int, bytes], None]


class Threads:
    """Worker threads. Vosk gives up the interpreter's lock while it decodes."""

    def __init__(self, count: int, answer: Answer) -> None:
        self._answer = answer
        self._ready: deque[Hearing] = deque()
        self._changed = threading.Condition()
        for _ in range(count):
            threading.Thread(target=self._run, daemon=True).start()

    def schedule(self, hearing: Hearing) -> None:
        """See to it that a thread looks at `hearing`."""
        with self._changed:
            if not hearing.scheduled:
                hearing.scheduled = True
                self._ready.append(hearing)
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._ready:
                    self._changed.wait()
                hearing = self._ready.popleft()
            try:
                result = hearing.work() if hearing.has_work else None
            except Exception as error:  # one broken utterance must not end a thread
                hearing.drop()
                self._answer(Kind.FAILED, hearing.number, packed(str(error)))
                result = None
            if result:
                self._answer(result[0], hearing.number, packed(result[1]))
            with self._changed:
                hearing.scheduled = False
            if hearing.has_work:
                self.schedule(hearing)

"""One utterance inside a recogniser process."""

import json
import threading
from collections import deque
from typing import Any

import vosk

from speech.recognition.frames import Kind
from speech.recognition.grammar import Compiled
from speech.recognition.lattices import LATTICE_BEAM
from speech.recognition.reading import Found, words_of
from speech.recognition.rivals import READINGS, answer
from speech.recognition.unexplained import Levels

RATE = 8000
"""Samples a second fed in; Vosk brings them to the model's rate."""
LONGEST_SECONDS = 60.0
"""Sound taken of one utterance; what follows is not heard. Nobody answers for so long."""
_LEAST = RATE * 2 // 10
"""Bytes that are worth decoding while more comes (0.1 s)."""
_PIECE = RATE * 2 // 5
"""Bytes decoded in one go (0.2 s), so that many utterances share the threads fairly."""


class Hearing:
    """One utterance: its sound waits here until a thread decodes it.

    Only one thread at a time works on it; sound is added by another.
    """

    def __init__(self, number: int, model: vosk.Model, grammar: Compiled | None) -> None:
        self.number = number
        self.scheduled = False
        """True while a thread has it or it waits for one. Guarded by the threads' lock."""
        self.dropped = False
        self._grammar = grammar
        self._model = model
        self._lock = threading.Lock()
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._left = int(LONGEST_SECONDS * RATE) * 2
        self._finishing = False
        self._recogniser: Any = None
        self._results: list[str] = []
        self._levels = Levels()

    def add(self, pcm: bytes) -> None:
        """Keep sound for decoding; what goes beyond the longest utterance is dropped."""
        with self._lock:
            taken = pcm[: self._left]
            self._left -= len(taken)
            if taken and not self.dropped:
                self._waiting.append(taken)
                self._waiting_bytes += len(taken)

    def finish(self) -> None:
        """No more sound comes."""
        with self._lock:
            self._finishing = True

    def drop(self) -> None:
        """Nobody wants to know any more."""
        with self._lock:
            self.dropped = True
            self._waiting.clear()
            self._waiting_bytes = 0

    @property
    def has_work(self) -> bool:
        """True where there is something to decode or to conclude."""
        with self._lock:
            enough = self._finishing or self._waiting_bytes >= _LEAST
            return not self.dropped and enough

    def work(self) -> tuple[Kind, tuple[Found, float | None]] | None:
        """Decode a piece; return the words, and how sure they are as a whole (None: no surer than
        the least sure of them), once all is decoded and no more comes."""
        piece = self._take()
        if piece:
            if self._grammar is not None:
                self._levels.feed(piece)
            if self._recogniser is None:
                self._recogniser = self._made()
            if self._recogniser and self._recogniser.AcceptWaveform(piece):
                self._results.append(self._recogniser.Result())
            return None
        with self._lock:
            over = self._finishing and not self._waiting and not self.dropped
            self.dropped |= over
        if not over:
            return None
        if self._recogniser:
            self._results.append(self._recogniser.FinalResult())
        self._recogniser = None
        if self._grammar is None or self._grammar.within:
            rest = self._grammar.rest if self._grammar else frozenset()
            return Kind.HEARD, (words_of(self._results, rest), None)
        return Kind.HEARD, answer(self._results, self._grammar, LATTICE_BEAM, self._levels)

    def _take(self) -> bytes:
        """Return about a piece of the sound that waits."""
        with self._lock:
            parts: list[bytes] = []
            length = 0
            while self._waiting and length < _PIECE:
                parts.append(self._waiting.popleft())
                length += len(parts[-1])
            whole = b"".join(parts)
            if len(whole) > _PIECE:
                self._waiting.appendleft(whole[_PIECE:])
            self._waiting_bytes -= min(len(whole), _PIECE)
            return whole[:_PIECE]

    def _made(self) -> Any:
        """Return Vosk's recogniser; False where the grammar holds nothing to be heard."""
        if self._grammar is None:
            made = vosk.KaldiRecognizer(self._model, RATE)
        elif not self._grammar.phrases:
            return False
        else:
            phrases = json.dumps(self._grammar.phrases, ensure_ascii=False)
            made = vosk.KaldiRecognizer(self._model, RATE, phrases)
            if not self._grammar.within:
                made.SetMaxAlternatives(READINGS)
        made.SetWords(True)
        return made

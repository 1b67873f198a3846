"""One model in a process of its own: ``python -m speech.recognition.process FD MODEL LANGUAGE
THREADS``.

It reads frames from the socket FD until its end, which is also the end of the process: nothing is
left running when the house dies. The main thread only sorts; `threads` decode.
"""

import json
import os
import resource
import signal
import socket
import sys
import threading
import time
import wave
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import vosk

from speech.models.layout import layout
from speech.recognition.frames import HEADER, Kind, frame, packed
from speech.recognition.grammar import Compiled, compiled, unknown_words
from speech.recognition.hearing import RATE, Hearing
from speech.recognition.lattices import wide
from speech.recognition.reading import Found, words_of
from speech.recognition.threads import Threads

_CHUNK = RATE * 2
_NICE = 19


class Process:
    """The process: a model, its threads, the socket."""

    def __init__(self, sock: socket.socket, folder: Path, language: str, threads: int) -> None:
        self._socket = sock
        self._sending = threading.Lock()
        self._language = language
        began = time.monotonic()
        vosk.SetLogLevel(-1)
        with wide(folder) as opened:
            self._model = vosk.Model(str(opened))
        self._dynamic = layout(folder).has_grammars
        self._compiled = lru_cache(maxsize=256)(self._compile)
        self._hearings: dict[int, Hearing] = {}
        self._threads = Threads(threads, self._answer)
        ready = {
            "pid": os.getpid(),
            "seconds": time.monotonic() - began,
            "megabytes": resident_megabytes(),
        }
        self._send(Kind.READY, 0, packed(ready))

    def run(self) -> None:
        """Serve until the house closes its end."""
        with self._socket.makefile("rb") as stream:
            while len(header := stream.read(HEADER.size)) == HEADER.size:
                kind, number, length = HEADER.unpack(header)
                content = stream.read(length)
                if len(content) < length:
                    return
                self._take(Kind(kind), number, content)

    def _take(self, kind: Kind, number: int, content: bytes) -> None:
        if kind is Kind.LISTEN:
            phrases, within = json.loads(content)
            dynamic = phrases and self._dynamic
            grammar = self._compiled(tuple(phrases), within) if dynamic else None
            self._hearings[number] = Hearing(number, self._model, grammar)
        elif kind is Kind.UNKNOWN:
            phrases = tuple(json.loads(content))
            self._send(Kind.ANSWER, number, packed(sorted(unknown_words(phrases, self._knows))))
        elif kind is Kind.TRANSCRIBE:
            target = self._transcribe
            threading.Thread(target=target, args=(number, json.loads(content)), daemon=True).start()
        elif hearing := self._hearings.get(number):
            if kind is Kind.SOUND:
                hearing.add(content)
            elif kind is Kind.FINISH:
                hearing.finish()
                del self._hearings[number]
            else:
                hearing.drop()
                del self._hearings[number]
            self._threads.schedule(hearing)

    def _knows(self, word: str) -> bool:
        return bool(self._model.vosk_model_find_word(word) > 0)

    def _compile(self, phrases: tuple[str, ...], within: bool) -> Compiled:
        return compiled(phrases, self._language, self._knows, within=within)

    def _answer(self, kind: Kind, number: int, content: bytes) -> None:
        self._send(kind, number, content)

    def _send(self, kind: Kind, number: int, content: bytes) -> None:
        with self._sending:
            try:
                self._socket.sendall(frame(kind, number, content))
            except OSError:
                os._exit(0)  # the house is gone; nobody is left to answer

    def _transcribe(self, number: int, file: str) -> None:
        """Take dictation of a file, with what the live utterances leave of the processor."""
        # On Linux a thread has a niceness of its own (setpriority(2), C library differences).
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        try:
            with wave.open(file, "rb") as sound:
                if (sound.getnchannels(), sound.getsampwidth()) != (1, 2):
                    raise ValueError("not mono, 16 bit")
                recogniser = vosk.KaldiRecognizer(self._model, sound.getframerate())
                recogniser.SetWords(True)
                found: Found = []
                while pcm := sound.readframes(_CHUNK):
                    if recogniser.AcceptWaveform(pcm):
                        found += words_of([recogniser.Result()], frozenset())
            found += words_of([recogniser.FinalResult()], frozenset())
        except Exception as error:  # a damaged file is the asker's to know, not the end of all
            self._send(Kind.FAILED, number, packed(str(error)))
        else:
            self._send(Kind.ANSWER, number, packed(found))


def resident_megabytes() -> float:
    """Return the memory of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(arguments: Sequence[str]) -> None:
    """Load the model and serve."""
    number, folder, language, threads = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C drains; the house decides
    sock = socket.socket(fileno=int(number))
    Process(sock, Path(folder), language, int(threads)).run()
    os._exit(0)  # threads may be in the middle of decoding: nothing is cleaned up under them


if __name__ == "__main__":
    main(sys.argv[1:])

"""A vosk-server on other machines, by its WebSocket protocol.

One connection an utterance: a message with the settings, sound as binary messages, each answered
by a JSON text, at last ``{"eof" : 1}``, written exactly so (github.com/alphacep/vosk-server,
websocket/asr_server.py).

The server cannot be asked for its words, and leaves words that it does not know out of a grammar
without a sound. So a grammar is sent only where the model's words are known here, from a copy of
its folder or its words.txt; otherwise the server takes dictation, which costs it ten times as
much and leaves nothing out.
"""

import asyncio
import json
import wave
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from core.errors import PermanentError, Problem, TransientError, problem
from speech.contract import Grammar, Utterance
from speech.recognition.grammar import Compiled, compiled, unknown_words
from speech.recognition.lattices import NARROW_BEAM, lattice_beam
from speech.recognition.local import FINISH_SECONDS, too_busy
from speech.recognition.reading import utterance, words_of
from speech.recognition.rivals import READINGS, answer
from speech.recognition.unexplained import Levels
from speech.recognition.vocabulary import read_vocabulary

RATE = 8000
CONNECT_SECONDS = 5.0
MESSAGE_BYTES = 3200
"""Sound sent at once: 0.2 s; less only at the end."""
LONGEST_BYTES = 60 * RATE * 2
"""Sound taken of one utterance (60 s); what follows is not heard."""
_EOF = '{"eof" : 1}'


class RemoteEar:
    """One utterance on its way to a vosk-server."""

    def __init__(
        self,
        url: str,
        language: str,
        grammar: Compiled | None,
        finish_seconds: float,
        beam: float,
    ) -> None:
        self._url = url
        self._language = language
        self._grammar = grammar
        self._beam = beam
        self._finish_seconds = finish_seconds
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._left = LONGEST_BYTES
        self._finishing = False
        self._changed = asyncio.Event()
        self._levels = Levels()
        self._task = asyncio.create_task(self._recognise())
        self._task.add_done_callback(_seen)

    def feed(self, pcm: bytes) -> None:
        """Take sound: 8,000 Hz, mono, 16 bit little-endian. Never blocks."""
        taken = pcm[: self._left]
        if taken and not self._task.done():
            self._left -= len(taken)
            self._waiting.append(taken)
            self._waiting_bytes += len(taken)
            self._changed.set()

    async def finish(self) -> Utterance:
        """Say what was heard. Raises TransientError where the server is away or too busy."""
        self._finishing = True
        self._changed.set()
        try:
            async with asyncio.timeout(self._finish_seconds):
                return await asyncio.shield(self._task)
        except TimeoutError as error:
            raise too_busy(self._language, self._finish_seconds) from error
        except (OSError, WebSocketException, ValueError) as error:
            raise TransientError(unreachable(self._url, error)) from error
        finally:
            self.close()

    def close(self) -> None:
        """Drop it; harmless at any time."""
        self._task.cancel()

    async def _recognise(self) -> Utterance:
        if self._grammar is not None and not self._grammar.phrases:
            return Utterance("", 0.0)
        async with _connection(self._url) as connection:
            sending = asyncio.create_task(self._send(connection))
            try:
                return await self._receive(connection, sending)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)

    async def _receive(
        self, connection: ClientConnection, sending: "asyncio.Task[int]"
    ) -> Utterance:
        """Gather the results: each message sent is answered by one."""
        results: list[str] = []
        answers = 0
        while not sending.done() or answers < sending.result():
            results.append(str(await connection.recv()))
            answers += 1
        if self._grammar is None or self._grammar.within:
            return utterance(
                words_of(results, self._grammar.rest if self._grammar else frozenset())
            )
        return utterance(*answer(results, self._grammar, self._beam, self._levels))

    async def _send(self, connection: ClientConnection) -> int:
        """Send everything; return how many messages will be answered."""
        await connection.send(_config(RATE, self._grammar))
        count = 1
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._waiting_bytes >= MESSAGE_BYTES or (self._finishing and self._waiting):
                sound = b"".join(self._waiting)
                self._waiting.clear()
                self._waiting_bytes = 0
                self._levels.feed(sound)
                # Not faster than the server takes it: `send` waits where its buffers are full.
                await connection.send(sound)
                count += 1
            if self._finishing and not self._waiting:
                # The last answer is waited for, so it must be counted before it can come.
                await connection.send(_EOF)
                return count


async def _dictated(connection: ClientConnection, path: Path) -> Utterance:
    """Send a file and gather its words. Raises what opening, reading and sending raise."""
    results: list[str] = []
    with wave.open(str(path), "rb") as sound:
        if (sound.getnchannels(), sound.getsampwidth()) != (1, 2):
            raise ValueError("not mono, 16 bit")
        await connection.send(_config(sound.getframerate()))
        while pcm := sound.readframes(sound.getframerate()):
            await connection.send(pcm)
            results.append(str(await connection.recv()))
    await connection.send(_EOF)
    results.append(str(await connection.recv()))
    return utterance(words_of(results, frozenset()))


def _config(rate: int, grammar: Compiled | None = None) -> str:
    """Return the first message: any words where there is no grammar."""
    config: dict[str, object] = {"sample_rate": rate, "words": 1, "max_alternatives": 0}
    if grammar and grammar.phrases:
        config["phrase_list"] = grammar.phrases
        config["max_alternatives"] = 0 if grammar.within else READINGS
    return json.dumps({"config": config}, ensure_ascii=False)


def unreachable(url: str, error: Exception) -> Problem:
    """Return the problem of a server that does not answer."""
    return problem("speech-remote-unreachable", url=url, detail=error or type(error).__name__)


def _connection(url: str) -> connect:
    """Return a connection to be opened: no proxy between, sound cannot be compressed."""
    return connect(url, compression=None, proxy=None, open_timeout=CONNECT_SECONDS)


def _seen(task: "asyncio.Task[Utterance]") -> None:
    """Look at a failed task's error: an utterance may be dropped before anybody asks."""
    if not task.cancelled():
        task.exception()


class RemoteRecogniser:
    """vosk-servers, one for each language. Implements `speech.contract.Recogniser`."""

    def __init__(
        self,
        urls: Mapping[str, str],
        *,
        vocabularies: Mapping[str, Path] | None = None,
        finish_seconds: float = FINISH_SECONDS,
    ) -> None:
        """Recognise the languages of `urls` (language: ``ws://HOST:PORT``).

        `vocabularies`: a copy of the model's folder, or its words.txt, for each language whose
        servers are to be given grammars.
        """
        self.languages = frozenset(urls)
        self._urls = dict(urls)
        self._files = dict(vocabularies or {})
        self._words: dict[str, frozenset[str]] = {}
        self._beams: dict[str, float] = {}
        self._finish_seconds = finish_seconds
        self._transcribing = asyncio.Lock()

    async def start(self) -> None:
        """Try every server once. Raises PermanentError where one cannot be reached, AuthorError
        where a vocabulary cannot be read."""
        for language, file in self._files.items():
            self._words[language] = await asyncio.to_thread(read_vocabulary, file)
            self._beams[language] = lattice_beam(file)
        for url in dict.fromkeys(self._urls.values()):
            try:
                async with _connection(url):
                    pass
            except (OSError, WebSocketException, ValueError) as error:
                raise PermanentError(unreachable(url, error)) from error

    async def close(self) -> None:
        """Nothing is left open between utterances."""

    def listen(self, grammar: Grammar) -> RemoteEar:
        """Begin an utterance. Raises LookupError for a language without a server."""
        url = self._urls[grammar.language]
        words = self._words.get(grammar.language)
        ready = None
        if grammar.phrases and words is not None:
            ready = compiled(
                grammar.phrases, grammar.language, words.__contains__, within=grammar.within
            )
        beam = self._beams.get(grammar.language, NARROW_BEAM)
        return RemoteEar(url, grammar.language, ready, self._finish_seconds, beam)

    async def transcribe(self, path: Path, language: str) -> Utterance:
        """Take dictation of a WAV file (mono, 16 bit), one file at a time, each piece after the
        answer to the one before. Raises LookupError for a language without a server,
        TransientError where it fails."""
        url = self._urls[language]
        async with self._transcribing:
            try:
                async with _connection(url) as connection:
                    return await _dictated(connection, path)
            except (OSError, EOFError, wave.Error, WebSocketException, ValueError) as error:
                raise TransientError(
                    problem("speech-recognition-failed", language=language, detail=error)
                ) from error

    async def unknown_words(self, language: str, phrases: tuple[str, ...]) -> frozenset[str]:
        """Return the words of `phrases` that the model does not have; none where its words are
        not known here, because it takes dictation then. Raises LookupError."""
        if language not in self.languages:
            raise LookupError(language)
        words = self._words.get(language)
        return frozenset() if words is None else unknown_words(phrases, words.__contains__)

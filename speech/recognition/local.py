"""Vosk on this machine: one process for each language's model, shared by all calls."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import TransientError, problem
from speech.contract import Grammar, Utterance
from speech.recognition.frames import Kind, packed
from speech.recognition.model_process import ModelProcess
from speech.recognition.reading import utterance

FINISH_SECONDS = 2.0
"""Seconds after the end of speech within which a person must get an answer."""


class VoskEar:
    """One utterance on its way to a recogniser process."""

    def __init__(self, process: ModelProcess, grammar: Grammar, finish_seconds: float) -> None:
        self._process = process
        self._finish_seconds = finish_seconds
        self._number = process.next_number()
        self._heard: asyncio.Future[Any] = process.expect(self._number)
        self._lost = not process.send(
            Kind.LISTEN, self._number, packed([grammar.phrases, grammar.within])
        )

    def feed(self, pcm: bytes) -> None:
        """Take sound: 8,000 Hz, mono, 16 bit little-endian. Never blocks."""
        if not self._lost:
            self._lost = not self._process.send(Kind.SOUND, self._number, pcm)

    async def finish(self) -> Utterance:
        """Say what was heard. Raises TransientError where the process died or is too busy."""
        try:
            if self._lost and not self._heard.done():
                raise self._too_busy()
            self._process.send(Kind.FINISH, self._number)
            async with asyncio.timeout(self._finish_seconds):
                return utterance(*await asyncio.shield(self._heard))
        except TimeoutError as error:
            raise self._too_busy() from error
        finally:
            self.close()

    def close(self) -> None:
        """Drop it; harmless at any time."""
        self._process.forget(self._number)
        if not self._heard.done():
            self._heard.cancel()
            self._process.send(Kind.DROP, self._number)

    def _too_busy(self) -> TransientError:
        return too_busy(self._process.language, self._finish_seconds)


def too_busy(language: str, seconds: float) -> TransientError:
    """Return the error of an utterance that was not recognised within `seconds`."""
    return TransientError(
        problem("speech-recogniser-busy", language=language, seconds=f"{seconds:g}")
    )


class VoskRecogniser:
    """Vosk models, each in a process of its own. Implements `speech.contract.Recogniser`."""

    def __init__(
        self,
        models: Mapping[str, Path],
        *,
        threads: int | None = None,
        finish_seconds: float = FINISH_SECONDS,
    ) -> None:
        """Recognise the languages of `models` (language: the model's folder).

        `threads`: decoding threads for each process; None: as many as there are processors.
        `finish_seconds`: how long `finish` waits at most.
        """
        count = threads or len(os.sched_getaffinity(0))
        self.languages = frozenset(models)
        self._finish_seconds = finish_seconds
        self._processes = {
            language: ModelProcess(language, folder, count) for language, folder in models.items()
        }
        self._transcribing = asyncio.Lock()

    async def start(self) -> None:
        """Load the models, side by side. Raises PermanentError where one cannot be loaded."""
        results = await asyncio.gather(
            *(process.start() for process in self._processes.values()), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                await self.close()
                raise result

    async def close(self) -> None:
        """End the processes."""
        await asyncio.gather(*(process.close() for process in self._processes.values()))

    def process(self, language: str) -> ModelProcess:
        """Return the process of a language, for figures. Raises LookupError."""
        return self._processes[language]

    def listen(self, grammar: Grammar) -> VoskEar:
        """Begin an utterance. Raises LookupError for a language without a model."""
        return VoskEar(self._processes[grammar.language], grammar, self._finish_seconds)

    async def unknown_words(self, language: str, phrases: tuple[str, ...]) -> frozenset[str]:
        """Return the words of `phrases` that the model does not have. Raises LookupError."""
        return frozenset(await self._processes[language].ask(Kind.UNKNOWN, phrases))

    async def transcribe(self, path: Path, language: str) -> Utterance:
        """Take dictation of a WAV file (mono, 16 bit) at the lowest priority, one at a time.

        Takes about 0.4 times the file's length of a free processor; live utterances go first.
        Raises LookupError for a language without a model, TransientError where it fails.
        """
        process = self._processes[language]
        async with self._transcribing:
            return utterance(await process.ask(Kind.TRANSCRIBE, str(path.resolve())))

"""The cache of prompts: 8 kHz files, each made once and kept, whoever asks first.

A file's name is the hash of all that its sound depends on: the text, the voice's settings and
the engine's version for speech; the recording's bytes for a recording. So nothing in the cache
can be stale, it may be deleted at any time, and several processes may share it.
"""

import asyncio
import contextlib
import errno
import hashlib
import json
import os
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import AuthorError, PermanentError, Problem, problem
from speech.audio import read_recording, wav_bytes
from speech.contract import seconds_of
from speech.synthesis import Voice

_FORMAT = 1
"""Raised when what is made of the same text sounds different (level, filter)."""


class Speaker(Protocol):
    """What the cache needs of a speech synthesis; `speech.synthesis.Synthesis` is one."""

    version: str

    def check(self, voice: Voice) -> None:
        """Raise AuthorError for an unknown voice."""
        ...

    def make(self, text: str, voice: Voice) -> NDArray[np.float32]:
        """Return the text spoken, 8,000 samples a second."""
        ...


@dataclass(frozen=True)
class Usage:
    """What the cache holds."""

    files: int
    bytes: int


class PromptCache:
    """Implements `speech.contract.PromptSource` on a folder."""

    def __init__(self, folder: Path, synthesis: Speaker, *, voices: Mapping[str, Voice]) -> None:
        self._folder = folder
        self._synthesis = synthesis
        self._voices = dict(voices)
        self._making: dict[Path, asyncio.Task[Path]] = {}

    def check(self) -> None:
        """Raise AuthorError with every voice of the settings that the engine does not have."""
        problems: list[Problem] = []
        for voice in self._voices.values():
            try:
                self._synthesis.check(voice)
            except AuthorError as error:
                problems += error.problems
        if problems:
            raise AuthorError(*problems)

    async def spoken(self, text: str, language: str) -> Path:
        """Return the file that speaks `text`.

        Raises AuthorError where no voice can, PermanentError where the file cannot be kept.
        """
        voice = self._voice(language)
        wording = " ".join(unicodedata.normalize("NFC", text).split())
        facts = [_FORMAT, wording, language, voice.voice, voice.speed, voice.pitch]
        name = json.dumps([*facts, self._synthesis.version], ensure_ascii=False)
        path = self._path("spoken", name.encode())
        return await self._once(path, lambda: self._synthesis.make(wording, voice))

    async def recorded(self, file: Path) -> Path:
        """Return `file` (WAV, MP3, OGG ...) brought to the line's format.

        Raises AuthorError naming the file, PermanentError where the result cannot be kept.
        """
        try:
            content = await asyncio.to_thread(file.read_bytes)
        except OSError:
            content = b""  # reading it says what is wrong
        path = self._path("recorded", str(_FORMAT).encode() + content)
        return await self._once(path, lambda: read_recording(file).sound)

    async def prepare(
        self,
        wordings: Iterable[tuple[str, str]],
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Path]:
        """Make all (text, language) before a batch; `progress` gets how many of how many.

        Raises AuthorError with every problem found, after making what can be made.
        """
        todo = list(dict.fromkeys(wordings))
        files: list[Path] = []
        problems: list[Problem] = []
        for done, (text, language) in enumerate(todo, 1):
            try:
                files.append(await self.spoken(text, language))
            except AuthorError as error:
                problems += error.problems
            if progress is not None:
                progress(done, len(todo))
        if problems:
            raise AuthorError(*dict.fromkeys(problems))
        return files

    async def measure(self, text: str, language: str) -> float:
        """Return how many seconds `text` takes to say (it is made, and kept, for that)."""
        return seconds_of(await self.spoken(text, language))

    def usage(self) -> Usage:
        """Return how much the cache holds."""
        sizes = [one.stat().st_size for one in self._folder.rglob("*.wav")]
        return Usage(len(sizes), sum(sizes))

    def _voice(self, language: str) -> Voice:
        """Return the voice of a language; a region may be left to its language (zh-CN: zh)."""
        for name in (language, language.partition("-")[0]):
            if name in self._voices:
                return self._voices[name]
        example = f"{language}: {{voice: {language}}}"
        raise AuthorError(problem("speech-no-voice", language=language, example=example))

    def _path(self, kind: str, content: bytes) -> Path:
        name = hashlib.sha256(content).hexdigest()[:32]
        return self._folder / kind / name[:2] / f"{name}.wav"

    async def _once(self, path: Path, make: Callable[[], NDArray[np.float32]]) -> Path:
        """Return `path`, making it first unless it is there; who comes meanwhile waits for it."""
        if path.exists():
            return path
        task = self._making.get(path)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._make, path, make))
            self._making[path] = task
            task.add_done_callback(lambda _: self._making.pop(path, None))
        # One who gives up waiting must not spoil it for the others.
        return await asyncio.shield(task)

    def _make(self, path: Path, make: Callable[[], NDArray[np.float32]]) -> Path:
        content = wav_bytes(make())
        temporary = path.parent / f".{path.stem}.{os.getpid()}.{secrets.token_hex(4)}.part"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
            temporary.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise PermanentError(problem("speech-disk-full", folder=self._folder)) from error
            detail = error.strerror or str(error)
            raise PermanentError(
                problem("speech-cache-unwritable", folder=self._folder, detail=detail)
            ) from error
        return path

"""The cache of prompts: 8 kHz files, each made once and kept, whoever asks first.

A file's name is the hash of all that its sound depends on: the text, the voice's settings, the
engine's version and the model for speech; the recording's bytes for a recording; both for a
prompt that is joined of recordings and speech. So nothing in the cache can be stale, it may be
deleted at any time, and several processes may share it.
"""

import asyncio
import contextlib
import errno
import hashlib
import json
import os
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from functools import lru_cache
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from core.errors import AuthorError, PermanentError, Place, Problem, problem
from speech.audio import read_recording, wav_bytes
from speech.contract import seconds_of
from speech.joining import join
from speech.pattern import Pattern, flat
from speech.plan import How, Part, Plan, plan
from speech.reading import read_out
from speech.studio import Recordings, Studio
from speech.voice import Speaker, Voice

log = structlog.get_logger(__name__)

RATE = 8000
"""Samples a second on the line."""

_FORMAT = 2
"""Raised when what is made of the same text sounds different (level, filter)."""


class PromptCache:
    """Implements `speech.contract.PromptSource` on a folder."""

    def __init__(
        self,
        folder: Path,
        speaker: Speaker,
        *,
        voices: Mapping[str, Voice],
        studio: Studio | None = None,
    ) -> None:
        """`studio`: where recordings of wordings lie; they are used by `of` a survey."""
        self._folder = folder
        self._speaker = speaker
        self._voices = dict(voices)
        self._studio = studio
        self._survey = ""
        self._patterns: Mapping[str, Sequence[Pattern]] = {}
        self._known: dict[str, Recordings | None] = {}
        self._making: dict[Path, asyncio.Task[Path]] = {}

    def of(self, survey: str, patterns: Mapping[str, Sequence[Pattern]]) -> "PromptCache":
        """Return this cache as the survey `survey` uses it: with the studio's recordings of it.

        `patterns`: the shapes of its wordings by language, to tell fixed words from values.
        """
        own = copy(self)
        own._survey, own._patterns, own._known = survey, patterns, {}
        return own

    @property
    def studio(self) -> Studio | None:
        """Where recordings of wordings lie."""
        return self._studio

    def check(self) -> None:
        """Raise AuthorError with every voice of the settings that the engine does not have."""
        problems: list[Problem] = []
        for voice in self._voices.values():
            try:
                self._speaker.check(voice)
            except AuthorError as error:
                problems += error.problems
        if problems:
            raise AuthorError(*problems)

    def speaker_of(self, language: str) -> str:
        """Return who speaks a language: engine, version, model, settings.

        Raises AuthorError where nobody can.
        """
        voice = self._voice(language)
        self._speaker.check(voice)
        return self._speaker.identity(voice)

    async def spoken(self, text: str, language: str) -> Path:
        """Return the file that speaks `text`.

        Raises AuthorError where no voice can, PermanentError where the file cannot be kept.
        """
        planned = self.plan(text, language)
        if planned.unrecorded:
            # `huifang check` and the start of a batch refuse this; here somebody is on the line.
            log.warning("prompt-not-recorded", survey=self._survey, texts=planned.unrecorded)
        if planned.how is How.RECORDED:
            return await self.recorded(planned.parts[0].files[0])
        voice = self._voice(language)
        if planned.how is How.VOICE:
            words = read_out(planned.parts[0].text, language)
            path = self._path("spoken", self._facts(words, language, voice))
            return await self._once(path, lambda: self._speaker.make(words, voice))
        facts = await asyncio.to_thread(self._joined_facts, planned, language, voice)
        path = self._path("joined", facts)
        return await self._once(path, lambda: self._join(planned, language, voice))

    def plan(self, text: str, language: str) -> Plan:
        """Return of what recordings and speech `text` is made. Raises AuthorError for a faulty
        manifest."""
        wording = flat(unicodedata.normalize("NFC", text))
        recordings = self._recordings(language)
        return plan(wording, language, recordings, self._patterns.get(language, ()))

    def _recordings(self, language: str) -> Recordings | None:
        """Return what is recorded in a language, as the manifest says now.

        A manifest that somebody is just spoiling does not spoil the calls under way.
        """
        if self._studio is None or not self._survey:
            return None
        try:
            found = self._known[language] = self._studio.recordings(self._survey, language)
        except AuthorError as error:
            if language not in self._known:
                raise
            log.error("manifest-faulty", survey=self._survey, language=language, fault=str(error))
            return self._known[language]
        return found

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

    def _facts(self, words: str, language: str, voice: Voice) -> bytes:
        known = [_FORMAT, words, language, self._speaker.identity(voice)]
        return json.dumps(known, ensure_ascii=False).encode()

    def _joined_facts(self, planned: Plan, language: str, voice: Voice) -> bytes:
        facts: list[object] = [_FORMAT, self._speaker.identity(voice), language]
        for part in planned.parts:
            facts.append([part.text, *(_content(file) for file in part.files)])
        return json.dumps(facts, ensure_ascii=False).encode()

    def _join(self, planned: Plan, language: str, voice: Voice) -> NDArray[np.float32]:
        pieces: list[tuple[str, NDArray[np.float32]]] = []
        for part in planned.parts:
            pieces += self._sounds(part, language, voice)
        return join(pieces, RATE)

    def _sounds(
        self, part: Part, language: str, voice: Voice
    ) -> list[tuple[str, NDArray[np.float32]]]:
        if not part.files:
            return [(part.text, self._speaker.make(read_out(part.text, language), voice))]
        # Only the last of several says how the part ends.
        texts = [*[""] * (len(part.files) - 1), part.text]
        sounds = [read_recording(file).sound for file in part.files]
        return list(zip(texts, sounds, strict=True))

    def _voice(self, language: str) -> Voice:
        """Return the voice of a language; a region may be left to its language (zh-CN: zh)."""
        for name in (language, language.partition("-")[0]):
            if name in self._voices:
                return self._voices[name]
        example = f"{language}: {{voice: {language}}}"
        raise AuthorError(problem("speech-no-voice", tongue=language, example=example))

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


def _content(file: Path) -> str:
    """Return the hash of a file. Raises AuthorError where it is gone."""
    try:
        found = file.stat()
        return _hash(file, found.st_mtime_ns, found.st_size)
    except OSError as error:
        raise AuthorError(problem("speech-recording-missing", Place(str(file)))) from error


@lru_cache(maxsize=4096)
def _hash(file: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()

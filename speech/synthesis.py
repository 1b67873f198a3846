"""Speech from text, offline: espeak-ng's shared library out of its wheel.

The library is one engine a process with global state (speak_lib.h), so one lock guards it; the
work is done in a thread while the event loop goes on. Some of that state, as where its voices'
flutter stands, outlives an utterance and no call resets it: the same text would sound different
after another one. So the library is loaded afresh for every text, which takes 1 to 4 ms, and a
text sounds the same whenever it is made: prompts, synthetic sets and tests can be repeated.
"""

import _ctypes
import asyncio
import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

from core.errors import AuthorError, PermanentError, problem
from speech.loudness import level, trim
from speech.sampling import resample
from speech.voice import Voice

__all__ = ["RATE", "Synthesis", "Voice"]

RATE = 8000
"""Samples a second on the line."""

_SYNCHRONOUS = 0x02
_DONT_EXIT = 0x8000
_UTF8 = 1
_SPEED, _PITCH = 1, 3
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class _VoiceEntry(ctypes.Structure):
    """espeak_VOICE of speak_lib.h, as far as it is read here."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
    )


class Synthesis:
    """The speaker `espeak`. Any number of objects may stand for the process's one engine."""

    def __init__(self) -> None:
        self._engine = _engine()

    @property
    def version(self) -> str:
        """Name and version of the engine."""
        return self._engine.version

    def check(self, voice: Voice) -> None:
        """Raise AuthorError where the engine has no such voice."""
        self._engine.resolve(voice.voice)

    def identity(self, voice: Voice) -> str:
        """Return engine, version and settings: another version speaks differently."""
        return f"{self._engine.version} {voice.voice} {voice.speed} {voice.pitch}"

    def make(self, text: str, voice: Voice) -> NDArray[np.float32]:
        """Return `text` spoken: 8,000 samples a second, -1 to 1, levelled and trimmed.

        Blocks for about a thousandth of the speech's length. Raises AuthorError for an unknown
        voice and for a text that makes no sound.
        """
        sound, rate = self._engine.speak(text, voice)
        made = level(trim(resample(sound, rate, RATE), RATE), RATE)
        if len(made) == 0:
            raise AuthorError(problem("speech-nothing-said", text=text[:40]))
        return made

    async def speak(self, text: str, voice: Voice) -> NDArray[np.float32]:
        """Do as `make` in a thread."""
        return await asyncio.to_thread(self.make, text, voice)


class _Engine:
    """The shared library."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pieces: list[NDArray[np.int16]] = []
        self._callback = _CALLBACK(self._take)
        with self._opened() as (library, _):
            library.espeak_Info.restype = ctypes.c_char_p
            self.version = f"espeak-ng {library.espeak_Info(None).decode()}"
            self._voices = _voices(library)

    @contextmanager
    def _opened(self) -> Iterator[tuple[ctypes.CDLL, int]]:
        """Load the library afresh: give it with its samples a second. Only one at a time.

        Raises PermanentError where it cannot be loaded.
        """
        data = espeakng_loader.get_data_path().encode()
        try:
            library = ctypes.CDLL(espeakng_loader.get_library_path())
        except OSError as error:
            raise PermanentError(problem("speech-engine-broken", detail=error)) from error
        try:
            rate = int(library.espeak_Initialize(_SYNCHRONOUS, 500, data, _DONT_EXIT))
            if rate <= 0:
                raise PermanentError(problem("speech-engine-broken", detail=data.decode()))
            library.espeak_SetSynthCallback(self._callback)
            try:
                yield library, rate
            finally:
                library.espeak_Terminate()
        finally:
            _ctypes.dlclose(library._handle)

    def resolve(self, voice: str) -> str:
        """Return the engine's own identifier of a voice, language or name, variant kept."""
        base, plus, variant = voice.partition("+")
        found = self._voices.get(base.lower())
        if found is None:
            near = get_close_matches(base.lower(), self._voices, n=3, cutoff=0.6)
            known = ", ".join(dict.fromkeys([*near, "cmn", "en-gb", "ko"]))
            raise AuthorError(problem("speech-voice-unknown", voice=voice, known=known))
        return found + plus + variant

    def speak(self, text: str, voice: Voice) -> tuple[NDArray[np.float32], int]:
        """Return samples (-1 to 1) and their rate. Only one thread at a time speaks."""
        name = self.resolve(voice.voice).encode()
        encoded = text.encode("utf-8", "ignore").replace(b"\0", b" ") + b"\0"
        with self._lock, self._opened() as (library, rate):
            self._pieces = []
            if library.espeak_SetVoiceByName(name) != 0:
                raise AuthorError(problem("speech-voice-unknown", voice=voice.voice, known="cmn"))
            library.espeak_SetParameter(_SPEED, voice.speed, 0)
            library.espeak_SetParameter(_PITCH, voice.pitch, 0)
            failed = library.espeak_Synth(
                encoded, ctypes.c_size_t(len(encoded)), 0, 0, 0, _UTF8, None, None
            )
            pieces, self._pieces = self._pieces, []
        if failed:
            raise PermanentError(problem("speech-engine-broken", detail=f"espeak_Synth {failed}"))
        if not pieces:
            return np.zeros(0, np.float32), rate
        return np.concatenate(pieces).astype(np.float32) / np.float32(32768), rate

    def _take(self, samples: Any, count: int, events: Any) -> int:  # noqa: ARG002
        if samples and count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0


def _voices(library: ctypes.CDLL) -> dict[str, str]:
    """Return every name, language and identifier (lower case) with its identifier."""
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceEntry))
    entries = library.espeak_ListVoices(None)
    ranked: dict[str, tuple[int, str]] = {}
    position = 0
    while entries[position]:
        entry = entries[position].contents
        position += 1
        identifier = entry.identifier.decode()
        names = [(0, entry.name.decode()), (0, identifier), *_languages(entry.languages)]
        names.append((1, identifier.rpartition("/")[2]))
        for rank, name in names:
            known = ranked.get(name.lower())
            if known is None or rank < known[0]:
                ranked[name.lower()] = (rank, identifier)
    return {name: identifier for name, (_, identifier) in ranked.items()}


def _languages(address: int | None) -> list[tuple[int, str]]:
    """Read espeak_VOICE.languages: a priority byte and a name, again and again, then 0."""
    found: list[tuple[int, str]] = []
    while address and (priority := ctypes.string_at(address, 1)[0]):
        name = ctypes.string_at(address + 1)
        found.append((priority, name.decode()))
        address += len(name) + 2
    return found


_made: list[_Engine] = []
_making = threading.Lock()


def _engine() -> _Engine:
    """Return the process's one engine; it is started by its first use, not by an import."""
    with _making:
        if not _made:
            _made.append(_Engine())
        return _made[0]

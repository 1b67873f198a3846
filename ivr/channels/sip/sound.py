"""What a call hears and what is kept of it: prompts and recordings.

Prompts and recordings are pjsua's own (C): they cost no Python. Two facts of its playlist
(pjmedia/wav_playlist.c, 2.15.1): it reads pieces of 4,000 bytes and drops the last, unfilled one,
so a silent file of more than one piece ends every list; and it takes at most 64 files.
"""

import tempfile
import time
import wave
from functools import cache
from pathlib import Path
from typing import Any

import pjsua2 as pj

MOST_FILES = 63
QUIET_LEVEL = 0.12
"""Signal level (0 to 1 on pjmedia's logarithmic scale) under which a person is silent; about
-50 dBm0. Line noise lies under it, soft speech over it."""


@cache
def silent_tail() -> str:
    """Return the file of silence that ends every list of prompts (0.26 s)."""
    path = Path(tempfile.gettempdir()) / f"huifang-tail-{_owner()}.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * 2080))
    return str(path)


def _owner() -> str:
    import os

    return f"{os.getuid()}-{os.getpid()}"


class Player(pj.AudioMediaPlayer):  # type: ignore[misc]
    """Plays a list of files once, without a gap."""

    def __init__(self, files: list[str]) -> None:
        """Raises pjsua2.Error where a file cannot be played."""
        super().__init__()
        self.finished = False
        """True once everything was played. Only looked at: pjsua says it from another thread."""
        names = pj.StringVector()
        for name in [*files[:MOST_FILES], silent_tail()]:
            names.append(name)
        self.createPlaylist(names, "prompt", pj.PJMEDIA_FILE_NO_LOOP)

    def onEof2(self) -> None:
        self.finished = True


class Recording:
    """A recording of what the person says, or of both sides."""

    def __init__(self, path: str, person: Any) -> None:
        """Raises pjsua2.Error where the file cannot be written."""
        self.path = path
        self._person = person
        self._recorder = pj.AudioMediaRecorder()
        self._recorder.createRecorder(path)
        person.startTransmit(self._recorder)
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self._began

    def add(self, source: Any) -> None:
        """Mix another source in."""
        source.startTransmit(self._recorder)

    def end(self) -> float:
        """Close the file; return the seconds that are in it."""
        seconds = self.seconds
        self._recorder = None  # the destructor takes it off the bridge and closes the file
        return min(seconds, sound_seconds(self.path))


def sound_seconds(path: str) -> float:
    """Return the length of a recording from its size (16 bit, 8 kHz, 44 bytes of header)."""
    try:
        return max(0, Path(path).stat().st_size - 44) / 16000
    except OSError:
        return 0.0


class SilenceWatch:
    """Ends an open answer: after its limit, or after so much silence."""

    def __init__(self, seconds: float, silence: float, began: float) -> None:
        self._limit = began + seconds
        self._silence = silence
        self._heard = began

    def verdict(self, level: float, now: float) -> str:
        """Return ``limit``, ``silence`` or nothing for the level heard at `now`."""
        if level > QUIET_LEVEL:
            self._heard = now
        if now >= self._limit:
            return "limit"
        if self._silence > 0 and now - self._heard >= self._silence:
            return "silence"
        return ""

"""What a call hears and what is kept of it: prompts and recordings.

Prompts and recordings are pjsua's own (C): they cost no Python. Two facts of its playlist
(pjmedia/wav_playlist.c, 2.15.1): it reads pieces of 4,000 bytes and drops the last, unfilled one,
so a silent file of more than one piece ends every list; and it takes at most 64 files.
"""

import contextlib
import tempfile
import time
import wave
from functools import cache
from pathlib import Path
from typing import Any

import pjsua2 as pj

from ivr.channels.pjsua2.tap import Tapping
from ivr.channels.sip.leg import StackError

MOST_FILES = 63
QUIET_LEVEL = 0.12
"""Signal level (0 to 1 on pjmedia's logarithmic scale) under which a person is silent; about
-50 dBm0. Line noise lies under it, soft speech over it."""


class PersonSound:
    """What a person says and is played: `person` is the call's port on the conference bridge."""

    def __init__(self, person: Any) -> None:
        self._person = person

    @property
    def quiet(self) -> bool:
        # Each side's level is kept by the conference bridge; a reading costs no sound work.
        return bool(self._person.getRxLevel() / 255 <= QUIET_LEVEL)

    def play(self, files: list[str]) -> "Player":
        try:
            player = Player(files, self._person)
        except pj.Error as error:
            raise StackError(error.reason) from error
        player.startTransmit(self._person)
        return player

    def record(self, path: str) -> "Recording":
        try:
            return Recording(path, self._person)
        except pj.Error as error:
            raise StackError(error.reason) from error

    def tap(self, microseconds: int) -> Tapping:
        try:
            return Tapping(self._person, microseconds)
        except pj.Error as error:
            raise StackError(error.reason) from error


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

    def __init__(self, files: list[str], person: Any) -> None:
        """Raises pjsua2.Error where a file cannot be played."""
        super().__init__()
        self._person = person
        self.finished = False
        """True once everything was played. Only looked at: pjsua says it from another thread."""
        names = pj.StringVector()
        for name in [*files[:MOST_FILES], silent_tail()]:
            names.append(name)
        self.createPlaylist(names, "prompt", pj.PJMEDIA_FILE_NO_LOOP)

    def onEof2(self) -> None:
        self.finished = True

    def stop(self) -> None:
        # Its destructor takes it off the bridge and closes its files.
        with contextlib.suppress(pj.Error):  # the call's sound may be gone already
            self.stopTransmit(self._person)


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
        """Let the file be closed; return its seconds.

        The sound clock closes it within its next frames (some 20 ms), not at once.
        """
        seconds = self.seconds
        self._recorder = None  # the destructor takes it off the bridge and closes the file
        return seconds

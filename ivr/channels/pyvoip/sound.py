"""Prompts, recordings and taps over a stream (`ivr.channels.sip.stack.Sound`)."""

import contextlib
import wave
from collections import deque
from functools import lru_cache
from pathlib import Path

import numpy as np
from pyVoIP.RTP import PayloadType

from ivr.channels.pyvoip.reception import PACKET
from ivr.channels.pyvoip.stream import DECODE, FRAME_SECONDS, SILENCE, Playing, Stream
from ivr.channels.sip import leg
from ivr.channels.sip.hearing import MOST_WAITING
from ivr.channels.sip.leg import StackError
from speech.g711 import encode_alaw, encode_ulaw
from speech.tones import key_pcm

ENCODE = {PayloadType.PCMA: encode_alaw, PayloadType.PCMU: encode_ulaw}
TAIL_SECONDS = 0.26
"""Silence behind every prompt: the other side buffers, and a BYE right behind would cut the end."""
_KEY_SECONDS, _KEY_PAUSE_SECONDS = 0.14, 0.1


@lru_cache(maxsize=256)
def _encoded(path: str, changed: int, codec: PayloadType) -> bytes:
    """Return the codes of a prompt; `changed`: when the file was, in ns. Raises StackError."""
    del changed
    try:
        with wave.open(path, "rb") as file:
            shape = (file.getframerate(), file.getnchannels(), file.getsampwidth())
            if shape != (8000, 1, 2):
                raise StackError(f"{path}: 8 kHz mono 16 bit is wanted, this is {shape}")
            return ENCODE[codec](file.readframes(file.getnframes()))
    except (OSError, EOFError, wave.Error) as error:
        raise StackError(f"{path}: {error}") from error


def codes_of(files: list[str], codec: PayloadType) -> bytes:
    """Return the codes of prompts, one after another. Raises StackError."""
    try:
        prompts = [_encoded(file, Path(file).stat().st_mtime_ns, codec) for file in files]
    except OSError as error:
        raise StackError(f"{error}") from error
    return b"".join(prompts) + SILENCE[codec] * int(TAIL_SECONDS * 8000)


class Player:
    """Codes that are played once."""

    def __init__(self, stream: Stream, codes: bytes) -> None:
        """`codes`: of the stream's codec."""
        self._stream, self._codes, self._at = stream, codes, 0
        self._codec = stream.preference
        self.finished = False
        stream.playing = self

    def take(self, codec: PayloadType) -> bytes:
        if codec is not self._codec:  # agreed on meanwhile
            self._codes, self._codec = ENCODE[codec](DECODE[self._codec](self._codes)), codec
        codes = self._codes[self._at : self._at + PACKET]
        self._at += PACKET
        self.finished = self._at >= len(self._codes)
        return codes

    def stop(self) -> None:
        if self._stream.playing is self:
            self._stream.playing = None


class Recording:
    """A recording of the person, with what is played mixed in where it was added."""

    def __init__(self, path: str, stream: Stream) -> None:
        """Raises OSError where the file cannot be written."""
        self.path = path
        self._stream = stream
        self._file = wave.open(path, "wb")  # noqa: SIM115 - closed in `end`
        self._file.setnchannels(1)
        self._file.setsampwidth(2)
        self._file.setframerate(8000)
        self._frames = 0
        self._mixed: object = None
        self._broken = False
        stream.listeners.append(self)

    def add(self, player: leg.Player) -> None:
        self._mixed = player

    def hear(self, heard: bytes, played: bytes, playing: Playing | None) -> None:
        if playing is not None and playing is self._mixed:
            both = np.frombuffer(heard, "<i2").astype(np.int32) + np.frombuffer(played, "<i2")
            heard = np.clip(both, -32768, 32767).astype("<i2").tobytes()
        self._frames += 1
        if not self._broken:
            try:
                self._file.writeframesraw(heard)
            except OSError:  # the disk is full: the call goes on
                self._broken = True

    def end(self) -> float:
        if self in self._stream.listeners:
            self._stream.listeners.remove(self)
        with contextlib.suppress(OSError):
            self._file.close()
        return self._frames * FRAME_SECONDS


class Tap:
    """The person's sound, put aside in frames."""

    def __init__(self, stream: Stream, microseconds: int) -> None:
        self.waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._stream, self._part = stream, bytearray()
        self._size = microseconds * 16 // 1000
        stream.listeners.append(self)

    def hear(self, heard: bytes, played: bytes, playing: Playing | None) -> None:
        del played, playing
        self._part += heard
        if len(self._part) >= self._size:
            self.waiting.append(bytes(self._part))
            self._part.clear()

    def end(self) -> None:
        if self in self._stream.listeners:
            self._stream.listeners.remove(self)


class StreamSound:
    """The sound of one call."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    @property
    def quiet(self) -> bool:
        return self._stream.quiet

    def play(self, files: list[str]) -> Player:
        return Player(self._stream, codes_of(files, self._stream.preference))

    def record(self, path: str) -> Recording:
        try:
            return Recording(path, self._stream)
        except OSError as error:
            raise StackError(f"{error}") from error

    def tap(self, microseconds: int) -> Tap:
        return Tap(self._stream, microseconds)


def press_tones(stream: Stream, keys: str) -> None:
    """Play keys as tones, to whom takes no events."""
    pause = bytes(int(_KEY_PAUSE_SECONDS * 8000) * 2)
    pcm = b"".join(key_pcm(key, seconds=_KEY_SECONDS) + pause for key in keys)
    Player(stream, ENCODE[stream.preference](pcm))

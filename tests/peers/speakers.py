"""Korean speech as it comes from the line: 8,000 Hz, mono, 16 bit little-endian."""

import wave
from pathlib import Path

import numpy as np

from speech.synthesis import RATE, Synthesis, Voice

BEFORE_SECONDS, AFTER_SECONDS = 0.3, 0.4
"""What the line hands over before and after the speech itself."""


def silence(seconds: float) -> bytes:
    """Return silence."""
    return bytes(2 * int(seconds * RATE))


def spoken(text: str, voice: Voice | None = None) -> bytes:
    """Return `text` spoken by espeak-ng, with a little silence around it."""
    sound = Synthesis().make(text, voice or Voice("ko", 160))
    pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
    return silence(BEFORE_SECONDS) + pcm + silence(AFTER_SECONDS)


def recording(path: Path, pcm: bytes) -> Path:
    """Write `pcm` as a WAV file; returns it."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(pcm)
    return path

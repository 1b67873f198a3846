"""Recordings of any format brought in, through pydub and the ffmpeg binary of imageio-ffmpeg.

pydub decodes; rate, level and ends are brought to the line's format by our own
low-pass (pydub's `set_frame_rate` has none, which folds hiss into the voice).
"""

import io
import warnings
import wave
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from core.errors import AuthorError, Place, Problem, problem
from speech.loudness import Loudness, level, loudness, signal_to_noise, trim
from speech.sampling import resample

with warnings.catch_warnings():
    # pydub looks for an installed ffmpeg when it is imported; it is given imageio-ffmpeg's below.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment

RATE = 8000
"""Samples a second on the line."""

_CLIPPED = 0.001
_FAINT_DBOV = -45.0
_NOISY_DB = 20.0
"""Under this the noise is heard on the telephone as well."""


@dataclass(frozen=True)
class Recording:
    """A recording brought to the line's format, and what was found in it."""

    sound: NDArray[np.float32]
    """8,000 samples a second, mono, -1 to 1, levelled and trimmed."""
    before: Loudness
    """Its figures before that."""
    warnings: tuple[Problem, ...]
    """What its author should know: clipped, faint, noisy."""
    signal_to_noise: float = 90.0
    """Decibels between the speech and the noise in its pauses, as estimated; 90 at most."""


def read_recording(file: Path) -> Recording:
    """Read a recording of any format ffmpeg knows. Raises AuthorError with the file's place.

    Blocks (a subprocess decodes what is not WAV); call it in a thread.
    """
    place = Place(str(file))
    if not file.is_file():
        raise AuthorError(problem("speech-recording-missing", place))
    sound, rate = decode(file, place)
    before = loudness(sound, rate)
    if before.active_dbov < -75:
        raise AuthorError(problem("speech-recording-silent", place))
    warnings: list[Problem] = []
    if before.clipped > _CLIPPED:
        percent = f"{before.clipped * 100:.1f}"
        warnings.append(
            problem("speech-recording-clipped", place, severity="warning", percent=percent)
        )
    if before.active_dbov < _FAINT_DBOV:
        faint = f"{before.active_dbov:.0f}"
        warnings.append(problem("speech-recording-faint", place, severity="warning", level=faint))
    # A cheap recorder's constant offset; the median, for speech itself has a mean.
    telephone = resample(sound - np.float32(np.median(sound)), rate, RATE)
    apart = signal_to_noise(telephone, RATE)
    if apart < _NOISY_DB:
        values = {"decibels": f"{apart:.0f}", "least": f"{_NOISY_DB:.0f}"}
        warnings.append(problem("speech-recording-noisy", place, severity="warning", **values))
    line = level(trim(telephone, RATE, noisy=True), RATE)
    return Recording(line, before, tuple(warnings), apart)


def wav_bytes(sound: NDArray[np.float32], rate: int = RATE) -> bytes:
    """Return a 16 bit mono WAV file of `sound` (-1 to 1)."""
    samples = np.clip(np.round(sound * 32767), -32768, 32767).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return out.getvalue()


def decode(file: Path, place: Place) -> tuple[NDArray[np.float32], int]:
    """Return a recording's samples (-1 to 1, mono) and their rate, untouched.

    Blocks. Raises AuthorError with `place` where it cannot be read.
    """
    AudioSegment.converter = imageio_ffmpeg.get_ffmpeg_exe()
    try:
        # The other way of reading asks ffprobe, which the wheel does not bring.
        with file.open("rb") as opened:
            kind = "wav" if file.suffix.lower() == ".wav" else None
            segment = AudioSegment.from_file_using_temporary_files(opened, format=kind)
    except Exception as error:  # pydub raises whatever its WAV reader stumbled over
        detail = _last_line(str(error)) or type(error).__name__
        raise AuthorError(problem("speech-recording-unreadable", place, detail=detail)) from error
    samples = np.array(segment.get_array_of_samples(), dtype=np.float32)
    mono = samples.reshape(-1, segment.channels).mean(axis=1)
    return mono / np.float32(segment.max_possible_amplitude), segment.frame_rate


def _last_line(words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""

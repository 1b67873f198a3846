"""One file from the studio, looked at before it is taken: its sound, and what is wrong with it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import Place, Problem, problem
from speech.audio import read_recording

SOUND_FILES = frozenset(
    [
        ".wav",
        ".mp3",
        ".ogg",
        ".oga",
        ".opus",
        ".flac",
        ".m4a",
        ".aac",
        ".wma",
        ".aif",
        ".aiff",
        ".amr",
        ".mp4",
        ".caf",
    ]
)
_SHORT, _LONG = 0.4, 2.5
"""Shares of the expected length outside of which a recording is probably another text's."""
_TOLERANCE = 1.0
"""Seconds that a recording may be off whatever its length."""


@dataclass(frozen=True)
class Intake:
    """A file that was read."""

    file: Path
    sound: NDArray[np.float32]
    """8,000 samples a second, levelled and trimmed."""
    seconds: float
    level_dbov: float
    """Level of the speech before levelling."""
    clipped: float
    """Share of clipped samples, 0-1."""
    signal_to_noise: float
    """Decibels, as estimated."""
    warnings: tuple[Problem, ...]


def take_in(file: Path, expected: float) -> Intake:
    """Read a file; `expected`: about how many seconds its text takes to say.

    Raises AuthorError where it cannot be read. Blocks.
    """
    recording = read_recording(file)
    seconds = len(recording.sound) / 8000
    warnings = list(recording.warnings)
    low, high = expected * _SHORT - _TOLERANCE, expected * _LONG + _TOLERANCE
    if not low <= seconds <= high:
        values = {"seconds": f"{seconds:.1f}", "expected": f"{expected:.1f}"}
        warnings.append(
            problem("speech-recording-length", Place(str(file)), severity="warning", **values)
        )
    return Intake(
        file,
        recording.sound,
        seconds,
        recording.before.active_dbov,
        recording.before.clipped,
        recording.signal_to_noise,
        tuple(warnings),
    )

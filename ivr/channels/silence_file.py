"""A recording of nobody: a WAVE file of silence, as long as the recording would have been."""

import struct
from pathlib import Path

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
"""What stands before the samples: RIFF, fmt (PCM) and the head of data."""
_SHAPE = (16, 1, 1, 8000, 16000, 2, 16)
"""Of the part fmt: 16 bit, 8000 Hz, one channel."""


def write_silence(path: Path, seconds: float) -> None:
    """Write `seconds` of silence at 8,000 Hz, 16 bit, mono. Raises OSError."""
    size = 2 * int(8000 * seconds)
    with path.open("wb") as file:
        file.write(_HEADER.pack(b"RIFF", 36 + size, b"WAVE", b"fmt ", *_SHAPE, b"data", size))
        # Silence is a hole in the file: a day's open answers would be a gigabyte of zeros.
        file.truncate(_HEADER.size + size)

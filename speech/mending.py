"""Recordings that were cut off: the header is told how long they became.

A recorder writes the length into the WAV header when it closes the file. After a crash the sound
is there but for its last quarter of a second, and the header says that there is none.
"""

import contextlib
import os
import struct
import time
from pathlib import Path
from typing import BinaryIO

QUIET_SECONDS = 60.0
"""A file that was written to within this time may still be somebody's."""
LOOK_BACK_SECONDS = 30 * 86400.0
"""Older files were looked at by an earlier start."""
_HEAD = 12


def mend(path: Path) -> bool:
    """Write the true lengths into a WAV file's header; True where they were wrong.

    A file that is no WAV file, or ends within its header, is left as it is. Raises OSError.
    """
    size = path.stat().st_size
    with path.open("r+b") as file:
        head = file.read(_HEAD)
        if len(head) < _HEAD or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return False
        data = _data_chunk(file, size)
        if data is None:
            return False
        position, told = data
        length = size - position - 8
        if told == length and struct.unpack("<I", head[4:8])[0] == size - 8:
            return False
        file.seek(4)
        file.write(struct.pack("<I", size - 8))
        file.seek(position + 4)
        file.write(struct.pack("<I", length))
        file.flush()
        os.fsync(file.fileno())
    return True


def _data_chunk(file: BinaryIO, size: int) -> tuple[int, int] | None:
    """Return where the chunk of samples begins and the length it tells; None: there is none."""
    position = _HEAD
    while position + 8 <= size:
        file.seek(position)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            return position, length
        position += 8 + length + length % 2
    return None


def mend_all(folder: Path, *, now: float | None = None) -> int:
    """Mend every recording below `folder` that nobody writes any more; return how many were wrong.

    To be done at a start, before calls are made. What cannot be read or written is passed over:
    nobody's call waits for it.
    """
    moment = time.time() if now is None else now
    mended = 0
    for file in folder.rglob("*.wav") if folder.is_dir() else ():
        with contextlib.suppress(OSError):
            age = moment - file.stat().st_mtime
            if QUIET_SECONDS <= age <= LOOK_BACK_SECONDS:
                mended += mend(file)
    return mended

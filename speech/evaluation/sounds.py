"""The sounds of a set: read as they are (no levelling, no trimming), written as a line has them."""

import csv
import wave
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from core.errors import AuthorError, Place, problem
from speech.audio import decode
from speech.evaluation.recording_set import COLUMNS, HEAD, NEVER, ROWS, Head, unreadable
from speech.sampling import resample

RATE = 8000


def read_sound(file: Path) -> bytes:
    """Return a recording of any format ffmpeg knows as 8 kHz, 16 bit, mono samples.

    Blocks. Raises AuthorError where it cannot be read.
    """
    try:
        with wave.open(str(file), "rb") as sound:
            if (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (RATE, 1, 2):
                return sound.readframes(sound.getnframes())
    except (wave.Error, EOFError):
        pass  # G.711 in a WAV file, MP3 and the like
    except OSError as error:
        raise unreadable(file, error.strerror) from error
    samples, rate = decode(file, Place(str(file)))
    return pcm(resample(samples, rate, RATE))


def pcm(sound: "np.typing.NDArray[np.float32]") -> bytes:
    """Return samples (-1 to 1) as 16 bit little-endian."""
    return np.clip(np.round(sound * 32767), -32768, 32767).astype("<i2").tobytes()


class SetWriter:
    """Writes a set; nothing counts as a set before `close`."""

    def __init__(self, folder: Path, head: Head) -> None:
        """Raises AuthorError where the folder holds something already."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise AuthorError(problem("evaluation-folder-full", Place(str(folder))))
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._head = folder, head
        self._rows: list[list[str]] = []

    def add(
        self,
        name: str,
        sound: bytes,
        label: str,
        *,
        group: str = "",
        words: str = "",
        answered_at: float | None = 0.0,
    ) -> None:
        """Write one recording. `sound`: 8 kHz, 16 bit, mono."""
        file = f"{name}.wav"
        with wave.open(str(self.folder / file), "wb") as out:
            out.setparams((1, 2, RATE, 0, "NONE", ""))
            out.writeframes(sound)
        moment = NEVER if answered_at is None else f"{answered_at:g}"
        self._rows.append([file, label, group, words, moment])

    def close(self) -> int:
        """Write the table and the head; return how many recordings there are."""
        with (self.folder / ROWS).open("w", encoding="utf-8", newline="") as out:
            table = csv.writer(out, lineterminator="\n")
            table.writerow(COLUMNS)
            table.writerows(self._rows)
        said = self._head.model_dump(mode="json", exclude_defaults=True)
        with (self.folder / HEAD).open("w", encoding="utf-8") as out:
            YAML().dump(said, out)
        return len(self._rows)

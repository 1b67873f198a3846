"""What the rest of the house may ask of speech: prompts as 8 kHz files."""

from pathlib import Path
from typing import Protocol


class PromptSource(Protocol):
    """Gives the file for a wording: 8,000 Hz, mono, 16 bit WAV, made once and kept."""

    async def spoken(self, text: str, language: str) -> Path:
        """Return the file that speaks `text`. Raises AuthorError where no voice can."""
        ...

    async def recorded(self, file: Path) -> Path:
        """Return `file` (WAV, MP3, ...) brought to the line's format. Raises AuthorError."""
        ...


def seconds_of(path: Path) -> float:
    """Return the length of a WAV file in seconds, from its header alone."""
    import wave

    with wave.open(str(path), "rb") as sound:
        return sound.getnframes() / sound.getframerate()

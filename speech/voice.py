"""A voice of the settings, and the contract of everything that speaks texts with voices."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

ENGINES = ("espeak", "piper")


@dataclass(frozen=True)
class Voice:
    """How one language is spoken."""

    voice: str = ""
    """espeak: a voice or language of espeak-ng (``cmn``, ``en-gb``, ``ko``), with a variant where
    wanted (``cmn+f2``). piper: number or name of the speaker in a model of several; empty: the
    first."""
    speed: int = 160
    """Words (Chinese: syllables) per minute, 80-300. piper: 160 is the model's own pace."""
    pitch: int = 50
    """0-99; espeak only."""
    engine: str = "espeak"
    """``espeak`` or ``piper``."""
    model: Path | None = None
    """piper: the .onnx file; its .onnx.json lies beside it."""


class Speaker(Protocol):
    """Speaks texts. One contract for every engine; `speech.voices.Voices` knows them all."""

    def check(self, voice: Voice) -> None:
        """Make ready to speak. Raises AuthorError where this voice cannot: it is unknown, its
        model or package is missing. Blocks, once for each model."""
        ...

    def identity(self, voice: Voice) -> str:
        """Return all that the sound of a text depends on: engine, version, model, settings.

        Two voices of the same identity speak alike. Raises AuthorError as `check` does.
        """
        ...

    def make(self, text: str, voice: Voice) -> NDArray[np.float32]:
        """Return `text` spoken: 8,000 samples a second, -1 to 1, levelled and trimmed.

        Blocks; may be called from any thread. Raises AuthorError for a voice that cannot speak
        and for a text that makes no sound.
        """
        ...

"""Every engine behind the one contract of `speech.voice.Speaker`."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.errors import AuthorError, problem
from speech.piper import Piper
from speech.synthesis import Synthesis
from speech.voice import ENGINES, Speaker, Voice


class Voices:
    """A speaker that hands each voice to its engine; an engine is started by its first use."""

    def check(self, voice: Voice) -> None:
        """Raise AuthorError where this voice cannot speak."""
        self._engine(voice).check(voice)

    def identity(self, voice: Voice) -> str:
        """Return all that the sound of a text depends on."""
        return self._engine(voice).identity(voice)

    def make(self, text: str, voice: Voice) -> NDArray[np.float32]:
        """Return `text` spoken, as the contract says."""
        return self._engine(voice).make(text, voice)

    def _engine(self, voice: Voice) -> Speaker:
        if voice.engine == "espeak":
            return self._espeak
        if voice.engine == "piper":
            return self._piper
        known = ", ".join(ENGINES)
        raise AuthorError(problem("speech-engine-unknown", engine=voice.engine, known=known))

    @cached_property
    def _espeak(self) -> Speaker:
        return Synthesis()

    @cached_property
    def _piper(self) -> Speaker:
        return Piper()

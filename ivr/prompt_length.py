"""How long a prompt is, and prompts that make no sound for dry runs.

A dry run needs lengths, not sound: `SilentPrompts` names files that do not exist, the length in
the name. `length_of` reads it there, or from the header of a real file.
"""

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from speech.contract import seconds_of

SILENT = "silent"
_NAME = re.compile(r"^silent-(\d+\.\d\d)s-[0-9a-f]+$")

SYLLABLES_PER_SECOND = {"zh": 4.5}
"""Characters a second of a calm Mandarin voice."""
LETTERS_PER_SECOND = 15.0
"""Letters a second of a calm voice in languages written with letters."""
STOP_SECONDS = 0.3
"""The pause at a comma or a full stop."""


def estimate(text: str, language: str) -> float:
    """Return about how many seconds it takes to speak `text`."""
    stops = sum(text.count(mark) for mark in "，。；：？！、,.;:?!")
    spoken = sum(character.isalnum() for character in text)
    rate = SYLLABLES_PER_SECOND.get(language, LETTERS_PER_SECOND)
    return round(0.5 + spoken / rate + stops * STOP_SECONDS, 2)


@lru_cache(maxsize=65536)
def length_of(path: Path) -> float:
    """Return the seconds that a prompt's file takes to play, or would take (silent prompts)."""
    named = _NAME.match(path.stem)
    return float(named.group(1)) if named else seconds_of(path)


class SilentPrompts:
    """A `PromptSource` for dry runs: no sound, only names with the estimated length in them."""

    def __init__(self, *, step: float = 0.5) -> None:
        """Round lengths up to multiples of `step` seconds: in virtual time fewer moments cost
        less."""
        self._step = step
        self._known: dict[tuple[str, str], Path] = {}

    async def spoken(self, text: str, language: str) -> Path:
        """Return a name for `text` that tells its estimated length."""
        found = self._known.get((text, language))
        if found is None:
            found = self._name(f"{language}:{text}", estimate(text, language))
            if len(self._known) < 100_000:
                self._known[text, language] = found
        return found

    async def recorded(self, file: Path) -> Path:
        """Return a name for `file` that tells its length; a file that is missing counts 5 s."""
        seconds = seconds_of(file) if file.suffix == ".wav" and file.exists() else 5.0
        return self._name(str(file), seconds)

    def _name(self, what: str, seconds: float) -> Path:
        rounded = -(-seconds // self._step) * self._step if self._step else seconds
        digest = hashlib.sha256(what.encode()).hexdigest()[:12]
        return Path(SILENT) / f"silent-{rounded:.2f}s-{digest}.wav"

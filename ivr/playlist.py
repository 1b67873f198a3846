"""A gapless list of prompts, and what a key or a word means that comes while it plays. Pure.

Each prompt says which keys cut it short and count, and which only skip it; all others are not
heard, so that nobody answers a question that he has not heard. A prompt that every key cuts short
may be interrupted by speech, too.
"""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from flows.exchange import ALL_KEYS


@dataclass(frozen=True)
class Prompt:
    """One file to play."""

    path: Path
    seconds: float
    interrupted_by: str = ""
    """Keys that stop everything and count."""
    skipped_by: str = ""
    """Keys that only skip the rest of this prompt."""

    @property
    def interruptible(self) -> bool:
        """True where whatever the person does interrupts it."""
        return all(key in self.interrupted_by for key in ALL_KEYS)


class Press(Enum):
    """What a key does to the list."""

    DROPPED = "dropped"
    """Nothing: it was not heard."""
    SKIPS = "skips"
    """Skips the rest of the prompt being played; the next one follows."""
    ANSWERS = "answers"
    """Stops everything: it answers."""


@dataclass(frozen=True)
class Playlist:
    """What is played before one wait, in order."""

    prompts: tuple[Prompt, ...]

    @property
    def seconds(self) -> float:
        """Length of the whole list."""
        return sum(prompt.seconds for prompt in self.prompts)

    def index_at(self, elapsed: float) -> int:
        """Return which prompt is heard `elapsed` seconds after the list began."""
        for index, prompt in enumerate(self.prompts):
            elapsed -= prompt.seconds
            if elapsed < 0:
                return index
        return len(self.prompts) - 1

    def after(self, index: int) -> "Playlist":
        """Return what is left when the prompt at `index` is skipped."""
        return Playlist(self.prompts[index + 1 :])

    def speech_from(self, deaf: float) -> float:
        """Return from how many seconds after its beginning speech is heard.

        That is where the last prompts begin that speech may interrupt, all following ones
        included; the list's end where there are none. `deaf`: see `press`.
        """
        end = self.seconds
        for prompt in reversed(self.prompts):
            if not prompt.interruptible:
                break
            end -= prompt.seconds
        return max(end, min(deaf, self.seconds))

    def press(self, key: str, elapsed: float, *, everywhere: str, deaf: float) -> Press:
        """Say what `key` means `elapsed` seconds after the list began.

        `everywhere`: keys that work at every moment. `deaf`: seconds after the beginning of a
        list in which other keys belong to the question before (a double press).
        """
        prompt = self.prompts[self.index_at(elapsed)]
        if elapsed < deaf and key not in everywhere:
            return Press.DROPPED
        if key in prompt.interrupted_by:
            return Press.ANSWERS
        return Press.SKIPS if key in prompt.skipped_by else Press.DROPPED

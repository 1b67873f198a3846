"""How long a text takes to say, where nobody has measured it: an estimate by its letters."""

import re
from collections.abc import Callable
from pathlib import Path

Measure = Callable[[str, str], float]
"""(text, language) -> seconds."""

Sounds = Callable[[Path], float | None]
"""Recorded file -> seconds, or None where it cannot be played."""

HAN_PER_SECOND = 4.2
"""Chinese telephone announcements run at about 250 characters a minute."""
LETTERS_PER_SECOND = 14.0
"""English: about 150 words a minute."""
HANGUL_PER_SECOND = 5.5
"""Korean: about 330 syllables a minute."""
PAUSE = 0.3
"""Seconds at a punctuation mark."""

_HAN = re.compile(r"[\u3400-\u9fff]|[0-9*#]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_LETTER = re.compile(r"[^\W\d_]")
_MARKS = re.compile(r"[，。；！？：、,.;!?:]")


def estimate(text: str, language: str) -> float:  # noqa: ARG001 - the contract of `Measure`
    """Return the seconds that saying `text` takes; digits count as one syllable each."""
    han = len(_HAN.findall(text))
    hangul = len(_HANGUL.findall(text))
    letters = len(_LETTER.findall(text)) - len(re.findall(r"[\u3400-\u9fff]", text)) - hangul
    pauses = len(_MARKS.findall(text.strip()[:-1]))
    return (
        han / HAN_PER_SECOND
        + hangul / HANGUL_PER_SECOND
        + letters / LETTERS_PER_SECOND
        + pauses * PAUSE
    )

"""The first sounds of a call: what is told of them, and for when."""

from collections import deque
from typing import Any

import numpy as np
import pytest

from ivr.channels.sip.first_sounds import FirstSounds
from speech.synthesis import Synthesis, Voice

FRAME = 960
"""Bytes of 60 ms."""
BEFORE = 1.2
"""Seconds of quiet before the greeting."""


class Waiting:
    """Sound that waits to be looked at."""

    def __init__(self) -> None:
        self.waiting: deque[bytes] = deque()

    def end(self) -> None: ...


@pytest.fixture(scope="module")
def greeting() -> list[bytes]:
    words = Synthesis().make("喂，你好", Voice("cmn"))
    sound = np.concatenate([np.zeros(int(BEFORE * 8000)), words, np.zeros(8000)])
    pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
    return [pcm[at : at + FRAME] for at in range(0, len(pcm), FRAME)]


def heard(frames: list[bytes], at_once: int) -> dict[str, float]:
    """Return when what was told; the process looks only after so many frames have come."""
    told: dict[str, float] = {}
    now = 0.0
    source = Waiting()

    def happened(what: str, *, at: float, sign: str) -> None:
        assert what == "first_sound"
        told.setdefault(sign, at)

    sounds: Any = FirstSounds(source, happened, None, clock=lambda: now)
    sounds.answered(0.0)
    for number, frame in enumerate(frames, 1):
        now += len(frame) / 16000
        source.waiting.append(frame)
        if number % at_once == 0 or number == len(frames):
            assert sounds.turn(now)
    return told


def test_a_greeting_is_told_with_its_moments(greeting: list[bytes]) -> None:
    told = heard(greeting, 1)
    assert told["began"] == pytest.approx(BEFORE, abs=0.15)
    assert told["ended"] > told["began"] + 0.3


@pytest.mark.parametrize("at_once", [5, 20, 1000])
def test_a_process_that_lags_tells_the_same_moments(greeting: list[bytes], at_once: int) -> None:
    assert heard(greeting, at_once) == pytest.approx(heard(greeting, 1), abs=0.001)

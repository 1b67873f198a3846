"""Our own voice coming back is turned down, the person's is not."""

import numpy as np
import pytest

from speech.echo import EchoGuard, levels
from speech.synthesis import Synthesis, Voice

FRAME = 640
"""Bytes of 40 ms."""


def spoken(words: str, voice: str = "cmn") -> np.ndarray:
    return (Synthesis().make(words, Voice(voice)) * 32767).astype(np.float32)


PROMPT = spoken("您对民警的处理总体上是否满意？满意请按1，基本满意请按2，不满意请按3。")


def heard(near: np.ndarray, guard: EchoGuard) -> bytes:
    """Let `near` arrive while `PROMPT` plays from moment 10 on; return what passes."""
    guard.plays(levels(PROMPT.astype("<i2").tobytes()), 10.0)
    pcm = np.clip(near, -32767, 32767).astype("<i2").tobytes()
    passed = b""
    for place in range(0, len(pcm), FRAME):
        frame = pcm[place : place + FRAME]
        passed += guard.pass_on(frame, 10.0 + (place + len(frame)) / 16000)
    assert len(passed) == len(pcm)
    return passed


def echo(decibels: float, delay: float) -> np.ndarray:
    """Return the prompt as it comes back `delay` seconds later, on a line with a little noise."""
    silence = np.zeros(int(delay * 8000), np.float32)
    noise = np.random.default_rng(3).normal(0, 6, len(silence) + len(PROMPT))
    return np.concatenate([silence, PROMPT * 10 ** (-decibels / 20)]) + noise.astype(np.float32)


@pytest.mark.parametrize("decibels", [10, 15, 20, 30])
@pytest.mark.parametrize("delay", [0.0, 0.1, 0.5])
def test_an_echo_is_turned_down_to_the_lines_quiet(decibels: float, delay: float) -> None:
    near = echo(decibels, delay)
    assert levels(near.astype("<i2").tobytes()).max() > 100
    assert levels(heard(near, EchoGuard())).max() < 30


@pytest.mark.parametrize("decibels", [10, 20])
def test_a_person_who_speaks_into_the_prompt_passes(decibels: float) -> None:
    person = spoken("不满意", "cmn+f2") * 0.7
    near = echo(decibels, 0.1)
    start = 3 * 8000
    near[start : start + len(person)] += person
    passed = levels(heard(near, EchoGuard()))
    during = passed[start // 160 : (start + len(person)) // 160]
    loud = levels(person.astype("<i2").tobytes()) > 2000
    assert (during[: len(loud)][loud[: len(during)]] > 1000).mean() > 0.9


def test_a_soft_voice_passes_where_nothing_comes_back() -> None:
    person = spoken("不满意", "cmn+f2") * 0.12
    near = echo(60, 0.1)
    start = 3 * 8000
    near[start : start + len(person)] += person
    assert levels(heard(near, EchoGuard())).max() > 500


def test_nothing_is_touched_while_nothing_plays_and_after_it() -> None:
    guard = EchoGuard()
    pcm = (PROMPT * 0.1).astype("<i2").tobytes()[:FRAME]
    assert guard.pass_on(pcm, 5.0) == pcm
    guard.plays(levels(PROMPT.astype("<i2").tobytes()), 10.0)
    guard.stops(12.0)
    assert guard.pass_on(pcm, 12.3) != pcm  # an echo may still be on its way
    assert guard.pass_on(pcm, 13.0) == pcm

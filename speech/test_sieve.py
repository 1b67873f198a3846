"""The sieve lets every beep through and stops speech."""

import numpy as np
import pytest

from speech.sieve import tone_possible
from speech.synthesis import Synthesis, Voice
from speech.tones import amplitude, tone_pcm

LEAST = amplitude(-38.0) ** 2 / 2


def samples(pcm: bytes) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    return np.frombuffer(pcm, "<i2").astype(np.float32)


@pytest.mark.parametrize("frequency", range(350, 2501, 43))
def test_the_shortest_beep_passes_wherever_it_begins(frequency: int) -> None:
    for begin in range(0, 320, 40):
        sound = np.zeros(8000, dtype=np.float32)
        sound[begin + 2000 : begin + 2960] = samples(tone_pcm(frequency, seconds=0.12, level=-30))
        noise = np.random.default_rng(begin).normal(0, amplitude(-50) / 2**0.5, 8000)
        assert tone_possible(sound + noise.astype(np.float32), 8000, LEAST)


@pytest.mark.parametrize(
    ("voice", "words"),
    [
        ("cmn", "您好，我昨天下午给你们打过电话，但是一直没有人来处理这个问题，请尽快答复，谢谢。"),
        ("en-gb", "You have reached the mailbox of John Smith, please leave a message."),
    ],
)
def test_speech_hardly_ever_passes(voice: str, words: str) -> None:
    spoken = Synthesis().make(words, Voice(voice))
    sound = np.asarray(spoken, dtype=np.float32) * (1 if np.abs(spoken).max() > 2 else 32767)
    seconds = [sound[at : at + 8000] for at in range(0, len(sound), 8000)]
    passed = sum(tone_possible(second, 8000, LEAST) for second in seconds)
    assert passed <= len(seconds) * 0.2


def test_silence_and_noise_do_not_pass() -> None:
    noise = np.random.default_rng(3).normal(0, 2000, 80000).astype(np.float32)
    assert not tone_possible(np.zeros(8000, dtype=np.float32), 8000, LEAST)
    assert not tone_possible(noise, 8000, LEAST)
    assert not tone_possible(noise[:100], 8000, LEAST)

import numpy as np
import pytest

from speech.recognition.unexplained import Levels

RATE = 8000


def sound(*parts: tuple[float, float], noise: float = 3.0) -> bytes:
    """Return parts of (seconds, amplitude) with a little noise over all."""
    made = np.concatenate(
        [amplitude * np.sin(np.arange(round(s * RATE)) * 0.7) for s, amplitude in parts]
    )
    made = made + np.random.default_rng(1).normal(0, noise, len(made))
    return made.astype("<i2").tobytes()


def unexplained(pcm: bytes, *words: tuple[float, float]) -> list[tuple[float, float]]:
    levels = Levels()
    for place in range(0, len(pcm), 514):
        levels.feed(pcm[place : place + 514])
    return levels.unexplained(words)


def test_words_that_cover_the_speech_leave_nothing() -> None:
    pcm = sound((0.3, 0), (0.8, 8000), (0.4, 0))
    assert unexplained(pcm, (0.35, 0.7), (0.7, 1.05)) == []


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ([(0.6, 1.1)], (0.0, 0.6)),  # 不 before 满意
        ([(0.3, 0.7)], (0.7, 1.5)),
        ([(0.3, 0.5), (0.9, 1.1)], (0.5, 0.9)),
    ],
)
def test_speech_beside_the_words_is_found(
    words: list[tuple[float, float]], place: tuple[float, float]
) -> None:
    pcm = sound((0.3, 0), (0.8, 8000), (0.4, 0))
    assert unexplained(pcm, *words) == [place]


def test_a_soft_beginning_of_a_word_is_allowed() -> None:
    assert unexplained(sound((0.3, 0), (0.8, 8000), (0.4, 0)), (0.4, 1.1)) == []


def test_noise_of_the_line_is_no_speech() -> None:
    pcm = sound((1.0, 0), (0.5, 8000), (0.5, 0), noise=600)
    assert unexplained(pcm, (1.0, 1.5)) == []


def test_silence_and_no_words_have_nothing_to_explain() -> None:
    assert unexplained(bytes(16000), (0.1, 0.2)) == []
    assert unexplained(b"", (0.1, 0.2)) == []
    assert unexplained(sound((1.0, 8000))) == []

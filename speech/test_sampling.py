"""Resampling keeps what the line carries and removes what would fold back."""

import numpy as np
import pytest

from speech.sampling import resample


def sine(frequency: float, rate: int, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(int(rate * seconds)) / rate).astype(np.float32)


def decibels(sound: np.ndarray) -> float:
    middle = sound[len(sound) // 8 : -len(sound) // 8]
    return float(10 * np.log10(max((middle**2).mean() * 2, 1e-12)))


@pytest.mark.parametrize("rate", [11025, 16000, 22050, 24000, 44100, 48000])
def test_speech_frequencies_pass_and_higher_ones_do_not(rate: int) -> None:
    for frequency in (100, 1000, 3000, 3400):
        assert decibels(resample(sine(frequency, rate), rate, 8000)) == pytest.approx(0, abs=0.1)
    for frequency in (4300, 5000, 5400):
        assert decibels(resample(sine(frequency, rate), rate, 8000)) < -60


def test_the_sound_itself_comes_out() -> None:
    made = resample(sine(1000, 22050), 22050, 8000)
    assert len(made) == 8000
    assert np.abs(made - sine(1000, 8000))[200:-200].max() < 0.001


def test_upwards_and_not_at_all() -> None:
    made = resample(sine(1000, 8000), 8000, 16000)
    assert np.abs(made - sine(1000, 16000))[400:-400].max() < 0.001
    assert resample(sine(1000, 8000), 8000, 8000) is not None
    assert len(resample(np.zeros(0, np.float32), 22050, 8000)) == 0
    assert len(resample(np.ones(3, np.float32), 22050, 8000)) == 2

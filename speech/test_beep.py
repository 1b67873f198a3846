"""A mailbox's beep is heard once; call progress, keys and rows of tones are none."""

import numpy as np
import pytest

from speech.beep import BeepDetector
from speech.tones import amplitude, key_pcm, tone_pcm


def beeps(pcm: bytes, size: int = 320) -> list[float]:
    """Return when (seconds) beeps were reported, with 6 s of quiet after `pcm`."""
    detector = BeepDetector()
    pcm += silence(6)
    return [at / 16000 for at in range(0, len(pcm), size) if detector.feed(pcm[at : at + size])]


def silence(seconds: float) -> bytes:
    return tone_pcm(seconds=seconds)


def noisy(pcm: bytes, level: float) -> bytes:
    noise = np.random.default_rng(7).normal(0, amplitude(level) / 2**0.5, len(pcm) // 2)
    sound = np.frombuffer(pcm, "<i2") + noise
    return np.clip(np.round(sound), -32768, 32767).astype("<i2").tobytes()


@pytest.mark.parametrize("frequency", [350, 400, 440, 450, 620, 1000, 1400, 2000, 2500])
@pytest.mark.parametrize("seconds", [0.12, 0.2, 0.5, 1.0, 3.0])
def test_one_steady_tone_that_ends_is_a_beep(frequency: float, seconds: float) -> None:
    assert len(beeps(silence(0.3) + tone_pcm(frequency, seconds=seconds))) == 1


@pytest.mark.parametrize("size", [1, 160, 333, 50_000])
def test_the_size_of_what_is_fed_does_not_matter(size: int) -> None:
    assert len(beeps(silence(0.3) + tone_pcm(1000, seconds=0.3), size)) == 1


def test_it_is_reported_within_a_second_of_its_end() -> None:
    (when,) = beeps(silence(1.0) + tone_pcm(1000, seconds=0.5))
    assert 1.5 < when < 2.6


@pytest.mark.parametrize("level", [-30, -20, -3])
def test_soft_and_loud_beeps_in_noise_20_db_below(level: float) -> None:
    pcm = silence(1) + tone_pcm(1000, seconds=0.4, level=level) + silence(2)
    assert len(beeps(noisy(pcm, level - 20))) == 1


@pytest.mark.parametrize(("frequency", "seconds"), [(300, 0.5), (2700, 0.5), (1000, 0.06)])
def test_too_low_too_high_and_too_short_are_none(frequency: float, seconds: float) -> None:
    assert beeps(silence(0.3) + tone_pcm(frequency, seconds=seconds)) == []


def disturbed(pcm: bytes, at: int, how: str, frames: int) -> bytes:
    """Return `pcm` with so many frames of 20 ms lost, late or concealed from frame `at` on."""
    whole = [pcm[i : i + 320] for i in range(0, len(pcm), 320)]
    last = np.frombuffer(whole[at - 1], "<i2")
    fading = (last[::-1] * np.linspace(1.0, 0.2, 160)).astype("<i2").tobytes()
    instead = {"silence": bytes(320), "concealed": fading, "repeated": whole[at - 1]}
    if how == "late":  # concealed, and played all the same
        return b"".join([*whole[:at], *[fading] * frames, *whole[at:]])
    return b"".join([*whole[:at], *[instead[how]] * frames, *whole[at + frames :]])


@pytest.mark.parametrize("how", ["silence", "concealed", "repeated", "late"])
@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("frequency", [620, 1000, 1431, 2333])
def test_frames_that_are_lost_or_late_hide_no_beep(how: str, frames: int, frequency: float) -> None:
    pcm = silence(1) + tone_pcm(frequency, seconds=0.5)
    heard = [len(beeps(disturbed(pcm, at, how, frames))) for at in range(54, 73)]
    assert heard == [1] * len(heard)


def test_a_tone_after_another_one_is_none_however_it_is_disturbed() -> None:
    pcm = silence(1) + tone_pcm(1400, seconds=0.5) + tone_pcm(1800, seconds=0.5)
    for at in range(54, 98):
        assert beeps(disturbed(pcm, at, "silence", 2)) == []


def test_a_tone_that_does_not_end_is_none() -> None:
    assert beeps(silence(0.3) + tone_pcm(1000, seconds=3.3)) == []
    assert beeps(tone_pcm(1000, seconds=30)) == []


@pytest.mark.parametrize(
    ("on", "pause"), [(1.0, 4.0), (0.35, 0.35), (0.7, 0.7), (0.1, 0.1), (0.4, 0.04)]
)
@pytest.mark.parametrize("frequency", [425, 450, 475])
def test_call_progress_is_none(frequency: float, on: float, pause: float) -> None:
    cadence = (tone_pcm(frequency, seconds=on) + silence(pause)) * max(3, int(12 / (on + pause)))
    assert beeps(silence(0.2) + cadence) == []


def test_rows_of_tones_are_none() -> None:
    information = b"".join(tone_pcm(one, seconds=0.33) for one in (950, 1400, 1800))
    assert beeps(silence(0.3) + information) == []
    melody = (523, 587, 659, 698, 784, 659, 523)
    assert beeps(b"".join(tone_pcm(one, seconds=0.3) + silence(0.05) for one in melody)) == []


@pytest.mark.parametrize("key", list("1590*#D"))
def test_keys_are_none(key: str) -> None:
    assert beeps(silence(0.3) + key_pcm(key, seconds=0.5)) == []
    assert beeps(tone_pcm(697, 1209, seconds=0.5, level=(-10, -18))) == []


def test_noise_is_none() -> None:
    assert beeps(noisy(silence(30), -20)) == []

"""Keys heard in sound keep to ITU-T Q.24: what must be heard is, once, and what must not is not."""

import numpy as np
import pytest

from speech.tones import DtmfDetector, amplitude, key_frequencies, key_pcm, tone_pcm

KEYS = "1234567890*#ABCD"


def heard(pcm: bytes, size: int = 320, rate: int = 8000) -> str:
    detector = DtmfDetector(rate)
    pcm += silence(0.2)
    return "".join(detector.feed(pcm[at : at + size]) for at in range(0, len(pcm), size))


def silence(seconds: float) -> bytes:
    return tone_pcm(seconds=seconds)


def noisy(pcm: bytes, level: float) -> bytes:
    """Add white noise of `level` dBm0."""
    noise = np.random.default_rng(7).normal(0, amplitude(level) / 2**0.5, len(pcm) // 2)
    sound = np.frombuffer(pcm, "<i2") + noise
    return np.clip(np.round(sound), -32768, 32767).astype("<i2").tobytes()


def off(key: str, low: float, high: float, seconds: float) -> bytes:
    """The tone of `key` with its frequencies off by `low` and `high` (shares)."""
    one, other = key_frequencies(key)
    return tone_pcm(one * (1 + low), other * (1 + high), seconds=seconds)


def test_every_key_is_told_apart() -> None:
    pcm = b"".join(key_pcm(key, seconds=0.08) + silence(0.08) for key in KEYS)
    assert heard(pcm) == KEYS


@pytest.mark.parametrize("size", [1, 2, 7, 80, 320, 321, 4000, 100_000])
def test_the_size_of_what_is_fed_does_not_matter(size: int) -> None:
    pcm = silence(0.1) + key_pcm("5", seconds=0.06) + silence(0.06) + key_pcm("5", seconds=0.06)
    assert heard(pcm, size) == "55"


@pytest.mark.parametrize("start", range(0, 26, 5))
def test_40_ms_on_and_40_ms_off_are_enough_wherever_blocks_begin(start: int) -> None:
    for key in KEYS:
        pcm = silence(0.1 + start / 8000) + key_pcm(key, seconds=0.04) + silence(0.04)
        assert heard(pcm + key_pcm(key, seconds=0.04)) == key * 2


def test_what_lasts_under_15_ms_is_no_key() -> None:
    assert [heard(silence(0.1) + key_pcm(key, seconds=0.015)) for key in KEYS] == [""] * 16


def test_a_key_held_is_one_press() -> None:
    assert heard(key_pcm("7", seconds=3.0)) == "7"


@pytest.mark.parametrize("gap", [0.002, 0.005, 0.010])
@pytest.mark.parametrize("start", range(0, 26, 5))
def test_a_drop_out_of_10_ms_does_not_make_two_presses(gap: float, start: int) -> None:
    for key in KEYS:
        pcm = silence(0.1 + start / 8000) + key_pcm(key, seconds=0.06) + silence(gap)
        assert heard(pcm + key_pcm(key, seconds=0.06)) == key


@pytest.mark.parametrize("low", [-0.015, 0.0, 0.015])
@pytest.mark.parametrize("high", [-0.015, 0.0, 0.015])
def test_a_deviation_of_one_and_a_half_percent_is_accepted(low: float, high: float) -> None:
    pcm = b"".join(off(key, low, high, 0.05) + silence(0.05) for key in KEYS)
    assert heard(noisy(pcm, -30)) == KEYS


@pytest.mark.parametrize(
    ("low", "high"), [(-0.035, 0.0), (0.035, 0.0), (0.0, -0.035), (0.0, 0.035), (0.035, -0.035)]
)
def test_a_deviation_of_three_and_a_half_percent_is_rejected(low: float, high: float) -> None:
    pcm = b"".join(off(key, low, high, 0.5) + silence(0.05) for key in KEYS)
    assert heard(noisy(pcm, -30)) == ""


@pytest.mark.parametrize(
    "levels", [(-10, -6), (-10, -18), (-3, -3), (-25, -25), (-29, -25), (-21, -29), (-36, -36)]
)
def test_levels_and_twist_within_the_limits_are_accepted(levels: tuple[float, float]) -> None:
    for key in KEYS:
        tone = tone_pcm(*key_frequencies(key), seconds=0.05, level=levels)
        assert heard(silence(0.1) + tone) == key


@pytest.mark.parametrize("levels", [(-55, -55), (-10, 0), (-2, -16), (-10, -60)])
def test_what_is_too_faint_or_too_uneven_is_no_key(levels: tuple[float, float]) -> None:
    for key in KEYS:
        tone = tone_pcm(*key_frequencies(key), seconds=0.2, level=levels)
        assert heard(silence(0.1) + tone) == ""


def test_keys_are_heard_in_noise_15_db_below_them() -> None:
    pcm = b"".join(key_pcm(key, seconds=0.05) + silence(0.05) for key in KEYS * 5)
    assert heard(noisy(pcm, -7 - 15)) == KEYS * 5


def test_noise_alone_and_single_tones_are_no_keys() -> None:
    assert heard(noisy(silence(20), -15)) == ""
    for tone in (450, 697, 941, 1209, 1000, 1633):
        assert heard(tone_pcm(tone, seconds=1)) == ""
    assert heard(tone_pcm(350, 440, seconds=2)) == ""
    assert heard(tone_pcm(697, 770, seconds=1)) == ""
    assert heard(tone_pcm(697, 1209, 1477, seconds=1)) == ""


def test_two_keys_with_no_pause_between_are_two() -> None:
    assert heard(key_pcm("1", seconds=0.1) + key_pcm("9", seconds=0.1)) == "19"


def test_another_rate_works_alike() -> None:
    pcm = tone_pcm(*key_frequencies("8"), seconds=0.1, rate=16000) + bytes(8000)
    assert heard(pcm, 640, rate=16000) == "8"


def test_level_and_length_of_what_is_made() -> None:
    sound = np.frombuffer(tone_pcm(1000, seconds=0.5, level=3.14), "<i2")
    assert len(sound) == 4000
    assert sound.max() == 32767
    quieter = np.frombuffer(tone_pcm(1000, seconds=0.5, level=-16.86), "<i2")
    assert quieter.max() == pytest.approx(3277, abs=1)
    with pytest.raises(KeyError):
        key_pcm("x")

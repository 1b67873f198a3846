"""One press is one key: what goes on in step is the press before, what begins anew is another."""

import math

import numpy as np
import pytest

from speech.presses import SILENT, Block, Presses
from speech.tones import DtmfDetector, key_frequencies, tone_pcm

PACKET = 160


def heard(pcm: bytes) -> str:
    detector = DtmfDetector()
    pcm += bytes(3200)
    return "".join(detector.feed(pcm[at : at + 960]) for at in range(0, len(pcm), 960))


def held(key: str, seconds: float, lost: range, off: float = 0.0, noise: float = 0.0) -> bytes:
    """Return a key held down, the packets `lost` silent; `off`: share that its tones are off."""
    low, high = key_frequencies(key)
    pcm = tone_pcm(low * (1 + off), high * (1 + off), seconds=seconds, phase=1.0)
    sound = np.frombuffer(pcm, "<i2") + np.random.default_rng(3).normal(0, noise, len(pcm) // 2)
    sound[lost.start * PACKET : lost.stop * PACKET] = 0
    return bytes(1600) + sound.astype("<i2").tobytes()


@pytest.mark.parametrize("key", "1590D")
@pytest.mark.parametrize("lost", [1, 2, 3, 4])
@pytest.mark.parametrize("off", [0.0, 0.012, -0.012])
@pytest.mark.parametrize("noise", [0.0, 700.0])
def test_a_key_with_a_hole_is_one_press(key: str, lost: int, off: float, noise: float) -> None:
    assert heard(held(key, 0.3, range(4, 4 + lost), off, noise)) == key


def test_a_key_in_two_short_halves_is_heard() -> None:
    # 30 ms, two packets lost, 30 ms: neither half would count by itself.
    for key in "1590D":
        sound = np.frombuffer(held(key, 0.1, range(0)), "<i2").copy()
        sound[800 + 240 : 800 + 560] = 0
        assert heard(sound.tobytes()) == key


def test_two_presses_with_the_same_pause_are_two() -> None:
    for key in "1590D":
        for phase in np.linspace(0.8, 5.5, 5):
            first, second = (
                tone_pcm(*key_frequencies(key), seconds=0.08, phase=at)
                for at in (0.0, float(phase) + math.tau * key_frequencies(key)[0] * 0.12)
            )
            assert heard(bytes(1600) + first + bytes(640) + second) == 2 * key


def blocks(key: str, count: int, phase: float = 0.0) -> list[Block]:
    return [Block(key, (phase, phase))] * count


@pytest.mark.parametrize(
    ("after", "keys"),
    [
        (blocks("5", 8), "5"),
        (blocks("5", 8, phase=0.3), "5"),
        (blocks("5", 8, phase=0.4), "55"),
        (blocks("5", 8, phase=math.tau - 0.3), "5"),
        (blocks("6", 8), "56"),
        ([SILENT] * 20 + blocks("5", 8), "55"),
    ],
)
def test_what_is_in_step_goes_on(after: list[Block], keys: str) -> None:
    told = Presses().take([*blocks("5", 8), *[SILENT] * 12, *after])
    assert told == keys


def test_tones_that_are_a_little_off_are_followed() -> None:
    drifting = [Block("5", (0.05 * n, -0.04 * n), (0.05, -0.04)) for n in range(40)]
    gap = [*drifting[:8], *[SILENT] * 14, *drifting[22:30]]
    assert Presses().take(gap) == "5"


def test_parts_too_short_to_count_count_together_only_in_step() -> None:
    halves = [*blocks("5", 4), *[SILENT] * 6, *blocks("5", 4)]
    assert Presses().take(halves) == "5"
    assert Presses().take([*halves[:10], *blocks("5", 4, phase=2.0)]) == ""

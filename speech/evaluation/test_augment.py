"""What a line does to a sound: as much as was asked for, the same for the same seed."""

import numpy as np
import pytest

from core.errors import AuthorError
from speech.evaluation.augment import parse
from speech.tones import tone_pcm

SPEECHLIKE = tone_pcm(500, seconds=4.0, level=-17)


def power(pcm: bytes) -> float:
    return float((np.frombuffer(pcm, "<i2").astype(float) ** 2).mean())


def difference(one: bytes, other: bytes) -> float:
    gap = np.frombuffer(one, "<i2").astype(float) - np.frombuffer(other, "<i2")
    return float((gap**2).mean())


@pytest.mark.parametrize("snr", [0, 10, 20])
def test_noise_lies_as_far_below_as_said(snr: int) -> None:
    noisy = parse(f"snr={snr}").apply(SPEECHLIKE)
    found = 10 * np.log10(power(SPEECHLIKE) / difference(noisy, SPEECHLIKE))
    assert found == pytest.approx(snr, abs=0.5)


def test_the_level_changes_by_decibels() -> None:
    assert power(parse("level=-20").apply(SPEECHLIKE)) == pytest.approx(
        power(SPEECHLIKE) / 100, rel=0.01
    )


@pytest.mark.parametrize("codec", ["pcma", "pcmu"])
def test_a_codec_leaves_its_own_noise(codec: str) -> None:
    coded = parse(f"codec={codec}").apply(SPEECHLIKE)
    below = 10 * np.log10(power(SPEECHLIKE) / difference(coded, SPEECHLIKE))
    assert 33 < below < 45  # G.711 has about 38 dB


@pytest.mark.parametrize("burst", [1, 3])
def test_so_many_packets_are_lost(burst: int) -> None:
    sound = SPEECHLIKE * 20
    line = parse(f"loss=10,burst={burst},conceal=silence")
    packets = np.frombuffer(line.apply(sound), "<i2").reshape(-1, 160)
    lost = (packets == 0).all(axis=1)
    assert lost.mean() == pytest.approx(0.1, abs=0.025)
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], lost, [0]]).astype(int))))[::2]
    assert runs.mean() == pytest.approx(burst, rel=0.3) or burst == 1


def test_repetition_conceals_better_than_silence() -> None:
    hidden = parse("loss=10").apply(SPEECHLIKE)
    bare = parse("loss=10,conceal=silence").apply(SPEECHLIKE)
    assert difference(hidden, SPEECHLIKE) < difference(bare, SPEECHLIKE) / 4


def test_the_same_seed_is_the_same_line_and_every_recording_has_its_own() -> None:
    line = "snr=10,loss=5,codec=pcma"
    assert parse(line).apply(SPEECHLIKE, 3) == parse(line).apply(SPEECHLIKE, 3)
    assert parse(line).apply(SPEECHLIKE, 3) != parse(line).apply(SPEECHLIKE, 4)
    assert parse(line).apply(SPEECHLIKE, 3) != parse(f"{line},seed=2").apply(SPEECHLIKE, 3)


def test_nothing_is_done_where_nothing_was_said() -> None:
    assert parse("").apply(SPEECHLIKE) == SPEECHLIKE
    assert parse("").described() == {}
    assert parse("snr=10").described() == {"snr": 10.0}


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("lost=5", "evaluation-augment-unknown"),
        ("codec=g729", "evaluation-augment-choice"),
        ("loss=80", "evaluation-augment-range"),
        ("snr=much", "evaluation-augment-range"),
        ("seed=1.5", "evaluation-augment-range"),
    ],
)
def test_what_it_does_not_know_is_refused(written: str, code: str) -> None:
    with pytest.raises(AuthorError) as caught:
        parse(written)
    assert [problem.code for problem in caught.value.problems] == [code]

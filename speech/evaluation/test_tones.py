"""Keys: every case of Q.24, lost packets, speech and music, as a call's detector hears them."""

from types import ModuleType

import numpy as np
import pytest

from speech import presses, tones
from speech.evaluation.augment import parse
from speech.evaluation.talk_off import material
from speech.evaluation.tone_cases import EVERY, pressed, q24_cases
from speech.evaluation.tones import NOTHING, hear_keys, paired

CASES = list(q24_cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_q24(case) -> None:
    assert hear_keys(case.pcm) == case.keys


def test_the_cases_hold_all_that_q24_asks_for() -> None:
    kinds = {case.kind for case in CASES}
    assert kinds == {"deviation", "twist", "length", "pause", "level", "noise", "no_key"}
    assert sum(case.keys == EVERY for case in CASES) >= 30
    assert sum(case.keys == "" for case in CASES) >= 40


@pytest.mark.parametrize(
    ("part", "setting", "value", "kind"),
    [
        (tones, "_DEVIATION", 0.04, "deviation"),
        (tones, "_DEVIATION", 0.012, "deviation"),
        (tones, "_TWIST_LOW", 6.0, "twist"),
        (presses, "_ON", 2, "length"),
        (presses, "_OFF", 2, "pause"),
        (presses, "_OFF", 20, "pause"),
        (presses, "_IN_STEP", 2.0, "pause"),
        (tones, "_LEVEL_DBM0", -20.0, "level"),
        (tones, "_LEVEL_DBM0", -70.0, "level"),
        (tones, "_PURITY", 0.995, "noise"),
    ],
)
def test_a_worse_receiver_fails(
    monkeypatch: pytest.MonkeyPatch, part: ModuleType, setting: str, value: float, kind: str
) -> None:
    monkeypatch.setattr(part, setting, value)
    failed = [case.name for case in CASES if case.kind == kind and hear_keys(case.pcm) != case.keys]
    assert failed


def test_no_key_in_three_minutes_of_speech_and_music() -> None:
    found = {name: hear_keys(pcm) for name, pcm in material(180, seed=9)}
    assert len(found) >= 18
    assert {name for name, keys in found.items() if keys} == set()


@pytest.mark.parametrize("conceal", ["repeat", "silence"])
def test_keys_outlive_lost_packets(conceal: str) -> None:
    line = parse(f"loss=5,codec=pcma,conceal={conceal}")
    right = doubled = n = 0
    for number in range(100):
        keys = "".join(np.random.default_rng(number).permutation(list(EVERY)).tolist())
        heard = hear_keys(line.apply(pressed(keys, number, seconds=0.12), number))
        pairs = paired(keys, heard)
        n += len(keys)
        right += sum(there == one for there, one in pairs)
        doubled += sum(there == NOTHING for there, _ in pairs)
    assert n == 1600
    assert right >= 0.999 * n
    assert doubled == 0


def test_an_octave_is_no_key() -> None:
    """852 and 1,704 Hz lie within 2.5 % and 4.4 % of a key: a flute's note and its octave."""
    for low in (697, 770, 852, 941):
        for off in (0.97, 1.0, 1.02, 1.03):
            sound = tones.tone_pcm(low * off, 2 * low * off, seconds=0.4)
            assert hear_keys(sound) == ""


def test_what_was_heard_is_matched_to_what_was_pressed() -> None:
    assert paired("123", "13") == (("1", "1"), ("2", NOTHING), ("3", "3"))
    assert paired("12", "112") == ((NOTHING, "1"), ("1", "1"), ("2", "2"))
    assert paired("1", "7") == (("1", "7"),)
    assert paired("", "5") == ((NOTHING, "5"),)

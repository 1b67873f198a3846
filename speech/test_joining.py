"""What is joined sounds like one sentence: no click, no hole, one loudness. By its figures."""

from datetime import date, time
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.said import said_date, said_time
from core.said_words import value_words
from speech.joining import COMMA_GAP, FADE, GAP, STOP_GAP, join, pause
from speech.loudness import TARGET_DBOV, loudness
from speech.studio import Recordings
from speech.synthesis import Synthesis, Voice

RATE = 8000
STUDIO, VOICE = Voice("cmn+f2", 190), Voice("cmn", 200)


def longest_silence(sound: NDArray[np.float32]) -> float:
    """Return the longest stretch under -50 dBov within the sound, in seconds."""
    loud = np.flatnonzero(np.abs(sound) > 10 ** (-50 / 20))
    return float(np.diff(loud).max()) / RATE


def spoken(text: str, voice: Voice) -> NDArray[np.float32]:
    return Synthesis().make(text, voice)


@pytest.fixture(scope="module")
def pieces() -> list[tuple[str, NDArray[np.float32]]]:
    """A studio's pieces, too loud and with much silence around, and the voice's softer value."""
    quiet = np.zeros(RATE, np.float32)
    first = np.concatenate([quiet, spoken("您于", STUDIO) * np.float32(1.1), quiet])
    last = np.concatenate([quiet, spoken("拨打幺幺零报警", STUDIO) * np.float32(1.1), quiet])
    return [
        ("您于", first),
        ("三月五日", spoken("三月五日", VOICE) * np.float32(0.05)),
        ("拨打幺幺零报警", last),
    ]


def test_no_hole_at_a_joint(pieces: list[tuple[str, NDArray[np.float32]]]) -> None:
    joined = join(pieces, RATE)
    assert longest_silence(joined) < 0.15
    alone = sum(len(spoken(text, VOICE)) for text, _ in pieces)
    assert 0.6 * alone < len(joined) < 1.3 * alone


def test_no_click_at_a_joint() -> None:
    """A step at a joint is no greater than the sound itself makes; loud ends fall to zero."""
    at = np.arange(RATE // 2) / RATE
    hum = (0.5 * np.cos(2 * np.pi * 200 * at)).astype(np.float32)  # begins and ends at its peak
    joined = join([("一", hum), ("二", hum[: RATE // 4 + 7]), ("三", -hum)], RATE)
    own = float(np.abs(np.diff(join([("一", hum)], RATE)[100:-100])).max())
    assert np.abs(np.diff(joined)).max() <= own * 1.2  # without the fades it is six times that
    assert joined[0] == 0
    rise = np.abs(joined[: round(FADE * RATE)])
    assert rise[1] < 0.01


def test_one_loudness(pieces: list[tuple[str, NDArray[np.float32]]]) -> None:
    joined = join(pieces, RATE)
    levels = [loudness(part, RATE).active_dbov for part in _parts(pieces, joined)]
    assert max(levels) - min(levels) < 2
    assert max(levels) == pytest.approx(TARGET_DBOV, abs=2)
    assert loudness(joined, RATE).clipped == 0


def test_pauses_follow_the_sentence() -> None:
    assert pause("您于", "三月五日") == GAP
    assert pause("三月五日", "，您报警") == COMMA_GAP
    assert pause("您好，", "张三") == COMMA_GAP
    assert pause("不录音。", "您于") == STOP_GAP
    assert pause("“好。”", "再见") == STOP_GAP
    assert COMMA_GAP < 0.15


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.integers(0, 3000), st.floats(0.001, 1), st.integers(0, 2000)),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_is_joined_stays_within_bounds(parts: list[tuple[int, float, int]]) -> None:
    rng = np.random.default_rng(1)
    pieces = []
    for samples, loud, silence in parts:
        noise = rng.uniform(-1, 1, samples).astype(np.float32) * np.float32(loud)
        pieces.append(("词", np.concatenate([noise, np.zeros(silence, np.float32)])))
    joined = join(pieces, RATE)
    assert np.isfinite(joined).all()
    assert np.abs(joined).max(initial=0) < 1
    assert len(joined) <= sum(len(sound) for _, sound in pieces) + len(pieces) * 160
    sounding = [piece for piece in pieces if loudness(piece[1], RATE).active_dbov > -90]
    for (_, left), _ in pairwise(sounding):
        assert len(joined) > 0
        assert len(left)
    assert join([], RATE).size == 0


@cache
def word(text: str) -> NDArray[np.float32]:
    quiet = np.zeros(RATE // 2, np.float32)
    return np.concatenate([quiet, spoken(text, STUDIO), quiet])


@settings(max_examples=10)
@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.times())
def test_a_value_of_recorded_words_has_no_hole_and_one_loudness(day: date, at: time) -> None:
    """Dates and times put together of single recorded words, between the studio's pieces."""
    files = {text: Path(text) for text in value_words("zh")}
    known = Recordings(files, frozenset(), values=frozenset(files))
    units = known.units(said_date(day) + said_time(at))
    assert units is not None
    pieces = [(text, word(text)) for text in ("您于", *map(str, units), "报警")]
    joined = join([("", sound) for _, sound in pieces], RATE)
    assert longest_silence(joined) < 0.15
    parts = _parts(pieces, joined)
    for part in parts:  # from nothing and to nothing: no step at a joint
        assert max(np.abs(part[:4]).max(), np.abs(part[-4:]).max()) < 0.03
    levels = [loudness(part, RATE).active_dbov for part in parts]
    assert max(levels) - min(levels) < 2


def _parts(
    pieces: list[tuple[str, NDArray[np.float32]]], joined: NDArray[np.float32]
) -> list[NDArray[np.float32]]:
    """Return each piece as it lies in the joined sound."""
    found, start = [], 0
    for piece in pieces:
        length = len(join([piece], RATE))
        found.append(joined[start : start + length])
        start += length + round(GAP * RATE)
    assert start - round(GAP * RATE) == len(joined)
    return found

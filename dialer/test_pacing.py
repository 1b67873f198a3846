"""No rolling second ever holds more calls than the limits say, whatever happens around it."""

import math
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.rules import PacingRules
from dialer.pacing import GUARD, HOUSE, Bursts, Limit, back_off, grant, next_chance, take
from storage.trunk_lanes import Lane

NOON = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)


def lanes(*names: str) -> dict[str, Lane]:
    return {name: Lane(name) for name in (HOUSE, *names)}


@given(
    st.lists(st.tuples(st.floats(0, 1.5), st.floats(0, GUARD - 0.001)), min_size=5, max_size=80),
    st.floats(0.2, 40),
    st.floats(0.2, 40),
)
def test_no_rolling_second_exceeds_the_limits(steps, per_trunk, in_all) -> None:
    limits = {HOUSE: Limit(HOUSE, in_all, 10_000), "a": Limit("a", per_trunk, 10_000)}
    state, now = lanes("a"), NOON
    left: list[float] = []
    for pause, late in steps:
        now += timedelta(seconds=pause)
        start = grant(state, limits, now, timedelta(seconds=0.5))
        if start is not None:
            take(state, start)
            left.append((start.at - NOON).total_seconds() + late)
    most = max(1, math.floor(min(per_trunk, in_all)))
    left.sort()
    for i in range(len(left) - most):
        assert left[i + most] - left[i] > 1.0 - 1e-6


def test_a_full_or_resting_trunk_is_passed_over() -> None:
    limits = {
        HOUSE: Limit(HOUSE, 100, 100),
        "first": Limit("first", 10, 1, priority=0),
        "second": Limit("second", 10, 5, priority=1),
    }
    state = lanes("first", "second")
    start = grant(state, limits, NOON, timedelta(0))
    assert start is not None
    assert start.trunk == "first"
    take(state, start)
    later = NOON + timedelta(seconds=1)
    second = grant(state, limits, later, timedelta(0))
    assert second is not None
    assert second.trunk == "second"
    state["first"].open = 0
    assert grant(state, limits, later, timedelta(0)).trunk == "first"  # type: ignore[union-attr]
    state["first"].paused_until = later + timedelta(seconds=9)
    assert grant(state, limits, later, timedelta(0)).trunk == "second"  # type: ignore[union-attr]
    assert grant(state, limits, later, timedelta(0), {"first", "second"}) is None


def test_no_channel_no_call_and_no_time_to_wait_for() -> None:
    limits = {HOUSE: Limit(HOUSE, 100, 1), "a": Limit("a", 10, 5)}
    state = lanes("a")
    state[HOUSE].open = 1
    assert grant(state, limits, NOON, timedelta(0)) is None
    assert next_chance(state, limits, NOON) is None


def test_pauses_double_up_to_the_most_and_obey_retry_after() -> None:
    rules = PacingRules()
    lengths = [0.0]
    for _ in range(9):
        lengths.append(back_off(rules, lengths[-1]))
    assert lengths[1:] == [2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert back_off(rules, 0.0, retry_after=1800) == 1800


def test_five_480_in_a_row_are_the_trunk_s_trouble() -> None:
    bursts = Bursts()
    assert [bursts.trouble("a", 480, at) for at in range(5)] == [False] * 4 + [True]
    assert [bursts.trouble("a", s, 20) for s in (480, 480, 480, 480, 486, 480)] == [False] * 6
    assert not any(bursts.trouble("b", 480, at * 11.0) for at in range(9))
    assert bursts.trouble("a", 503, 30)
    assert bursts.trouble("a", 429, 30)

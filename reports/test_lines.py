"""Lines and rates are counted from the moments of the calls."""

from datetime import UTC, datetime, timedelta

from core.interval import wilson
from reports.lines import Held, lines, seconds_at_rate, starts_peak

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def held(begin: float, end: float, taken: float | None = None) -> Held:
    def at(second: float) -> datetime:
        return START + timedelta(seconds=second)

    return Held(at(begin if taken is None else taken), at(begin), at(end))


def test_lines_at_once_and_on_average_while_calling() -> None:
    found = lines([held(0, 10), held(5, 15), held(100, 110)], channels=2)
    assert found.peak == 2
    assert found.seconds_in_use == 25
    assert found.mean == 30 / 25
    assert found.seconds_full == 5


def test_a_line_that_is_given_back_is_free_for_the_next() -> None:
    assert lines([held(0, 10), held(10, 20)], channels=2).peak == 1


def test_a_claimed_line_counts_as_taken_before_it_is_dialled() -> None:
    found = lines([held(10, 20, taken=0)], channels=1)
    assert (found.seconds_in_use, found.seconds_full) == (10, 20)


def test_nobody_called() -> None:
    assert (lines([], 1).peak, lines([], 1).mean, starts_peak([])) == (0, 0.0, 0)


def test_starts_in_any_rolling_second() -> None:
    moments = (0.0, 0.5, 0.9, 1.4, 1.9, 5.0)
    assert starts_peak([held(at, at + 1) for at in moments]) == 3
    assert starts_peak([held(at, at + 9) for at in (0.0, 1.0, 2.0)]) == 1


def test_time_at_the_rate() -> None:
    calls = [held(at, at + 1) for at in (0.0, 0.54, 1.08, 60.0)]
    assert round(seconds_at_rate(calls, 2.0), 2) == 1.08


def test_starts_while_all_lines_are_taken_are_not_held_up_by_the_rate() -> None:
    calls = [held(0, 10), held(0.2, 30), held(12, 40), held(12.2, 50)]
    used = lines(calls, 2, slack=4.0)
    # From the second start until the slack after the first end, and on: both lines all the time.
    assert used.seconds_full > 30
    assert seconds_at_rate(calls, 5.0) > 0
    assert seconds_at_rate(calls, 5.0, used.full) == 0


def test_the_wilson_interval_agrees_with_published_figures() -> None:
    # Newcombe (1998), Statistics in Medicine 17:857, table I, method 3.
    for hits, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson(hits, n)
        assert (round(found[0], 4), round(found[1], 4)) == (low, high)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(20, 20)[1] == 1.0

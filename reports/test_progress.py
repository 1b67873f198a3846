"""The pace of a run: the last minute's calls, and time left only when enough is known."""

from reports.progress import Meter, Progress


def test_the_rate_is_that_of_the_last_minute() -> None:
    meter = Meter()
    for second in range(0, 301):
        rate, left = meter.take(float(second), min(second, 240) * 2, left=60)
    # The last 60 s: nothing has ended since second 240.
    assert rate == 0.0
    assert left is None
    rate, left = meter.take(301.0, 482, left=60)
    assert 0 < rate < 3


def test_time_left_is_told_only_when_enough_calls_have_ended() -> None:
    meter = Meter()
    meter.take(0.0, 0, left=100)
    assert meter.take(10.0, 4, left=96) == (24.0, None)
    assert meter.take(20.0, 10, left=90) == (30.0, 180.0)
    assert meter.take(30.0, 100, left=0)[1] == 0.0


def test_what_the_machine_is_done_with() -> None:
    progress = Progress({"waiting": 5, "calling": 2, "done": 10, "follow_up": 3}, {}, {})
    assert (progress.all, progress.finished) == (20, 13)

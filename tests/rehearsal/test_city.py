"""A city is rehearsed by the real dialer: every rule of calling holds over all its attempts."""

import asyncio
import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Row, select

from app.rehearsal import Wanted, rehearse_city
from config.loading import load
from reports.lines import Held, lines, starts_peak
from reports.rehearsal import RehearsalReport
from reports.rehearsal_text import sentences
from storage.database import Database
from storage.schema import Answer, Attempt, Callback, FollowUpItem

PEOPLE, LINES, RATE = 1000, 40, 3.0
FRIDAY = date(2026, 3, 6)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Rehearsed:
    report: RehearsalReport
    attempts: list[Row]
    callbacks: list[Row]
    answers: int
    items: list[Row]


async def _rows(file: Path) -> tuple[list[Row], list[Row], int, list[Row]]:
    database = Database(f"sqlite:///{file}")
    async with database.read() as session:
        attempts = (await session.execute(select(*Attempt.__table__.c).order_by("id"))).all()
        callbacks = (await session.execute(select(*Callback.__table__.c).order_by("id"))).all()
        answers = len((await session.execute(select(Answer.id))).all())
        items = (await session.execute(select(*FollowUpItem.__table__.c))).all()
    await database.close()
    return list(attempts), list(callbacks), answers, list(items)


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    """One rehearsal for all the tests; its people meet nobody twice in a row, so retries abound."""
    file = tmp_path_factory.mktemp("rehearsal") / "kept.db"
    wanted = Wanted(seed=7, channels=LINES, rate=RATE, keep=file)
    report = asyncio.run(
        rehearse_city(
            load(None),
            wanted,
            callbacks=PEOPLE,
            survey="emergency-aspects",
            first_day=FRIDAY,
        )
    )
    return Rehearsed(report, *asyncio.run(_rows(file)))


def test_nobody_is_called_outside_the_hours(rehearsed: Rehearsed) -> None:
    for attempt in rehearsed.attempts:
        assert 9 <= attempt.dialed_at.astimezone(SHANGHAI).hour < 20


def test_nobody_is_called_twice_a_day_nor_within_six_hours(rehearsed: Rehearsed) -> None:
    tries: dict[str, list[Row]] = defaultdict(list)
    for attempt in rehearsed.attempts:
        tries[attempt.e164].append(attempt)
    assert len(tries) == PEOPLE
    for of_one in tries.values():
        days = [attempt.dialed_at.astimezone(SHANGHAI).date() for attempt in of_one]
        assert len(set(days)) == len(days)
        for before, after in itertools.pairwise(of_one):
            assert after.dialed_at - before.ended_at >= timedelta(hours=6)


def test_nobody_is_tried_more_than_three_times(rehearsed: Rehearsed) -> None:
    tries = Counter(attempt.callback_id for attempt in rehearsed.attempts)
    assert set(tries.values()) == {1, 2, 3}
    for callback in rehearsed.callbacks:
        assert callback.sequence == tries[callback.id]


def test_lines_and_rate_are_kept(rehearsed: Rehearsed) -> None:
    held = [Held(a.claimed_at, a.dialed_at, a.ended_at) for a in rehearsed.attempts]
    # Lines are the limit here: it is reached, never passed, claimed calls included.
    assert lines([Held(h.taken_at, h.taken_at, h.ended_at) for h in held], LINES).peak == LINES
    assert starts_peak(held) <= RATE


def test_every_callback_comes_to_its_end(rehearsed: Rehearsed) -> None:
    assert all(attempt.state == "closed" for attempt in rehearsed.attempts)
    assert {callback.state for callback in rehearsed.callbacks} == {"done", "follow_up"}
    waiting_for_people = {c.id for c in rehearsed.callbacks if c.state == "follow_up"}
    assert {item.callback_id for item in rehearsed.items} == waiting_for_people
    assert rehearsed.answers > 0


def test_the_figures_are_those_of_the_database_and_add_up(rehearsed: Rehearsed) -> None:
    report = rehearsed.report
    assert report.callbacks == PEOPLE == sum(report.states.values())
    assert report.attempts == len(rehearsed.attempts) == sum(report.dispositions.values())
    assert report.dispositions == Counter(a.disposition for a in rehearsed.attempts)
    assert sum(number * times for times, number in report.tries.items()) == report.attempts
    assert sum(day.attempts for day in report.days) == report.attempts
    reached = ("completed", "partial", "refused", "broke_off")
    assert sum(day.reached for day in report.days) == sum(
        report.dispositions.get(word, 0) for word in reached
    )
    assert sum(report.follow_ups.values()) == report.states["follow_up"]
    assert sum(report.verdicts.values()) == sum(1 for c in rehearsed.callbacks if c.verdict)
    last = {a.callback_id: a.disposition for a in rehearsed.attempts}
    valid = [end for end in last.values() if end != "invalid_number"]
    assert (report.response.hits, report.response.n) == (valid.count("completed"), len(valid))
    assert report.response.low < report.response.rate < report.response.high
    assert 0 < report.lines_mean <= report.lines_peak <= LINES
    assert report.last_end == max(attempt.ended_at for attempt in rehearsed.attempts)


@pytest.mark.parametrize(("language", "word"), [("zh", "模拟"), ("en", "simulated")])
def test_the_report_in_words_says_that_it_is_simulated(
    rehearsed: Rehearsed, language: str, word: str
) -> None:
    lines_of_text = sentences(rehearsed.report, language)
    share = next(line for line in lines_of_text if f"{rehearsed.report.response.n}" in line)
    assert word in lines_of_text[0]
    assert word in share
    assert "95" in share
    assert word in lines_of_text[-1]


def test_the_same_seed_gives_the_same_figures_and_another_one_does_not() -> None:
    def once(seed: int) -> RehearsalReport:
        return asyncio.run(
            rehearse_city(
                load(None),
                Wanted(seed=seed, channels=10),
                callbacks=60,
                survey="counter",
                first_day=FRIDAY,
            )
        )

    first = once(1)
    assert once(1) == first
    assert once(2).dispositions != first.dispositions


def test_it_ends_after_the_days_that_were_asked_for() -> None:
    report = asyncio.run(
        rehearse_city(
            load(None),
            Wanted(channels=10, days=1),
            callbacks=60,
            survey="counter",
            first_day=FRIDAY,
        )
    )
    assert [day.day for day in report.days] == [FRIDAY]
    assert report.states["waiting"] > 0

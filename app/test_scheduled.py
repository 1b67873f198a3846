"""A typo in a schedule is refused with its line and column, before anybody is called."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.main import app
from app.scheduled import survey_faults, unit_faults
from config.loading import load
from storage.database import Database
from storage.schema import ScheduleRun, Unit

HEAD = "database:\n  url: sqlite:///h.db\nschedules:\n  - name: daily\n"
GOOD = '    cron: "0 9 * * *"\n    survey: emergency\n'

Command = Callable[..., Result]


@pytest.fixture
def huifang(tmp_path: Path) -> Command:
    config = tmp_path / "huifang.yaml"

    def run(text: str, *words: str) -> Result:
        config.write_text(text, "utf-8")
        return CliRunner().invoke(app, ["-c", str(config), "-l", "zh", *words])

    return run


@pytest.mark.parametrize(
    ("schedule", "code", "line", "column"),
    [
        ('    cron: "0 25 * * *"\n    survey: emergency\n', "schedule-cron", 5, 5),
        ('    cron: "0 9 * *"\n    survey: emergency\n', "schedule-cron", 5, 5),
        (GOOD.replace("emergency", "emergncy"), "schedule-unknown-survey", 6, 5),
        (GOOD + "    respondents: emergencies\n", "document-unknown-word", 7, 5),
        (GOOD + "    time_zone: Mars/Base\n", "config-time-zone", 7, 5),
        (GOOD + "    sample_by: [station]\n", "document-unknown-word", 7, 17),
        (GOOD + "transfers: [{name: a, target: somebody}]\n", "config-transfer", 7, 23),
    ],
)
def test_a_typo_is_refused_by_every_command(
    huifang: Command, schedule: str, code: str, line: int, column: int
) -> None:
    for command in (["check"], ["schedule", "list"], ["schedule", "start"], ["run"]):
        done = huifang(HEAD + schedule, *command)
        assert done.exit_code == 2
        assert f"huifang.yaml:{line}:{column} [{code}]" in done.stderr


SURVEY = """
flow: ours
title: 回访
languages: [zh]
keys:
  - {key: 9, label: 拒绝, does: refuse}
steps:
  - say: 您好，这里是公安局回访中心，想了解您的意见，不录音。拒绝请按9。
    notice: true
  - transfer: %s
  - end: completed
"""


@pytest.mark.parametrize(("target", "wrong"), [("dutty", True), ("duty", False), ("8001", False)])
def test_a_transfer_to_nobody_is_told(tmp_path: Path, target: str, *, wrong: bool) -> None:
    (tmp_path / "surveys").mkdir()
    (tmp_path / "surveys" / "ours.yaml").write_text(SURVEY % target, "utf-8")
    config = tmp_path / "huifang.yaml"
    transfers = "transfers: [{name: duty, target: '01012345678'}]\n"
    config.write_text(HEAD + GOOD.replace("emergency", "ours") + transfers, "utf-8")
    found = survey_faults(load(config, {}))
    assert [(p.code, p.place.line) for p in found] == (
        [("flow-unknown-transfer", 10)] if wrong else []
    )


async def test_a_unit_that_nobody_imported_is_told_with_the_one_that_was_meant(
    database: Database, tmp_path: Path
) -> None:
    config = tmp_path / "huifang.yaml"
    config.write_text(HEAD + GOOD + "    units: [城关派出所, 城关派出]\n", "utf-8")
    async with database.write() as session:
        session.add(Unit(name="城关派出所"))
    (fault,) = await unit_faults(load(config, {}), database)
    assert (fault.code, fault.place.line, fault.place.column) == ("schedule-unknown-unit", 7, 20)
    assert "是不是想写“城关派出所”" in fault.sentence("zh")


async def _noted(url: str) -> None:
    database = Database(url)
    await database.migrate()
    due = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    async with database.write() as session:
        for schedule, outcome, detail in (
            ("daily", "missed", "coalesced"),
            ("weekly", "failed", "没有单位"),
        ):
            session.add(ScheduleRun(schedule=schedule, due_at=due, outcome=outcome, detail=detail))
    await database.close()


async def test_lists_and_runs_are_shown_for_people_and_machines(
    huifang: Command, tmp_path: Path
) -> None:
    await _noted(f"sqlite:///{tmp_path / 'h.db'}")

    def ask(*words: str) -> str:
        done = huifang(HEAD + GOOD, "schedule", *words)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    listed = json.loads(await asyncio.to_thread(ask, "list", "--format", "json"))
    assert [(row["name"], row["survey"]) for row in listed] == [("daily", "emergency")]
    assert listed[0]["last"]["outcome"] == "missed"
    assert datetime.fromisoformat(listed[0]["next"]) > datetime.now(UTC)
    assert "daily" in await asyncio.to_thread(ask, "list")
    runs = json.loads(await asyncio.to_thread(ask, "runs", "--format", "json"))
    assert {(row["schedule"], row["outcome"]) for row in runs} == {
        ("daily", "missed"),
        ("weekly", "failed"),
    }
    shown = await asyncio.to_thread(ask, "runs", "daily")
    assert "2026-03-02 09:00" in shown
    assert "错过 停机期间错过" in shown
    assert "weekly" not in shown

"""`huifang schedule start` as a process: what was due is made and called, what passed is told."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.demo.daytime import daytime_zone
from app.scheduled import schedules
from app.wiring import opened
from config.loading import Loaded, load
from core.clock import SystemClock
from dialer.batch_report import Survey
from dialer.schedules import Schedules
from ivr.people.sip.endpoint import SipPeople
from storage.batches import BatchStatus, statuses
from storage.importing.importer import import_file
from storage.importing.shipped import find_mapping
from storage.results import results
from tests.peers.ports import rtp_ports

pytestmark = pytest.mark.live

SETTINGS = """\
language: en
database: {{url: "sqlite:///huifang.db"}}
folders: {{data: .}}
calling: {{time_zone: {zone}, tries: 1}}
pacing: {{calls_per_second: 4, channels: 4}}
sip: {{rtp_ports: [{low}, {high}]}}
trunks:
  - {{name: people, uri: "{uri}", channels: 4, calls_per_second: 4}}
schedules:
  - {{name: often, cron: "{cron}", survey: short, time_zone: {zone}}}
"""
SURVEY = """\
flow: short
title: 回访
languages: [zh]
keys:
  - {key: 9, label: 拒绝, does: refuse}
steps:
  - say: 您好，公安局回访中心，问您是否满意，不录音，拒绝请按9。
    notice: true
  - ask: 满意请按1，不满意请按3。
    id: overall
    choices:
      - {key: 1, label: 满意, verdict: satisfied}
      - {key: 3, label: 不满意, verdict: dissatisfied}
  - end: completed
"""
CASES = "警情编号,报警人,联系电话,报警时间,报警类别\nJ1,张三,13900001101,{day},110警情\n"


@pytest.fixture
def cron() -> str:
    return "*/10 * * * *"


@pytest.fixture
async def house(tmp_path: Path, cron: str) -> AsyncIterator[Loaded]:
    people = SipPeople("127.0.0.1", 0)
    await people.start()
    rtp = rtp_ports()
    config = tmp_path / "huifang.yaml"
    uri = f"sip:{people.host}:{people.port}"
    zone = daytime_zone(datetime.now(UTC))
    settings = SETTINGS.format(zone=zone, uri=uri, low=rtp.rtp_from, high=rtp.rtp_until, cron=cron)
    config.write_text(settings, "utf-8")
    (tmp_path / "surveys").mkdir()
    (tmp_path / "surveys" / "short.yaml").write_text(SURVEY, "utf-8")
    cases = tmp_path / "cases.csv"
    cases.write_text(CASES.format(day=f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"), "utf-8")
    loaded = load(config, {})
    async with opened(loaded) as database:
        await import_file(database, cases, find_mapping("police"), clock=SystemClock())
    yield loaded
    await people.close()


async def _was_down_for_an_hour(loaded: Loaded) -> None:
    """Leave the job store as a process leaves it that ended an hour ago."""
    async with opened(loaded) as database:
        earlier = Schedules(
            database,
            schedules(loaded),
            survey=lambda each: Survey(each.survey, 1, "a" * 64, ""),
            rules=loaded.settings.calling.rules(),
            clock=SystemClock(),
        )
        await earlier.start()
        earlier._scheduler.pause()
        due = datetime.now(UTC) - timedelta(hours=1)
        earlier._scheduler.modify_job("often", next_run_time=due)
        await earlier.stop()


async def _done(loaded: Loaded) -> BatchStatus:
    """Wait until the batch is finished; returns its status."""
    async with opened(loaded) as database:
        while True:
            async with database.read() as session:
                found = await statuses(session)
            if done := [one for one in found if one.state == "finished" and one.callbacks]:
                return done[0]
            await asyncio.sleep(0.3)  # another process finishes it: there is no event here


async def _called_by_schedule(loaded: Loaded) -> tuple[BatchStatus, str]:
    """Let `huifang schedule start` run until a batch is finished, then end it by Ctrl-C.

    Returns the batch, and what the process showed.
    """
    process = await asyncio.create_subprocess_exec(
        *_command(loaded, "start"), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        finished = asyncio.create_task(_done(loaded))
        ended = asyncio.create_task(process.wait())
        await asyncio.wait({finished, ended}, timeout=180, return_when=asyncio.FIRST_COMPLETED)
        if not finished.done():
            finished.cancel()
            if process.returncode is None:
                process.terminate()
            pytest.fail((await process.communicate())[0].decode())
        batch = await finished
        process.send_signal(signal.SIGINT)
        told, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
    assert process.returncode == 0, told.decode()
    return batch, told.decode()


async def _runs(loaded: Loaded) -> list[dict[str, Any]]:
    """Return what `huifang schedule runs` tells, latest first."""
    asked = await asyncio.create_subprocess_exec(
        *_command(loaded, "runs", "--format", "json"), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asked.communicate()
    runs: list[dict[str, Any]] = json.loads(out)
    return runs


def _command(loaded: Loaded, *words: str) -> list[str]:
    config = str(loaded.folder / "huifang.yaml")
    return [sys.executable, "-m", "app", "-c", config, "schedule", *words]


async def _one_was_satisfied(loaded: Loaded) -> None:
    async with opened(loaded) as database:
        (result,) = [found async for found in results(database)]
    assert (result.disposition, result.verdict) == ("completed", "satisfied")


async def test_a_schedule_makes_and_calls_its_batch_and_tells_what_was_missed(
    house: Loaded,
) -> None:
    await _was_down_for_an_hour(house)
    batch, shown = await _called_by_schedule(house)
    assert "missed while nothing ran" in shown
    assert "batch made" in shown
    assert batch.schedule == "often"
    await _one_was_satisfied(house)
    runs = await _runs(house)
    while runs[0]["outcome"] == "nothing_to_do":  # a later time came before Ctrl-C
        runs = runs[1:]
    assert [run["outcome"] for run in runs] == ["made"] + ["missed"] * (len(runs) - 1)
    assert len(runs) >= 6
    assert runs[0]["batch"] == batch.id


@pytest.mark.parametrize("cron", ["* * * * *"])
async def test_a_process_that_waits_makes_its_batch_when_the_minute_comes(house: Loaded) -> None:
    before = datetime.now(UTC)
    batch, shown = await _called_by_schedule(house)
    assert "missed" not in shown
    assert "batch made" in shown
    assert batch.schedule == "often"
    await _one_was_satisfied(house)
    # Later minutes may have come before Ctrl-C: they found nobody left to call.
    *later, first = await _runs(house)
    assert (first["outcome"], first["batch"]) == ("made", batch.id)
    due = datetime.fromisoformat(first["due"])
    assert due > before  # the process waited for it, and nothing was due when it began
    assert (due.second, due.microsecond) == (0, 0)
    assert {run["outcome"] for run in later} <= {"nothing_to_do"}

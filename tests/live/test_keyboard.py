"""Ctrl-C at a running batch: once drains, twice hangs up; nobody is lost and nobody doubled."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.demo.house import DemoHouse, Surroundings, build
from storage.database import Database
from storage.schema import Attempt, Callback, FollowUpItem
from tests.live.test_readme import ROOT, people
from tests.peers.ports import rtp_setting

pytestmark = pytest.mark.live


def huifang(house: DemoHouse, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "app", "-c", str(house.settings_file), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def running(folder: Path) -> Iterator[tuple[DemoHouse, "subprocess.Popen[str]"]]:
    """Run a batch of sixty in a process of its own, with twelve calls under way."""
    with people() as trunk:
        house = build(folder, Surroundings(f"sip:{trunk}"), datetime.now(UTC), "en")
        huifang(house, "import", str(house.cases_file))
        huifang(house, "batch", "make", "sixty", "--survey", "demo")
        command = [sys.executable, "-m", "app", "-c", str(house.settings_file), "run", "sixty"]
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | rtp_setting(),
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                until = time.monotonic() + 60
                while answered(house) < 4:
                    assert process.poll() is None, "ended by itself"
                    assert time.monotonic() < until, "nobody was called"
                    time.sleep(0.2)  # another process: there is nothing to wait on
                yield house, process
            finally:
                if process.poll() is None:
                    process.kill()


def answered(house: DemoHouse) -> int:
    return asyncio.run(_count(house, Attempt.answered_at.is_not(None)))


async def _count(house: DemoHouse, *conditions: object, of: type = Attempt) -> int:
    database = Database(house.loaded.database_url)
    try:
        if not (house.folder / "huifang.db").exists():
            return 0
        async with database.read() as session:
            query = select(func.count()).select_from(of).where(*conditions)  # type: ignore[arg-type]
            return await session.scalar(query) or 0
    finally:
        await database.close()


def count(house: DemoHouse, *conditions: object, of: type = Attempt) -> int:
    return asyncio.run(_count(house, *conditions, of=of))


def test_once_drains(tmp_path: Path) -> None:
    with running(tmp_path / "house") as (house, process):
        process.send_signal(signal.SIGINT)
        begun = count(house)
        assert process.wait(90) == 0
        # A claim may have been under way in that instant; after it nobody is called.
        assert begun <= count(house) <= begun + 1
        assert count(house, Attempt.state == "open") == 0
        assert count(house, Attempt.disposition == "unknown") == 0
        assert count(house, Attempt.reason == "stopped") == 0
        assert count(house, Callback.state == "waiting", of=Callback) >= 40
    status = json.loads(huifang(house, "batch", "status", "sixty", "--format", "json"))
    assert status["state"] == "running"


def test_twice_hangs_up(tmp_path: Path) -> None:
    with running(tmp_path / "house") as (house, process):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)  # a person does not press twice in one instant
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert count(house, Attempt.state == "open") == 0
        stopped = count(house, Attempt.reason == "stopped", Attempt.answered_at.is_not(None))
        assert stopped >= 1
        # Whoever had answered is heard by a person, and not called again by the machine.
        assert count(house, of=FollowUpItem) >= stopped

"""Batches that are started while the house is at work: looked at first, or paused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.serving.admission import Admission
from app.serving.house import House
from app.test_plans import TRUNK
from config.loading import load
from conftest import World
from core.clock import SystemClock
from core.errors import AuthorError, Place, problem
from core.plan import NOTICE, SHIPPED
from storage.database import Database
from storage.schema import Batch


@pytest.fixture
def house(sqlite: Database) -> Callable[..., Admission]:
    def admission(told: list[str], **absent: str) -> Admission:
        return Admission(sqlite, SystemClock(), "en", told.append, absent)

    return admission


async def state(database: Database, batch: Batch) -> tuple[str, str]:
    async with database.read() as session:
        now = await session.get_one(Batch, batch.id)
        return now.state, now.state_reason


async def set_state(database: Database, batch: Batch, word: str) -> None:
    async with database.write() as session:
        (await session.get_one(Batch, batch.id)).state = word


async def test_what_cannot_be_held_is_paused_and_looked_at_again_once_it_is_resumed(
    sqlite_world: World, sqlite: Database, house: Callable[..., Admission]
) -> None:
    good = await sqlite_world.batch(state="running")
    bad = await sqlite_world.batch(state="running")
    ready = await sqlite_world.batch(state="ready")
    faults = {
        bad.id: problem(
            "app-unknown-survey", Place("s.yaml", 3, 1), name="s", folder="f", known="-"
        )
    }
    asked: list[int] = []

    async def admit(batch: int) -> None:
        asked.append(batch)
        if batch in faults:
            raise AuthorError(faults[batch])

    told: list[str] = []
    admission = house(told)
    await admission.look(admit)
    await admission.look(admit)
    assert asked == [good.id, bad.id]
    assert admission.admitted == {good.id}
    word, reason = await state(sqlite, bad)
    assert (word, [reason]) == ("paused", told)
    assert reason.startswith("s.yaml:3:1 [app-unknown-survey]")

    faults.clear()  # mended
    await set_state(sqlite, bad, "running")
    await set_state(sqlite, ready, "running")
    await admission.look(admit)
    assert admission.admitted == {good.id, bad.id, ready.id}
    assert len(told) == 1


async def test_a_batch_whose_channel_is_not_here_is_paused(
    sqlite_world: World, sqlite: Database, house: Callable[..., Admission], tmp_path: Path
) -> None:
    by_text = await sqlite_world.batch(state="running", channel="sms")
    plan = SHIPPED["notice_then_voice"].as_json()
    announced = await sqlite_world.batch(state="running", channel=NOTICE, plan=plan)
    by_voice = await sqlite_world.batch(state="running")

    async def admit(_batch: int) -> None:
        """Nothing is missing."""

    told: list[str] = []
    (tmp_path / "huifang.yaml").write_text(TRUNK, "utf-8")
    without = House(load(tmp_path / "huifang.yaml", {}), sqlite, SystemClock(), "en")
    admission = house(told, **without.absent)
    await admission.look(admit)
    assert admission.admitted == {by_voice.id}
    for batch in (by_text, announced):
        assert (await state(sqlite, batch))[0] == "paused"
    assert "[run-no-text-gateway]" in told[0]

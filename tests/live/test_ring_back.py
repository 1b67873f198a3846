"""Who was not reached rings back: `huifang serve` as a process, SIPp as the trunk."""

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.demo.daytime import daytime_zone
from app.wiring import opened
from config.loading import Loaded, load
from core.clock import SystemClock
from ivr.people.sip.endpoint import SipPeople
from storage.database import Database
from storage.importing.importer import import_file
from storage.importing.shipped import find_mapping
from storage.schema import Answer, Attempt, Callback, FollowUpItem, IncomingCall
from tests.peers import pcap, sipp
from tests.peers.ports import free_port, rtp_ports
from tests.peers.sipp_caller import HANGS_UP, IS_HUNG_UP_ON, Caller

pytestmark = pytest.mark.live
LIMIT = 60.0

SETTINGS = """\
language: en
database: {{url: "sqlite:///huifang.db"}}
folders: {{data: .}}
calling: {{time_zone: {zone}}}
pacing: {{calls_per_second: 8, channels: 6}}
sip: {{rtp_ports: [{low}, {high}]}}
pick_up: {{listen: false}}
ring_back: {{sip_port: {port}, office: "12389"}}
trunks:
  - {{name: people, uri: "{uri}", channels: 6, calls_per_second: 8}}
"""
SURVEY = """\
flow: three
title: 回访
languages: [zh]
aspects: {speed: 速度, attitude: 态度, overall: 总体}
keys:
  - {key: 9, label: 拒绝, does: refuse}
steps:
  - say: 回访，不录音，拒绝按9。
    notice: true
  - ask: 快按1，慢按3。
    id: speed
    aspect: speed
    choices: &rating
      - {key: 1, label: 满意, verdict: satisfied}
      - {key: 3, label: 不满意, verdict: dissatisfied}
  - ask: 态度好按1，不好按3。
    id: attitude
    aspect: attitude
    choices:
      - {key: 1, label: 满意, verdict: satisfied}
      - {key: 3, label: 不满意, verdict: dissatisfied}
  - ask: 总体满意按1，不满意按3。
    id: overall
    aspect: overall
    choices:
      - {key: 1, label: 满意, verdict: satisfied}
      - {key: 3, label: 不满意, verdict: dissatisfied}
  - end: completed
    say: 谢谢。
""".replace("&rating", "")
BUSY, LEAVES, BUSY_TOO = "13900001107", "13900001106", "13900001207"
CASES = "警情编号,报警人,联系电话,报警时间,报警类别\n" + "".join(
    f"J{n},P{n},{number},{{day}},110警情\n" for n, number in enumerate((BUSY, LEAVES, BUSY_TOO))
)


@dataclass
class House:
    """A house with a batch of three people: two are busy, one leaves midway."""

    loaded: Loaded

    @property
    def port(self) -> int:
        """Where it can be rung."""
        return self.loaded.settings.ring_back.sip_port

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "app", "-c", str(self.loaded.folder / "huifang.yaml"), *words]

    async def do(self, *words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *self.command(*words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        told, _ = await asyncio.wait_for(process.communicate(), LIMIT)
        assert process.returncode == 0, told.decode()
        return told.decode()

    @contextlib.asynccontextmanager
    async def serves(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run `huifang serve` until the block ends."""
        with (self.loaded.folder / "serve.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *self.command("serve"), stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), 30)
            if process.returncode is None:
                process.kill()
                await process.wait()

    def log(self) -> str:
        return (self.loaded.folder / "serve.log").read_text(errors="replace")

    def caller(self, number: str, *steps: str, **more: object) -> Caller:
        folder = self.loaded.folder / f"caller-{random.randrange(10**9)}"
        return Caller(folder, number, self.port, *steps, **more)  # type: ignore[arg-type]

    def presses(self, keys: str, *, every: float = 1.5) -> str:
        """Return a step that presses `keys` one after another, whatever is heard."""
        pressed = []
        for n, key in enumerate(keys):
            at = 1.0 + n * every
            pressed += pcap.press(key, at=at, sequence=1 + 20 * n, timestamp=1000 + int(at * 8000))
        path = self.loaded.folder / f"keys-{random.randrange(10**9)}.pcap"
        return sipp.sound(pcap.write(path, pressed))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    people = SipPeople("127.0.0.1", 0)
    await people.start()
    config = tmp_path / "huifang.yaml"
    rtp = rtp_ports()
    settings = SETTINGS.format(
        zone=daytime_zone(datetime.now(UTC)),
        uri=f"sip:{people.host}:{people.port}",
        low=rtp.rtp_from,
        high=rtp.rtp_until,
        port=free_port(),
    )
    config.write_text(settings, "utf-8")
    (tmp_path / "surveys").mkdir()
    (tmp_path / "surveys" / "three.yaml").write_text(SURVEY, "utf-8")
    cases = tmp_path / "cases.csv"
    cases.write_text(CASES.format(day=f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"), "utf-8")
    house = House(load(config, {}))
    async with opened(house.loaded) as database:
        await import_file(database, cases, find_mapping("police"), clock=SystemClock())
    await house.do("batch", "make", "March", "--survey", "three")
    await house.do("batch", "start", "March")
    yield house
    await people.close()


async def tried(house: House, attempts: int) -> list[Attempt]:
    """Wait until so many attempts have their end."""
    async with opened(house.loaded) as database, asyncio.timeout(LIMIT):
        while True:
            async with database.read() as session:
                found = list(await session.scalars(select(Attempt).order_by(Attempt.id)))
            if len(found) >= attempts and all(one.state == "closed" for one in found):
                return found
            await asyncio.sleep(0.1)


async def answers_of(database: Database, attempt: Attempt) -> list[tuple[str, str]]:
    async with database.read() as session:
        rows = await session.scalars(
            select(Answer).where(Answer.attempt_id == attempt.id).order_by(Answer.position)
        )
        return [(row.step, row.value) for row in rows]


async def test_people_ring_back_each_as_he_is(house: House) -> None:
    """Two were busy and one left midway. He goes on where he left; strangers and people whom we
    do not know learn nothing of anybody; each is counted."""
    async with house.serves():
        await tried(house, 3)
        callers = {
            "left": house.caller("0" + LEAVES, house.presses("1" * 20), IS_HUNG_UP_ON),
            "unknown": house.caller("013912345678", IS_HUNG_UP_ON),
            "hidden": house.caller("anonymous", IS_HUNG_UP_ON, headers=["Privacy: id"]),
            "stranger": house.caller(BUSY, refused=403, address="127.0.0.2"),
        }
        async with contextlib.AsyncExitStack() as stack:
            for caller in callers.values():
                await stack.enter_async_context(caller)
            for name, caller in callers.items():
                assert await caller.finished(), (name, caller.errors())
        async with house.caller(BUSY, sipp.pause(3000), HANGS_UP) as caller:
            assert await caller.finished(), caller.errors()
        *_, again, second = await tried(house, 5)
    async with opened(house.loaded) as database:
        async with database.read() as session:
            calls = list(await session.scalars(select(IncomingCall)))
            callbacks = {one.id: one for one in await session.scalars(select(Callback))}
            first = await session.scalar(
                select(Attempt).where(
                    Attempt.callback_id == again.callback_id, Attempt.direction == "outgoing"
                )
            )
        assert first is not None
        assert first.disposition == "partial"
        assert await answers_of(database, first) == [("speed", "不满意")]
        assert (again.direction, again.disposition) == ("incoming", "completed")
        assert [step for step, _ in await answers_of(database, again)] == ["attitude", "overall"]
    assert callbacks[again.callback_id].state == "done"
    assert sorted(call.welcome for call in calls) == ["survey", "survey", "unknown", "withheld"]
    assert {call.state for call in calls} == {"closed"}
    assert "call of a stranger refused" in house.log()
    # Whoever breaks off is called again as planned; his call was none of our tries.
    assert second.disposition == "broke_off"
    left = callbacks[second.callback_id]
    assert (left.state, left.tries) == ("waiting", 1)
    assert "got in touch with us: completed" in await house.do("why", LEAVES)
    assert "nothing is waiting for the number" in await house.do("why", "13912345678")


async def test_a_kill_in_the_middle_of_a_call_loses_no_answer(house: House) -> None:
    async with house.serves() as process:
        await tried(house, 3)
        caller = house.caller(BUSY, house.presses("333", every=5.0), IS_HUNG_UP_ON)
        async with caller, opened(house.loaded) as database:
            await answered(database, BUSY)
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
            # The lines see that the house is gone, and hang up.
            assert await caller.finished(), caller.errors()
    async with house.serves():
        *_, broken = await tried(house, 4)
        async with house.caller(BUSY, house.presses("1" * 20), IS_HUNG_UP_ON) as again:
            assert await again.finished(), again.errors()
        *_, rang = await tried(house, 5)
    async with opened(house.loaded) as database:
        assert (broken.direction, broken.disposition) == ("incoming", "unknown")
        assert await answers_of(database, broken) == [("speed", "不满意")]
        assert (rang.direction, rang.disposition) == ("incoming", "completed")
        assert [step for step, _ in await answers_of(database, rang)] == ["attitude", "overall"]
        async with database.read() as session:
            callback = await session.get_one(Callback, rang.callback_id)
            item = await session.scalar(
                select(FollowUpItem).where(FollowUpItem.callback_id == callback.id)
            )
    assert callback.state == "done"
    assert item is not None
    assert (item.reason, item.state) == ("unknown", "closed")


async def answered(database: Database, number: str) -> None:
    """Wait until the answer that somebody gave in a call of his is written down."""
    async with asyncio.timeout(LIMIT):
        while True:
            async with database.read() as session:
                given = await session.scalar(
                    select(Answer.id)
                    .join(Attempt, Attempt.id == Answer.attempt_id)
                    .where(Attempt.e164 == f"+86{number}", Attempt.direction == "incoming")
                )
            if given is not None:
                return
            await asyncio.sleep(0.1)

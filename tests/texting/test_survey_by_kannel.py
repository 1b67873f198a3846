"""A whole survey through a real Kannel: the worker asks, a person behind it replies."""

from pathlib import Path

import pytest

from dialer.texting.worker import TextWorker
from ivr.texting.contract import DeliveryReport, IncomingText, TextEvent
from storage.database import Database
from tests.dialing.town import MORNING
from tests.peers.kannel import Kannel
from tests.peers.web_hooks import HookServer, Kept
from tests.texting.desk import ONE, Desk, HandClock
from tests.texting.test_kannel import gateway
from tests.texting.town import RULES, programs, settle_texts

pytestmark = pytest.mark.live


async def test_a_survey_is_held_and_its_answers_are_kept(sqlite: Database, tmp_path: Path) -> None:
    came = Kept()
    async with HookServer() as server:
        hooks = f"{server.url}/hooks/kannel"
        async with Kannel(tmp_path, hooks) as kannel:
            driver = server.hooks["kannel"] = gateway(kannel.address, hooks)
            await settle_texts(sqlite, (ONE,))
            clock = HandClock(MORNING)
            worker = TextWorker(sqlite, clock, [driver], programs, RULES, name="desk")
            desk = Desk(sqlite, clock, driver, worker)  # type: ignore[arg-type] - it only asks its name

            async def take(name: str, event: TextEvent) -> None:
                await worker.take(name, event)
                await came(name, event)

            await driver.start(take)
            before = len(await came.until(IncomingText))  # who was at the fake centre first
            await desk.look()

            def delivered() -> int:
                arrived = [r.id for r in came.of(DeliveryReport) if r.state == "delivered"]
                return len(set(arrived))

            for turn, reply in enumerate(("1", "超过二十分钟", "民警态度很好，谢谢&"), 1):
                await came.when(lambda turn=turn: delivered() == turn)
                clock.forward(seconds=30)
                await kannel.writes(ONE, "1069", reply)
                await came.until(IncomingText, before + turn)
                await desk.look()
            await came.when(lambda: delivered() == 4)  # three questions and the thanks
            seen = await desk.kept()
            given = {step: (kept.raw, kept.verdict) for step, kept in seen.answers[ONE].items()}
            assert given["overall"] == ("1", "satisfied")
            assert given["arrival"] == ("超过二十分钟", None)
            assert seen.answers[ONE]["comment"].value == "民警态度很好，谢谢&"
            assert seen.states(ONE, "out") == ["delivered"] * 4
            assert [text for _, _, text in kannel.received()] == seen.texts(ONE)
            await driver.close()

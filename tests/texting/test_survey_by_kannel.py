"""A whole survey through a real Kannel, held by `huifang serve` and its own web server."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import surveys
from app.demo.daytime import daytime_zone
from app.wiring import opened
from config.loading import load
from core.clock import SystemClock
from core.plan import BY_SMS
from dialer.batches import create_batch
from storage.batches import ask, batch_named
from storage.database import Database
from storage.importing.importer import import_file
from storage.importing.shipped import find_mapping
from storage.selection import CaseQuery
from tests.peers.kannel import Kannel
from tests.peers.ports import free_port
from tests.peers.serving import Serving
from tests.texting.town import SURVEY, Kept, kept

pytestmark = pytest.mark.live

ONE = "+8613800000000"
SETTINGS = """\
database: {{url: "sqlite:///huifang.db"}}
folders: {{data: .}}
calling: {{time_zone: {zone}, tries: 1}}
text_gateways:
  - name: kannel
    driver: http
    description: kannel
    messages_per_second: 100
    values: {{address: "{address}", sender: "1069"}}
    secrets: {{username: {{env: T_USER}}, password: {{env: T_PASSWORD}}, hook: {{env: T_HOOK}}}}
"""
SECRETS = {"T_USER": Kannel.username, "T_PASSWORD": Kannel.password, "T_HOOK": Kannel.secret}
CASES = "警情编号,报警人,联系电话,报警时间,报警类别\nJ1,张三,{number},{day},110警情\n"


async def _batch_by_text(house: Serving) -> None:
    """Make a running batch by text of one person."""
    known, clock = load(house.config, SECRETS), SystemClock()
    (house.folder / "surveys").mkdir()
    (house.folder / "surveys" / "town.yaml").write_text(SURVEY, "utf-8")
    cases = house.folder / "cases.csv"
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    cases.write_text(CASES.format(number=ONE, day=day), "utf-8")
    async with opened(known, clock) as database:
        await import_file(database, cases, find_mapping("police"), clock=clock)
        await create_batch(
            database,
            name="texts",
            survey=surveys.writable(known, "town").facts,
            query=CaseQuery(),
            rules=known.settings.calling.rules(),
            clock=clock,
            plan=BY_SMS,
        )
        async with database.write() as session:
            batch = await batch_named(session, "texts")
            assert batch
            assert await ask(session, batch, "start", by="test", now=clock.now())


async def _delivered(database: Database, number: int) -> Kept:
    """Wait until so many messages have arrived, as Kannel reports; returns what is kept."""
    async with asyncio.timeout(60):
        while True:
            seen = await kept(database)
            if seen.states(ONE, "out") == ["delivered"] * number:
                return seen
            await asyncio.sleep(0.1)  # another process writes it: there is no event here


async def test_a_survey_is_held_and_its_answers_are_kept(tmp_path: Path) -> None:
    kannel_port = free_port()
    settings = SETTINGS.format(
        zone=daytime_zone(datetime.now(UTC)), address=f"http://127.0.0.1:{kannel_port}"
    )
    house = Serving(tmp_path, settings, SECRETS)
    async with Kannel(tmp_path, f"{house.url}/hooks/kannel", sending=kannel_port) as kannel, house:
        await _batch_by_text(house)  # it begins with what is started while it is at work
        known = load(house.config, SECRETS)
        async with opened(known) as database:
            for turn, reply in enumerate(("1", "超过二十分钟", "民警态度很好，谢谢&"), 1):
                await _delivered(database, turn)
                await kannel.writes(ONE, "1069", reply)
            seen = await _delivered(database, 4)  # three questions and the thanks
        given = {step: (one.raw, one.verdict) for step, one in seen.answers[ONE].items()}
        assert given["overall"] == ("1", "satisfied")
        assert given["arrival"] == ("超过二十分钟", None)
        assert seen.answers[ONE]["comment"].value == "民警态度很好，谢谢&"
        assert [text for _, _, text in kannel.received()] == seen.texts(ONE)
        [attempt] = seen.attempts[ONE]
        assert (attempt.state, attempt.disposition) == ("closed", "completed")
        health = await house.health()
        assert health["well"]
        assert set(health["parts"]) == {"texts", "webhooks", "monitor"}
        # Replies and reports, and none refused.
        assert health["webhooks"]["taken"] >= 3 + 4
        assert health["webhooks"]["refused"] == {}
        assert await house.drain() == 0
        assert any("Webhooks:" in line for line in house.shown)

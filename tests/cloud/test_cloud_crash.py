"""`huifang serve` is killed in the middle of a call that the provider holds, and started again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import surveys
from app.demo.daytime import daytime_zone
from app.wiring import opened
from config.loading import load
from core.clock import SystemClock
from dialer.batches import create_batch
from storage.batches import ask, batch_named
from storage.importing.importer import import_file
from storage.importing.shipped import find_mapping
from storage.selection import CaseQuery
from tests.cloud.house import SURVEY, everything
from tests.peers.serving import Serving
from tests.peers.twilio_api import ACCOUNT, TOKEN
from tests.peers.twilio_voice import CALLER, PlacedCall, TwilioVoice

pytestmark = pytest.mark.live
DISSATISFIED = "+8613800000003"
SETTINGS = """\
database: {{url: "sqlite:///huifang.db"}}
folders: {{data: .}}
calling: {{time_zone: {zone}, tries: 1}}
trunks:
  - name: cloud
    driver: twilio
    account_sid: {account}
    auth_token_env: T_TOKEN
    caller_id: "{caller}"
    api_url: "{api}"
"""
CASES = "警情编号,报警人,联系电话,报警时间,报警类别\nJ1,张三,{number},{day},110警情\n"


async def _batch(house: Serving) -> None:
    known, clock = load(house.config, house.environ), SystemClock()
    (house.folder / "surveys").mkdir()
    (house.folder / "surveys" / "overall.yaml").write_text(SURVEY, "utf-8")
    cases = house.folder / "cases.csv"
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    cases.write_text(CASES.format(number=DISSATISFIED, day=day), "utf-8")
    async with opened(known, clock) as database:
        await import_file(database, cases, find_mapping("police"), clock=clock)
        await create_batch(
            database,
            name="cloud",
            survey=surveys.callable_by(known, "overall").facts,
            query=CaseQuery(),
            rules=known.settings.calling.rules(),
            clock=clock,
        )
        async with database.write() as session:
            batch = await batch_named(session, "cloud")
            assert batch
            assert await ask(session, batch, "start", by="test", now=clock.now())


async def test_the_call_goes_on_its_answers_are_kept_and_nobody_is_called_twice(
    tmp_path: Path,
) -> None:
    killed = False

    async def before(_word: str, _call: PlacedCall, sent: dict[str, str]) -> None:
        nonlocal killed
        if sent.get("Digits") == "2" and not killed:
            killed = True
            await house.kill()
            house.shown.clear()  # it is waited for by what it shows
            await house.start()

    async with TwilioVoice(before=before) as api:
        zone = daytime_zone(datetime.now(UTC))
        settings = SETTINGS.format(zone=zone, account=ACCOUNT, caller=CALLER, api=api.url)
        house = Serving(tmp_path, settings, {"T_TOKEN": TOKEN})
        await _batch(house)
        async with house, opened(load(house.config, house.environ)) as database:
            kept = await everything(database, lambda seen: seen.closed(1), seconds=60)
            assert await house.drain() == 0
        assert killed
        assert api.faults == []
        assert len(api.calls) == 1
    attempt = kept.of(DISSATISFIED)
    assert (attempt.disposition, attempt.verdict) == ("completed", "dissatisfied")
    assert list(kept.said(DISSATISFIED)) == ["overall", "reason", "opinion"]

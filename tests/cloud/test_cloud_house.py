"""What who runs the house sees of a cloud line: `huifang check`, and a batch that is stopped."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.main import app
from storage.database import Database
from tests.cloud.house import house, people, settings
from tests.dialing.line import running
from tests.peers.twilio_api import TOKEN
from tests.peers.twilio_voice import PlacedCall, TwilioVoice

pytestmark = pytest.mark.live
SATISFIED = "+8613800000001"


@pytest.mark.parametrize(("password", "good"), [(TOKEN, True), ("somebody else's", False)])
async def test_check_shows_the_account_and_calls_nobody(
    tmp_path: Path, password: str, good: bool
) -> None:
    async with TwilioVoice() as api:
        settings(tmp_path, "https://house.example", api.url)
        words = ["--config", str(tmp_path / "huifang.yaml"), "check", "--format", "json"]
        env = {"T_TOKEN": password}
        shown = await asyncio.to_thread(CliRunner().invoke, app, words, env=env)
        assert api.calls == {}
    [line] = [one for one in json.loads(shown.stdout)["findings"] if one["what"] == "trunk"]
    assert (line["name"], line["good"]) == ("cloud", good)
    assert ("Authenticate" in line["detail"]) is not good
    assert password not in shown.stdout


async def test_stopping_hangs_up_at_the_provider_and_leaves_no_open_attempt(
    sqlite: Database, tmp_path: Path
) -> None:
    await people(sqlite, [SATISFIED])
    talks, stopped = asyncio.Event(), asyncio.Event()

    async def before(word: str, _call: PlacedCall, sent: dict[str, str]) -> None:
        if sent.get("Digits"):
            talks.set()
            await stopped.wait()

    async with house(sqlite, tmp_path, TwilioVoice(before=before)) as cloud:
        async with asyncio.timeout(30), running(cloud.dialer) as run:
            await talks.wait()
            cloud.dialer.stop()
            await run
        [call] = cloud.api.calls.values()
        assert call.line is not None
        assert call.line.over
        kept = await cloud.kept()
        stopped.set()
        await cloud.api.all_over()
    assert kept.closed(1)
    assert kept.of(SATISFIED).answered_at is not None
    assert len(cloud.api.calls) == 1
    assert cloud.api.faults == []

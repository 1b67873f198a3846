"""A batch over a cloud line that is stopped."""

import asyncio
from pathlib import Path

import pytest

from storage.database import Database
from tests.cloud.house import house, people
from tests.dialing.line import running
from tests.peers.twilio_voice import PlacedCall, TwilioVoice

pytestmark = pytest.mark.live
SATISFIED = "+8613800000001"


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

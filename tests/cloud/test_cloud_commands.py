"""What `huifang check` says of a line of the cloud provider; nobody is called for it."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.main import app
from tests.cloud.house import settings
from tests.peers.twilio_api import TOKEN
from tests.peers.twilio_voice import TwilioVoice

pytestmark = pytest.mark.live
PUBLIC = "https://callback.example.cn"


def finding(folder: Path) -> dict[str, object]:
    """Return what `huifang check` says of the trunk."""
    run = CliRunner().invoke(
        app, ["--config", str(folder / "huifang.yaml"), "check", "--format", "json"]
    )
    [found] = [each for each in json.loads(run.output)["findings"] if each["what"] == "trunk"]
    return found


@pytest.mark.parametrize(("token", "good"), [(TOKEN, True), ("wrong", False)])
async def test_check_asks_for_the_account_and_calls_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str, good: bool
) -> None:
    async with TwilioVoice() as api:
        settings(tmp_path, PUBLIC, api.url)
        monkeypatch.setenv("T_TOKEN", token)
        found = await asyncio.to_thread(finding, tmp_path)
        assert api.calls == {}
    assert (found["good"], found["name"]) == (good, "cloud")
    assert "SIP" not in str(found["detail"])
    assert ("Authenticate" in str(found["detail"])) is not good

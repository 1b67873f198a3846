from pathlib import Path
from socket import SOCK_STREAM

import pytest

from app.readiness import speech, web_findings
from config.loading import load
from tests.peers.ports import free_port


@pytest.mark.parametrize(
    ("settings", "good", "said"),
    [
        ("language: zh\n", False, "speech-unheard"),
        ("speech: {without_model: keys}\n", True, "speech-by-keys"),
        ("speech: {servers: {ko: 'ws://asr:2700'}}\n", True, ""),
        ("speech: {models: {ko: gone}}\n", False, "speech-model-missing"),
        ("folders: {surveys: elsewhere}\n", True, ""),
    ],
)
def test_a_survey_that_nothing_can_hear_is_found_before_a_batch(
    tmp_path: Path, settings: str, good: bool, said: str
) -> None:
    library = Path(__file__).parent.parent / "flows" / "library" / "emergency-en.yaml"
    (tmp_path / "surveys").mkdir()
    (tmp_path / "surveys" / "mine.yaml").write_text(
        library.read_text("utf-8").replace("languages: [en]", "languages: [ko]"), "utf-8"
    )
    (tmp_path / "huifang.yaml").write_text(settings, "utf-8")
    finding = speech(load(tmp_path / "huifang.yaml"), "en")
    assert finding.good is good
    assert said in finding.detail


def test_a_scheduled_survey_must_be_heard_too(tmp_path: Path) -> None:
    (tmp_path / "huifang.yaml").write_text(
        "schedules: [{name: daily, cron: '0 9 * * *', survey: emergency}]\n", "utf-8"
    )
    finding = speech(load(tmp_path / "huifang.yaml"), "en")
    assert (finding.good, "“zh”" in finding.detail) == (False, True)


CLOUD = """\
web: {{public_url: "https://callback.example.cn", port: {port}, monitor_port: {monitor}}}
trunks:
  - name: cloud
    driver: twilio
    account_sid: AC00000000000000000000000000000000
    auth_token_env: TOKEN
    caller_id: "+8601012345678"
"""


async def test_the_web_server_is_looked_at_where_a_provider_is_to_be_heard(tmp_path: Path) -> None:
    file = tmp_path / "huifang.yaml"
    port = free_port(SOCK_STREAM)
    file.write_text(CLOUD.format(port=port, monitor=free_port(SOCK_STREAM)), "utf-8")
    [found] = [each async for each in web_findings(load(file, {"TOKEN": "t"}), "en")]
    assert (found.what, found.name, found.good) == ("webhooks", "cloud", True)
    assert str(port) in found.detail
    file.write_text("language: zh\n", "utf-8")
    assert [each async for each in web_findings(load(file), "en")] == []

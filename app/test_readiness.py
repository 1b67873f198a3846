from pathlib import Path

import pytest

from app.readiness import speech
from config.loading import load


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

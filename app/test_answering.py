"""What people hear who ring and get no survey."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.answering import Answers
from config.loading import load
from core.clock import SystemClock
from core.welcome import Welcome

SAID = [each for each in Welcome if each not in (Welcome.SURVEY, Welcome.BUSY)]


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    file = tmp_path / "huifang.yaml"
    file.write_text("ring_back: {office: '12389', who: {zh: 城关分局}}\n", "utf-8")
    nobody = cast(Any, SimpleNamespace())
    return Answers(load(file, {}), nobody, nobody, SystemClock())


@pytest.mark.parametrize("language", ["zh", "en", "ko"])
@pytest.mark.parametrize("welcome", SAID)
def test_everybody_hears_who_we_are_in_his_language(
    answers: Answers, welcome: Welcome, language: str
) -> None:
    words = answers.words(welcome, language)
    assert "{" not in words
    assert {"zh": "城关分局", "en": "police callback centre", "ko": "경찰"}[language] in words


@pytest.mark.parametrize("welcome", [one for one in SAID if one is not Welcome.UNDER_WAY])
def test_and_how_a_person_is_reached(answers: Answers, welcome: Welcome) -> None:
    assert "幺二三八九" in answers.words(welcome, "zh")


def test_a_key_incident_sounds_like_any_matter_for_a_person(answers: Answers) -> None:
    assert answers.words(Welcome.KEY_INCIDENT, "zh") == answers.words(Welcome.PERSON, "zh")

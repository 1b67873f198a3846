"""What is made before a batch: every answer that may be asked back, dry runs left alone."""

from pathlib import Path

import pytest

from app.prompt_building import build, for_survey
from app.script import CONFIRM, OWN_WORDS, all_spoken, script, unrecorded
from app.studio_import import adopt, survey_of
from app.surveys import ReadySurvey
from config.loading import load
from core.catalogue import SPOKEN, entries, text
from ivr.prompt_length import SilentPrompts
from speech.prompts import PromptCache
from speech.studio import Studio
from speech.synthesis import Synthesis, Voice

REPORT = Path(__file__).parents[1] / "tests/golden/prompts/report.yaml"


@pytest.fixture
def listening(tmp_path: Path) -> ReadySurvey:
    survey = tmp_path / "report.yaml"
    text = REPORT.read_text("utf-8").replace("keys: [", "speech: {enabled: true}\nkeys: [", 1)
    survey.write_text(text, "utf-8")
    (tmp_path / "huifang.yaml").write_text("language: zh\n", "utf-8")
    return survey_of(load(tmp_path / "huifang.yaml"), str(survey))


async def test_every_answer_that_may_be_asked_back_is_made(
    listening: ReadySurvey, tmp_path: Path
) -> None:
    voices = {"zh": Voice("cmn"), "en": Voice("en-gb")}
    built = await build(PromptCache(tmp_path / "cache", Synthesis(), voices=voices), listening)
    asked = {each.text for each in built if "您是说" in each.text}
    assert asked == {f"您是说“{one}”，对吗？对请按1，不对请按2。" for one in ("满意", "不满意")}
    contexts = {line.context for line in script(listening) if "您是说" in line.text}
    assert contexts == {"您是说“〔满意〕”，对吗？对请按1，不对请按2。"}
    answers = {line.text for line in script(listening, values=True) if line.survey == "report"}
    assert {"满意", "不满意", "dissatisfied"} <= answers


def test_the_script_has_all_of_our_own_words(listening: ReadySurvey) -> None:
    own = {key for key, words in entries().items() if set(SPOKEN) <= set(words)}
    in_calls = {key for key in own if not key.startswith("ring-back-")} - {CONFIRM}
    assert in_calls == set(OWN_WORDS)
    said = {each.source for each in all_spoken(listening) if each.own}
    assert {text(key, "zh") for key in OWN_WORDS} <= said


def test_the_script_names_what_a_call_may_say(listening: ReadySurvey, tmp_path: Path) -> None:
    spoken = all_spoken(listening)
    assert {each.language for each in spoken} == {"zh", "en"}
    assert all(each.place.line for each in spoken if not each.own)
    studio = Studio(tmp_path / "studio")
    lines = script(listening)
    assert unrecorded(listening, studio, lines) == lines
    written = adopt(studio, lines)
    assert len(written) == 4  # the survey's and the common words, in two languages
    assert unrecorded(listening, studio, lines) == lines


def test_dry_runs_make_no_sound(listening: ReadySurvey) -> None:
    silent = SilentPrompts()
    assert for_survey(silent, listening) is silent

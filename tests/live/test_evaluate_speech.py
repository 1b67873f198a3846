"""Spoken answers evaluated with a real model, through the code path of a call."""

from pathlib import Path

import pytest

from app.evaluating import question_of
from core.errors import AuthorError
from ivr.evaluation.reports import evaluate_speech
from speech.evaluation.augment import parse
from speech.evaluation.recording_set import Evaluates, Head, read_set
from speech.evaluation.sounds import SetWriter, pcm
from speech.evaluation.spoken import make_speech
from speech.recognition.local import VoskRecogniser
from speech.synthesis import Synthesis, Voice

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]
SURVEY = Path(__file__).parents[2] / "speech" / "evaluation" / "surveys" / "ko.yaml"


def spoken(folder: Path, said: list[tuple[str, str]], step: str = "overall") -> Path:
    writer = SetWriter(
        folder,
        Head(evaluates=Evaluates.SPEECH, language="ko", survey="survey.yaml", step=step),
    )
    (folder / "survey.yaml").write_bytes(SURVEY.read_bytes())
    for number, (label, words) in enumerate(said):
        sound = Synthesis().make(words, Voice("ko", 200)) if words else b""
        writer.add(f"r{number}", pcm(sound) if words else bytes(16000), label, words=words)
    writer.close()
    return folder


async def test_answers_are_heard_and_other_speech_is_none(
    korean_recogniser: VoskRecogniser, tmp_path: Path
) -> None:
    folder = spoken(
        tmp_path / "set",
        [
            ("만족", "만족 합니다"),
            ("불만족", "만족 합니다"),  # a wrong label: it must show as a flip
            ("none", "경찰이 너무 늦게 왔어요"),
            ("none", ""),
        ],
    )
    evaluated = read_set(folder, Evaluates.SPEECH)
    question = question_of(evaluated)
    report = await evaluate_speech(evaluated, parse(""), question, korean_recogniser, sweep=True)
    found = report.confusion.as_json()
    assert found["만족"] == {"만족": 1}
    assert found["불만족"] == {"만족": 1}
    assert found["none"]["silence"] == 1
    assert sum(found["none"].values()) == 2
    assert "만족" not in found["none"]
    assert report.shares["flips"].hits == 1
    assert {t.name: t.reached for t in report.targets} == {"no_flip": False, "sure_right_90": False}
    delay = report.delays["end_of_speech_to_result"]
    assert delay is not None
    assert delay.n >= 2
    assert delay.median > 0.3  # speech is over once it has been quiet for 0.4 s
    assert report.sweep[0]["sure"] == 0.5


async def test_the_made_set_has_no_answer_in_other_speech(
    korean_recogniser: VoskRecogniser, tmp_path: Path
) -> None:
    make_speech(tmp_path / "set", "ko", count=22, seed=5)
    evaluated = read_set(tmp_path / "set", Evaluates.SPEECH)
    report = await evaluate_speech(
        evaluated, parse("codec=pcma"), question_of(evaluated), korean_recogniser
    )
    assert report.shares["other_speech_taken"].hits == 0
    assert report.shares["other_speech_taken"].n == 8
    assert sum(sum(row.values()) for row in report.confusion.as_json().values()) == 22


async def test_a_step_that_is_not_there_is_told_with_its_place(tmp_path: Path) -> None:
    folder = spoken(tmp_path / "set", [("만족", "만족")], step="overal")
    with pytest.raises(AuthorError) as caught:
        question_of(read_set(folder, Evaluates.SPEECH))
    assert caught.value.problems[0].place.line == 4

"""The Korean survey, answered aloud: the engine's own grammar, a real model, a real voice."""

import wave
from pathlib import Path

import pytest

from app.vocabulary import vocabulary
from core.verdict import Verdict
from flows.check import check_file
from flows.compiler import compile_flow
from flows.engine import Step, start, step
from flows.exchange import Keys, SaveAnswer, Speech, WaitAnswer
from flows.program import Program
from flows.reader import read
from flows.test_spoken_answers import answers
from speech.contract import Grammar
from speech.recognition.local import VoskRecogniser
from speech.synthesis import Voice
from tests.peers.speakers import spoken
from tests.test_library import LIBRARY

pytestmark = pytest.mark.asyncio(loop_scope="session")

SURVEY = LIBRARY / "emergency-ko.yaml"
DENIALS = (
    "불만족 합니다",
    "만족 하지 않습니다",
    "만족 못 합니다",
    "안 만족 합니다",
    "별로 만족 합니다",
)
VOICES = [Voice("ko", speed) for speed in (130, 150, 170)]


def program() -> Program:
    found = read(SURVEY)
    return compile_flow(found.flow, sha256=found.sha256)


async def say(
    recogniser: VoskRecogniser, survey: Program, at: Step, words: str, voice: Voice
) -> Step | None:
    """Say something at a question; what comes of it, or None where nothing was understood."""
    assert isinstance(at.wait, WaitAnswer)
    ear = recogniser.listen(Grammar(at.wait.language, at.wait.phrases))
    ear.feed(spoken(words, voice))
    heard = await ear.finish()
    return step(survey, at.session, Speech(heard.text, heard.confidence)) if heard.text else None


async def test_the_model_knows_every_phrase(korean_recogniser: VoskRecogniser) -> None:
    known = await vocabulary(SURVEY, korean_recogniser)
    assert check_file(SURVEY, vocabulary=known) == []


async def test_a_phrase_that_the_model_does_not_know_is_found(
    korean_recogniser: VoskRecogniser, tmp_path: Path
) -> None:
    changed = tmp_path / SURVEY.name
    words = SURVEY.read_text("utf-8")
    changed.write_text(words.replace("매우 만족,", "쀍뙓 만족,"), "utf-8")
    (found,) = check_file(changed, vocabulary=await vocabulary(changed, korean_recogniser))
    assert (found.code, found.severity) == ("flow-phrase-not-known", "warning")
    line = words[: words.index("매우 만족,")].count("\n") + 1
    assert found.place.line == line
    assert "쀍뙓" in found.sentence("zh")


async def test_yes_is_heard_and_goes_on(korean_recogniser: VoskRecogniser) -> None:
    survey = program()
    first = start(survey, fields={})
    for voice in VOICES:
        done = await say(korean_recogniser, survey, first, "네", voice)
        assert done is not None
        assert answers(done) == [("speech", "네")]


async def test_satisfaction_is_heard_and_denials_never_become_it(
    korean_recogniser: VoskRecogniser,
) -> None:
    survey = program()
    asked = step(survey, start(survey, fields={}).session, Keys("1"))
    taken = 0
    for voice in VOICES:
        done = await say(korean_recogniser, survey, asked, "매우 만족 합니다", voice)
        taken += done is not None and answers(done) == [("speech", "만족")]
        for words in DENIALS:
            done = await say(korean_recogniser, survey, asked, words, voice)
            given = [e for e in done.effects if isinstance(e, SaveAnswer)] if done else []
            assert all(answer.verdict is Verdict.DISSATISFIED for answer in given), words
    assert taken >= 1  # others are asked back


async def test_what_is_asked_back_is_not_confirmed_by_the_other_answer(
    korean_recogniser: VoskRecogniser,
) -> None:
    """맞습니다, a yes, sounds so much like 만족합니다 that it would confirm dissatisfaction."""
    survey = program()
    asked = step(survey, start(survey, fields={}).session, Keys("1"))
    pending = step(survey, asked.session, Speech("불만족", 0.6))
    assert pending.session.pending is not None
    for voice in VOICES:
        for words in ("만족 합니다", "매우 만족 합니다", "만족합니다"):
            done = await say(korean_recogniser, survey, pending, words, voice)
            assert answers(done) in ([], [("speech", "만족")]) if done else True, words
        done = await say(korean_recogniser, survey, pending, "네", voice)
        assert done is not None
        assert answers(done) == [("speech", "불만족")]


async def test_a_message_is_written_down(korean_recogniser: VoskRecogniser, tmp_path: Path) -> None:
    path = tmp_path / "message.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(spoken("매우 만족 합니다"))
    heard = await korean_recogniser.transcribe(path, "ko")
    assert heard.words
    assert all(word.start < word.end for word in heard.words)

"""Spoken answers evaluated in whole SIP calls: the sound travels as RTP, a real model hears it."""

from pathlib import Path

import pytest

from app.evaluating import question_of
from ivr.channels.sip.stacks import PJSUA2
from ivr.evaluation.reports import evaluate_speech_over_sip
from speech.evaluation.augment import parse
from speech.evaluation.recording_set import Evaluates, Head, read_set
from speech.evaluation.report import Report
from speech.evaluation.sounds import SetWriter, pcm
from speech.evaluation.spoken import make_speech
from speech.prompts import PromptCache
from speech.recognition.local import VoskRecogniser
from speech.synthesis import Synthesis, Voice
from tests.peers.ports import rtp_ports

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]
SURVEY = Path(__file__).parents[2] / "speech" / "evaluation" / "surveys" / "ko.yaml"


async def evaluated(
    folder: Path, recogniser: VoskRecogniser, line: str, *, calls: int, scratch: Path
) -> Report:
    found = read_set(folder, Evaluates.SPEECH)
    return await evaluate_speech_over_sip(
        found,
        parse(line),
        question_of(found),
        recogniser,
        PromptCache(scratch, Synthesis(), voices={"ko": Voice("ko", 200)}),
        calls=calls,
        ports=rtp_ports(),
        stack=PJSUA2,
        folder=scratch,
    )


async def test_the_made_set_through_whole_calls(
    korean_recogniser: VoskRecogniser, tmp_path: Path
) -> None:
    make_speech(tmp_path / "set", "ko", count=66, seed=11)
    report = await evaluated(tmp_path / "set", korean_recogniser, "", calls=16, scratch=tmp_path)
    assert report.over_sip
    assert report.facts["calls"] == 16
    assert report.shares["flips"].hits == 0
    assert report.shares["other_speech_taken"].hits == 0
    sure = report.shares["sure_right"]
    assert sure.hits >= 0.9 * sure.n
    assert report.shares["right_after_asking_back"].hits >= 1
    # Whoever said something had a next prompt, and hung up then.
    delay = report.delays["end_of_speech_to_next_prompt"]
    assert delay is not None
    assert delay.n >= 12
    assert delay.median > 0.3  # speech is over once it has been quiet for 0.4 s


async def test_what_was_stored_counts_against_the_label(
    korean_recogniser: VoskRecogniser, tmp_path: Path
) -> None:
    writer = SetWriter(
        tmp_path / "set",
        Head(evaluates=Evaluates.SPEECH, language="ko", survey="survey.yaml", step="overall"),
    )
    survey = SURVEY.read_text("utf-8").replace("{enabled: true}", "{enabled: true, sure: 0.55}")
    (tmp_path / "set" / "survey.yaml").write_text(survey, "utf-8")
    said = pcm(Synthesis().make("만족 합니다", Voice("ko+f1", 180)))
    for number, label in enumerate(["만족", "만족", "만족", "불만족", "불만족"]):
        writer.add(f"r{number}", said, label)
    writer.add("quiet", bytes(16000), "none")
    writer.close()
    report = await evaluated(
        tmp_path / "set", korean_recogniser, "codec=pcma", calls=100, scratch=tmp_path
    )
    found = report.confusion.as_json()
    assert found["만족"].get("만족", 0) >= 1
    assert found["불만족"].get("만족", 0) == report.shares["flips"].hits
    assert found["none"] == {"silence": 1}
    assert sum(sum(row.values()) for row in found.values()) == 6

"""What every recogniser does, whatever it is made of; each with a real model."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from core.errors import TransientError
from speech.contract import Ear, Grammar, Recogniser, Utterance
from speech.recognition.local import VoskRecogniser
from speech.recognition.remote import RemoteRecogniser
from speech.synthesis import Voice
from tests.peers.speakers import BEFORE_SECONDS, recording, silence, spoken
from tests.peers.vosk_server import vosk_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANSWERS = Grammar("ko", ("네", "만족합니다", "불만족합니다"))
GENEROUS_SECONDS = 300.0
"""A test machine may be busy; how long a call may wait is tried elsewhere."""
FRAME = 320
"""Bytes of 20 ms."""


@pytest.fixture(scope="session")
def server(korean_model: Path) -> Iterator[str]:
    with vosk_server(korean_model) as (url, _):
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["here", "remote"])
async def recogniser(
    request: pytest.FixtureRequest,
    korean_model: Path,
    korean_recogniser: VoskRecogniser,
    server: str,
) -> AsyncIterator[Recogniser]:
    if request.param == "here":
        yield korean_recogniser
        return
    remote = RemoteRecogniser(
        {"ko": server}, vocabularies={"ko": korean_model}, finish_seconds=GENEROUS_SECONDS
    )
    await remote.start()
    yield remote
    await remote.close()


def feed(ear: Ear, pcm: bytes, length: int = FRAME) -> None:
    for place in range(0, len(pcm), length):
        ear.feed(pcm[place : place + length])


async def heard(recogniser: Recogniser, pcm: bytes, grammar: Grammar = ANSWERS) -> Utterance:
    ear = recogniser.listen(grammar)
    feed(ear, pcm)
    return await ear.finish()


@pytest.mark.parametrize(("said", "text"), [("네", "네"), ("만족합니다", "만족 합니다")])
async def test_an_answer_is_heard(recogniser: Recogniser, said: str, text: str) -> None:
    utterance = await heard(recogniser, spoken(said))
    assert utterance.text == text
    assert utterance.confidence > 0.5


async def test_words_carry_their_times(recogniser: Recogniser) -> None:
    pcm = spoken("만족합니다")
    words = (await heard(recogniser, pcm)).words
    assert [word.text for word in words] == ["만족", "합니다"]
    assert words[0].start == pytest.approx(BEFORE_SECONDS, abs=0.2)
    assert words[0].end <= words[1].start < words[1].end <= len(pcm) / 16000


@pytest.mark.parametrize("said", ["여보세요", "지금 운전 중입니다", "누구세요"])
async def test_other_speech_is_no_answer(recogniser: Recogniser, said: str) -> None:
    utterance = await heard(recogniser, spoken(said))
    assert utterance.text.replace(" ", "") not in ANSWERS.phrases


UNKNOWN_VOICES = tuple(
    Voice(f"ko+{name}", speed, pitch)
    for name, speed, pitch in (
        ("m5", 135, 55),
        ("f2", 130, 48),
        ("adam", 150, 45),
        ("Alex", 140, 43),
    )
)
"""Voices that no figure of the recognition was chosen by."""
ALIKE = Grammar("ko", ("네", "만족", "만족합니다", "매우 만족합니다", "불만족", "불만족합니다"))
SURE = 0.85
"""What a survey takes without asking back, where it does not say otherwise."""


@pytest.mark.parametrize(
    "said", ["매우 불만족합니다", "만족 못 합니다", "만족 안 합니다", "만족하지 않습니다"]
)
async def test_a_denial_is_never_surely_the_answer_within_it(
    recogniser: Recogniser, said: str
) -> None:
    for voice in UNKNOWN_VOICES:
        utterance = await heard(recogniser, spoken(said, voice), ALIKE)
        satisfied = "만족" in utterance.text and "불만족" not in utterance.text
        assert not (satisfied and utterance.confidence >= SURE), voice


async def test_what_is_clear_is_sure(korean_recogniser: VoskRecogniser) -> None:
    said = [await heard(korean_recogniser, spoken("네", voice), ALIKE) for voice in UNKNOWN_VOICES]
    assert sum(one.text == "네" and one.confidence >= SURE for one in said) >= 1


async def test_silence_is_nothing(recogniser: Recogniser) -> None:
    assert await heard(recogniser, silence(1.0)) == Utterance("", 0.0)
    assert await heard(recogniser, b"") == Utterance("", 0.0)


async def test_without_phrases_it_takes_dictation(recogniser: Recogniser) -> None:
    utterance = await heard(recogniser, spoken("네"), Grammar("ko"))
    assert utterance.words
    assert utterance.text


async def test_utterances_at_once_do_not_mix(recogniser: Recogniser) -> None:
    yes, satisfied = recogniser.listen(ANSWERS), recogniser.listen(ANSWERS)
    pcm = spoken("네"), spoken("만족합니다")
    for place in range(0, max(len(one) for one in pcm), FRAME):
        yes.feed(pcm[0][place : place + FRAME])
        satisfied.feed(pcm[1][place : place + FRAME])
    assert (await satisfied.finish()).text == "만족 합니다"
    assert (await yes.finish()).text == "네"


async def test_the_length_of_the_pieces_does_not_matter(recogniser: Recogniser) -> None:
    ear = recogniser.listen(ANSWERS)
    feed(ear, spoken("네"), length=514)
    assert (await ear.finish()).text == "네"


async def test_an_ear_can_be_dropped_at_any_time(recogniser: Recogniser) -> None:
    ear = recogniser.listen(ANSWERS)
    ear.close()
    ear.close()
    ear = recogniser.listen(ANSWERS)
    feed(ear, spoken("네"))
    await ear.finish()
    ear.close()


async def test_a_language_without_a_model_is_refused(recogniser: Recogniser) -> None:
    assert recogniser.languages == {"ko"}
    with pytest.raises(LookupError):
        recogniser.listen(Grammar("fr", ("oui",)))


async def test_words_the_model_does_not_know_are_named(recogniser: Recogniser) -> None:
    phrases = ("만족합니다", "hello", "鼇 네")
    assert await recogniser.unknown_words("ko", phrases) == {"hello", "鼇"}


async def test_a_phrase_it_does_not_know_is_never_heard_in_part(recogniser: Recogniser) -> None:
    # "鼇 만족 합니다" without its first word would be heard where somebody says 만족합니다.
    utterance = await heard(recogniser, spoken("만족합니다"), Grammar("ko", ("鼇 만족합니다",)))
    assert utterance.text == ""


async def test_recordings_are_transcribed_with_times(
    recogniser: Recogniser, tmp_path: Path
) -> None:
    file = recording(tmp_path / "a.wav", silence(1.0) + spoken("네"))
    taken = await recogniser.transcribe(file, "ko")
    assert taken.text
    assert taken.words[0].start > 0.9


async def test_a_recording_that_cannot_be_read_is_told(
    recogniser: Recogniser, tmp_path: Path
) -> None:
    with pytest.raises(TransientError):
        await recogniser.transcribe(tmp_path / "missing.wav", "ko")
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(TransientError):
        await recogniser.transcribe(tmp_path / "text.wav", "ko")
    with pytest.raises(LookupError):
        await recogniser.transcribe(tmp_path / "text.wav", "fr")

"""Recogniser processes that die, are asked for too much, or transcribe on the side."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from core.errors import PermanentError, TransientError
from speech.contract import Grammar
from speech.recognition.frames import Kind
from speech.recognition.hearing import LONGEST_SECONDS
from speech.recognition.local import VoskEar, VoskRecogniser
from speech.recognition.model_process import ModelProcess
from tests.peers.speakers import recording, silence, spoken

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANSWERS = Grammar("ko", ("네", "만족합니다", "불만족합니다"))


async def back(recogniser: VoskRecogniser) -> None:
    async with asyncio.timeout(300):
        await recogniser.process("ko").wait_usable()


async def test_a_process_that_dies_loses_its_utterances_and_comes_back(
    korean_recogniser: VoskRecogniser,
) -> None:
    process = korean_recogniser.process("ko")
    restarts, pid = process.restarts, process.pid
    ear = korean_recogniser.listen(ANSWERS)
    ear.feed(spoken("네"))
    waiting = asyncio.create_task(ear.finish())
    os.kill(pid, signal.SIGSTOP)  # so that the answer cannot be there before it dies
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(TransientError) as lost:
        await waiting
    assert [one.code for one in lost.value.problems] == ["speech-recogniser-gone"]

    # While it is away, utterances fail at once, and feeding harms nobody.
    away = korean_recogniser.listen(ANSWERS)
    away.feed(spoken("네"))
    with pytest.raises(TransientError):
        await away.finish()
    korean_recogniser.listen(ANSWERS).close()
    with pytest.raises(TransientError):
        await korean_recogniser.unknown_words("ko", ("네",))

    await back(korean_recogniser)
    assert (process.restarts, process.pid != pid) == (restarts + 1, True)
    again = korean_recogniser.listen(ANSWERS)
    again.feed(spoken("네"))
    assert (await again.finish()).text == "네"


async def test_an_utterance_that_cannot_be_recognised_in_time_is_given_up(
    korean_recogniser: VoskRecogniser,
) -> None:
    process = korean_recogniser.process("ko")
    ear = VoskEar(process, ANSWERS, 0.1)
    ear.feed(spoken("네"))
    os.kill(process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(TransientError) as late:
            await ear.finish()
    finally:
        os.kill(process.pid, signal.SIGCONT)
    assert [one.code for one in late.value.problems] == ["speech-recogniser-busy"]
    fresh = korean_recogniser.listen(ANSWERS)
    fresh.feed(spoken("네"))
    assert (await fresh.finish()).text == "네"


async def test_sound_for_a_process_that_does_not_read_is_refused_not_gathered(
    korean_recogniser: VoskRecogniser,
) -> None:
    process = korean_recogniser.process("ko")
    ear = korean_recogniser.listen(ANSWERS)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        taken = 0
        while process.send(Kind.SOUND, 0, bytes(100_000)):
            taken += 100_000
            assert taken < 10_000_000
        ear.feed(spoken("네"))
        with pytest.raises(TransientError):
            await ear.finish()
    finally:
        os.kill(process.pid, signal.SIGCONT)
    assert await korean_recogniser.unknown_words("ko", ("hello",)) == {"hello"}


async def test_what_is_said_after_a_minute_is_not_gathered(
    korean_recogniser: VoskRecogniser,
) -> None:
    ear = korean_recogniser.listen(ANSWERS)
    ear.feed(silence(LONGEST_SECONDS))
    ear.feed(spoken("네"))
    assert (await ear.finish()).text == ""


async def test_live_utterances_do_not_wait_for_a_transcription(
    korean_recogniser: VoskRecogniser, tmp_path: Path
) -> None:
    file = recording(tmp_path / "long.wav", spoken("감사합니다") * 4)
    transcribing = asyncio.create_task(korean_recogniser.transcribe(file, "ko"))
    await asyncio.sleep(0)
    ear = korean_recogniser.listen(ANSWERS)
    ear.feed(spoken("네"))
    assert (await ear.finish()).text == "네"
    assert not transcribing.done()
    assert (await transcribing).words


async def test_a_process_that_hangs_is_ended_and_started_again(korean_model: Path) -> None:
    process = ModelProcess("ko", korean_model, 1, stall_seconds=1.0)
    await process.start()
    try:
        pid = process.pid
        os.kill(pid, signal.SIGSTOP)
        async with asyncio.timeout(300):
            while process.pid == pid:
                await process.wait_gone()
                await process.wait_usable()
        assert process.restarts >= 1
    finally:
        await process.close()


async def test_a_folder_without_a_model_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(PermanentError) as broken:
        await VoskRecogniser({"ko": tmp_path}).start()
    assert str(tmp_path) in broken.value.sentences("en")[0]

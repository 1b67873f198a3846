"""Speech is made offline, at the level and in the band of the line, by one engine."""

import asyncio

import numpy as np
import pytest

from core.errors import AuthorError
from speech.beep import BeepDetector
from speech.loudness import TARGET_DBOV, loudness
from speech.synthesis import Synthesis, Voice
from speech.tones import DtmfDetector

CHINESE = (
    "您好，这里是市公安局回访中心。您于三月二日拨打110报警，我们想了解您对民警出警速度、处警态度和处置结果"
    "是否满意。满意请按1，基本满意请按2，不满意请按3。通话将会录音，如不愿接受回访请按9。我当时等了很久也没有人来，"
    "后来来了两个民警，态度还可以，但是东西没有找回来。喂？喂喂？你好你好，听得到吗？呜呜，咿咿，啊，哦，嗯。"
)
ENGLISH = (
    "Hello, this is the callback centre of the city police. We would like to know whether you were "
    "satisfied with how quickly officers arrived. Press one if you were. Well, I waited for hours "
    "and nobody came. You two, who knew the new moon too? We see three green trees. Oooh. Eeee. "
    "Please leave a message after the tone. La la la, mmm."
)


@pytest.fixture(scope="module")
def synthesis() -> Synthesis:
    return Synthesis()


def test_level_length_and_band(synthesis: Synthesis) -> None:
    for text, voice, least, most in (
        ("您好，这里是公安局回访中心。满意请按1，不满意请按3。", "cmn", 4, 10),
        ("Hello, this is the callback centre. Press 1 if satisfied.", "en-gb", 2, 7),
        ("안녕하세요 경찰서입니다.", "ko", 1, 5),
    ):
        sound = synthesis.make(text, Voice(voice))
        figures = loudness(sound, 8000)
        assert least < figures.seconds < most
        assert figures.active_dbov == pytest.approx(TARGET_DBOV, abs=1.5)
        assert figures.peak_dbov < -1
        assert figures.clipped == 0
        power = np.abs(np.fft.rfft(sound)) ** 2
        hertz = np.fft.rfftfreq(len(sound), 1 / 8000)
        assert power[(hertz > 200) & (hertz < 3400)].sum() > 0.6 * power.sum()
        assert abs(float(sound.mean())) < 0.01


def test_settings_of_the_voice_are_obeyed(synthesis: Synthesis) -> None:
    text = "感谢您的支持，祝您生活愉快，再见。"
    slow, quick = (len(synthesis.make(text, Voice("cmn", speed=speed))) for speed in (120, 240))
    assert slow > quick * 1.5
    low = synthesis.make(text, Voice("cmn", pitch=10))
    high = synthesis.make(text, Voice("cmn", pitch=90))
    assert len(low) == pytest.approx(len(high), rel=0.2)
    assert not np.array_equal(low, high[: len(low)])


def test_what_was_said_before_leaves_no_trace(synthesis: Synthesis) -> None:
    first = synthesis.make("再见。", Voice("cmn"))
    synthesis.make("Something else in between", Voice("en+f3", speed=200, pitch=80))
    again = synthesis.make("再见。", Voice("cmn"))
    assert np.array_equal(first, again)


def test_chinese_english_and_digits_are_all_said(synthesis: Synthesis) -> None:
    plain = len(synthesis.make("您好再见", Voice("cmn")))
    assert len(synthesis.make("您好 hello 再见", Voice("cmn"))) > plain * 1.15
    assert len(synthesis.make("您好 2026 再见", Voice("cmn"))) > plain * 1.4


def test_an_unknown_voice_and_a_soundless_text_are_refused(synthesis: Synthesis) -> None:
    with pytest.raises(AuthorError) as refused:
        synthesis.make("您好", Voice("cnm"))
    (found,) = refused.value.problems
    assert found.code == "speech-voice-unknown"
    assert "cmn" in found.sentence()
    with pytest.raises(AuthorError) as refused:
        synthesis.make("  ", Voice("cmn"))
    assert refused.value.problems[0].code == "speech-nothing-said"


async def test_many_threads_share_the_one_engine(synthesis: Synthesis) -> None:
    texts = ["您好。" * number for number in range(1, 13)]
    alone = [synthesis.make(text, Voice("cmn")) for text in texts]
    together = await asyncio.gather(*(Synthesis().speak(text, Voice("cmn")) for text in texts))
    assert all(np.array_equal(one, other) for one, other in zip(together, alone, strict=True))


@pytest.mark.parametrize("voice", ["cmn", "cmn+f2", "cmn+m3", "en-us", "en-gb+f5", "ko"])
def test_speech_is_neither_key_nor_beep(synthesis: Synthesis, voice: str) -> None:
    text = ENGLISH if voice.startswith("en") else CHINESE
    for speed in (130, 200):
        sound = synthesis.make(text, Voice(voice, speed=speed))
        pcm = (np.round(sound * 32767)).astype("<i2").tobytes() + bytes(16000 * 5)
        keys, beep = DtmfDetector(), BeepDetector()
        for at in range(0, len(pcm), 320):
            assert keys.feed(pcm[at : at + 320]) == ""
            assert not beep.feed(pcm[at : at + 320])

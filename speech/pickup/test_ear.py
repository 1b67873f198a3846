"""The ear and the judge together on made sounds: people, mailboxes, fax, carriers."""

import numpy as np
import pytest

from speech.contract import Announcement, PickedUpBy
from speech.pickup.ear import PickUpEar
from speech.pickup.hearing import judged
from speech.pickup.judge import Announced, PickedUp
from speech.synthesis import Synthesis, Voice
from speech.tones import tone_pcm


def spoken(text: str, voice: str = "cmn") -> bytes:
    sound = Synthesis().make(text, Voice(voice))
    return np.round(sound * 32767).astype("<i2").tobytes()


def quiet(seconds: float, dbfs: float = -60.0) -> bytes:
    noise = np.random.default_rng(1).normal(0, 32767 * 10 ** (dbfs / 20), round(seconds * 8000))
    return np.round(noise).astype("<i2").tobytes()


@pytest.mark.parametrize("text", ["喂", "喂，你好", "你好，哪位？", "Hello?"])
def test_people(text: str) -> None:
    greeting = spoken(text)
    ((at, told),) = judged(quiet(0.7) + greeting + quiet(5))
    assert told == PickedUp(PickedUpBy.PERSON, "short_greeting")
    assert 0.5 < at - 0.7 - len(greeting) / 16000 < 0.9


def test_nobody_speaks() -> None:
    ((at, told),) = judged(quiet(6, -45))
    assert told == PickedUp(PickedUpBy.SILENCE, "silence")
    assert at == pytest.approx(2.0, abs=0.1)


def test_a_long_greeting() -> None:
    text = (
        "您好我现在不方便接听您的电话请您在听到提示音以后留下您的姓名和联系电话我会尽快给您回电话"
    )
    ((_, told),) = judged(quiet(0.5) + spoken(text) + quiet(2))
    assert told == PickedUp(PickedUpBy.MACHINE, "long_greeting")


def test_a_greeting_with_a_beep() -> None:
    sound = spoken("您好，请在提示音后留言") + quiet(0.3) + tone_pcm(1000, seconds=0.5) + quiet(4)
    ((_, told),) = judged(quiet(0.5) + sound)
    assert told == PickedUp(PickedUpBy.MACHINE, "beep")


def test_a_fax() -> None:
    ((_, told),) = judged(quiet(1) + tone_pcm(2100, seconds=3) + quiet(2))
    assert told == PickedUp(PickedUpBy.FAX, "ced")


def test_busy_tones_before_the_answer() -> None:
    sound = quiet(1) + (tone_pcm(450, seconds=0.35) + bytes(5600)) * 6
    ((_, told),) = judged(sound, answered_at=None)
    assert told == Announced(Announcement.BUSY, "busy")


def test_ringing_and_music_before_the_answer_tell_nothing() -> None:
    ringing = (tone_pcm(450, seconds=1.0) + quiet(4)) * 2
    song = spoken("甜蜜蜜，你笑得甜蜜蜜，好像花儿开在春风里，开在春风里")
    sound = ringing + song + quiet(0.5) + spoken("喂，你好") + quiet(3)
    began = (len(ringing) + len(song)) / 16000
    told = judged(sound, answered_at=began)
    assert [one for _, one in told] == [PickedUp(PickedUpBy.PERSON, "short_greeting")]


def test_the_ear_tells_times_of_all_sound() -> None:
    ear = PickUpEar()
    ear.feed(quiet(2.0))
    ear.answered()
    told = ear.feed(quiet(1.0) + spoken("你好") + quiet(1.0))
    assert told[0].at == pytest.approx(3.05, abs=0.15)
    assert ear.heard > 4

"""Voice activity on made sounds; the whole set is measured by benchmarks/voice_activity.py."""

import numpy as np
import pytest
from numpy.typing import NDArray

from speech.activity import Began, Ended, VoiceActivity
from speech.synthesis import Synthesis, Voice
from speech.tones import key_pcm, tone_pcm


def pcm(sound: NDArray[np.float32]) -> bytes:
    return np.clip(np.round(sound * 32767), -32768, 32767).astype("<i2").tobytes()


def noise(seconds: float, dbfs: float) -> NDArray[np.float32]:
    dice = np.random.default_rng(3)
    made = dice.standard_normal(round(seconds * 8000)).astype(np.float32)
    return made * np.float32(10 ** (dbfs / 20))


def said(text: str, voice: str, noise_dbfs: float = -60.0, gain: float = 1.0) -> bytes:
    """Return a second of noise, the words, and a second of noise, in 16 bit samples."""
    words = Synthesis().make(text, Voice(voice)) * np.float32(gain)
    sound = noise(2 + len(words) / 8000, noise_dbfs)
    sound[8000 : 8000 + len(words)] += words[: len(sound) - 8000]
    return pcm(sound)


def hear(sound: bytes, chunk: int = 960, *, playing: bool = False) -> list[Began | Ended]:
    activity = VoiceActivity()
    activity.playing = playing
    return [
        event
        for at in range(0, len(sound), chunk)
        for event in activity.feed(sound[at : at + chunk])
    ]


@pytest.mark.parametrize(
    ("voice", "text"), [("cmn", "你好"), ("en-gb", "hello"), ("ko", "여보세요")]
)
@pytest.mark.parametrize("noise_dbfs", [-90.0, -45.0, -32.0])
def test_words_begin_and_end_where_they_are(voice: str, text: str, noise_dbfs: float) -> None:
    sound = said(text, voice, noise_dbfs)
    began, ended = hear(sound)
    assert isinstance(began, Began)
    assert isinstance(ended, Ended)
    assert began.at == pytest.approx(1.04, abs=0.15)
    assert ended.at == pytest.approx(len(sound) / 16000 - 1.15, abs=0.25)


def test_any_chunks_hear_the_same() -> None:
    sound = said("我是王先生", "cmn")
    assert hear(sound, 960) == hear(sound, 321) == hear(sound, 7) == hear(sound, 160_000)


def test_speech_from_the_first_sample_on() -> None:
    words = pcm(Synthesis().make("喂，你好", Voice("cmn")))
    began, ended = hear(words + bytes(16000))
    assert began.at < 0.15
    assert ended.at > 0.4


def test_faint_speech_in_silence() -> None:
    assert len(hear(said("你好", "cmn", -90.0, gain=0.06))) == 2  # -44 dBFS


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(pcm(noise(5, -50)), id="faint noise"),
        pytest.param(pcm(noise(5, -20)), id="loud noise"),
        pytest.param(pcm(np.concatenate([noise(3, -60), noise(3, -30)])), id="noise grows"),
        pytest.param(pcm(noise(5, -60) + np.float32(0.1)), id="offset"),
        pytest.param((key_pcm("5", seconds=0.2) + bytes(8000)) * 6, id="keys"),
        pytest.param((tone_pcm(450, seconds=1) + bytes(16000)) * 3, id="ringback"),
        pytest.param((tone_pcm(480, 620, seconds=0.5) + bytes(8000)) * 5, id="busy"),
        pytest.param(tone_pcm(2100, seconds=3) + bytes(8000), id="fax"),
        pytest.param(bytes(80_000), id="silence"),
    ],
)
def test_what_is_no_speech(sound: bytes) -> None:
    assert hear(sound) == []


def test_the_echo_of_our_prompt_is_no_beginning() -> None:
    echo = said("请您对民警的服务态度做出评价", "cmn", -70.0, gain=10 ** (-26 / 20))
    assert hear(echo) != []
    assert hear(echo, playing=True) == []
    assert hear(said("你好你好", "cmn", -60.0), playing=True) != []


def test_quiet_is_the_pause_that_ends() -> None:
    words = pcm(Synthesis().make("你好", Voice("cmn")))
    sound = bytes(8000) + words + bytes(2 * 4000) + words + bytes(32000)
    patient = VoiceActivity(quiet=1.2)
    assert len([*patient.feed(sound)]) == 2
    assert len(VoiceActivity(quiet=0.3).feed(sound)) == 4


def test_speaking_is_true_between() -> None:
    activity = VoiceActivity()
    states = []
    sound = said("你好", "cmn")
    for at in range(0, len(sound), 960):
        activity.feed(sound[at : at + 960])
        states.append(activity.speaking)
    assert states[0] is False
    assert any(states)
    assert states[-1] is False

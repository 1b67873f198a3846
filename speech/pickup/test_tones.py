"""Call progress, information tones and fax are told apart, in noise too, and speech is none."""

import numpy as np
import pytest

from speech.pickup.tones import ToneSigns
from speech.synthesis import Synthesis, Voice
from speech.tones import amplitude, key_pcm, tone_pcm


def quiet(seconds: float) -> bytes:
    return bytes(2 * round(seconds * 8000))


def cadence(*hertz: float, on: float, off: float, times: int, level: float = -15.0) -> bytes:
    return (tone_pcm(*hertz, seconds=on, level=level) + quiet(off)) * times


def signs(sound: bytes, chunk: int = 960) -> list[str]:
    detector = ToneSigns()
    sound = quiet(0.2) + sound + quiet(1)
    found = [
        sign.name
        for at in range(0, len(sound), chunk)
        for sign in detector.feed(sound[at : at + chunk])
    ]
    return [name for name in found if name != "steady"]


def noisy(sound: bytes, level: float = -45.0) -> bytes:
    noise = np.random.default_rng(5).normal(0, amplitude(level) / 2**0.5, len(sound) // 2)
    return np.clip(np.frombuffer(sound, "<i2") + noise, -32768, 32767).astype("<i2").tobytes()


SIT = b"".join(tone_pcm(hertz, seconds=0.33, level=-20) for hertz in (950, 1400, 1800))
SIGNS = {
    "ringback": cadence(450, on=1.0, off=4.0, times=1),
    "ringback ": cadence(425, on=1.0, off=4.0, times=1),
    "busy": cadence(450, on=0.35, off=0.35, times=4),
    "busy ": cadence(480, 620, on=0.5, off=0.5, times=4),
    "congestion": cadence(450, on=0.7, off=0.7, times=4),
    "sit": SIT,
    "cng": cadence(1100, on=0.5, off=3.0, times=2),
    "ced": tone_pcm(2100, seconds=3.0, level=-15),
}


@pytest.mark.parametrize("name", SIGNS)
def test_every_sign_is_told_once(name: str) -> None:
    assert signs(SIGNS[name]) == [name.strip()]


@pytest.mark.parametrize("name", SIGNS)
def test_every_sign_in_noise(name: str) -> None:
    assert signs(noisy(SIGNS[name])) == [name.strip()]


@pytest.mark.parametrize("chunk", [2, 320, 333, 15360])
def test_any_chunks_tell_the_same(chunk: int) -> None:
    assert signs(SIGNS["busy"][:36000], chunk) == ["busy"]
    assert signs(SIT, chunk) == ["sit"]


def test_information_tones_may_deviate() -> None:
    sound = b"".join(
        tone_pcm(hertz, seconds=seconds, level=-24) + quiet(0.03)
        for hertz, seconds in ((913.8, 0.274), (1370.6, 0.274), (1776.7, 0.38))
    )
    assert signs(sound) == ["sit"]


def test_a_phase_turned_answer_tone_is_a_fax() -> None:
    parts = [tone_pcm(2100, seconds=0.45, level=-15, phase=k * np.pi) for k in range(7)]
    assert signs(b"".join(parts)) == ["ced"]


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(tone_pcm(1000, seconds=0.5), id="a beep"),
        pytest.param(tone_pcm(1100, seconds=0.5), id="a beep of 1,100 Hz"),
        pytest.param(tone_pcm(2100, seconds=0.5), id="a beep of 2,100 Hz"),
        pytest.param(key_pcm("5", seconds=0.3) * 3, id="a key"),
        pytest.param(cadence(450, on=0.35, off=0.35, times=2), id="two short tones"),
        pytest.param(noisy(quiet(5), -20), id="noise"),
    ],
)
def test_what_is_no_sign(sound: bytes) -> None:
    assert signs(sound) == []


@pytest.mark.parametrize("voice", ["cmn", "cmn+f3", "en-gb", "ko+m2"])
def test_speech_is_no_sign(voice: str) -> None:
    words = Synthesis().make("您好 one two three 여보세요 " * 5, Voice(voice))
    assert signs((words * 32767).astype("<i2").tobytes()) == []


def test_a_tone_under_way_is_told_soon() -> None:
    detector = ToneSigns()
    told = detector.feed(quiet(0.5) + tone_pcm(1000, seconds=0.2))
    assert [sign.name for sign in told] == ["steady"]
    assert told[0].at == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize("how", ["silence", "concealed", "late"])
@pytest.mark.parametrize("name", SIGNS)
def test_a_frame_that_is_lost_or_late_hides_no_sign(name: str, how: str) -> None:
    sound = SIGNS[name]
    frames = [sound[i : i + 320] for i in range(0, len(sound), 320)]
    for at in range(1, len(frames), 3):
        last = np.frombuffer(frames[at - 1], "<i2")
        fading = (last[::-1] * np.linspace(1.0, 0.2, len(last))).astype("<i2").tobytes()
        instead = bytes(320) if how == "silence" else fading
        kept = frames[at:] if how == "late" else frames[at + 1 :]
        assert signs(b"".join([*frames[:at], instead, *kept])) == [name.strip()], at

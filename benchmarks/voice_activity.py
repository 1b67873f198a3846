"""Voice activity against made speech: what is missed, what is heard that is not there, how late.

The speech is synthetic (espeak-ng, several voices, rates, pitches; Chinese, English, Korean), cut
to the telephone band, at levels of -45 to -3 dBFS, in noise of the telephone band at 5 to 40 dB
below it, with an offset or hum. Where it speaks is known from the clean sound: frames within 30 dB
of its loudest, pauses under the detector's own joined. What is no speech: noise, changes of noise,
clicks, hum, keys, tones of call progress, a melody of pure tones.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from speech.activity import Began, Ended, VoiceActivity
from speech.synthesis import Synthesis, Voice
from speech.tones import key_pcm, tone_pcm

RATE = 8000
QUIET = 0.4
EARLY, LATE = 0.25, 0.3
"""Seconds by which a beginning may be told before or after the truth and still count."""
TARGETS = {
    "missed_percent": ("<=", 1.0),
    "false_starts_per_minute": ("<=", 0.5),
    "cpu_ms_per_second": ("<=", 1.0),
}

SPOKEN = (
    (
        "zh",
        "cmn",
        ("喂，你好。", "不满意。", "基本满意", "我是王先生，你哪位啊？", "好的好的，你说吧"),
    ),
    ("en", "en-gb", ("Hello?", "Yes, I am satisfied.", "No, not at all", "Who is calling please?")),
    ("ko", "ko", ("여보세요", "네", "아니요", "만족 합니다")),
)
VOICES = (("", 50, 160), ("+f2", 60, 180), ("+m3", 35, 140), ("+f4", 75, 200))
LEVELS = (-45.0, -35.0, -25.0, -15.0, -3.0)
RATIOS = (40.0, 20.0, 10.0, 5.0)


class Detector(Protocol):
    """What is measured."""

    def feed(self, pcm: bytes) -> list[Began | Ended]: ...


@dataclass
class Scene:
    """One sound and where somebody speaks in it."""

    name: str
    sound: NDArray[np.float32]
    """-1 to 1."""
    spoken: list[tuple[float, float]]

    @property
    def pcm(self) -> bytes:
        return np.clip(np.round(self.sound * 32767), -32768, 32767).astype("<i2").tobytes()


def telephone(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keep 300 to 3,400 Hz."""
    spectrum = np.fft.rfft(sound)
    at = np.fft.rfftfreq(len(sound), 1 / RATE)
    shape = 1 / (1 + (280 / np.maximum(at, 1)) ** 8) / (1 + (at / 3500) ** 16)
    return np.fft.irfft(spectrum * shape, len(sound)).astype(np.float32)


def active_power(sound: NDArray[np.float32]) -> float:
    """Return the mean square of the parts in which something is said."""
    power = (sound[: len(sound) // 80 * 80].reshape(-1, 80) ** 2).mean(axis=1)
    return float(power[power > power.max() / 1000].mean())


def truth(sound: NDArray[np.float32], before: float) -> list[tuple[float, float]]:
    """Return where clean speech is, pauses shorter than `QUIET` joined."""
    power = (sound[: len(sound) // 80 * 80].reshape(-1, 80) ** 2).mean(axis=1)
    loud = np.flatnonzero(power > power.max() / 1000) * 0.01
    parts: list[list[float]] = []
    for at in loud.tolist():
        if parts and at - parts[-1][1] < QUIET:
            parts[-1][1] = at + 0.01
        else:
            parts.append([at, at + 0.01])
    return [(before + begin, before + end) for begin, end in parts]


def scenes() -> Iterator[Scene]:
    """Yield speech: each wording with each voice, once at each level and ratio in turn."""
    dice = np.random.default_rng(7)
    synthesis = Synthesis()
    turn = 0
    for language, base, wordings in SPOKEN:
        for variant, pitch, speed in VOICES:
            for wording in wordings:
                clean = telephone(synthesis.make(wording, Voice(base + variant, speed, pitch)))
                for ratio in RATIOS:
                    level = LEVELS[turn % len(LEVELS)]
                    turn += 1
                    before = float(dice.uniform(0.05, 1.5))
                    spoken = truth(clean, before)
                    gain = 10 ** (level / 20) / np.sqrt(active_power(clean))
                    sound = np.zeros(round((before + 1.5) * RATE) + len(clean), np.float32)
                    start = round(before * RATE)
                    sound[start : start + len(clean)] = clean * gain
                    sound += noise(len(sound), dice, level - ratio)
                    if turn % 3 == 0:
                        sound += np.float32(0.02)
                    if turn % 4 == 0:
                        sound += hum(len(sound), level - 25)
                    yield Scene(f"{language} {ratio:g} dB {level:g} dBFS", sound, spoken)


def noise(length: int, dice: np.random.Generator, level: float) -> NDArray[np.float32]:
    """Return telephone noise; `level` dBFS (of its mean square)."""
    made = telephone(dice.standard_normal(length).astype(np.float32))
    return made * np.float32(10 ** (level / 20) / np.sqrt((made**2).mean()))


def hum(length: int, level: float) -> NDArray[np.float32]:
    """Return 50 Hz and its third harmonic."""
    at = np.arange(length) / RATE
    wave = np.sin(2 * np.pi * 50 * at) + 0.4 * np.sin(2 * np.pi * 150 * at)
    return (wave * 10 ** (level / 20)).astype(np.float32)


def disturbances() -> Iterator[Scene]:
    """Yield what is no speech, 20 s each."""
    dice = np.random.default_rng(11)
    count = 20 * RATE
    for level in (-60, -45, -30, -20):
        yield Scene("noise", noise(count, dice, level), [])
    steps = [noise(4 * RATE, dice, level) for level in (-60, -35, -50, -30, -45)]
    yield Scene("steps of noise", np.concatenate(steps), [])
    clicks = noise(count, dice, -60)
    for at in dice.integers(0, count - 40, 60):
        clicks[at : at + 24] += (0.5 * dice.standard_normal(24)).astype(np.float32)
    yield Scene("clicks", clicks, [])
    yield Scene("hum", hum(count, -25) + noise(count, dice, -60), [])
    yield Scene("offset", noise(count, dice, -55) + np.float32(0.1), [])
    yield Scene("keys", _row(dice, [*(key_pcm(key, seconds=0.15) for key in "1590#*2846")]), [])
    cadences = (
        ("ringback", 1.0, (450.0,), -15.0),
        ("busy", 0.35, (450.0,), -15.0),
        ("information", 0.33, (950.0,), -20.0),
        ("480+620", 0.5, (480.0, 620.0), -15.0),
        ("fax", 3.0, (2100.0,), -15.0),
        ("calling fax", 0.5, (1100.0,), -15.0),
    )
    for name, seconds, frequencies, level in cadences:
        tone = tone_pcm(*frequencies, seconds=seconds, level=level)
        yield Scene(name, _row(dice, [tone] * 10), [])
    melody = [tone_pcm(220 * 2 ** (n / 12), seconds=0.25, level=-15) for n in (0, 4, 7, 12, 7, 4)]
    yield Scene("melody", _row(dice, melody * 10, pause=0.02), [])


def _row(dice: np.random.Generator, sounds: list[bytes], pause: float = 0.6) -> NDArray[np.float32]:
    made = b"".join(one + bytes(2 * round(pause * RATE)) for one in sounds)
    sound = np.frombuffer(made, "<i2").astype(np.float32) / 32768
    return sound + noise(len(sound), dice, -60)


def detect(detector: Detector, pcm: bytes, chunk: int = 960) -> list[tuple[float, float, float]]:
    """Return segments heard: beginning, end, and when the beginning was told."""
    heard: list[list[float]] = []
    for at in range(0, len(pcm), chunk):
        for event in detector.feed(pcm[at : at + chunk]):
            now = min(at + chunk, len(pcm)) / 2 / RATE
            if isinstance(event, Began):
                heard.append([event.at, len(pcm) / 2 / RATE, now])
            else:
                heard[-1][1] = event.at
    return [(begin, end, told) for begin, end, told in heard]


def measure(make: Callable[[], Detector]) -> dict[str, object]:
    """Measure a kind of detector."""
    missed = parts = false = joined = 0
    begins: list[float] = []
    ends: list[float] = []
    told_late: list[float] = []
    minutes = cpu = seconds = 0.0
    worst: dict[str, int] = {}
    for scene in scenes():
        clock = time.process_time()
        heard = detect(make(), scene.pcm)
        cpu += time.process_time() - clock
        seconds += len(scene.sound) / RATE
        left = list(heard)
        for begin, end in scene.spoken:
            parts += 1
            over = [one for one in left if one[0] < end and one[1] > begin]
            if not over:
                missed += 1
                key = scene.name.split(" ", 1)[1]
                worst[key] = worst.get(key, 0) + 1
                continue
            left = [one for one in left if one not in over]
            begins.append(over[0][0] - begin)
            told_late.append(over[0][2] - begin)
            ends.append(over[-1][1] - end)
            joined += len(over) > 1
        false += len(left)
        spoken = sum(end - begin for begin, end in scene.spoken)
        minutes += (len(scene.sound) / RATE - spoken) / 60
    wrong: dict[str, int] = {}
    empty = 0.0
    false_in_noise = 0
    for scene in disturbances():
        clock = time.process_time()
        heard = detect(make(), scene.pcm)
        cpu += time.process_time() - clock
        seconds += len(scene.sound) / RATE
        empty += len(scene.sound) / RATE / 60
        if heard:
            wrong[scene.name] = wrong.get(scene.name, 0) + len(heard)
            false_in_noise += len(heard)

    def at(values: list[float], percent: float) -> float:
        return sorted(values)[min(len(values) - 1, int(len(values) * percent / 100))] * 1000

    return {
        "parts": parts,
        "missed_percent": 100 * missed / parts,
        "missed_in": dict(sorted(worst.items())),
        "broken_percent": 100 * joined / parts,
        "false_starts_per_minute": (false + false_in_noise) / (minutes + empty),
        "false_beside_speech": false,
        "false_in_disturbances": wrong,
        "begin_off_ms_median": statistics.median(begins) * 1000,
        "begin_off_ms_5": at(begins, 5),
        "begin_off_ms_95": at(begins, 95),
        "begin_told_after_ms_median": statistics.median(told_late) * 1000,
        "begin_told_after_ms_95": at(told_late, 95),
        "end_off_ms_median": statistics.median(ends) * 1000,
        "end_off_ms_5": at(ends, 5),
        "end_off_ms_95": at(ends, 95),
        "cpu_ms_per_second": 1000 * cpu / seconds,
    }


def run() -> dict[str, object]:
    """Measure the detector of the house."""
    return measure(lambda: VoiceActivity(quiet=QUIET))


if __name__ == "__main__":
    for name, value in run().items():
        sys.stdout.write(f"{name}: {value}\n")

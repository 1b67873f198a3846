"""Who picked up, judged from made sounds by timing and tones alone: who is taken for whom, when.

Everything is synthetic (espeak-ng, several voices, rates, pitches; Chinese, English, Korean; noise
of the telephone band, other people talking behind) and says nothing about how often real people
greet in one way or another: it shows that the rules do what they say. Words come on top in a call.
"""

import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.voice_activity import RATE, VOICES, active_power, noise, telephone
from speech.pickup.hearing import judged
from speech.pickup.judge import Announced
from speech.synthesis import Synthesis, Voice
from speech.tones import tone_pcm

TARGETS = {
    "people_hung_up_on_percent": ("<=", 1.0),
    "decided_after_greeting_seconds_95": ("<=", 2.0),
}

GREETINGS = {
    "cmn": (
        "喂",
        "喂，你好",
        "你好，哪位？",
        "喂，喂，听得到吗？",
        "你好，我是王先生，请问您是哪里？",
        "喂，你好，我正在开车，什么事情你说。",
        "您好，这里是城东派出所办公室，请问有什么可以帮您？",
    ),
    "en-gb": (
        "Hello?",
        "Hello, who is this?",
        "Good morning, this is Peter speaking.",
        "Hello, city office, how may I help you?",
    ),
    "ko": ("여보세요", "네", "네, 여보세요. 누구세요?", "네, 말씀하세요. 지금 회의 중입니다."),
}
MAILBOXES = {
    "cmn": (
        "您好，我现在不方便接听您的电话，请您在听到提示音以后留下您的姓名和联系电话，我会尽快回复。",
        "您好，我是机主的智能助理，机主现在不方便接听电话，有什么事情您可以告诉我，我会帮您转达给机主。",
        "您好，您拨打的用户暂时无法接听，请在提示音后留言。",
    ),
    "en-gb": (
        "Hello, you have reached the voice mail of Peter Miller. I can not take your call right "
        "now. Please leave your name, your number and a message after the tone.",
        "I am not available. Please leave a message after the tone.",
    ),
    "ko": ("지금은 전화를 받을 수 없습니다. 삐 소리가 나면 성함과 연락처와 용건을 남겨 주세요.",),
}
RATES = {"cmn": 1.4, "en-gb": 1.0, "ko": 1.2}
"""The engine's words a minute are syllables in Chinese: so people speak 4 to 5 a second."""
RATIOS = (40.0, 20.0, 12.0)
BEEPS = ((1000.0, 0.5), (1400.0, 0.3), (440.0, 1.0), (800.0, 0.2))


@dataclass
class Answer:
    """One answered call's sound."""

    kind: str
    sound: NDArray[np.float32]
    greeted: float
    """When the greeting ends, in seconds; 0: there is none."""

    @property
    def pcm(self) -> bytes:
        return np.clip(np.round(self.sound * 32767), -32768, 32767).astype("<i2").tobytes()


def _around(
    parts: list[NDArray[np.float32]], dice: np.random.Generator, ratio: float, *, behind: bool
) -> NDArray[np.float32]:
    """Return parts in a row in noise; `behind`: other people talk in the room."""
    clean = np.concatenate(parts)
    level = 10 * np.log10(active_power(clean) + 1e-12) if clean.any() else -25.0
    sound = clean + noise(len(clean), dice, max(level, -40.0) - ratio)
    if behind:
        others = _chatter(len(clean), dice)
        sound = sound + others * np.float32(10 ** ((level - 20) / 20))
    return sound.astype(np.float32)


_spoken: list[NDArray[np.float32]] = []


def _chatter(length: int, dice: np.random.Generator) -> NDArray[np.float32]:
    """Return five voices at once, mean square 1."""
    if not _spoken:
        synthesis = Synthesis()
        for variant, pitch, speed in (*VOICES, ("+m1", 45, 170)):
            text = "".join(GREETINGS["cmn"]) * 3
            _spoken.append(telephone(synthesis.make(text, Voice("cmn" + variant, speed, pitch))))
    total = np.zeros(length, np.float32)
    for one in _spoken:
        offset = int(dice.integers(0, len(one)))
        total += np.resize(np.roll(one, offset), length)
    return total / np.float32(np.sqrt((total**2).mean()))


def _silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros(round(seconds * RATE), np.float32)


def _tone(*hertz: float, seconds: float) -> NDArray[np.float32]:
    pcm = tone_pcm(*hertz, seconds=seconds, level=-12)
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def answers() -> Iterator[Answer]:
    """Yield people, mailboxes, faxes, lines that are busy after all."""
    dice = np.random.default_rng(23)
    synthesis = Synthesis()
    for base, wordings in GREETINGS.items():
        for variant, pitch, speed in VOICES:
            for text in wordings:
                voice = Voice(base + variant, round(speed * RATES[base]), pitch)
                words = telephone(synthesis.make(text, voice))
                for ratio in RATIOS:
                    wait = float(dice.uniform(0.1, 1.5))
                    parts = [_silence(wait), words, _silence(8.0)]
                    sound = _around(parts, dice, ratio, behind=bool(dice.integers(0, 3) == 0))
                    yield Answer("person", sound, wait + len(words) / RATE)
    for ratio in (*RATIOS, 60.0):
        yield Answer("silence", _around([_silence(15)], dice, ratio, behind=False), 0.0)
    for base, wordings in MAILBOXES.items():
        for variant, pitch, speed in VOICES:
            for text in wordings:
                voice = Voice(base + variant, round(speed * RATES[base]), pitch)
                words = telephone(synthesis.make(text, voice))
                for ratio in RATIOS:
                    hertz, seconds = BEEPS[int(dice.integers(0, len(BEEPS)))]
                    wait = float(dice.uniform(0.2, 1.2))
                    parts = [_silence(wait), words, _silence(0.4)]
                    parts += [_tone(hertz, seconds=seconds), _silence(6)]
                    sound = _around(parts, dice, ratio, behind=False)
                    yield Answer("machine", sound, wait + len(words) / RATE)
    for ratio in RATIOS:
        fax = [_silence(1.0), _tone(2100, seconds=3.0), _silence(10)]
        yield Answer("fax", _around(fax, dice, ratio, behind=False), 0.0)
        busy = [_silence(0.5), *[_tone(450, seconds=0.35), _silence(0.35)] * 12]
        yield Answer("busy", _around(busy, dice, ratio, behind=False), 0.0)


def run() -> dict[str, object]:
    """Judge all."""
    confusion: Counter[tuple[str, str]] = Counter()
    delays: list[float] = []
    for answer in answers():
        told = judged(answer.pcm)
        at, first = told[0] if told else (0.0, None)
        if first is None:
            taken = "nobody"
        elif isinstance(first, Announced):
            taken = first.announcement.value
        else:
            taken = first.by.value
        confusion[answer.kind, taken] += 1
        if answer.kind == "person" and taken == "person":
            delays.append(at - answer.greeted)
    people = sum(count for (kind, _), count in confusion.items() if kind == "person")
    kept = confusion["person", "person"] + confusion["person", "silence"]
    machines = sum(count for (kind, _), count in confusion.items() if kind == "machine")
    late = sorted(delays)
    return {
        "people": people,
        "people_hung_up_on_percent": 100 * (people - kept) / people,
        "machines": machines,
        "machines_found_percent": 100 * confusion["machine", "machine"] / machines,
        "taken_for": {f"{kind} -> {taken}": n for (kind, taken), n in sorted(confusion.items())},
        "decided_after_greeting_seconds_median": statistics.median(late),
        "decided_after_greeting_seconds_95": late[int(len(late) * 0.95)],
        "decided_before_greeting_ended_percent": 100 * sum(d < 0 for d in late) / len(late),
    }


if __name__ == "__main__":
    for name, value in run().items():
        sys.stdout.write(f"{name}: {value}\n")

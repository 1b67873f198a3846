"""What is no key, though a poor receiver hears keys in it: speech and music, all of it made.

Speech: espeak-ng's voices of several languages at many pitches and rates, saying words in random
order. Music: melodies, chords and bells of harmonics, and gliding whistles, over the whole
telephone band. It is synthetic: real voices and real music hold more surprises.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from speech.loudness import level
from speech.synthesis import Synthesis, Voice

Sound = NDArray[np.float32]

LANGUAGES = ("cmn", "en-gb", "ko", "de", "ru", "es", "yue", "ja")
VARIANTS = ("", "+m1", "+m3", "+m7", "+f1", "+f2", "+f4", "+f5", "+croak", "+whisper")
_WORDS = {
    "cmn": "您好 我 对 这次 办事 很 满意 不 满意 警察 来 得 太 慢 了 谢谢 你们 电话 没有 人 接 "
    "八 九 七 一 二 三",
    "yue": "你好 我 好 滿意 唔 滿意 警察 嚟 得 太 慢 多謝 電話 冇 人 聽 一 二 三",
    "en-gb": "hello yes no satisfied dissatisfied the officer came too late thank you nobody "
    "ever told me anything about my case please call again tomorrow seven eleven nine",
    "ko": "여보세요 네 아니요 만족 합니다 불만족 경찰이 너무 늦게 왔어요 감사합니다 전화 다시 "
    "해 주세요 일 이 삼",
    "de": "guten tag ja nein zufrieden unzufrieden die polizei kam zu spät vielen dank morgen "
    "wieder",
    "ru": "здравствуйте да нет доволен недоволен полиция приехала поздно спасибо завтра",
    "es": "hola sí no satisfecho la policía llegó muy tarde gracias llame mañana otra vez",
    "ja": "もしもし はい いいえ 満足 です ありがとう ございます 電話 を ください いち に さん",
}
_PIECE = 10.0


def material(seconds: float, seed: int) -> Iterator[tuple[str, bytes]]:
    """Make `seconds` of it in pieces of about ten: name and 8 kHz, 16 bit mono samples.

    Half is speech, half is music; levels lie between -30 and -12 dBov.
    """
    dice = np.random.default_rng(seed)
    made, number = 0.0, 0
    while made < seconds:
        number += 1
        name, sound = _speech(dice) if number % 2 else _music(dice)
        sound = sound[: round(min(_PIECE, seconds - made) * 8000)]
        gain = 10 ** (float(dice.uniform(-10, 8)) / 20)
        made += len(sound) / 8000
        pcm = np.clip(np.round(sound * np.float32(gain * 32767)), -32768, 32767).astype("<i2")
        yield f"{number:04d}-{name}", pcm.tobytes()


@cache
def _synthesis() -> Synthesis:
    return Synthesis()


def _speech(dice: np.random.Generator) -> tuple[str, Sound]:
    language = str(dice.choice(LANGUAGES))
    voice = language + str(dice.choice(VARIANTS))
    words = _WORDS[language].split()
    said = " ".join(str(word) for word in dice.choice(words, 60))
    how = Voice(voice, int(dice.integers(110, 240)), int(dice.integers(5, 95)))
    return f"speech-{voice.replace('+', '-')}", _synthesis().make(said, how)


def _music(dice: np.random.Generator) -> tuple[str, Sound]:
    kind = int(dice.integers(0, 4))
    if kind == 3:
        return "music-whistle", level(_whistle(dice), 8000)
    voices = (1, 3, 2)[kind]
    name = ("melody", "chords", "bells")[kind]
    sound = np.zeros(round(_PIECE * 8000), np.float32)
    tuning = 440 * 2 ** float(dice.uniform(-1 / 24, 1 / 24))
    for _ in range(voices):
        at = 0
        while at < len(sound):
            length = round(float(dice.choice([0.12, 0.2, 0.3, 0.45, 0.9])) * 8000)
            hertz = tuning * 2 ** ((int(dice.integers(-24, 28))) / 12)
            note = _note(hertz, min(length, len(sound) - at), dice, bell=kind == 2)
            sound[at : at + len(note)] += note
            at += length
    return f"music-{name}", level(sound, 8000)


def _note(hertz: float, length: int, dice: np.random.Generator, *, bell: bool) -> Sound:
    """One note: a string or pipe of harmonics, or a bell of partials that are none."""
    at = np.arange(length) / 8000
    partials = (1, 2.0, 2.4, 3, 4.5, 5.3) if bell else (1, 2, 3, 4, 5, 6, 7)
    fall = float(dice.uniform(0.35, 0.8))
    trembling = 1 + float(dice.uniform(0, 0.008)) * np.sin(2 * np.pi * 5.5 * at)
    sound = np.zeros(length)
    for place, partial in enumerate(partials):
        if hertz * partial < 3800:
            phase = 2 * np.pi * hertz * partial * np.cumsum(trembling) / 8000
            sound += fall**place * np.sin(phase + float(dice.uniform(0, 6.28)))
    swell = np.minimum(1, at / 0.015) * np.exp(-at * (4 if bell else 1.2))
    return np.asarray(sound * swell, dtype=np.float32)


def _whistle(dice: np.random.Generator) -> Sound:
    """Somebody whistles: one gliding tone, nearly pure, over the frequencies of both groups."""
    count = round(_PIECE * 8000)
    marks = 600 * 2 ** dice.uniform(0, 1.9, 24)
    hertz = np.interp(np.linspace(0, 23, count), np.arange(24), marks)
    turns = 2 * np.pi * np.cumsum(hertz) / 8000
    pure = np.sin(turns) + 0.03 * np.sin(2 * turns)
    return np.asarray(pure / 4 + dice.normal(0, 0.01, count), dtype=np.float32)

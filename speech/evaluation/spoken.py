"""A synthetic set of spoken answers: espeak-ng's voices answer the question of a small survey.

Synthetic voices are clearer and more alike than people, and noise and codec are added by the
evaluation. What holds for them is the least that must hold; only recordings of people tell more.
"""

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speech.evaluation.recording_set import NO_ANSWER, Evaluates, Head
from speech.evaluation.sounds import SetWriter, pcm
from speech.synthesis import Synthesis, Voice

SURVEY = "survey.yaml"


@dataclass(frozen=True)
class Spoken:
    """What is said in one language, and the survey that is answered."""

    survey: str
    """File in the folder `surveys` beside this one."""
    step: str
    said: Mapping[str, Sequence[str]]
    """Label -> wordings."""


ESPEAK = {"ko": "ko", "zh": "cmn", "en": "en-gb"}
VARIANTS = ("", "+m1", "+m2", "+m3", "+m5", "+m7", "+f1", "+f2", "+f3", "+f4")
SPEEDS = (120, 150, 180)
PITCHES = (35, 50, 70)


def make_speech(
    folder: Path, language: str, *, count: int, seed: int, done: Callable[[], None] = lambda: None
) -> int:
    """Write a set of about `count` recordings; return how many. Raises AuthorError, KeyError."""
    spoken = SPOKEN[language]
    synthesis = Synthesis()
    head = Head(
        evaluates=Evaluates.SPEECH,
        language=language,
        survey=SURVEY,
        step=spoken.step,
        synthetic=f"{synthesis.version}; {len(VARIANTS)} voices, "
        f"{SPEEDS[0]}-{SPEEDS[-1]} words a minute, pitch {PITCHES[0]}-{PITCHES[-1]}; seed {seed}",
        notes="Made by `huifang evaluate make speech`. No human voice is in it.",
    )
    writer = SetWriter(folder, head)
    shutil.copyfile(Path(__file__).parent / "surveys" / spoken.survey, folder / SURVEY)
    wordings = [(label, words) for label, each in spoken.said.items() for words in each]
    dice = np.random.default_rng(seed)
    for number in range(count):
        label, words = wordings[number % len(wordings)]
        variant = VARIANTS[(number // len(wordings)) % len(VARIANTS)]
        voice = Voice(
            ESPEAK[language] + variant, int(dice.choice(SPEEDS)), int(dice.choice(PITCHES))
        )
        sound = pcm(synthesis.make(words, voice))
        tag = hashlib.sha256(words.encode()).hexdigest()[:6]
        name = f"{number:04d}-{tag}-{voice.voice.replace('+', '-')}"
        writer.add(name, sound, label, group=voice.voice, words=words)
        done()
    return writer.close()


_KO = Spoken(
    survey="ko.yaml",
    step="overall",
    said={
        "만족": ("만족 합니다", "매우 만족 합니다", "만족", "네 만족 합니다", "아주 만족 합니다"),
        "보통": ("보통 입니다", "보통 이에요", "그저 그래요"),
        "불만족": (
            "불만족 합니다",
            "불만족 입니다",
            "매우 불만족",
            "만족 하지 않습니다",
            "만족 못 합니다",
            "별로 만족 하지 않습니다",
        ),
        NO_ANSWER: (
            "여보세요",
            "누구세요",
            "지금 바쁩니다",
            "잘 모르겠습니다",
            "경찰이 너무 늦게 왔어요",
            "다시 말씀해 주세요",
            "만족인지 불만족인지 모르겠어요",
            "날씨가 좋네요",
        ),
    },
)
SPOKEN = {"ko": _KO}

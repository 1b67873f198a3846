"""A synthetic set of first sounds: people's greetings, mailboxes, assistants, faxes, announcements.

Synthetic voices, tones by the standards' figures; every recording has a pause of its own before it
speaks. Real people greet in more ways: what holds here is the least that must hold.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speech.contract import Announcement
from speech.evaluation.recording_set import Evaluates, Head
from speech.evaluation.sounds import SetWriter, pcm
from speech.evaluation.spoken import ESPEAK, PITCHES, SPEEDS, VARIANTS
from speech.evaluation.tone_cases import noisy, quiet
from speech.synthesis import Synthesis, Voice
from speech.tones import tone_pcm


@dataclass(frozen=True)
class Greetings:
    """What is said in one language."""

    people: Sequence[str]
    machines: Sequence[str]
    announcements: Mapping[Announcement, Sequence[str]]


def make_pickup(
    folder: Path, language: str, *, count: int, seed: int, done: Callable[[], None] = lambda: None
) -> int:
    """Write about `count` recordings, half of them people; return how many. Raises KeyError."""
    greetings, synthesis = GREETINGS[language], Synthesis()
    dice = np.random.default_rng(seed)
    head = Head(
        evaluates=Evaluates.PICKUP,
        language=language,
        synthetic=f"{synthesis.version}; {len(VARIANTS)} voices, tones by script; seed {seed}",
        notes="Made by `huifang evaluate make pickup`. No human voice is in it.",
    )
    writer = SetWriter(folder, head)

    def said(words: str) -> tuple[bytes, str]:
        voice = Voice(
            ESPEAK[language] + str(dice.choice(VARIANTS)),
            int(dice.choice(SPEEDS)),
            int(dice.choice(PITCHES)),
        )
        return pcm(synthesis.make(words, voice)), voice.voice

    def before(least: float = 0.1, most: float = 1.2) -> bytes:
        return quiet(float(dice.uniform(least, most)))

    for number in range(count):
        name, kind = f"{number:04d}", number % 10
        if kind < 5:
            words = greetings.people[(number // 10 * 5 + kind) % len(greetings.people)]
            sound, voice = said(words)
            writer.add(f"{name}-person", _room(before() + sound, dice), "person",
                       group=f"person {voice}", words=words)  # fmt: skip
        elif kind == 5:
            sound = _room(quiet(3.0), dice)
            writer.add(f"{name}-silence", sound, "silence", group="silence")
        elif kind in (6, 7):
            words = greetings.machines[(number // 10 * 2 + kind) % len(greetings.machines)]
            sound, _ = said(words)
            beep = quiet(0.4) + tone_pcm(float(dice.choice([850, 1000, 1400])), seconds=0.5)
            whole = before(0.2, 0.8) + sound + (beep if kind == 6 else b"")
            group = "mailbox with a beep" if kind == 6 else "assistant"
            writer.add(f"{name}-machine", whole, "machine", group=group, words=words)
        elif kind == 8:
            one = list(greetings.announcements)[number // 10 % len(greetings.announcements)]
            words = str(dice.choice(greetings.announcements[one]))
            sound, _ = said(words)
            # The network says it until the caller gives up.
            twice = before(0.3, 0.9) + sound + quiet(1.0) + sound + quiet(0.5)
            writer.add(f"{name}-{one.value}", twice, one.value, group="announcement",
                       words=words, answered_at=None)  # fmt: skip
        else:
            _tones(writer, name, number // 10, before())
        done()
    return writer.close()


def _tones(writer: SetWriter, name: str, number: int, pause: bytes) -> None:
    busy = (tone_pcm(450, seconds=0.35, level=-15) + quiet(0.35)) * 6
    fax = tone_pcm(2100, seconds=3.0, level=-15)
    calling = (tone_pcm(1100, seconds=0.5, level=-15) + quiet(3.0)) * 2
    if number % 3 == 0:
        writer.add(f"{name}-busy", busy, "busy", group="busy tone", answered_at=None)
    elif number % 3 == 1:
        writer.add(f"{name}-fax", pause + fax, "fax", group="fax")
    else:
        writer.add(f"{name}-fax", pause + calling, "fax", group="calling fax")


def _room(sound: bytes, dice: np.random.Generator) -> bytes:
    """Put some room behind the person, at a telephone's level."""
    return noisy(sound, float(dice.uniform(-62, -48)), dice)


GREETINGS = {
    "ko": Greetings(
        people=(
            "여보세요", "네", "네 여보세요", "예", "누구세요", "네 말씀하세요", "네 안녕하세요",
            "여보세요 누구세요", "어 네", "여보세요 잘 안 들려요", "네 김민수입니다",
        ),
        machines=(
            "지금은 전화를 받을 수 없습니다. 삐 소리 후 메시지를 남겨 주세요.",
            "음성 사서함으로 연결 됩니다. 메시지를 남겨 주세요.",
            "고객님이 전화를 받지 않아 음성 사서함으로 연결 중입니다. "
            "삐 소리 후 통화료가 부과됩니다.",
            "안녕하세요. 저는 자동 응답 서비스입니다. 메시지를 남겨 주시면 전해 드리겠습니다.",
        ),
        announcements={
            Announcement.VACANT: ("지금 거신 번호는 없는 번호입니다.",),
            Announcement.SWITCHED_OFF: ("전화기가 꺼져 있어", "전원이 꺼져 있어"),
            Announcement.SUSPENDED: ("고객의 사정으로 정지",),
            Announcement.BUSY: ("지금은 통화 중입니다.",),
            Announcement.NO_ANSWER: ("고객이 전화를 받지 않아",),
            Announcement.UNREACHABLE: ("연결할 수 없습니다.",),
        },
    ),
}  # fmt: skip

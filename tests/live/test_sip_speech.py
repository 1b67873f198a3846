"""Spoken answers in whole calls: real SIP and RTP, people with a voice, a real recogniser."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.disposition import Disposition
from core.trunk import Trunk
from core.verdict import Verdict
from flows.compiler import compile_flow
from flows.exchange import BookTime, SaveAnswer, SendMessage
from flows.program import Program
from flows.reader import read
from ivr.channels.contract import DialRequest
from ivr.channels.sip.driver import SipChannel
from ivr.channels.sip.pool import Ports
from ivr.conversation import ConversationRules, hold
from ivr.outcome import Outcome
from ivr.people.person import Action, Behaviour, Person, Press, Reaction, Script, Speak
from ivr.people.sip.endpoint import SipPeople
from ivr.people.sip.rtp import Impairment
from ivr.people.speaking import EXPECTED, speakers
from speech.contract import Recogniser
from speech.prompts import PromptCache
from speech.recognition.local import VoskRecogniser
from speech.synthesis import Synthesis, Voice

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]
SURVEY = Path(__file__).parent / "speech-ko.yaml"
YES, NO = "만족 합니다", "아니요"


@dataclass
class Kept:
    """A journal in memory."""

    answers: dict[str, SaveAnswer] = field(default_factory=dict)

    async def dialed(self, at: Any) -> None: ...
    async def ringing(self, at: Any) -> None: ...
    async def answered(self, at: Any) -> None: ...
    async def answer(self, answer: SaveAnswer, session: dict[str, Any], at: Any) -> None:
        self.answers[answer.step] = answer

    async def book(self, booking: BookTime, at: Any) -> None: ...
    async def message(self, message: SendMessage, at: Any) -> None: ...


class Heard(PromptCache):
    """Prompts, and the order in which they were asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Synthesis(), voices={"ko": Voice("ko", 200)})
        self.said: list[str] = []

    async def spoken(self, text: str, language: str) -> Path:
        self.said.append(text)
        return await super().spoken(text, language)


@dataclass
class Call:
    """What one call came to."""

    outcome: Outcome
    answers: dict[str, SaveAnswer]
    said: list[str]

    @property
    def verdict(self) -> tuple[Disposition, Verdict | None]:
        return self.outcome.disposition, self.outcome.verdict

    def asked(self) -> int:
        """How often the question was put."""
        return sum(text.startswith("처리 결과") for text in self.said)


def survey() -> Program:
    found = read(SURVEY)
    return compile_flow(found.flow, sha256=found.sha256)


@asynccontextmanager
async def house(
    recogniser: Recogniser, people: list[Person], *, echo: float = 0.0
) -> AsyncIterator[SipChannel]:
    """Start a channel to `people`: the last digits of a number are the place in that list."""
    met = SipPeople(
        people=lambda number: people[int(number[-2:])], impairment=Impairment(echo=echo)
    )
    await met.start()
    first = random.randrange(33000, 58000, 2)
    channel = SipChannel(
        [Trunk("people", f"sip:127.0.0.1:{met.port}", channels=20)],
        channels=len(people),
        ports=Ports(rtp_from=first, rtp_until=first + 4000),
        recogniser=recogniser,
    )
    await channel.start()
    try:
        yield channel
    finally:
        await channel.close()
        await met.close()


async def call(channel: SipChannel, number: int, folder: Path) -> Call:
    journal, prompts = Kept(), Heard(folder / "prompts")
    outcome = await hold(
        channel,
        DialRequest(f"a{number}", f"+861380000{number:04d}", "people", ring_seconds=10),
        program=survey(),
        fields={},
        language="ko",
        prompts=prompts,
        journal=journal,
        clock=SystemClock(),
        rules=ConversationRules(recordings=folder / "recordings"),
        survey_folder=folder,
    )
    return Call(outcome, journal.answers, prompts.said)


async def calls(
    recogniser: Recogniser, people: list[Person], folder: Path, *, echo: float = 0.0
) -> list[Call]:
    """Call everybody at the same time."""
    async with house(recogniser, people, echo=echo) as channel:
        return await asyncio.gather(*(call(channel, n, folder) for n in range(len(people))))


def says(words: str, after: float = 0.8, pressing: str = "") -> Speak:
    return Speak(1.0, after, words, language="ko", pressing=pressing)


def person(*then: Action, during: tuple[Action, ...] = (), later: str = "1") -> Person:
    """Return somebody who reacts so to the first prompt and presses `later` to all others."""
    reactions = (Reaction(during, then),)
    afterwards = Reaction(then=(Press(later),)) if later else Reaction()
    return Person(Behaviour.SILENT, rings=0.2, script=Script(reactions, afterwards))


async def test_what_is_said_is_answered(korean_recogniser: VoskRecogniser, tmp_path: Path) -> None:
    said = {
        "네": Verdict.SATISFIED,
        "만족 합니다": Verdict.SATISFIED,
        "아니요": Verdict.DISSATISFIED,
    }
    people = [person(says(words), later="") for words in said]
    found = await calls(korean_recogniser, people, tmp_path)
    assert [each.verdict for each in found] == [(Disposition.COMPLETED, v) for v in said.values()]
    assert [each.answers["overall"].kind for each in found] == ["speech"] * 3


async def test_the_speaking_people_come_to_what_is_expected_of_them(
    korean_recogniser: VoskRecogniser, tmp_path: Path
) -> None:
    who = speakers("ko")
    found = await calls(korean_recogniser, list(who.values()), tmp_path)
    wanted = [(EXPECTED[each].disposition, EXPECTED[each].verdict) for each in who]
    assert dict(zip(who, (each.verdict for each in found), strict=True)) == dict(
        zip(who, wanted, strict=True)
    )

"""Spoken answers in whole calls: real SIP and RTP, people with a voice, a real recogniser."""

import asyncio
import os
import random
import signal
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
from ivr.channels.contract import DialRequest, Event, PromptFinished, SpeechBegan
from ivr.channels.sip.driver import SipCall, SipChannel
from ivr.channels.sip.pool import Ports
from ivr.conversation import ConversationRules, hold
from ivr.outcome import Outcome
from ivr.people.person import Action, Behaviour, Person, Press, Reaction, Script, Speak
from ivr.people.sip.endpoint import SipPeople
from ivr.people.sip.rtp import Impairment
from ivr.people.speaking import EXPECTED, Speaker, speakers
from speech.contract import Recogniser
from speech.prompts import PromptCache
from speech.recognition.local import VoskRecogniser
from speech.synthesis import Synthesis, Voice

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]
SURVEY = Path(__file__).parent / "speech-ko.yaml"
YES, NO = "만족 합니다", "아니요"
QUESTION, SILENCE, UNSURE = "만족하십니까", "말씀을", "잘 모르"


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
    prompts: "Heard"
    prepared: int = 3
    """Prompts that were made before the phone rang: an apology, the notice, the question."""

    @property
    def verdict(self) -> tuple[Disposition, Verdict | None]:
        return self.outcome.disposition, self.outcome.verdict

    def times(self, words: str) -> int:
        """How often something was said that begins so."""
        return sum(text.startswith(words) for text in self.prompts.said[self.prepared :])


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


class Watched:
    """A channel that tells when somebody speaks."""

    def __init__(self, channel: SipChannel) -> None:
        self._channel, self.abilities = channel, channel.abilities
        self.speaking = asyncio.Event()
        self.told: dict[str, list[Event]] = {}

    async def dial(self, request: DialRequest) -> Any:
        return WatchedCall(await self._channel.dial(request), self, request.attempt)


class WatchedCall:
    """A call whose events are noted."""

    def __init__(self, call: SipCall, channel: Watched, attempt: str) -> None:
        self._call, self._channel = call, channel
        self._told = channel.told.setdefault(attempt, [])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    async def events(self) -> AsyncIterator[Event]:
        async for event in self._call.events():
            self._told.append(event)
            if isinstance(event, SpeechBegan):
                self._channel.speaking.set()
            yield event


async def call(channel: Any, number: int, folder: Path) -> Call:
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
    return Call(outcome, journal.answers, prompts)


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
    said = {"네": Verdict.SATISFIED, YES: Verdict.SATISFIED, NO: Verdict.DISSATISFIED}
    people = [person(says(words), later="") for words in said]
    found = await calls(korean_recogniser, people, tmp_path)
    assert [each.verdict for each in found] == [(Disposition.COMPLETED, v) for v in said.values()]
    assert [each.answers["overall"].kind for each in found] == ["speech"] * 3
    assert [each.times(QUESTION) for each in found] == [1] * 3


async def test_the_speaking_people_come_to_what_is_expected_of_them(
    korean_recogniser: VoskRecogniser, tmp_path: Path
) -> None:
    who = speakers("ko")
    found = await calls(korean_recogniser, list(who.values()), tmp_path)
    wanted = {each: (EXPECTED[each].disposition, EXPECTED[each].verdict) for each in who}
    assert dict(zip(who, (each.verdict for each in found), strict=True)) == wanted
    answers = dict(zip(who, (each.answers["overall"] for each in found), strict=True))
    assert answers[Speaker.SPEAKS_AND_PRESSES].kind == "key"
    assert answers[Speaker.SPEAKS_UNCLEARLY].tries == 2


async def test_who_speaks_into_the_question_is_not_talked_over(
    korean_recogniser: VoskRecogniser, tmp_path: Path
) -> None:
    # The notice is not interrupted: what is said then is not heard. The question is.
    into_notice = person(during=(says(YES, after=0.3),), later="")
    into_question = person(during=(says(YES, after=3.2),), later="")
    people = [into_notice, into_question]
    async with house(korean_recogniser, people) as channel:
        watched = Watched(channel)
        found = await asyncio.gather(*(call(watched, n, tmp_path) for n in range(2)))
    assert found[0].answers == {}
    assert found[1].verdict == (Disposition.COMPLETED, Verdict.SATISFIED)
    finished = [event.play for event in watched.told["a1"] if isinstance(event, PromptFinished)]
    assert finished == [2]  # the first list of prompts was cut short, the last words were not


@pytest.mark.parametrize("echo", [0.1, 0.3], ids=["-20 dB", "-10 dB"])
async def test_our_own_voice_coming_back_interrupts_nothing(
    korean_recogniser: VoskRecogniser, tmp_path: Path, echo: float
) -> None:
    silent, speaks = person(later=""), person(says(YES), later="")
    found = await calls(korean_recogniser, [silent, speaks], tmp_path, echo=echo)
    assert found[0].answers == {}
    assert (found[0].times(QUESTION), found[0].times(SILENCE)) == (2, 1)
    assert found[0].times(UNSURE) == 0
    assert found[1].verdict == (Disposition.COMPLETED, Verdict.SATISFIED)


async def test_a_noise_is_no_answer_and_a_murmur_is_asked_back(
    korean_recogniser: VoskRecogniser, tmp_path: Path
) -> None:
    noise = person(Speak(0.4, 0.8), later="")
    murmur = person(Speak(2.0, 0.8))
    found = await calls(korean_recogniser, [noise, murmur], tmp_path)
    assert (found[0].times(SILENCE), found[0].times(UNSURE)) == (1, 0)
    assert (found[1].times(SILENCE), found[1].times(UNSURE)) == (0, 1)
    assert found[1].verdict == (Disposition.COMPLETED, Verdict.SATISFIED)


async def test_a_call_goes_on_by_keys_when_the_recogniser_dies(
    korean_model: Path, tmp_path: Path
) -> None:
    recogniser = VoskRecogniser({"ko": korean_model})
    await recogniser.start()
    try:
        async with house(recogniser, [person(says(YES))]) as channel:
            watched = Watched(channel)
            calling = asyncio.create_task(call(watched, 0, tmp_path))
            await watched.speaking.wait()
            os.kill(recogniser.process("ko").pid, signal.SIGKILL)
            found = await calling
    finally:
        await recogniser.close()
    assert found.verdict == (Disposition.COMPLETED, Verdict.SATISFIED)
    assert found.answers["overall"].kind == "key"
    assert found.times(QUESTION) == 2

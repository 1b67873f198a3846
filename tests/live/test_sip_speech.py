"""Spoken answers in whole calls: real SIP and RTP, people with a voice, a real recogniser."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

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
from tests.peers.ports import rtp_ports

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


@dataclass(frozen=True)
class Met:
    """Who is called, and how much of our own voice comes back from there (a share)."""

    person: Person
    echo: float = 0.0


@dataclass
class Call:
    """What one call came to."""

    outcome: Outcome
    answers: dict[str, SaveAnswer]
    prompts: "Heard"
    told: list[Event]
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
async def house(recogniser: Recogniser, met: dict[str, Met]) -> AsyncIterator[SipChannel]:
    """Start a channel to people, each behind a trunk with the echo of his line."""
    async with AsyncExitStack() as stack:
        trunks = []
        for name, one in met.items():
            people = SipPeople(
                people=lambda _, found=one: found.person,  # type: ignore[misc]
                impairment=Impairment(echo=one.echo),
            )
            await people.start()
            stack.push_async_callback(people.close)
            trunks.append(Trunk(name, f"sip:127.0.0.1:{people.port}"))
        ports = rtp_ports()
        channel = SipChannel(trunks, channels=len(met), ports=ports, recogniser=recogniser)
        stack.push_async_callback(channel.close)
        await channel.start()
        yield channel


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


async def call(channel: Any, name: str, folder: Path) -> Call:
    journal, prompts = Kept(), Heard(folder / name)
    outcome = await hold(
        channel,
        DialRequest(name, "+8613800001234", name, ring_seconds=10),
        program=survey(),
        fields={},
        language="ko",
        prompts=prompts,
        journal=journal,
        clock=SystemClock(),
        rules=ConversationRules(recordings=folder / "recordings"),
        survey_folder=folder,
    )
    return Call(outcome, journal.answers, prompts, channel.told[name])


def says(words: str, after: float = 0.8, pressing: str = "") -> Speak:
    return Speak(1.0, after, words, language="ko", pressing=pressing)


def person(
    *then: Action, during: tuple[Action, ...] = (), later: str = "", again: bool = False
) -> Person:
    """Return somebody who reacts so to the first prompt and presses `later` to all others.

    `again`: or does the same again, as people do whom a machine did not understand.
    """
    afterwards = Reaction(then=(Press(later),)) if later else Reaction()
    afterwards = Reaction(during, then) if again else afterwards
    script = Script((Reaction(during, then),), afterwards)
    return Person(Behaviour.SILENT, rings=0.2, script=script)


EVERYBODY = {
    "yes": Met(person(says("네"), again=True)),
    "satisfied": Met(person(says(YES), again=True)),
    "no": Met(person(says(NO), again=True)),
    # The notice is not interrupted: what is said then is not heard. The question is; who is asked
    # back or again says it again.
    "into_notice": Met(person(during=(says(YES, after=0.3),))),
    "into_question": Met(
        Person(
            Behaviour.SILENT,
            rings=0.2,
            script=Script(
                (Reaction(during=(says(YES, after=3.2),)),), Reaction(then=(says("네"),))
            ),
        )
    ),
    "noise": Met(person(Speak(0.4, 0.8))),
    "murmur": Met(person(Speak(2.0, 0.8), later="1")),
    "silent_20": Met(person(), echo=0.1),
    "silent_10": Met(person(), echo=0.3),
    "speaks_20": Met(person(says(YES), again=True), echo=0.1),
    "speaks_10": Met(person(says(NO), again=True), echo=0.3),
    **{f"{who}": Met(replace(found, rings=0.2)) for who, found in speakers("ko").items()},
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def found(
    korean_recogniser: VoskRecogniser, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Call]:
    """What the calls to everybody came to; they are held at the same time."""
    folder = tmp_path_factory.mktemp("speech")
    async with house(korean_recogniser, EVERYBODY) as channel:
        watched = Watched(channel)
        calls = await asyncio.gather(*(call(watched, name, folder) for name in EVERYBODY))
    return dict(zip(EVERYBODY, calls, strict=True))


@pytest.mark.parametrize(
    ("who", "verdict"),
    [
        ("yes", Verdict.SATISFIED),
        ("satisfied", Verdict.SATISFIED),
        ("no", Verdict.DISSATISFIED),
    ],
)
async def test_what_is_said_is_answered(found: dict[str, Call], who: str, verdict: Verdict) -> None:
    assert found[who].verdict == (Disposition.COMPLETED, verdict)
    assert found[who].answers["overall"].kind == "speech"


@pytest.mark.parametrize("who", Speaker)
async def test_the_speaking_people_come_to_what_is_expected_of_them(
    found: dict[str, Call], who: Speaker
) -> None:
    assert found[who].verdict == (EXPECTED[who].disposition, EXPECTED[who].verdict)


async def test_a_key_wins_over_what_is_being_said(found: dict[str, Call]) -> None:
    answer = found[Speaker.SPEAKS_AND_PRESSES].answers["overall"]
    assert (answer.kind, answer.raw) == ("key", "3")


async def test_what_is_said_into_a_notice_is_not_heard(found: dict[str, Call]) -> None:
    assert found["into_notice"].answers == {}
    assert found["into_notice"].times(QUESTION) == 2


async def test_who_speaks_into_the_question_is_not_talked_over(found: dict[str, Call]) -> None:
    one = found["into_question"]
    assert one.verdict == (Disposition.COMPLETED, Verdict.SATISFIED)
    # The first list of prompts was cut short; whatever followed was not.
    finished = [event.play for event in one.told if isinstance(event, PromptFinished)]
    assert 1 not in finished
    assert 2 in finished


@pytest.mark.parametrize("decibels", [20, 10])
async def test_our_own_voice_coming_back_interrupts_nothing(
    found: dict[str, Call], decibels: int
) -> None:
    silent, speaks = found[f"silent_{decibels}"], found[f"speaks_{decibels}"]
    assert [event for event in silent.told if isinstance(event, SpeechBegan)] == []
    assert silent.answers == {}
    assert speaks.outcome.disposition is Disposition.COMPLETED
    assert speaks.answers["overall"].kind == "speech"


async def test_a_noise_is_no_answer(found: dict[str, Call]) -> None:
    noise = found["noise"]
    assert [type(event) for event in noise.told].count(SpeechBegan) == 1
    assert (noise.times(SILENCE), noise.times(UNSURE)) == (1, 0)


async def test_a_murmur_is_asked_back(found: dict[str, Call]) -> None:
    murmur = found["murmur"]
    assert (murmur.times(SILENCE), murmur.times(UNSURE)) == (0, 1)
    assert murmur.verdict == (Disposition.COMPLETED, Verdict.SATISFIED)


async def test_a_call_goes_on_by_keys_when_the_recogniser_dies(
    korean_model: Path, tmp_path: Path
) -> None:
    recogniser = VoskRecogniser({"ko": korean_model})
    await recogniser.start()
    try:
        async with house(recogniser, {"a": Met(person(says(YES), later="1"))}) as channel:
            watched = Watched(channel)
            calling = asyncio.create_task(call(watched, "a", tmp_path))
            await watched.speaking.wait()
            os.kill(recogniser.process("ko").pid, signal.SIGKILL)
            one = await calling
    finally:
        await recogniser.close()
    assert one.verdict == (Disposition.COMPLETED, Verdict.SATISFIED)
    assert one.answers["overall"].kind == "key"
    assert one.times(QUESTION) == 2

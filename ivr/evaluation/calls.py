"""Evaluating spoken answers in whole SIP calls: a simulated person says each recording.

Everything is as in a call to somebody: SIP and RTP over loopback, line processes, the question's
prompt, voice activity, the recogniser, the engine, answers written down before the next prompt.
The person says the recording once the question was put, and hangs up when the next prompt begins.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from core.clock import SystemClock
from core.errors import TransientError, problem
from core.trunk import Trunk
from flows.exchange import BookTime, SaveAnswer, SendMessage, Speech
from flows.simulator import examples
from ivr.channels.contract import Call, DialRequest, Event, SpeechHeard, VoiceChannel
from ivr.channels.sip.driver import SipChannel
from ivr.channels.sip.pool import Ports
from ivr.channels.sip.stacks import SipStack
from ivr.conversation import hold
from ivr.conversation_rules import ConversationRules
from ivr.evaluation.answers import NOISE_SECONDS, Answered, Question
from ivr.people.person import Behaviour, HangUp, Person, Reaction, Script, Speak
from ivr.people.sip.endpoint import SipPeople
from speech.contract import PromptSource, Recogniser
from speech.evaluation.recording_set import Recording

AT_ONCE = 8
"""Calls held at the same time."""
_AFTER_SECONDS = 0.8
"""How long people think before they answer."""
_TRUNK = "evaluation"


@dataclass(frozen=True)
class Said:
    """A recording as it is said: with noise and codec added."""

    recording: Recording
    pcm: bytes
    """8 kHz, 16 bit, mono."""


@dataclass(frozen=True)
class Calls:
    """What the calls came to."""

    answered: list[Answered]
    """In the order of what was said; their delays are not known one by one."""
    replies: list[float]
    """Seconds from the end of what was said to the first sound of the next prompt."""


@dataclass
class _Kept:
    """A journal in memory, of one call."""

    # ruff: noqa: ARG002 - a journal is told more than this one keeps
    answers: dict[str, SaveAnswer] = field(default_factory=dict)

    async def dialed(self, at: datetime) -> None: ...
    async def ringing(self, at: datetime) -> None: ...
    async def answered(self, at: datetime) -> None: ...
    async def answer(self, answer: SaveAnswer, session: dict[str, Any], at: datetime) -> None:
        self.answers.setdefault(answer.step, answer)

    async def book(self, booking: BookTime, at: datetime) -> None: ...
    async def message(self, message: SendMessage, at: datetime) -> None: ...


class _Watched:
    """A channel that notes what was heard in its calls."""

    def __init__(self, channel: VoiceChannel) -> None:
        self._channel, self.abilities = channel, channel.abilities
        self.heard: dict[str, list[SpeechHeard]] = {}

    async def dial(self, request: DialRequest) -> Call:
        heard = self.heard.setdefault(request.attempt, [])
        return cast(Call, _WatchedCall(await self._channel.dial(request), heard))


class _WatchedCall:
    """A call whose utterances are noted."""

    def __init__(self, call: Call, heard: list[SpeechHeard]) -> None:
        self._call, self._heard = call, heard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    async def events(self) -> AsyncIterator[Event]:
        async for event in self._call.events():
            if isinstance(event, SpeechHeard):
                self._heard.append(event)
            yield event


async def say_in_calls(
    said: Sequence[Said],
    question: Question,
    recogniser: Recogniser,
    prompts: PromptSource,
    *,
    ports: Ports,
    stack: SipStack,
    folder: Path,
    done: Callable[[], None] = lambda: None,
) -> Calls:
    """Say each in a call of its own, `AT_ONCE` at a time.

    `folder`: for what the calls record. Raises TransientError where a call was not held.
    """
    numbers = [f"+86138{place:08d}" for place in range(len(said))]
    # Whatever form a number is dialled in, it ends in the place of what is said there.
    people = SipPeople(people=lambda number: _person(said[int(number[-8:])].pcm))
    await people.start()
    channel = SipChannel(
        [Trunk(_TRUNK, f"sip:127.0.0.1:{people.port}")],
        channels=2 * AT_ONCE,  # a line is busy with a call's end a moment longer than we are
        ports=ports,
        recogniser=recogniser,
        stack=stack,
    )
    # The survey begins at its question: what comes before it is not what is tried.
    program = replace(question.program, start=question.step, prepared={})
    free = asyncio.Semaphore(AT_ONCE)

    async def call(number: str, recording: Recording) -> Answered:
        async with free:
            journal, watched = _Kept(), _Watched(channel)
            outcome = await hold(
                cast(VoiceChannel, watched),
                DialRequest(number, number, _TRUNK),
                program=program,
                fields=examples(program),
                language=question.language,
                prompts=prompts,
                journal=journal,
                clock=SystemClock(),
                rules=ConversationRules(recordings=folder),
                survey_folder=folder,
            )
            if outcome.answered_at is None:
                reason = outcome.reason or outcome.disposition.value
                raise TransientError(problem("evaluation-call-failed", reason=reason))
            done()
            return _answered(recording, question, journal.answers, watched.heard[number])

    try:
        await channel.start()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(call(number, each.recording))
                for number, each in zip(numbers, said, strict=True)
            ]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    finally:
        await channel.close()
        await people.close()
    return Calls([task.result() for task in tasks], people.replies)


def _person(pcm: bytes) -> Person:
    says = Speak(len(pcm) / 16000, _AFTER_SECONDS, pcm=pcm)
    script = Script((Reaction(then=(says,)),), Reaction(during=(HangUp(0.2),)))
    return Person(Behaviour.SATISFIED, rings=0.2, script=script)


def _answered(
    recording: Recording,
    question: Question,
    answers: dict[str, SaveAnswer],
    heard: list[SpeechHeard],
) -> Answered:
    """Return what became of it: the answer that was written down, or why there is none."""
    noise = timedelta(seconds=NOISE_SECONDS)
    counting = [one for one in heard if one.text or one.ended_at - one.began_at >= noise]
    said = Speech(counting[0].text, counting[0].confidence) if counting else None
    stored = answers.get(question.step)
    if stored is not None and stored.kind == "speech":
        return Answered(recording, stored.label, said, None)
    result = question.result(said)
    if result in question.labels:
        raise TransientError(problem("evaluation-call-failed", reason=f"{result}: not stored"))
    return Answered(recording, result, said, None)

"""Evaluating spoken answers: each recording goes the way of a call, from the sound to the answer.

The same objects as in a SIP call: `Utterances` cuts the sound (voice activity, echo guard),
`Understanding` feeds the recogniser, `Attention` gives the grammar of the survey's wait and says
what counts, and the survey's engine decides: taken, asked back, or not understood. Only the sound
comes out of a file, by its own time, as fast as the recogniser is.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from core.clock import Clock
from flows import engine
from flows.exchange import SaveAnswer, Speech, WaitAnswer
from flows.model import Ask
from flows.program import Program
from flows.session import Session
from flows.steps.expected import answers_of
from ivr.attention import Attention
from ivr.channels.contract import Call, Event, SpeechHeard
from ivr.channels.sip.understanding import Understanding
from ivr.channels.sip.utterances import Utterances
from ivr.evaluation.line import FRAME, SoundClock, SoundSource
from speech.contract import Grammar, Recogniser
from speech.evaluation.recording_set import Recording

BEFORE_SECONDS, AFTER_SECONDS = 0.6, 1.5
"""Pause put before and behind a recording: a line is quiet before and after an answer, too."""
NOISE_SECONDS = 0.6
"""As `ivr.conversation_rules.ConversationRules.noise_seconds`."""
SILENCE, UNSURE, KEY = "silence", "unsure", "key"


@dataclass(frozen=True)
class Question:
    """The question of a survey that the recordings answer."""

    program: Program
    step: str
    language: str

    @property
    def labels(self) -> tuple[str, ...]:
        """The answers, as results show them."""
        return tuple(self.label(index) for index in range(len(self._choices)))

    @property
    def _choices(self) -> Any:
        return answers_of(cast(Ask, self.program.nodes[self.step].step))

    def label(self, index: int) -> str:
        """Return the name of an answer."""
        words = self._choices[index].label
        return (
            words
            if isinstance(words, str)
            else str(words.get(self.language) or next(iter(words.values())))
        )

    def verdict(self, label: str) -> str:
        """Return the verdict of an answer; empty: none."""
        for index, choice in enumerate(self._choices):
            if self.label(index) == label and getattr(choice, "verdict", None):
                return str(choice.verdict.value)
        return ""

    def asked(self) -> Session:
        """Return a conversation in which the question was just put."""
        return Session(
            flow=self.program.flow.flow,
            sha256=self.program.sha256,
            language=self.language,
            fields={},
            node=self.step,
            tries=1,
        )

    def result(self, said: Speech | None) -> str:
        """Return what the survey makes of it: an answer, ``ask:ANSWER``, or why there is none."""
        if said is None:
            return SILENCE
        before = self.asked()
        after = engine.step(self.program, before, said)
        for effect in after.effects:
            if isinstance(effect, SaveAnswer) and effect.step == self.step:
                return effect.label if effect.kind == "speech" else UNSURE
        session = after.session
        if session.pending is not None:
            return (
                f"ask:{self.label(session.pending.answer)}" if session.pending.answer >= 0 else KEY
            )
        moved = session.ended or session.node != self.step or session.repeats
        return KEY if moved and not session.unsures else UNSURE


@dataclass(frozen=True)
class Answered:
    """What became of one recording."""

    recording: Recording
    result: str
    said: Speech | None
    delay: float | None
    """Seconds from the end of speech until the result."""


class _Line:
    """The part of a call that listens."""

    def __init__(self, recogniser: Recogniser) -> None:
        self.clock = SoundClock()
        self.source = SoundSource()
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.unheard = 0
        """Utterances that are over and not recognised yet."""
        self.ended_at = 0.0
        """Real time at which the last one was over."""
        self._understanding = Understanding(recogniser, self._tell)
        self._utterances = Utterances(
            self.source,
            self._happened,
            self._understanding.sound,
            clock=lambda: self.clock.seconds,
        )

    async def listen(self, grammar: Grammar) -> None:
        if self._understanding.listen(grammar):
            self._utterances.listen(self._understanding.listening)

    async def stop_listening(self) -> None:
        self._understanding.stop()
        self._utterances.stop(self.clock.seconds)

    def hear(self, frame: bytes) -> None:
        self.clock.seconds += len(frame) / 16000
        self.source.waiting.append(frame)
        self._utterances.turn(self.clock.seconds)

    def _happened(self, what: str, *, listening: int, at: float) -> None:
        moment = datetime.fromtimestamp(at, UTC)
        if what == "speech_began":
            self._understanding.began(listening, moment)
        else:
            self.unheard += 1
            self.ended_at = time.perf_counter()
            self._understanding.ended(listening, moment)

    def _tell(self, event: Event) -> None:
        self.unheard -= isinstance(event, SpeechHeard)
        self.events.put_nowait(event)


async def answer(
    recording: Recording,
    pcm: bytes,
    spoken_until: float,
    question: Question,
    recogniser: Recogniser,
) -> Answered:
    """Let `pcm` (with its pauses) be said to the question; it ends with the first answer."""
    line = _Line(recogniser)
    attention = Attention(
        cast(Call, line), cast(Clock, line.clock), able=True, noise_seconds=NOISE_SECONDS
    )
    wait = engine.wait_of(question.program, question.asked())
    assert isinstance(wait, WaitAnswer)  # noqa: S101 - `Question` is an ask
    await attention.begin(wait)
    said: Speech | None = None
    delay = None
    for at in range(0, len(pcm), FRAME):
        line.hear(pcm[at : at + FRAME])
        while line.unheard or not line.events.empty():
            event = await line.events.get()
            said = attention.take(event)
            if said is not None:
                waited = time.perf_counter() - line.ended_at
                delay = line.clock.seconds - spoken_until + waited
                break
        if said is not None:
            break
    await attention.end()
    return Answered(recording, question.result(said), said, delay)

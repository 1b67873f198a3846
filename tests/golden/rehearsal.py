"""One call to one simulated person in virtual time, and what was said and done in it, as text."""

# ruff: noqa: ARG002 - a journal is told more than this one notes
import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.clock import VirtualClock
from flows.compiler import compile_flow
from flows.exchange import BookTime, SaveAnswer, SendMessage
from flows.program import Program
from flows.reader import read
from ivr.channels.contract import Call, DialRequest, Event
from ivr.channels.dry_run import DryRunChannel
from ivr.conversation import ConversationRules, hold
from ivr.outcome import Outcome
from ivr.prompt_length import SilentPrompts
from speech.contract import PromptSource

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def program(path: Path) -> Program:
    survey = read(path)
    return compile_flow(survey.flow, sha256=survey.sha256)


@dataclass
class Transcript:
    """Lines with the seconds since dialling."""

    clock: VirtualClock
    lines: list[str] = field(default_factory=list)

    def note(self, who: str, what: str) -> None:
        self.lines.append(f"{self.clock.monotonic():7.2f}  {who:<8} {what}")


@dataclass
class NotingJournal:
    """A journal that writes into the transcript."""

    transcript: Transcript
    fails_at: str = ""

    async def dialed(self, at: datetime) -> None:
        self.transcript.note("journal", "dialed")

    async def ringing(self, at: datetime) -> None:
        self.transcript.note("journal", "ringing")

    async def answered(self, at: datetime) -> None:
        self.transcript.note("journal", "answered")

    async def answer(self, answer: SaveAnswer, session: dict[str, Any], at: datetime) -> None:
        if answer.step == self.fails_at:
            raise OSError("database is gone")
        verdict = f" [{answer.verdict}]" if answer.verdict else ""
        self.transcript.note("journal", f"{answer.step} = {answer.label}{verdict}")
        assert session["answers"][answer.step]["value"] == answer.value

    async def book(self, booking: BookTime, at: datetime) -> None:
        self.transcript.note("journal", f"book {booking.label}")

    async def message(self, message: SendMessage, at: datetime) -> None:
        self.transcript.note("journal", f"message {message.text}")


class NamedPrompts(SilentPrompts):
    """Silent prompts that know what they say."""

    def __init__(self) -> None:
        super().__init__(step=0.5)
        self.words: dict[Path, str] = {}

    async def spoken(self, text: str, language: str) -> Path:
        path = await super().spoken(text, language)
        self.words[path] = text
        return path

    async def recorded(self, file: Path) -> Path:
        path = await super().recorded(file)
        self.words[path] = f"<{file.name}>"
        return path


class NotingCall:
    """A call that notes what passes through it."""

    def __init__(self, call: Call, transcript: Transcript, words: dict[Path, str]) -> None:
        self._call, self._transcript, self._words = call, transcript, words

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)

    async def events(self) -> AsyncIterator[Event]:
        async for event in self._call.events():
            shown = {
                name: value
                for name, value in vars(event).items()
                if name not in ("at", "path") and value not in ("", 0, False)
            }
            details = " ".join(f"{name}={value}" for name, value in shown.items())
            self._transcript.note("person", f"{type(event).__name__} {details}".strip())
            yield event

    async def play(self, files: list[Path]) -> int:
        for file in files:
            self._transcript.note("machine", self._words[file])
        return await self._call.play(files)

    async def stop(self) -> None:
        self._transcript.note("machine", "(stops)")
        await self._call.stop()

    async def hang_up(self, *, after_playing: bool = False) -> None:
        self._transcript.note("machine", "(hangs up)")
        await self._call.hang_up(after_playing=after_playing)


class NotingChannel(DryRunChannel):
    """The dry-run channel, its calls noted."""

    def __init__(self, clock: VirtualClock, transcript: Transcript, words: dict[Path, str]) -> None:
        super().__init__(clock)
        self._transcript, self._words = transcript, words

    async def dial(self, request: DialRequest) -> Any:
        return NotingCall(await super().dial(request), self._transcript, self._words)


async def rehearse(
    walked: Program,
    number: str,
    tmp_path: Path,
    *,
    fails_at: str = "",
    change: Callable[[ConversationRules], ConversationRules] = lambda rules: rules,
    channel: Callable[[VirtualClock, Transcript, dict[Path, str]], Any] = NotingChannel,
    prompts: PromptSource | None = None,
    may_leave_message: bool = True,
    left: Mapping[str, Any] | None = None,
) -> tuple[Outcome, list[str]]:
    """Call `number`; return the outcome and the transcript."""
    clock = VirtualClock(START)
    transcript = Transcript(clock)
    named = NamedPrompts()
    driver = asyncio.create_task(clock.drive())
    try:
        outcome = await hold(
            channel(clock, transcript, named.words),
            DialRequest("a1", number, "dry-run", ring_seconds=30),
            program=walked,
            fields={name: field.example for name, field in walked.flow.fields.items()},
            language="zh",
            prompts=prompts or named,
            journal=NotingJournal(transcript, fails_at),
            clock=clock,
            rules=change(ConversationRules(recordings=tmp_path, settle_seconds=1.0)),
            survey_folder=tmp_path,
            may_leave_message=may_leave_message,
            left=left,
        )
    finally:
        driver.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await driver
    verdict = outcome.verdict.value if outcome.verdict else "-"
    more = " asked_for_person" if outcome.asked_for_person else ""
    transcript.note("outcome", f"{outcome.disposition} {verdict} {outcome.reason}{more}".strip())
    return outcome, transcript.lines

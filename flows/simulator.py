"""A conversation in text: what the terminal and the scenario runner share.

A transcript has one line for everything that happens, marked by its first character:

    » what the machine says          « what the person does
    = an answer that is kept         > a text message, a booked time, a transfer
    # how it ended
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flows.engine import Step, start, step
from flows.exchange import (
    BookTime,
    Effect,
    EndCall,
    HungUp,
    Input,
    Keys,
    PlayFile,
    Recorded,
    SaveAnswer,
    SayText,
    SendMessage,
    Silence,
    Speech,
    Started,
    TransferEnded,
    Wait,
    WaitRecording,
    WaitTransfer,
    Written,
)
from flows.program import Program
from flows.session import Session
from flows.turn import Walked


class Simulation:
    """One simulated conversation; the session is written to JSON and read back at every step."""

    def __init__(
        self, program: Program, fields: Mapping[str, Any], language: str | None = None
    ) -> None:
        """Begin. Raises AuthorError as `flows.engine.start` does."""
        self.program = program
        self.transcript: list[str] = []
        self.walked: list[Walked] = []
        self.answers: dict[str, SaveAnswer] = {}
        self.current = self._after(start(program, fields=fields, language=language))

    @property
    def ended(self) -> bool:
        """True when the call is over."""
        return self.current.session.ended

    @property
    def wait(self) -> Wait:
        """What is waited for."""
        return self.current.wait

    def give(self, given: Input) -> list[str]:
        """Take one input; return the new lines of the transcript."""
        before = len(self.transcript)
        self.transcript.append("« " + words_of_input(given))
        written = json.dumps(self.current.session.to_json(), ensure_ascii=False)
        session = Session.from_json(json.loads(written), self.program)
        if session != self.current.session:
            raise AssertionError(f"the session changed when it was written down: {written}")
        self.current = self._after(step(self.program, session, given))
        return self.transcript[before:]

    def _after(self, done: Step) -> Step:
        self.transcript += lines_of(done.effects)
        if isinstance(done.wait, WaitTransfer):
            self.transcript.append(f"> transfer {done.wait.target}")
        elif isinstance(done.wait, WaitRecording):
            self.transcript.append(f"> record {done.wait.seconds:g} s")
        self.walked += done.walked
        for effect in done.effects:
            if isinstance(effect, SaveAnswer):
                self.answers[effect.step] = effect
        return done


def lines_of(effects: Iterable[Effect]) -> list[str]:
    """Return one transcript line for each effect."""
    return [_line(effect) for effect in effects]


def _line(effect: Effect) -> str:
    if isinstance(effect, SayText):
        return f"» {_flat(effect.text)}"
    if isinstance(effect, PlayFile):
        return f"» [{effect.file}] {_flat(effect.text)}".rstrip()
    if isinstance(effect, SaveAnswer):
        verdict = f" ({effect.verdict})" if effect.verdict else ""
        return f"= {effect.step}: {effect.value}{verdict}"
    if isinstance(effect, SendMessage):
        return f"> text {_flat(effect.text)}"
    if isinstance(effect, BookTime):
        return f"> book +{effect.days}d {effect.at} {effect.label}"
    return ended(effect)


def ended(end: EndCall) -> str:
    """Return the last line of a transcript."""
    return f"# {end.disposition} {end.verdict or '-'} {end.reason}".rstrip()


def _flat(text: str) -> str:
    return " ".join(text.split())


def words_of_input(given: Input) -> str:
    """Return an input as the transcript shows it."""
    if isinstance(given, Keys):
        return given.digits
    if isinstance(given, Speech):
        return f"“{given.text}” {given.confidence:g}"
    if isinstance(given, Recorded):
        return f"recording {given.seconds:g} s"
    if isinstance(given, Written):
        return given.text
    if isinstance(given, TransferEnded):
        return "transfer taken" if given.taken else "transfer failed"
    names: dict[type, str] = {Silence: "silence", HungUp: "hang_up", Started: "started"}
    return names[type(given)]


def examples(program: Program) -> dict[str, Any]:
    """Return the fields of an example case: each field's example, else a plain value."""
    plain: dict[str, Any] = {
        "text": "示例",
        "number": 1,
        "date": "2026-03-05",
        "datetime": "2026-03-05T09:30",
        "yes_no": True,
    }
    return {
        name: plain[declared.type] if declared.example is None else declared.example
        for name, declared in program.flow.fields.items()
    }

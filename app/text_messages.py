"""A survey's text messages on the screen: their parts, and the conversation in the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from app.context import refuse, screen
from core.catalogue import text
from core.disposition import Disposition
from core.errors import AuthorError, Problem
from flows.reader import SurveyFile, read
from flows.simulator import examples
from ivr.texting.checking import MessageLength, faults, lengths
from ivr.texting.conversation import Talk, opening, reply, silence
from ivr.texting.language import is_opt_out
from ivr.texting.parts import parts_of
from ivr.texting.written import written_program


@dataclass(frozen=True)
class Written:
    """One survey as text messages."""

    file: Path
    messages: list[MessageLength]
    faults: list[Problem]


def look(files: Sequence[Path]) -> list[Written]:
    """Return the messages of surveys that are without faults otherwise."""
    found = []
    for file in files:
        survey = read(file)
        program = written_program(survey.flow, sha256=survey.sha256)
        fields = examples(program)
        wrong = faults(survey, fields)
        refused = any(each.is_error for each in wrong)
        found.append(Written(file, [] if refused else lengths(program, fields), wrong))
    return found


def as_json(found: Sequence[Written]) -> list[dict[str, Any]]:
    """Return the messages for machines."""
    return [
        {
            "file": str(each.file),
            "step": message.step,
            "language": message.language,
            "purpose": message.purpose,
            "encoding": message.parts.encoding,
            "units": message.parts.units,
            "parts": message.parts.count,
            "text": message.text,
        }
        for each in found
        for message in each.messages
    ]


def show(found: Sequence[Written], spoken: str) -> None:
    """Show each message with its parts and encoding."""
    for each in found:
        if not each.messages:
            continue
        table = Table(title=text("text-messages", spoken, file=each.file), box=None)
        for heading in ("step", "parts", "encoding", "units", "text"):
            table.add_column(text(f"text-heading-{heading}", spoken))
        for message in each.messages:
            table.add_row(
                message.step,
                str(message.parts.count),
                message.parts.encoding,
                str(message.parts.units),
                escape(message.text),
            )
        screen.print(table)


def play(survey: SurveyFile, fields: dict[str, Any], in_language: str | None, spoken: str) -> None:
    """Hold a survey in the terminal as a conversation by text message."""
    wrong = [each for each in faults(survey, fields) if each.is_error]
    if wrong:
        refuse(AuthorError(*wrong), spoken)
    program = written_program(survey.flow, sha256=survey.sha256)
    screen.print(text("flow-run-text", spoken), style="dim")
    talk = opening(program, fields, in_language)
    _tell(talk)
    while talk.end is None:
        try:
            typed = screen.input("> ", markup=False).strip()
        except EOFError:
            typed = ""
        if is_opt_out(typed):
            screen.print(text("flow-run-text-refused", spoken), style="yellow")
            _end(Disposition.REFUSED, "-", spoken)
            return
        talk = reply(program, talk.session, typed) if typed else silence(program, talk.session)
        _tell(talk)
    verdict = text(f"verdict-{talk.end.verdict}", spoken) if talk.end.verdict else "-"
    _end(talk.end.disposition, verdict, spoken)


def _tell(talk: Talk) -> None:
    for answer in talk.answers:
        screen.print(f"= {answer.step}: {answer.label}", style="green", markup=False)
    for message in talk.messages:
        parts = parts_of(message.text)
        screen.print(message.text, style="cyan", markup=False, highlight=False)
        screen.print(f"({parts.count} × {parts.encoding})", style="dim", markup=False)


def _end(disposition: Disposition, verdict: str, spoken: str) -> None:
    came = text(f"disposition-{disposition}", spoken)
    screen.print(text("flow-run-ended", spoken, disposition=came, verdict=verdict))

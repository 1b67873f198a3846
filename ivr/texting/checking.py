"""Can a survey be held by text message, and how long are its messages?

Pure. The messages are made by the engine itself, with the examples of the fields: every way through
the survey is tried as long as it leads to messages that were not seen before.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.errors import HuifangError, Problem, problem
from flows.engine import wait_of
from flows.exchange import WaitAnswer, WaitRecording
from flows.model import Ask, Book, Choice, Play, Slot
from flows.program import Node, Program
from flows.reader import SurveyFile, in_order
from flows.scope import spoken_forms
from flows.session import Session
from ivr.texting.conversation import Talk, opening, reply
from ivr.texting.language import is_opt_out
from ivr.texting.parts import Parts, parts_of
from ivr.texting.rendering import options_of
from ivr.texting.written import written_program

WARN_PARTS = 3
"""More parts than this are told: each costs, and nobody reads so much."""
MOST_PARTS = 8
"""More parts than this are refused."""
MOST_LOOKS = 400
"""Turns that are tried in one language."""


@dataclass(frozen=True)
class MessageLength:
    """One message of a survey, with the examples filled in."""

    step: str
    """The step at which it ends: the question, or the last one."""
    language: str
    purpose: str
    text: str
    parts: Parts


def faults(survey: SurveyFile, fields: dict[str, Any]) -> list[Problem]:
    """Return why `survey` cannot be held by text message, and what is to be said of its messages.

    `fields`: an example case.
    """
    program = written_program(survey.flow, sha256=survey.sha256)
    found = list(_of_steps(survey, program))
    if not any(each.is_error for each in found):
        found += _of_messages(survey, program, fields)
    return in_order(found)


def _of_steps(survey: SurveyFile, program: Program) -> Iterator[Problem]:
    for node in program.nodes.values():
        step = node.step
        if isinstance(step, Play) and not step.text:
            yield problem("text-play-unwritten", survey.place(node.path), step=node.name)
        answers: list[tuple[str, Choice | Slot]] = []
        if isinstance(step, Ask):
            answers = [("choices", choice) for choice in step.choices]
        elif isinstance(step, Book):
            answers = [("slots", slot) for slot in step.slots]
        for index, (setting, answer) in enumerate(answers):
            yield from _refusing(survey, program, node, (setting, index), answer)


def _refusing(
    survey: SurveyFile,
    program: Program,
    node: Node,
    where: tuple[str, int],
    answer: Choice | Slot,
) -> Iterator[Problem]:
    """Tell answers that would never arrive: whoever writes them is taken off the list."""
    for language in program.flow.languages:
        for form in spoken_forms(answer, language):
            if is_opt_out(form):
                place = survey.place((*node.path, *where))
                yield problem("text-answer-refuses", place, step=node.name, answer=form)
                return


def _of_messages(survey: SurveyFile, program: Program, fields: dict[str, Any]) -> Iterator[Problem]:
    told: set[tuple[str, str]] = set()
    for message in lengths(program, fields):
        count, key = message.parts.count, (message.step, message.language)
        if count <= WARN_PARTS or key in told:
            continue
        told.add(key)
        code = "text-too-long" if count > MOST_PARTS else "text-long"
        yield problem(
            code,
            survey.place(program.nodes[message.step].path),
            severity="error" if count > MOST_PARTS else "warning",
            step=message.step,
            language=message.language,
            parts=count,
            most=MOST_PARTS if count > MOST_PARTS else WARN_PARTS,
            characters=len(message.text),
        )


def lengths(program: Program, fields: dict[str, Any]) -> list[MessageLength]:
    """Return every message that the ways through a `written_program` lead to.

    What depends on several answers together may be missed; each question, each of its answers and
    each wrong reply is seen.
    """
    found: dict[tuple[str, str], MessageLength] = {}
    for language in program.flow.languages:
        given = dict(fields)
        if program.flow.language_field:
            given[program.flow.language_field] = language
        try:
            first = opening(program, given, language)
        except HuifangError:
            continue
        waiting: deque[Talk] = deque([first])
        for _ in range(MOST_LOOKS):
            if not waiting:
                break
            talk = waiting.popleft()
            fresh = [message for message in talk.messages if (language, message.text) not in found]
            for message in fresh:
                found[(language, message.text)] = MessageLength(
                    talk.session.node,
                    language,
                    message.purpose,
                    message.text,
                    parts_of(message.text),
                )
            if talk.end is None and fresh:
                waiting.extend(
                    reply(program, talk.session, words) for words in _replies(program, talk.session)
                )
    return list(found.values())


def _replies(program: Program, session: Session) -> Iterator[str]:
    """Return what may be answered here: each option, each key that works everywhere, nonsense."""
    for key, label in options_of(program, session):
        yield key or label
    wait = wait_of(program, session)
    if isinstance(wait, WaitRecording):
        yield "…"
        return
    if isinstance(wait, WaitAnswer) and wait.digits_most >= 1 and not wait.keys.strip("*#"):
        yield "1" * wait.digits_least
    yield from (everywhere.key for everywhere in program.flow.keys)
    yield "？？"

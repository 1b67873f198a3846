"""A survey held by text message, one turn at a time. Pure: what is kept stands in `Talk`.

The state of a conversation is the engine's session; whoever keeps it (the database, the terminal)
hands it back with the next reply.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.disposition import Disposition
from flows.engine import Step, resumed, start, step, wait_of
from flows.exchange import BookTime, EndCall, HungUp, SaveAnswer
from flows.model import Transfer
from flows.program import EdgeKind, Program
from flows.session import Session
from ivr.outcome import ASKED_FOR_PERSON
from ivr.texting.reading import input_of
from ivr.texting.rendering import Message, messages_of

MOST_STEPS = 10
"""Waits that a survey may still have after the last word, before it is cut off."""


@dataclass(frozen=True)
class Talk:
    """What one turn came to."""

    session: Session
    messages: tuple[Message, ...] = ()
    """To be sent, in their order."""
    answers: tuple[SaveAnswer, ...] = ()
    bookings: tuple[BookTime, ...] = ()
    end: EndCall | None = None
    """Set where the survey is over."""
    person_wanted: bool = False
    """True where the person asked for a human being (nobody can be put through by text)."""


def opening(program: Program, fields: dict[str, Any], language: str | None = None) -> Talk:
    """Begin: the notice and the first question. `program` is a `written_program`.

    Raises AuthorError as `flows.engine.start` does.
    """
    return _talk(program, start(program, fields=fields, language=language))


def going_on(program: Program, stored: Mapping[str, Any] | None) -> Talk | None:
    """Go on with a survey that was left, by whichever channel: the notice, then the question.

    None where it has to begin anew.
    """
    again = resumed(program, stored)
    return None if again is None else _talk(program, again)


def reply(program: Program, session: Session, text: str) -> Talk:
    """Go on with what the person wrote."""
    wait = wait_of(program, session)
    given = input_of(program, session, wait, text)
    return _talk(program, step(program, session, given), raw=text.strip())


def silence(program: Program, session: Session) -> Talk:
    """End a conversation that nobody answers any more: what was kept, and what it came to."""
    answers: tuple[SaveAnswer, ...] = ()
    bookings: tuple[BookTime, ...] = ()
    for _ in range(MOST_STEPS):
        talk = _talk(program, step(program, session, HungUp()))
        session = talk.session
        answers, bookings = answers + talk.answers, bookings + talk.bookings
        if talk.end is not None:
            # Who does not answer is not written to any more.
            return replace(talk, messages=(), answers=answers, bookings=bookings)
    return Talk(session, (), answers, bookings, EndCall(Disposition.BROKE_OFF))


def _talk(program: Program, done: Step, raw: str = "") -> Talk:
    answers = tuple(
        # The words as they were written are kept beside what they were taken for.
        _as_written(effect, raw)
        for effect in done.effects
        if isinstance(effect, SaveAnswer)
    )
    end = next((effect for effect in done.effects if isinstance(effect, EndCall)), None)
    return Talk(
        done.session,
        messages_of(program, done),
        answers,
        tuple(effect for effect in done.effects if isinstance(effect, BookTime)),
        end,
        _wanted_a_person(program, done) or (end is not None and end.reason == ASKED_FOR_PERSON),
    )


def _as_written(answer: SaveAnswer, raw: str) -> SaveAnswer:
    if answer.kind == "speech":  # its own words are there, also where they were asked back
        return answer._replace(kind="text")
    return answer._replace(raw=raw) if raw and answer.raw else answer


def _wanted_a_person(program: Program, done: Step) -> bool:
    return any(
        kind is EdgeKind.FAILURE and isinstance(program.nodes[name].step, Transfer)
        for name, kind, _ in done.walked
    )

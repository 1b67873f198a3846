"""A survey held by a cloud provider, one turn at a time. Pure: what is kept stands in `Turn`.

The provider plays and hears by itself and asks us what comes next; between two of its requests the
conversation is in no process. The session is kept in the database and handed back with the next.
"""

from dataclasses import dataclass, replace
from typing import Any

from core.disposition import Disposition
from flows.engine import Step, begun, start, step
from flows.exchange import (
    BookTime,
    EndCall,
    Finished,
    HungUp,
    Input,
    PlayFile,
    SaveAnswer,
    SayText,
    SendMessage,
    TransferEnded,
    Wait,
    WaitTransfer,
)
from flows.program import Program
from flows.session import Session
from ivr.outcome import ASKED_FOR_PERSON

MOST_STEPS = 10
"""Waits that a survey may still have after the person hung up, before it is cut off."""

_FINISHED = Finished()


@dataclass(frozen=True)
class Turn:
    """What one input came to."""

    session: Session
    said: tuple[SayText | PlayFile, ...] = ()
    wait: Wait = _FINISHED
    answers: tuple[SaveAnswer, ...] = ()
    bookings: tuple[BookTime, ...] = ()
    messages: tuple[SendMessage, ...] = ()
    """Texts to the called number."""
    end: EndCall | None = None
    """Set where the survey is over."""
    person_wanted: bool = False
    """True where the person asked for a human being and none could be given."""


def opening(program: Program, fields: dict[str, Any], language: str | None = None) -> Turn:
    """Begin: the notice and the first question. Raises AuthorError as `flows.engine.start` does."""
    return _turn(start(program, fields=fields, language=language))


def going_on(again: Step) -> Turn:
    """Go on with a conversation that broke off (`flows.engine.resumed`)."""
    return _turn(again)


def go_on(program: Program, session: Session, wait: Wait, given: Input) -> Turn:
    """Go on with what the person did; `wait`: what `session` waited for."""
    turn = _turn(step(program, session, given))
    # Who hangs up while being put through wanted a person, too.
    in_vain = isinstance(wait, WaitTransfer) and not (
        isinstance(given, TransferEnded) and given.taken
    )
    return replace(turn, person_wanted=True) if in_vain else turn


def hung_up(program: Program, session: Session, wait: Wait) -> Turn:
    """Tell the survey that nobody is there any more; what was kept, and the end it comes to."""
    answers: tuple[SaveAnswer, ...] = ()
    bookings: tuple[BookTime, ...] = ()
    messages: tuple[SendMessage, ...] = ()
    wanted = False
    turn = Turn(session, wait=wait)
    for _ in range(MOST_STEPS):
        turn = go_on(program, turn.session, turn.wait, HungUp())
        answers, bookings = answers + turn.answers, bookings + turn.bookings
        messages += turn.messages
        wanted = wanted or turn.person_wanted
        if turn.end is not None:
            break
    end = turn.end or EndCall(Disposition.BROKE_OFF)
    return Turn(turn.session, (), Finished(), answers, bookings, messages, end, wanted)


def texts_due(program: Program, before: Session, turn: Turn) -> tuple[SendMessage, ...]:
    """Return the texts that are due with `turn`, which follows `before`.

    Those that the survey sends before its first question wait until somebody has answered: they
    come with the first turn after it.
    """
    is_first = before.turns == 0 and not before.answers
    first = _turn(begun(program, before)).messages if is_first else ()
    return first + turn.messages


def _turn(done: Step) -> Turn:
    end = next((effect for effect in done.effects if isinstance(effect, EndCall)), None)
    return Turn(
        done.session,
        tuple(effect for effect in done.effects if isinstance(effect, SayText | PlayFile)),
        done.wait,
        tuple(effect for effect in done.effects if isinstance(effect, SaveAnswer)),
        tuple(effect for effect in done.effects if isinstance(effect, BookTime)),
        tuple(effect for effect in done.effects if isinstance(effect, SendMessage)),
        end,
        end is not None and end.reason == ASKED_FOR_PERSON,
    )

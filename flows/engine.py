"""The engine: `step(program, session, input) -> Step(session, effects, wait)`. Pure.

No clock, no randomness, no input or output; the session is the only memory. A survey that cannot
go on (a value that does not fit, a loop that never waits) ends the call politely as `failed`.
"""

from collections.abc import Mapping
from datetime import date, time
from typing import Any, NamedTuple

from core.disposition import Disposition
from core.errors import AuthorError, problem
from flows import resuming
from flows.exchange import Effect, Finished, HungUp, Input, Wait
from flows.model import (
    Ask,
    Book,
    Call,
    End,
    Goto,
    Number,
    Play,
    Record,
    Say,
    SendText,
    Set,
    Transfer,
    When,
)
from flows.program import Program
from flows.scope import check_names, missing_fields
from flows.session import Reason, Session, refuse_other
from flows.steps import (
    call,
    end,
    goto,
    hang_up,
    play,
    putting,
    question,
    record,
    say,
    set,
    text,
    transfer,
    when,
)
from flows.turn import BrokenSurvey, Turn, Walked

STEPS_PER_TURN = 200
"""Steps performed between two waits, at most."""
TURNS_PER_SESSION = 500
"""Inputs taken in one conversation, at most."""

_PASSING: dict[type, Any] = {
    Say: say.enter,
    Play: play.enter,
    When: when.enter,
    Set: set.enter,
    Call: call.enter,
    Goto: goto.enter,
    SendText: text.enter,
    End: end.enter,
}
"""Steps that go on by themselves."""
_WAITING: dict[type, Any] = {
    Ask: question,
    Number: question,
    Book: question,
    Record: record,
    Transfer: transfer,
}
"""Steps that wait: each module has `enter`, `wait` and `answer`."""


class Step(NamedTuple):
    """What one input led to."""

    session: Session
    effects: tuple[Effect, ...]
    wait: Wait
    walked: tuple[Walked, ...] = ()
    """The edges taken, in order: for coverage and the log."""


def start(program: Program, *, fields: Mapping[str, Any], language: str | None = None) -> Step:
    """Begin a conversation about a case; its `fields` are plain values or dates.

    The language is that of the case's `language_field`, else `language`, else the survey's
    first. Raises AuthorError where a required field is missing, or where texts or conditions
    name what is not declared (each with its step): before anybody is called.
    """
    check_names(program)
    missing = missing_fields(program, fields)
    if missing:
        raise AuthorError(
            *(problem("flow-field-missing", field=name, flow=program.flow.flow) for name in missing)
        )
    plain = {name: _plain(fields.get(name)) for name in program.flow.fields}
    spoken = (fields.get(program.flow.language_field or ""), language)
    session = Session(
        flow=program.flow.flow,
        sha256=program.sha256,
        language=_language(program, *spoken),
        fields=plain,
        node=program.start,
    )
    return _run(Turn(program, session))


def begun(program: Program, session: Session) -> Step:
    """Return the step that `session` began with once more, as `start` gave it."""
    first = Session(
        flow=session.flow,
        sha256=session.sha256,
        language=session.language,
        fields=session.fields,
        node=program.start,
    )
    return _run(Turn(program, first))


def step(program: Program, session: Session, input: Input) -> Step:
    """Go on with one input. An ended session stays as it is.

    Raises AuthorError for a session of another survey or version.
    """
    refuse_other(program, session.flow, session.sha256)
    if session.ended:
        return Step(session, (), Finished())
    turn = Turn(program, session.copy())
    turn.session.turns += 1
    if turn.session.turns > TURNS_PER_SESSION:
        return _failed(turn, Reason.RUNAWAY)
    try:
        here = turn.node.step
        if isinstance(input, HungUp):
            hang_up.follow(turn)
        elif not _WAITING[type(here)].answer(turn, here, input):
            return Step(turn.session, (), wait_of(program, turn.session))
        elif not turn.moved:
            return Step(turn.session, tuple(turn.effects), _wait(turn), tuple(turn.walked))
    except (BrokenSurvey, KeyError):
        return _failed(turn, Reason.SURVEY_ERROR)
    return _run(turn)


def resume(program: Program, session: Session) -> Step:
    """Go on with a conversation that broke off: the notice once more, then the same question.

    Raises AuthorError for a session of another survey or version, and LookupError where there is
    no question to go on with: then it has to begin anew.
    """
    refuse_other(program, session.flow, session.sha256)
    turn = Turn(program, resuming.reopened(program, session))
    here = turn.node.step
    try:
        resuming.greet(turn)
        _WAITING[type(here)].enter(turn, here)
    except (BrokenSurvey, KeyError) as fault:
        raise LookupError(f"{fault}") from fault
    return Step(turn.session, tuple(turn.effects), _wait(turn))


def resumed(program: Program, stored: Mapping[str, Any] | None) -> Step | None:
    """Go on with a session that was stored; None where it cannot be gone on with."""
    if stored is None:
        return None
    try:
        return resume(program, Session.from_json(stored, program))
    except (AuthorError, LookupError):
        return None


def wait_of(program: Program, session: Session) -> Wait:
    """Return what `session` waits for: to resume one that was read back."""
    return _wait(Turn(program, session))


def _wait(turn: Turn) -> Wait:
    if turn.session.ended:
        return Finished()
    here = turn.node.step
    found: Wait = _WAITING[type(here)].wait(turn, here)
    return found


def _run(turn: Turn) -> Step:
    """Perform steps until one waits or the call ends."""
    steps = 0
    try:
        while not turn.session.ended:
            steps += 1
            if steps > STEPS_PER_TURN:
                return _failed(turn, Reason.RUNAWAY)
            here = turn.node.step
            passing = _PASSING.get(type(here))
            if passing is not None:
                passing(turn, here)
                continue
            if isinstance(here, Transfer) and transfer.impossible(turn, here):
                transfer.go_past(turn, here)
                continue
            if turn.silent:  # nobody is on the line to answer
                hang_up.end(turn)
                break
            putting.leave(turn)
            _WAITING[type(here)].enter(turn, here)
            break
        return Step(turn.session, tuple(turn.effects), _wait(turn), tuple(turn.walked))
    except BrokenSurvey:
        return _failed(turn, Reason.SURVEY_ERROR)


def _failed(turn: Turn, reason: Reason) -> Step:
    turn.say_own("flow-technical-fault")
    why = f"{reason}:{turn.session.node}" if reason is Reason.SURVEY_ERROR else reason
    turn.end(Disposition.FAILED, reason=why)
    return Step(turn.session, tuple(turn.effects), Finished(), tuple(turn.walked))


def _language(program: Program, *wanted: Any) -> str:
    known = program.flow.languages
    for language in wanted:
        if isinstance(language, str):
            short = language.replace("_", "-").split("-")[0].lower()
            for candidate in (language, short):
                if candidate in known:
                    return candidate
    return known[0]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | time) else value

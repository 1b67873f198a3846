"""Where a conversation goes on that broke off: the question that was left, the notice repeated.

The answers given before stay; nothing is asked twice. The notice is said again, because it is
another call: who it is, whether it is recorded, which key refuses.
"""

from dataclasses import replace

from flows.model import Ask, Book, Number, Play, Record, Say
from flows.program import Program
from flows.session import Session
from flows.steps import hang_up
from flows.turn import BrokenSurvey, Turn

MOST_STEPS = 100
"""Steps looked at for the notice, which stands at the beginning."""


def resumable(program: Program, session: Session) -> bool:
    """Return whether there is something to go on with: answers, and a question that was left."""
    if (session.flow, session.sha256) != (program.flow.flow, program.sha256):
        return False
    node = program.nodes.get(session.left or session.node)
    asks = node is not None and isinstance(node.step, Ask | Number | Book | Record)
    return asks and bool(session.answers)


def reopened(program: Program, session: Session) -> Session:
    """Return `session` at the question that was left, as if it was never ended.

    Raises LookupError where it cannot be resumed.
    """
    if not resumable(program, session):
        raise LookupError(session.node)
    return replace(
        session,
        node=session.left or session.node,
        stack=session.left_stack if session.left else session.stack,
        left="",
        left_stack=(),
        disposition=None,
        verdict=None,
        reason="",
        unclear="",
        pending=None,
        turns=0,
        tries=0,
        repeats=0,
        silences=0,
        invalids=0,
        unsures=0,
    )


def greet(turn: Turn) -> None:
    """Say the notice again, and that it goes on where it was left."""
    notice = _notice(turn)
    if isinstance(notice, Play):
        words = turn.render(notice.text) if notice.text is not None else ""
        turn.play(turn.render(notice.play), words, skippable=notice.barge_in)
    elif notice is not None:
        turn.say(notice.say, skippable=notice.barge_in)
    turn.say_own("flow-resumed")


def _notice(turn: Turn) -> Say | Play | None:
    """Return the notice on the way from the start, conditions as they stand now."""
    probe = Turn(turn.program, turn.session.copy())
    probe.session.node, probe.session.stack = turn.program.start, ()
    seen: set[tuple[str, tuple[str, ...]]] = set()
    try:
        while not probe.session.ended and len(seen) < MOST_STEPS:
            here = (probe.session.node, probe.session.stack)
            step = probe.node.step
            if isinstance(step, Say | Play) and step.notice:
                return step
            if here in seen:
                return None
            seen.add(here)
            hang_up.go_on(probe)
    except BrokenSurvey:
        return None
    return None

"""The person hangs up: where the survey goes on without anybody, or what the call came to.

A hang-up is `completed` when something was rated and no `ask` or `number` is left on the way
that the survey would take by itself from here (conditions as they stand), and none was left by a
key that works everywhere; else it is `partial` when something was rated or said that could not be
told apart (a person decides), and `broke_off` when there is nothing to go by.
"""

from core.disposition import Disposition
from flows.model import Ask, Book, Call, End, Goto, Number, Transfer, When
from flows.program import EdgeKind
from flows.session import Reason
from flows.steps import when
from flows.turn import BrokenSurvey, Turn


def follow(turn: Turn) -> None:
    """Go on at `on_hang_up.goto` (nothing is said any more), or end."""
    turn.silent = True
    turn.session.left, turn.session.left_stack = turn.session.node, turn.session.stack
    step = turn.node.step
    turn.took(EdgeKind.HANG_UP)
    if isinstance(step, Ask | Number | Book) and step.on_hang_up.goto is not None:
        turn.go(step.on_hang_up.goto)
        return
    end(turn)


def end(turn: Turn) -> None:
    """End as what it came to."""
    done = turn.rated and not questions_left(turn)
    turn.end(Disposition.COMPLETED if done else turn.unfinished, reason=Reason.HUNG_UP)


def questions_left(turn: Turn) -> bool:
    """Return whether a question was left out, or the default way on from here meets one."""
    if turn.session.diverted:
        return True
    probe = Turn(turn.program, turn.session.copy())
    seen: set[tuple[str, tuple[str, ...]]] = set()
    try:
        while not probe.session.ended:
            here = (probe.session.node, probe.session.stack)
            if here in seen or isinstance(probe.node.step, Ask | Number):
                return True
            seen.add(here)
            go_on(probe)
    except BrokenSurvey:
        return True
    return False


def go_on(probe: Turn) -> None:
    """Go one step further by default, nothing said; sets the disposition at an end."""
    step = probe.node.step
    if isinstance(step, End):
        probe.end(step.end)
    elif isinstance(step, When):
        probe.go(when.branch(probe, true=bool(probe.evaluate(step.when))))
    elif isinstance(step, Goto):
        probe.go(step.goto)
    elif isinstance(step, Call):
        probe.call(step.call)
    elif isinstance(step, Transfer):
        probe.go(step.on_failure)
    else:
        probe.go_on()

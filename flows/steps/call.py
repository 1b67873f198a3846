"""`call`: walk through a part and come back."""

from flows.model import Call
from flows.program import EdgeKind
from flows.turn import Turn


def enter(turn: Turn, step: Call) -> None:
    """Go to the first step of the part."""
    turn.took(EdgeKind.CALL, step.call)
    turn.call(step.call)

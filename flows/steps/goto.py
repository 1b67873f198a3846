"""`goto`: go to a step."""

from flows.model import Goto
from flows.program import EdgeKind
from flows.turn import Turn


def enter(turn: Turn, step: Goto) -> None:
    """Go there; parts that do not hold the target are left for good."""
    turn.took(EdgeKind.NEXT)
    turn.go(step.goto)

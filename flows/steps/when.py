"""`when`: go on by a condition."""

from flows.model import When
from flows.program import EdgeKind
from flows.turn import Turn


def enter(turn: Turn, step: When) -> None:
    """Evaluate the condition and take its branch; an empty branch goes on behind."""
    true = bool(turn.evaluate(step.when))
    turn.took(EdgeKind.THEN if true else EdgeKind.ELSE)
    turn.go(branch(turn, true=true))


def branch(turn: Turn, *, true: bool) -> str | None:
    """Return where a branch begins; None: it is empty."""
    kind = EdgeKind.THEN if true else EdgeKind.ELSE
    return next(edge.target for edge in turn.node.edges if edge.kind is kind)

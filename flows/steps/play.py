"""`play`: play a recorded file and go on."""

from flows.model import Play
from flows.program import EdgeKind
from flows.turn import Turn


def enter(turn: Turn, step: Play) -> None:
    """Play the file of the conversation's language."""
    words = turn.render(step.text) if step.text is not None else ""
    turn.play(turn.render(step.play), words, skippable=step.barge_in)
    turn.took(EdgeKind.NEXT)
    turn.go_on()

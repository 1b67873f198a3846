"""`say`: speak a text and go on."""

from flows.model import Say
from flows.program import EdgeKind
from flows.turn import Turn


def enter(turn: Turn, step: Say) -> None:
    """Speak; keys of `keys:` always interrupt, with barge-in any other key skips the rest."""
    turn.say(step.say, skippable=step.barge_in)
    turn.took(EdgeKind.NEXT)
    turn.go_on()

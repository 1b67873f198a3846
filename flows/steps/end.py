"""`end`: hang up."""

from flows.model import End
from flows.session import Reason
from flows.turn import Turn


def enter(turn: Turn, step: End) -> None:
    """Say the last words and end with the given disposition and verdict."""
    if step.say is not None:
        turn.say(step.say)
    turn.end(step.end, verdict=step.verdict, reason=step.reason or Reason.SURVEY_END)

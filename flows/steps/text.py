"""`text`: send a text message to the called number."""

from flows.exchange import SendMessage
from flows.model import SendText
from flows.program import EdgeKind
from flows.turn import Turn


def enter(turn: Turn, step: SendText) -> None:
    """Send and go on; whether it arrives is not waited for."""
    turn.effects.append(SendMessage(turn.render(step.text), turn.session.language))
    turn.took(EdgeKind.NEXT)
    turn.go_on()

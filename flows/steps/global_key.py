"""Keys that work everywhere: refuse, repeat, go to a step."""

from core.disposition import Disposition
from flows.model import GlobalKey
from flows.program import EdgeKind
from flows.session import Reason
from flows.turn import Turn


def of_keys(turn: Turn, digits: str) -> GlobalKey | None:
    """Return the key that was pressed, where it is one of the survey's `keys`."""
    return next((key for key in turn.flow.keys if key.key == digits), None)


def follow(turn: Turn, key: GlobalKey) -> None:
    """Do what a key that leads away does: go to its step, or end as refused."""
    turn.took(EdgeKind.GLOBAL_KEY, key.key)
    if key.goto is not None:
        turn.session.diverted = True
        turn.go(key.goto)
        return
    turn.say_own("flow-refused-words")
    turn.end(Disposition.REFUSED, reason=Reason.REFUSED)

"""`book`: the person picks another time."""

from flows.compiler import wording
from flows.exchange import BookTime, SaveAnswer
from flows.model import Slot
from flows.program import EdgeKind
from flows.turn import Turn


def take(turn: Turn, slot: Slot, raw: str, confidence: float) -> None:
    """Save the picked time (``+1d 18:30``), book it and go on."""
    session = turn.session
    label = wording(slot.label, turn.flow.languages[0], turn.flow)
    turn.took(EdgeKind.SLOT, slot.key)
    turn.save(
        SaveAnswer(
            step=session.node,
            kind="booking",
            value=f"+{slot.days}d {slot.at}",
            label=label,
            raw=raw,
            confidence=confidence,
            tries=session.tries + session.repeats,
        )
    )
    turn.effects.append(BookTime(slot.days, slot.at, label))
    turn.go_on()

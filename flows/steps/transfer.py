"""`transfer`: hand the call to a person."""

from core.disposition import Disposition
from flows.exchange import Input, TransferEnded, WaitTransfer
from flows.model import Transfer
from flows.program import EdgeKind
from flows.session import Reason
from flows.steps import hang_up
from flows.transfers import reachable
from flows.turn import Turn


def enter(turn: Turn, step: Transfer) -> None:
    """Say that somebody is being fetched."""
    if step.say is not None:
        turn.say(step.say)


def impossible(turn: Turn, step: Transfer) -> bool:
    """Return whether nobody can take the call: an optional target that is not there."""
    known = turn.program.transfers
    return step.optional and known is not None and not reachable(step.transfer, known)


def go_past(turn: Turn, step: Transfer) -> None:
    """Go on as when nobody takes the call."""
    turn.took(EdgeKind.FAILURE)
    turn.go(step.on_failure)


def wait(turn: Turn, step: Transfer) -> WaitTransfer:
    """Wait for how the transfer goes."""
    return WaitTransfer(turn.session.node, step.transfer)


def answer(turn: Turn, step: Transfer, given: Input) -> bool:
    """End when somebody took the call; go on where nobody did. False where it still waits.

    The person who took it finishes the callback: where a question was passed over, or one is
    still to come on the way that the survey would have taken, it is `partial` for us.
    """
    if not isinstance(given, TransferEnded):
        return False
    if not given.taken:
        go_past(turn, step)
        return True
    turn.took(EdgeKind.NEXT, "taken")
    left = not turn.rated or turn.session.skipped or hang_up.questions_left(turn)
    ended = Disposition.PARTIAL if left else Disposition.COMPLETED
    turn.end(ended, reason=Reason.TRANSFERRED)
    return True

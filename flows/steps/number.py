"""`number`: digits."""

from flows.exchange import SaveAnswer
from flows.model import Number
from flows.program import EdgeKind
from flows.turn import Turn


def lengths(step: Number) -> tuple[int, int]:
    """Return the least and the most digits."""
    return (step.digits, step.digits) if isinstance(step.digits, int) else step.digits


def accepts(step: Number, digits: str) -> bool:
    """Return whether these digits are a number of the right length and range."""
    least, most = lengths(step)
    if not (digits.isascii() and digits.isdigit() and least <= len(digits) <= most):
        return False
    number = int(digits)
    return not (
        (step.least is not None and number < step.least)
        or (step.most is not None and number > step.most)
    )


def span(step: Number) -> tuple[int, int]:
    """Return the smallest and the largest number accepted."""
    smallest = step.least if step.least is not None else 0
    largest = 10 ** lengths(step)[1] - 1
    return smallest, min(largest, step.most) if step.most is not None else largest


def may_start(step: Number, key: str) -> bool:
    """Return whether an accepted number may begin with `key`: then it is no global key here."""
    if not key.isdigit():
        return False
    shortest, longest = lengths(step)
    smallest, largest = span(step)
    for length in range(max(1, shortest), longest + 1):
        first = int(key) * 10 ** (length - 1)
        if first <= largest and first + 10 ** (length - 1) - 1 >= smallest:
            return True
    return False


def take(turn: Turn, step: Number, digits: str, *, raw: str = "", confidence: float = 1.0) -> None:
    """Save the number and go on; `raw` holds the words where it was spoken."""
    session = turn.session
    turn.took(EdgeKind.NEXT)
    turn.save(
        SaveAnswer(
            step=session.node,
            kind="number",
            value=digits,
            label=digits,
            aspect=step.aspect,
            score=float(digits) if step.aspect is not None else None,
            raw=raw or digits,
            confidence=confidence,
            tries=session.tries + session.repeats,
        )
    )
    turn.go_on()

"""Collecting keys for one question: single keys, numbers, end key, inter-digit time. Pure.

A `Collecting` is what has been pressed so far. `press` takes one key further, `expire` says what
the silence after it means; both return either the next `Collecting` or the input that the flow
engine gets.
"""

from dataclasses import dataclass

from flows.exchange import Keys, Silence, WaitAnswer


@dataclass(frozen=True)
class Collecting:
    """The digits of a number so far, none at first."""

    wait: WaitAnswer
    digits: str = ""

    @property
    def patience(self) -> float:
        """Seconds that may pass until the next key: the time-out, then the inter-digit time."""
        return self.wait.inter_digit if self.digits else self.wait.timeout


def press(collecting: Collecting, key: str) -> Collecting | Keys:
    """Take one key: either the answer is complete, or more digits are awaited.

    A key that answers by itself (choices, global keys) does so only before the first digit of a
    number, since 9 may be a digit after it. The end key alone is handed on as it is: it is no
    number, and the engine calls it invalid.
    """
    wait = collecting.wait
    if wait.digits_most <= 1:
        return Keys(key)
    if not collecting.digits and (key in wait.keys or key == wait.end_key):
        return Keys(key)
    if key == wait.end_key:
        return Keys(collecting.digits)
    digits = collecting.digits + key
    # Without an end key nothing but its length can end a number; with one the most digits do.
    return Keys(digits) if len(digits) >= wait.digits_most else Collecting(wait, digits)


def expire(collecting: Collecting) -> Keys | Silence:
    """Nothing more was pressed in time: what there is counts, too few digits included."""
    return Keys(collecting.digits) if collecting.digits else Silence()


def trailing_end_key(wait: WaitAnswer, answer: Keys) -> str | None:
    """Return the end key that a person may still press after a number that was full without it.

    Pressed during the next prompt it belongs to the number and must not interrupt anything.
    """
    full = len(answer.digits) == wait.digits_most and answer.digits not in wait.keys
    return wait.end_key if full else None

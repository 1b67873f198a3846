"""A question being put: its wording, how often it was put, and how that is forgotten."""

from flows.compiler import Question
from flows.model import Ask, Number
from flows.turn import Turn
from flows.values import Text


def put(turn: Turn, step: Question, words: Text) -> None:
    """Put the question in these words."""
    turn.session.tries += 1
    turn.say(words, answers=step.barge_in)


def first_wording(step: Question) -> Text:
    """Return the words of the survey's author that put the question for the first time."""
    if isinstance(step, Ask):
        return step.ask
    return step.number if isinstance(step, Number) else step.book


def settle(turn: Turn) -> None:
    """Nothing that was said is unclear any more."""
    turn.session.unclear = ""
    turn.session.pending = None


def leave(turn: Turn) -> None:
    """Forget the counts of the question; words that stayed unclear are remembered."""
    session = turn.session
    if session.unclear or session.pending:
        session.unsettled = True
    settle(turn)
    session.tries = session.repeats = 0
    session.silences = session.invalids = session.unsures = 0


def tries(turn: Turn) -> int:
    """Return how often the question was put, repeats on request included."""
    return turn.session.tries + turn.session.repeats

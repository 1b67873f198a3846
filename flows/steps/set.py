"""`set`: set variables."""

from typing import Any

from flows.model import Set
from flows.program import EdgeKind
from flows.session import LANGUAGE
from flows.turn import BrokenSurvey, Turn


def enter(turn: Turn, step: Set) -> None:
    """Evaluate in the order written; `language` switches the language of the conversation."""
    for name, source in step.set.items():
        value = _plain(turn.evaluate(source))
        if name == LANGUAGE:
            turn.switch_language(value)
        else:
            turn.session.vars = {**turn.session.vars, name: value}
    turn.took(EdgeKind.NEXT)
    turn.go_on()


def _plain(value: Any) -> Any:
    """Return a value that JSON keeps as it is. Raises BrokenSurvey."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and value == value and abs(value) != float("inf"):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    raise BrokenSurvey(type(value).__name__)

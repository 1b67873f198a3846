"""Taking faulty settings out of a survey, so that one check shows everything else, too.

Nothing that is mended here is ever called: the file stays refused. Entries of lists keep their
numbers, so places stay true.
"""

import re
from typing import Any

from core.document import KeyPath
from flows.model import VERBS

_STAND_INS: dict[str, Any] = {"flow": "survey", "title": "?", "languages": ["zh"]}
_KEPT = {"say": "…", "play": "…", "record": "…", "text": "…", "when": "true", "end": "completed"}
"""Wordings that may be made up without changing the way through."""


def take_out(data: dict[str, Any], path: KeyPath, *, missing: bool, unknown: bool) -> bool | None:
    """Take what is faulty at `path` out of `data`, in place.

    Returns True where the ways through the survey stay what they were, False where they may
    not, None where nothing is left to check.
    """
    end = _step_end(path)
    if end:
        return _in_step(data, path[:end], path[end:], missing=missing, unknown=unknown)
    if not path:
        return None
    if unknown:
        _drop(data, path)
        return True
    first = path[0]
    if first in _STAND_INS:
        data[str(first)] = _STAND_INS[str(first)]
        return True
    if first == "steps" or first not in data:
        return None
    if first in ("fields", "aspects") and len(path) == 2:
        data[str(first)][path[1]] = {} if first == "fields" else "?"
        return True
    if first == "fields" and len(path) == 3:
        _drop(data, path)
        return True
    del data[str(first)]
    return False


def _step_end(path: KeyPath) -> int:
    """Return how much of `path` names the innermost step; 0 where it lies in none."""
    end, list_of_steps = 0, False
    for position, element in enumerate(path):
        if isinstance(element, int):
            if list_of_steps:
                end = position + 1
            list_of_steps = False
        else:
            in_parts = position == 1 and path[0] == "parts"
            at_top = position == 0 and element == "steps"
            list_of_steps = in_parts or at_top or (end == position and element in ("then", "else"))
    return end


def _in_step(data: Any, step: KeyPath, rest: KeyPath, *, missing: bool, unknown: bool) -> bool:
    around = _at(data, step[:-1])
    index = step[-1]
    if not isinstance(around, list) or not isinstance(index, int) or index >= len(around):
        return True  # lost with a step around it
    here = around[index]
    if not isinstance(here, dict):
        around[index] = {"say": "…"}
        return False
    if unknown and rest:
        _drop(here, rest)
        return True
    if not rest or (len(rest) == 1 and _needed(here, str(rest[0]), missing)):
        return _stand_in(around, index, here, rest)
    if rest[-1] == "label" and "choices" in rest:
        _put(here, rest, "?")
        return True
    if missing or "slots" in rest or isinstance(rest[-1], int):
        return _stand_in(around, index, here, ())
    _drop(here, rest)
    return True


def _needed(step: dict[str, Any], setting: str, missing: bool) -> bool:
    verb = next(iter(step), None)
    return missing or setting in (verb, "id", "choices", "slots")


def _stand_in(around: list[Any], index: int, step: dict[str, Any], rest: KeyPath) -> bool:
    verb = next(iter(step), None)
    if rest == (verb,) and verb in _KEPT:
        step[str(verb)] = _KEPT[str(verb)]
        return True
    if len(rest) == 1 and rest[0] == "id" and verb in VERBS and "id" in step and _idle(verb):
        del step["id"]
        return True
    name = step.get("id")
    plain = isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9_]*", name)
    around[index] = {"say": "…", **({"id": name} if plain else {})}
    return False


def _idle(verb: str | None) -> bool:
    return verb not in ("ask", "number", "record", "book")


def _at(data: Any, path: KeyPath) -> Any:
    for element in path:
        try:
            data = data[element]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _drop(data: Any, path: KeyPath) -> None:
    around = _at(data, path[:-1])
    if isinstance(around, dict):
        around.pop(path[-1], None)


def _put(data: Any, path: KeyPath, value: Any) -> None:
    around = _at(data, path[:-1])
    if isinstance(around, dict):
        around[path[-1]] = value

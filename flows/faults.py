"""What the types refuse, in a supervisor's words: one `Problem` for each fault, with its place."""

import types
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError

from core.errors import Problem, problem
from flows.model import VERBS
from flows.source import Path, Source
from flows.values import TAG

Loc = tuple[str | int, ...]

_KINDS = {
    "string_type": "flow-not-text",
    "string_sub_type": "flow-not-text",
    "list_type": "flow-not-a-list",
    "tuple_type": "flow-not-a-list",
    "dict_type": "flow-not-a-mapping",
    "model_type": "flow-not-a-mapping",
    "model_attributes_type": "flow-not-a-mapping",
    "mapping_type": "flow-not-a-mapping",
    "bool_type": "flow-not-yes-no",
    "bool_parsing": "flow-not-yes-no",
    "int_type": "flow-not-a-whole-number",
    "int_parsing": "flow-not-a-whole-number",
    "int_from_float": "flow-not-a-whole-number",
    "int_parsing_size": "flow-not-a-whole-number",
    "float_type": "flow-not-a-number",
    "float_parsing": "flow-not-a-number",
    "finite_number": "flow-not-a-number",
    "duration": "flow-not-a-duration",
}
_ALIKE = 0.5
"""Words less like than this are no misspelling of each other."""
_PATTERNS = {
    r"^[a-z][a-z0-9_]*$": "flow-bad-id",
    r"^[a-z][a-z0-9-]*$": "flow-bad-survey-name",
    r"^[0-9*#]$": "flow-bad-key",
    r"^([01]\d|2[0-3]):[0-5]\d$": "flow-bad-time-of-day",
}


def faults(error: ValidationError, source: Source, root: type[BaseModel]) -> list[Problem]:
    """Translate every fault that pydantic found in `source` into a problem."""
    return [found for _, found in located(error, source, root)]


def located(
    error: ValidationError, source: Source, root: type[BaseModel]
) -> Iterator[tuple[Path, Problem]]:
    """Yield (path, problem) of every fault, one for each path."""
    seen: set[tuple[Path, str]] = set()
    for fault in error.errors(include_url=False):
        missing = fault["type"] == "missing"
        path = path_of(fault["loc"], source.data, keep_last=missing)
        mark = (path, "missing" if missing else "")
        if mark not in seen:
            seen.add(mark)
            yield path, _problem(dict(fault), path, source, root)


def path_of(loc: Loc, data: Any, *, keep_last: bool) -> Path:
    """Turn pydantic's location into a path of the file: without the tags of shapes."""
    path: list[str | int] = []
    here = data
    for position, element in enumerate(loc):
        if isinstance(element, str) and element.startswith(TAG):
            continue
        inside, here = _entry(here, element)
        if not inside and not (keep_last and position == len(loc) - 1):
            break
        path.append(element)
    return tuple(path)


def _entry(here: Any, element: str | int) -> tuple[bool, Any]:
    if isinstance(here, dict) and element in here:
        return True, here[element]
    if isinstance(here, list) and isinstance(element, int) and element < len(here):
        return True, here[element]
    return False, None


def _problem(fault: dict[str, Any], path: Path, source: Source, root: type[BaseModel]) -> Problem:
    kind, loc, context = fault["type"], fault["loc"], fault.get("ctx", {})
    place, setting = source.place(path), _setting(path)
    found = _short(fault.get("input"))
    if kind == "extra_forbidden":
        allowed = _allowed(root, loc[:-1])
        return problem(
            "flow-unknown-setting",
            place,
            setting=setting,
            closest=closest(setting, allowed),
            allowed=", ".join(allowed),
        )
    if kind == "missing":
        return problem("flow-missing-setting", place, setting=setting)
    if kind == "union_tag_not_found":
        return _no_verb(fault.get("input"), source, path)
    if kind in ("enum", "literal_error"):
        words = [word.strip(" '") for word in context["expected"].replace(" or ", ", ").split(",")]
        return problem(
            "flow-unknown-word",
            place,
            setting=setting,
            found=found,
            closest=closest(found, words),
            allowed=", ".join(words),
        )
    if kind == "string_pattern_mismatch":
        return problem(_PATTERNS[context["pattern"]], place, setting=setting, found=found)
    if kind in ("greater_than_equal", "less_than_equal"):
        code = "flow-too-small" if kind == "greater_than_equal" else "flow-too-great"
        limit = context.get("ge", context.get("le"))
        return problem(code, place, setting=setting, found=found, limit=f"{limit:g}")
    if kind in ("too_short", "too_long"):
        return problem("flow-wrong-length", place, setting=setting, found=context["actual_length"])
    if "[key]" in loc:
        return problem("flow-not-text", place, setting=setting, found=found)
    if path and path[-1] == "key":
        return problem("flow-bad-key", place, setting=setting, found=found)
    return problem(_KINDS.get(kind, "flow-wrong-value"), place, setting=setting, found=found)


def _no_verb(step: Any, source: Source, path: Path) -> Problem:
    place, verbs = source.place(path), ", ".join(VERBS)
    if isinstance(step, str) and "：" in step:
        return problem("flow-full-width-colon", place, found=_short(step))
    if not isinstance(step, dict) or not step:
        return problem("flow-step-without-verb", place, found=_short(step), allowed=verbs)
    first = next(iter(step))
    later = next((name for name in step if name in VERBS), None)
    if later:
        return problem("flow-verb-first", source.place((*path, later)), verb=later, first=first)
    return problem(
        "flow-unknown-verb",
        source.place((*path, first)),
        verb=first,
        closest=closest(first, list(VERBS)),
        allowed=verbs,
    )


def closest(word: str, words: list[str]) -> Problem | str:
    """Return the question whether the one of `words` that is like `word` was meant, or nothing."""
    like = get_close_matches(word.lower(), words, n=1, cutoff=_ALIKE)
    return problem("flow-did-you-mean", word=like[0]) if like else ""


def _setting(path: Path) -> str:
    """Name a setting as its author knows it: ``choices 2 key`` is the key of the second choice."""
    names = [element for element in path if isinstance(element, str)]
    return names[-1] if names else "steps"


def _short(value: Any) -> str:
    words = "" if value is None else str(value)
    return words if len(words) <= 40 else words[:39] + "…"


def _allowed(root: type[BaseModel], loc: Loc) -> list[str]:
    kind: Any = root
    for element in loc:
        kind = _inside(kind, element)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [field.alias or name for name, field in kind.model_fields.items()]
    return []


def _inside(kind: Any, element: str | int) -> Any:
    """Return the type that stands at `element` of a value of type `kind`."""
    kind = _bare(kind)
    if isinstance(element, str) and element.startswith(TAG):
        for member in get_args(kind):
            if any(isinstance(m, Tag) and m.tag == element for m in get_args(member)[1:]):
                return _bare(member)
        return kind
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            if element in (name, field.alias):
                return _bare(field.annotation)
    arguments = get_args(kind)
    if get_origin(kind) in (dict, list, tuple) and arguments:
        return _bare(arguments[-1])
    return Any


def _bare(kind: Any) -> Any:
    """Take off what is written around a type: `Annotated` and `| None`."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        members = [member for member in get_args(kind) if member is not type(None)]
        if len(members) == 1:
            return _bare(members[0])
    return kind

"""What the types refuse, in plain words: one `Problem` for each fault, with its place.

pydantic finds the faults; here they become sentences, the same ones for settings, surveys and
import mappings. A room that has more to say about a fault of its own passes `further`.

Where a value may have several shapes, its type tells them apart by a `Discriminator` whose tags
begin with `SHAPE`: then a fault is reported once, for the shape that was meant, and the tags are
cut out of its place here.
"""

import types
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import PydanticCustomError

from core.document import Document, KeyPath
from core.errors import Problem, problem

SHAPE = "="
"""First character of the tags that stand for a shape, not for a setting, in a fault's path."""

Loc = tuple[str | int, ...]
Further = Callable[[dict[str, Any], KeyPath, Document], Problem | None]
"""(pydantic's fault, path, document) -> a problem in the room's own words, or None."""

_CODE = "catalogue"
_KINDS = {
    "string_type": "document-not-text",
    "string_sub_type": "document-not-text",
    "list_type": "document-not-a-list",
    "tuple_type": "document-not-a-list",
    "dict_type": "document-not-a-mapping",
    "model_type": "document-not-a-mapping",
    "model_attributes_type": "document-not-a-mapping",
    "mapping_type": "document-not-a-mapping",
    "bool_type": "document-not-yes-no",
    "bool_parsing": "document-not-yes-no",
    "int_type": "document-not-a-whole-number",
    "int_parsing": "document-not-a-whole-number",
    "int_from_float": "document-not-a-whole-number",
    "int_parsing_size": "document-not-a-whole-number",
    "float_type": "document-not-a-number",
    "float_parsing": "document-not-a-number",
    "finite_number": "document-not-a-number",
    "time_delta_type": "document-not-a-duration",
    "time_delta_parsing": "document-not-a-duration",
    "time_type": "document-not-a-time",
    "time_parsing": "document-not-a-time",
    "date_type": "document-not-a-date",
    "date_parsing": "document-not-a-date",
    "date_from_datetime_parsing": "document-not-a-date",
    "date_from_datetime_inexact": "document-not-a-date",
}
_LIMITS = {
    "greater_than_equal": ("ge", "document-too-small"),
    "greater_than": ("gt", "document-not-above"),
    "less_than_equal": ("le", "document-too-great"),
    "less_than": ("lt", "document-not-below"),
}


def fault(code: str, **values: object) -> PydanticCustomError:
    """Return a validation error that names its own catalogue entry, for validators to raise."""
    return PydanticCustomError(_CODE, "{code}", {"code": code, **values})


def known_zone(zone: str) -> str:
    """Check that `zone` is a time zone of the tz database; for types of settings."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise fault("config-time-zone", zone=zone) from None
    return zone


def faults(
    error: ValidationError,
    document: Document,
    root: type[BaseModel],
    further: Further | None = None,
) -> list[Problem]:
    """Translate every fault that pydantic found in `document` into a problem."""
    return [found for _, found in located(error, document, root, further)]


def located(
    error: ValidationError,
    document: Document,
    root: type[BaseModel],
    further: Further | None = None,
) -> Iterator[tuple[KeyPath, Problem]]:
    """Yield (path, problem) of every fault, one for each path."""
    seen: set[tuple[KeyPath, str]] = set()
    for one in error.errors(include_url=False):
        missing = one["type"] == "missing"
        path = path_of(one["loc"], document.data, keep_last=missing)
        mark = (path, "missing" if missing else one["type"] if one["type"] == _CODE else "")
        if mark not in seen:
            seen.add(mark)
            own = further(dict(one), path, document) if further else None
            yield path, own or _problem(dict(one), path, document, root)


def path_of(loc: Loc, data: Any, *, keep_last: bool) -> KeyPath:
    """Turn pydantic's location into a path of the file: without the tags of shapes."""
    path: list[str | int] = []
    here = data
    for position, element in enumerate(loc):
        if isinstance(element, str) and element.startswith(SHAPE):
            continue
        inside, here = _entry(here, element)
        if not inside and not (keep_last and position == len(loc) - 1):
            break
        path.append(element)
    return tuple(path)


_ALIKE = 0.5
"""Words less like than this are no misspelling of each other."""


def closest(word: str, words: Sequence[str]) -> Problem | str:
    """Return the question whether the one of `words` that is like `word` was meant, or nothing."""
    like = get_close_matches(word.lower(), words, n=1, cutoff=_ALIKE)
    return problem("document-did-you-mean", word=like[0]) if like else ""


def setting_of(path: KeyPath) -> str:
    """Name a setting as its author knows it: ``choices 2 key`` is the key of the second choice."""
    names = [element for element in path if isinstance(element, str)]
    return names[-1] if names else "-"


def short(value: Any) -> str:
    """Return `value` as it may stand in a sentence."""
    words = "" if value is None else str(value)
    return words if len(words) <= 40 else words[:39] + "…"


def _entry(here: Any, element: str | int) -> tuple[bool, Any]:
    if isinstance(here, dict) and element in here:
        return True, here[element]
    if isinstance(here, list) and isinstance(element, int) and element < len(here):
        return True, here[element]
    return False, None


def _problem(
    one: dict[str, Any], path: KeyPath, document: Document, root: type[BaseModel]
) -> Problem:
    kind, loc, context = one["type"], one["loc"], one.get("ctx", {})
    place, setting = document.place(path), setting_of(path)
    found = short(one.get("input"))
    if kind == _CODE:
        values = {name: value for name, value in context.items() if name != "code"}
        return problem(str(context["code"]), place, **values)
    if kind == "extra_forbidden":
        allowed = _allowed(root, loc[:-1])
        return problem(
            "document-unknown-setting",
            place,
            setting=setting,
            closest=closest(setting, allowed),
            allowed=", ".join(allowed),
        )
    if kind == "missing":
        return problem("document-missing-setting", place, setting=setting)
    if kind in ("enum", "literal_error"):
        words = [word.strip(" '") for word in context["expected"].replace(" or ", ", ").split(",")]
        return problem(
            "document-unknown-word",
            place,
            setting=setting,
            found=found,
            closest=closest(found, words),
            allowed=", ".join(words),
        )
    if kind in _LIMITS:
        name, code = _LIMITS[kind]
        return problem(code, place, setting=setting, found=found, limit=_limit(context[name]))
    if kind in ("too_short", "too_long"):
        code = "document-wrong-length"
        return problem(code, place, setting=setting, found=context["actual_length"])
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        return problem("document-wrong-form", place, setting=setting, found=found, form=pattern)
    if "[key]" in loc:
        return problem("document-not-text", place, setting=setting, found=found)
    return problem(_KINDS.get(kind, "document-wrong-value"), place, setting=setting, found=found)


def _limit(value: Any) -> str:
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


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
    if isinstance(element, str) and element.startswith(SHAPE):
        for member in get_args(kind):
            if any(isinstance(m, Tag) and m.tag == element for m in get_args(member)[1:]):
                return _bare(member)
        return kind
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            if element in (name, field.alias):
                return _bare(field.annotation)
    arguments = [each for each in get_args(kind) if each is not Ellipsis]
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

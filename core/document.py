"""YAML files that people write: read safely, every value with its line and column.

Settings, surveys and import mappings are all read through here, so that each fault of each of
them is shown with its place, all at once. (The one reason why core needs ruamel.yaml and
pydantic: three rooms that may not see each other need the very same thing.)
"""

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from core.errors import AuthorError, Place, Problem, problem

LARGEST_FILE = 1_000_000
"""Bytes. No survey or settings file comes near; larger ones are a mistake or an attack."""

MOST_VALUES = 100_000
"""Values after aliases are unfolded: aliases of aliases of aliases must not fill the memory."""

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """A YAML file as plain values, with the place of each."""

    file: str
    source: str
    data: Any
    places: dict[KeyPath, tuple[int, int]] = field(repr=False, default_factory=dict)

    def place(self, path: KeyPath) -> Place:
        """Return the place of the value at `path`, or of the nearest thing around it."""
        known = path
        while known not in self.places and known:
            known = known[:-1]
        line, column = self.places.get(known, (1, 1))
        return Place(self.file, line, column)


def read_document(path: Path) -> Document:
    """Read a YAML file. Raises AuthorError with the place of what cannot be read."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise AuthorError(problem("document-too-large", Place(str(path)), most=LARGEST_FILE))
        source = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AuthorError(problem("document-not-utf8", Place(str(path)), at=error.start)) from None
    except OSError as error:
        raise AuthorError(
            problem("document-unreadable", Place(str(path)), cause=error.strerror or error)
        ) from None
    return parse_document(source, str(path))


def parse_document(source: str, file: str) -> Document:
    """Parse YAML text. `file` is what problems call it."""
    yaml = YAML(typ="rt", pure=True)
    try:
        tree = yaml.load(source)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        raise AuthorError(
            problem("document-not-yaml", place, cause=(error.problem or "").split("\n")[0])
        ) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise AuthorError(problem("document-not-yaml", Place(file), cause=error)) from None
    places: dict[KeyPath, tuple[int, int]] = {(): (1, 1)}
    return Document(file, source, _plain(tree, (), places, file), places)


def _plain(value: Any, path: KeyPath, places: dict[KeyPath, tuple[int, int]], file: str) -> Any:
    if len(places) > MOST_VALUES:
        raise AuthorError(problem("document-too-large", Place(file), most=LARGEST_FILE))
    if isinstance(value, CommentedMap):
        mapping: dict[Any, Any] = {}
        for key, item in value.items():
            name = key if isinstance(key, str | int) else str(key)
            line, column = value.lc.key(key)
            places[(*path, name)] = (line + 1, column + 1)
            mapping[name] = _plain(item, (*path, name), places, file)
        return mapping
    if isinstance(value, CommentedSeq):
        items = []
        for index, item in enumerate(value):
            line, column = value.lc.item(index)
            places[(*path, index)] = (line + 1, column + 1)
            items.append(_plain(item, (*path, index), places, file))
        return items
    if isinstance(value, bool) or value is None:
        return value
    for kind in (str, int, float):  # ruamel's scalars remember their style; values need not
        if isinstance(value, kind):
            return kind(value)
    return value


def problems_of(error: ValidationError, document: Document, known: list[str]) -> list[Problem]:
    """Turn pydantic's findings into problems with places.

    `known` are the names that a misspelt setting may have meant.
    """
    found = []
    for item in error.errors(include_url=False):
        path = tuple(part for part in item["loc"] if isinstance(part, str | int))
        place = document.place(path)
        name = str(path[-1]) if path else ""
        kind, values = item["type"], item.get("ctx", {})
        if kind == "extra_forbidden":
            close = difflib.get_close_matches(name, known, 1)
            if close:
                found.append(problem("document-misspelt", place, name=name, meant=close[0]))
            else:
                found.append(problem("document-unknown-setting", place, name=name))
        elif kind == "missing":
            found.append(problem("document-missing", place, name=name))
        elif "code" in values:  # our own validators name a catalogue key
            given = {k: v for k, v in values.items() if k != "code"}
            found.append(problem(str(values["code"]), place, **given))
        else:
            found.append(
                problem(
                    "document-wrong-value",
                    place,
                    name=".".join(str(part) for part in path),
                    value=_shown(item.get("input")),
                    cause=item["msg"],
                )
            )
    return found


def _shown(value: Any) -> str:
    shown = repr(value) if not isinstance(value, str) else value
    return shown if len(shown) <= 60 else shown[:57] + "..."

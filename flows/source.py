"""YAML text -> plain values with a place for every one of them, within limits.

Only the plain kinds of YAML are taken (text, numbers, yes/no, lists, mappings): the nodes are
read, never constructed, so no tag can make an object. Keys written twice, foreign tags and
documents that blow up (aliases of aliases) are refused.
"""

import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from core.errors import AuthorError, Place, Problem, problem
from flows.reasons import reason

MOST_BYTES = 1_000_000
MOST_VALUES = 20_000
"""Values in one file, those that aliases repeat counted each time."""
DEEPEST = 40

Path = tuple[str | int, ...]


@dataclass
class Source:
    """One file's values and where each of them stands."""

    file: str
    text: str
    data: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    """Path -> place: of a setting its name, of a list's entry its beginning."""
    problems: list[Problem] = field(default_factory=list)
    """Settings written twice, foreign tags."""
    values: int = 0

    def place(self, path: Path) -> Place:
        """Return the place of `path`, or of the nearest thing around it."""
        while path not in self.places:
            if not path:
                return Place(self.file, 1, 1)
            path = path[:-1]
        return self.places[path]


def parse(text: str, file: str) -> Source:
    """Read YAML `text`. Raises AuthorError where it is no YAML, or past a limit."""
    source = Source(file, text)
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise AuthorError(
            problem("flow-too-large", Place(file, 1, 1), limit=f"{MOST_BYTES // 1000} kB")
        )
    node = _compose(source)
    if node is None:
        raise AuthorError(problem("flow-empty-file", Place(file, 1, 1)))
    source.places[()] = _place(source, node)
    source.data = _value(source, node, (), ())
    return source


def _compose(source: Source) -> Node | None:
    reader = YAML(typ="safe", pure=True)
    try:
        _measure(source, reader)
        node = YAML(typ="safe", pure=True).compose(io.StringIO(source.text))
    except MarkedYAMLError as error:
        raise AuthorError(_syntax(source, error)) from error
    except (YAMLError, ValueError, RecursionError, AssertionError, KeyError) as error:
        raise AuthorError(
            problem(
                "flow-not-yaml",
                Place(source.file, 1, 1),
                reason=reason(_plain(str(error).splitlines())),
            )
        ) from error
    return node if isinstance(node, Node) else None


def _measure(source: Source, reader: YAML) -> None:
    """Refuse what is too deep or too much before anything is built."""
    depth = count = 0
    for event in reader.parse(io.StringIO(source.text)):
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        count += isinstance(event, ScalarEvent | AliasEvent | CollectionStartEvent)
        if depth > DEEPEST or count > MOST_VALUES:
            mark = event.start_mark
            raise AuthorError(
                problem(
                    "flow-too-complex",
                    _inside(source, mark.line, mark.column),
                    values=MOST_VALUES,
                    depth=DEEPEST,
                )
            )


def _syntax(source: Source, error: MarkedYAMLError) -> Problem:
    found, around = str(error.problem or ""), str(error.context or "")
    sign = around.endswith(("scanning an alias", "scanning an anchor"))
    mark = error.context_mark if sign else error.problem_mark or error.context_mark
    place = _inside(source, mark.line, mark.column) if mark else Place(source.file, 1, 1)
    lines = source.text.splitlines() or [""]
    rest = lines[place.line - 1][place.column - 1 :]
    if sign or "undefined alias" in found or rest.startswith(("*", "&", "@", "`", "%")):
        return problem("flow-quote-needed", place, found=rest[:1] or "*")
    for number in (place.line, place.line - 1):
        colon = number > 0 and re.match(r"\s*(?:- +)*[A-Za-z_]+(?=：)", lines[number - 1])
        if colon:
            at = Place(source.file, number, colon.end() + 1)
            return problem("flow-full-width-colon", at, found=lines[number - 1].strip()[:40])
    if "found character '\\t'" in found or rest[:1] == "\t":
        return problem("flow-tab", place)
    return problem("flow-not-yaml", place, reason=reason(_plain([found])))


def _plain(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines if line.strip())[:200] or "?"


def _inside(source: Source, line: int, column: int) -> Place:
    """Turn a mark, counted from 0, into a place that lies within the file."""
    lines = source.text.splitlines() or [""]
    line = min(max(line, 0), len(lines) - 1)
    return Place(source.file, line + 1, min(max(column, 0), len(lines[line])) + 1)


def _place(source: Source, node: Node) -> Place:
    return _inside(source, node.start_mark.line, node.start_mark.column)


def _value(source: Source, node: Node, path: Path, above: tuple[int, ...]) -> Any:
    source.values += 1
    if source.values > MOST_VALUES or len(above) > DEEPEST or id(node) in above:
        raise AuthorError(
            problem("flow-too-complex", _place(source, node), values=MOST_VALUES, depth=DEEPEST)
        )
    inner = (*above, id(node))
    if isinstance(node, SequenceNode):
        found = []
        for index, entry in enumerate(node.value):
            source.places[(*path, index)] = _place(source, entry)
            found.append(_value(source, entry, (*path, index), inner))
        _refuse_tag(source, node, "tag:yaml.org,2002:seq")
        return found
    if isinstance(node, MappingNode):
        _refuse_tag(source, node, "tag:yaml.org,2002:map")
        return dict(_settings(source, node, path, inner))
    return _scalar(source, node)


def _settings(
    source: Source, node: MappingNode, path: Path, above: tuple[int, ...]
) -> Iterator[tuple[str, Any]]:
    seen: dict[str, Place] = {}
    for key, entry in node.value:
        place = _place(source, key)
        if not isinstance(key, ScalarNode):
            source.problems.append(problem("flow-setting-no-text", place))
            continue
        name = str(key.value)
        if name in seen:
            source.problems.append(
                problem("flow-setting-twice", place, setting=name, line=seen[name].line)
            )
            continue
        seen[name] = place
        source.places[(*path, name)] = place
        yield name, _value(source, entry, (*path, name), above)


def _refuse_tag(source: Source, node: Node, *allowed: str) -> None:
    tag = str(node.tag)
    if tag not in allowed:
        source.problems.append(problem("flow-foreign-tag", _place(source, node), tag=tag))


def _scalar(source: Source, node: Node) -> Any:
    tag, text = str(node.tag).removeprefix("tag:yaml.org,2002:"), str(node.value)
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
    if tag == "int":
        return _whole(text)
    if tag == "float":
        return _decimal(text)
    if tag not in ("str", "timestamp", "value"):
        # A foreign tag is refused whole; its text stands in so that the rest can be checked.
        _refuse_tag(source, node, "")
    return text


def _whole(text: str) -> int | str:
    """Return the number; text where leading zeros tell that it is a telephone number."""
    if len(text) > 15 or (text.startswith("0") and text != "0"):
        return text
    try:
        return int(text)
    except ValueError:
        return text


def _decimal(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text

"""YAML files that people write -> plain values with a place for every one of them, within limits.

Settings, surveys and import mappings are all read through here, so that the same mistake is told
in the same words wherever it is made. Only the plain kinds of YAML are taken (text, numbers,
yes/no, lists, mappings): the nodes are read, never constructed, so no tag can make an object.
Keys written twice, foreign tags and documents that blow up (aliases of aliases) are refused.
"""

import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from core.errors import AuthorError, Place, Problem, problem
from core.reasons import reason

MOST_BYTES = 1_000_000
MOST_VALUES = 20_000
"""Values in one file, those that aliases repeat counted each time."""
DEEPEST = 40

KeyPath = tuple[str | int, ...]
"""The way to a value: names of settings, numbers of a list's entries (from 0)."""


@dataclass
class Document:
    """One file's values and where each of them stands."""

    file: str
    text: str
    data: Any = None
    places: dict[KeyPath, Place] = field(default_factory=dict)
    """Path -> place: of a setting its name, of a list's entry its beginning."""
    problems: list[Problem] = field(default_factory=list)
    """Settings written twice, foreign tags."""
    values: int = 0

    def place(self, path: KeyPath) -> Place:
        """Return the place of `path`, or of the nearest thing around it."""
        while path not in self.places:
            if not path:
                return Place(self.file, 1, 1)
            path = path[:-1]
        return self.places[path]


def read_document(path: Path, asked_for_at: Place | None = None) -> Document:
    """Read the YAML file `path`; see `read_file` and `parse_document`."""
    return parse_document(read_file(path, asked_for_at), str(path))


def read_file(path: Path, asked_for_at: Place | None = None) -> str:
    """Return the text of a YAML file.

    `asked_for_at`: where the file is named. Raises AuthorError where it cannot be read, is too
    large, or is no UTF-8.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise AuthorError(_too_large(str(path)))
        raw = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name with NUL in it
        cause = getattr(error, "strerror", None) or error
        place = asked_for_at or Place(str(path))
        raise AuthorError(
            problem("document-unreadable", place, path=path, reason=reason(cause))
        ) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise AuthorError(problem("document-not-utf-8", Place(str(path), line, 1))) from error


def parse_document(text: str, file: str) -> Document:
    """Read YAML `text`; `file` is what problems call it.

    Keys written twice and foreign tags are among the document's problems. Raises AuthorError
    where it is no YAML, empty, or past a limit.
    """
    document = Document(file, text)
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise AuthorError(_too_large(file))
    node = _compose(document)
    if node is None:
        raise AuthorError(problem("document-empty-file", Place(file, 1, 1)))
    document.places[()] = _place(document, node)
    document.data = _value(document, node, (), ())
    return document


def _too_large(file: str) -> Problem:
    return problem("document-too-large", Place(file, 1, 1), limit=f"{MOST_BYTES // 1000} kB")


def _compose(document: Document) -> Node | None:
    reader = YAML(typ="safe", pure=True)
    try:
        _measure(document, reader)
        node = YAML(typ="safe", pure=True).compose(io.StringIO(document.text))
    except MarkedYAMLError as error:
        raise AuthorError(_syntax(document, error)) from error
    except (YAMLError, ValueError, RecursionError, AssertionError, KeyError) as error:
        raise AuthorError(
            problem(
                "document-not-yaml",
                Place(document.file, 1, 1),
                reason=reason(_plain(str(error).splitlines())),
            )
        ) from error
    return node if isinstance(node, Node) else None


def _measure(document: Document, reader: YAML) -> None:
    """Refuse what is too deep or too much before anything is built."""
    depth = count = 0
    for event in reader.parse(io.StringIO(document.text)):
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        count += isinstance(event, ScalarEvent | AliasEvent | CollectionStartEvent)
        if depth > DEEPEST or count > MOST_VALUES:
            mark = event.start_mark
            raise AuthorError(
                problem(
                    "document-too-complex",
                    _inside(document, mark.line, mark.column),
                    values=MOST_VALUES,
                    depth=DEEPEST,
                )
            )


def _syntax(document: Document, error: MarkedYAMLError) -> Problem:
    found, around = str(error.problem or ""), str(error.context or "")
    sign = around.endswith(("scanning an alias", "scanning an anchor"))
    mark = error.context_mark if sign else error.problem_mark or error.context_mark
    place = _inside(document, mark.line, mark.column) if mark else Place(document.file, 1, 1)
    lines = document.text.splitlines() or [""]
    rest = lines[place.line - 1][place.column - 1 :]
    if sign or "undefined alias" in found or rest.startswith(("*", "&", "@", "`", "%")):
        return problem("document-quote-needed", place, found=rest[:1] or "*")
    for number in (place.line, place.line - 1):
        colon = number > 0 and re.match(r"\s*(?:- +)*[A-Za-z_]+(?=：)", lines[number - 1])
        if colon:
            at = Place(document.file, number, colon.end() + 1)
            return problem("document-full-width-colon", at, found=lines[number - 1].strip()[:40])
    if "found character '\\t'" in found or rest[:1] == "\t":
        return problem("document-tab", place)
    return problem("document-not-yaml", place, reason=reason(_plain([found])))


def _plain(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines if line.strip())[:200] or "?"


def _inside(document: Document, line: int, column: int) -> Place:
    """Turn a mark, counted from 0, into a place that lies within the file."""
    lines = document.text.splitlines() or [""]
    if line >= len(lines):  # found out at the end of the file
        line, column = len(lines) - 1, len(lines[-1])
    line = max(line, 0)
    return Place(document.file, line + 1, min(max(column, 0), len(lines[line])) + 1)


def _place(document: Document, node: Node) -> Place:
    return _inside(document, node.start_mark.line, node.start_mark.column)


def _value(document: Document, node: Node, path: KeyPath, above: tuple[int, ...]) -> Any:
    document.values += 1
    if document.values > MOST_VALUES or len(above) > DEEPEST or id(node) in above:
        raise AuthorError(
            problem(
                "document-too-complex", _place(document, node), values=MOST_VALUES, depth=DEEPEST
            )
        )
    inner = (*above, id(node))
    if isinstance(node, SequenceNode):
        found = []
        for index, entry in enumerate(node.value):
            document.places[(*path, index)] = _place(document, entry)
            found.append(_value(document, entry, (*path, index), inner))
        _refuse_tag(document, node, "tag:yaml.org,2002:seq")
        return found
    if isinstance(node, MappingNode):
        _refuse_tag(document, node, "tag:yaml.org,2002:map")
        return dict(_settings(document, node, path, inner))
    return _scalar(document, node)


def _settings(
    document: Document, node: MappingNode, path: KeyPath, above: tuple[int, ...]
) -> Iterator[tuple[str, Any]]:
    seen: dict[str, Place] = {}
    for key, entry in node.value:
        place = _place(document, key)
        if not isinstance(key, ScalarNode):
            document.problems.append(problem("document-setting-no-text", place))
            continue
        name = str(key.value)
        if name in seen:
            document.problems.append(
                problem("document-setting-twice", place, setting=name, line=seen[name].line)
            )
            continue
        seen[name] = place
        document.places[(*path, name)] = place
        yield name, _value(document, entry, (*path, name), above)


def _refuse_tag(document: Document, node: Node, *allowed: str) -> None:
    tag = str(node.tag)
    if tag not in allowed:
        document.problems.append(problem("document-foreign-tag", _place(document, node), tag=tag))


def _scalar(document: Document, node: Node) -> Any:
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
        _refuse_tag(document, node, "")
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

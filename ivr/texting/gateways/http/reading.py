"""Reads the description of an HTTP gateway: every fault with its place."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.document import Document, KeyPath, read_document
from core.document_faults import faults
from core.errors import AuthorError, Place, Problem, problem
from core.reasons import reason
from ivr.texting.gateways.http import templates
from ivr.texting.gateways.http.description import Description

SHIPPED = Path(__file__).parent / "descriptions"
"""The descriptions that come with the product."""


def shipped() -> list[str]:
    """Return the names of the descriptions that come with the product."""
    return sorted(file.stem for file in SHIPPED.glob("*.yaml"))


def description_file(name: str, folder: Path) -> Path:
    """Return the file that the settings name: a shipped one by its bare name, else a path."""
    return SHIPPED / f"{name}.yaml" if name in shipped() else folder / name


def read_description(file: Path, asked_for_at: Place | None = None) -> Description:
    """Read and check `file`. Raises AuthorError with every fault."""
    document = read_document(file, asked_for_at)
    try:
        description = Description.model_validate(document.data)
    except ValidationError as error:
        found = faults(error, document, Description)
        raise AuthorError(*document.problems, *found) from None
    problems = [*document.problems, *_undeclared(document, description)]
    problems += _pattern(document, description)
    if problems:
        raise AuthorError(*problems)
    return description


def _undeclared(document: Document, description: Description) -> Iterator[Problem]:
    known = {
        "values": (*description.values, *description.optional),
        "secrets": description.secrets,
        "hooks": tuple(description.hooks),
    }
    for path, source in _texts(document.data, ()):
        if "{{" not in source:
            continue
        for kind, names in known.items():
            for name in templates.looked_up_in(source, kind):
                if name not in names:
                    where = document.place(path)
                    yield problem("gateway-undeclared", where, kind=kind, name=name)


def _pattern(document: Document, description: Description) -> Iterator[Problem]:
    try:
        re.compile(description.answer.pattern)
    except re.error as error:
        place = document.place(("answer", "pattern"))
        yield problem("gateway-pattern-wrong", place, reason=reason(error))


def _texts(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))

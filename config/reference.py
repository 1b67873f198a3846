"""Renders the reference of all settings from the settings themselves.

``python -m config.reference`` rewrites the tables in docs/configuration.md; a test fails when
they are not what this gives.
"""

import sys
from datetime import time, timedelta
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.settings import Settings

MARK = "<!-- The tables below are made by: python -m config.reference -->"


def reference() -> str:
    """Return the tables of every section as Markdown."""
    parts = ["## Top level\n", _table(Settings)]
    for name, field in Settings.model_fields.items():
        for model in sections(field.annotation):
            many = get_origin(field.annotation) in (tuple, dict)
            heading = f"## `{name}`" + (" (one entry each)" if many else "")
            parts += [heading + "\n", f"{(model.__doc__ or '').strip()}\n", _table(model)]
        for setting, model in _inner(field.annotation).items():
            parts += [f"### {setting}\n", f"{(model.__doc__ or '').strip()}\n", _table(model)]
    return "\n".join(parts)


def _inner(annotation: Any) -> dict[str, type[BaseModel]]:
    """Return the sections within the sections of a setting, by where they stand; each once."""
    found: dict[type[BaseModel], list[str]] = {}
    for model in sections(annotation):
        for name, field in model.model_fields.items():
            for inner in sections(field.annotation):
                found.setdefault(inner, []).append(f"`{name}`")
    return {", ".join(dict.fromkeys(names)): model for model, names in found.items()}


def setting_names(model: type[BaseModel]) -> list[str]:
    """Return the names of all settings of `model` and of the sections below it."""
    names: list[str] = []
    for name, field in model.model_fields.items():
        names += [name, *(n for part in sections(field.annotation) for n in setting_names(part))]
    return names


def _table(model: type[BaseModel]) -> str:
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        rows.append(f"| `{name}` | {_default(field)} | {meaning} |")
    return "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined or isinstance(value, BaseModel) or _holds_models(value):
        return "see below"
    return f"`{_written(value)}`"


def _holds_models(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(v, BaseModel) for v in value.values())


def _written(value: Any) -> str:
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
            if seconds and seconds % size == 0 and (unit != "d" or seconds > size):
                return f"{seconds // size}{unit}"
        return f"{seconds}s"
    if isinstance(value, time):
        return f"{value.hour}:{value.minute:02}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_written(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_written(v)}" for k, v in value.items()) + "}"
    return '""' if value == "" else "none" if value is None else str(value)


def sections(annotation: Any) -> list[type[BaseModel]]:
    """Return the sections that a setting of this type holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in sections(part)]


def rewrite(file: Path) -> None:
    """Replace the tables in `file`."""
    head = file.read_text("utf-8").split(MARK)[0]
    file.write_text(f"{head}{MARK}\n\n{reference()}", "utf-8")


if __name__ == "__main__":
    rewrite(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/configuration.md"))

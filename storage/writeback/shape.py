"""A result in the columns of the file that its case was imported from."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.catalogue import entries
from core.catalogue import text as words
from storage.final import FinalResult
from storage.importing.mapping import Mapping

RESULT_FIELDS = (
    *("callback_id", "result", "verdict", "disposition", "called_at", "tries", "aspects"),
    *("reason", "settled_by"),
)
"""What a result file has beside the columns of the import."""


def columns_of(mapping: Mapping) -> dict[str, str]:
    """Return our field -> the first heading that the import knows it by."""
    columns: dict[str, str] = {}
    for name in type(mapping.columns).model_fields:
        headings = getattr(mapping.columns, name)
        if headings and not (name == "unit" and mapping.unit_levels):
            columns[name] = headings[0]
    for level, headings in enumerate(mapping.unit_levels):
        columns[f"level.{level}"] = headings[0]
    rule = mapping.respondent_class
    if not isinstance(rule, str):
        columns["respondent_class"] = rule.heading[0]
    taken = set(columns.values())
    for name, headings in mapping.fields.items():
        if headings[0] not in taken:
            columns[f"fields.{name}"] = headings[0]
    return columns


def imported(one: FinalResult, name: str, mapping: Mapping, zone: ZoneInfo) -> str:
    """Return the cell of column `name` as the import would read it back."""
    kind, _, part = name.partition(".")
    if kind == "level":
        levels = one.unit.split("/")
        return levels[int(part)] if int(part) < len(levels) else ""
    if kind == "fields":
        return str(one.fields.get(part, ""))
    if name == "unit":
        return one.unit.replace("/", mapping.unit_separator) if mapping.unit_separator else one.unit
    if name == "respondent_class":
        return _class_word(one, mapping)
    if name == "numbers":
        return "、".join(number.removeprefix("+86") for number in one.numbers)
    return shown(getattr(one, name), name, zone, "zh")


def _class_word(one: FinalResult, mapping: Mapping) -> str:
    """Return the word of the file that the import reads as this class."""
    rule = mapping.respondent_class
    if isinstance(rule, str):
        return one.respondent_class
    # The survey field that reads the same column kept the file's own word.
    for name, headings in mapping.fields.items():
        if headings[0] == rule.heading[0] and one.fields.get(name):
            return str(one.fields[name])
    return next((w for w, c in rule.values.items() if c == one.respondent_class), "")


def shown(value: Any, name: str, zone: ZoneInfo, language: str) -> str:
    """Return a value in words, times in `zone`."""
    if value is None or value is False:
        return ""
    if value is True:
        return words("result-yes", language)
    if isinstance(value, dict):
        return "; ".join(f"{k}={_word('verdict', v, language)}" for k, v in value.items())
    if isinstance(value, tuple):
        return "、".join(value)
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    return _word(name, value, language) if isinstance(value, str) else str(value)


def _word(kind: str, value: str, language: str) -> str:
    key = f"{kind}-{value}"
    return words(key, language) if value and key in entries() else value

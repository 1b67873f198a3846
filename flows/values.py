"""The small values of the survey language: wordings, durations, keys, spoken phrases.

Where a value may have several shapes the shape is told apart before it is checked, so that a
fault is reported once, for the shape that was meant, and not once for every shape. The tags of
those shapes begin with ``=`` (`core.document_faults.SHAPE`) and are cut out of the places of
faults.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError


def _one_or_languages(value: Any) -> str:
    return "=languages" if isinstance(value, dict) else "=text"


def _wordings_shape(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "=list"
    return _one_or_languages(value)


def _phrases_shape(value: Any) -> str:
    return "=languages" if isinstance(value, dict) else "=list"


def _digits_shape(value: Any) -> str:
    return "=range" if isinstance(value, list | tuple) else "=exact"


Text = Annotated[
    Annotated[str, Tag("=text")] | Annotated[dict[str, str], Tag("=languages")],
    Discriminator(_one_or_languages),
]
"""A wording: for all languages, or per language."""

Wordings = Annotated[
    Annotated[list[Text], Tag("=list")]
    | Annotated[str, Tag("=text")]
    | Annotated[dict[str, str], Tag("=languages")],
    Discriminator(_wordings_shape),
]
"""One wording, or a list with one wording for each repeat."""

Phrases = Annotated[
    Annotated[list[str], Tag("=list")] | Annotated[dict[str, list[str]], Tag("=languages")],
    Discriminator(_phrases_shape),
]
"""Spoken answers: for all languages, or per language."""

Digits = Annotated[
    Annotated[int, Tag("=exact"), Field(ge=1, le=32)]
    | Annotated[
        tuple[Annotated[int, Field(ge=1, le=32)], Annotated[int, Field(ge=1, le=32)]],
        Tag("=range"),
    ],
    Discriminator(_digits_shape),
]
"""How many digits: exactly, or [least, most]."""


def _seconds(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    stripped = value.strip()
    for unit, worth in (("ms", 0.001), ("s", 1.0), ("秒", 1.0), ("", 1.0)):
        if stripped.endswith(unit):
            try:
                return float(stripped.removesuffix(unit)) * worth
            except ValueError:
                break
    raise PydanticCustomError("duration", "not a duration")


Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    Field(ge=0, le=600, allow_inf_nan=False),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 600},
                {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*(ms|s|秒)?\s*$"},
            ]
        }
    ),
]
"""A duration: a number of seconds, or a string such as ``5s`` or ``800ms``."""

Key = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if type(value) is int else value),
    Field(pattern=r"^[0-9*#]$"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 9},
                {"type": "string", "pattern": "^[0-9*#]$"},
            ]
        }
    ),
]
"""One key of the telephone: 0-9, * or #."""

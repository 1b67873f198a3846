"""The JSON Schema of surveys, so that editors complete and explain what may be written.

It is made from the model itself: every step by its verb, every description from a docstring. It
says what a file may look like; what makes sense is for `huifang flow check`.
"""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from flows.model import VERBS, Flow

ADDRESS = "https://json-schema.org/draft/2020-12/schema"


class _Readable(GenerateJsonSchema):
    """As pydantic makes it, without the titles that only repeat the settings' names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def flow_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a survey file."""
    schema = Flow.model_json_schema(by_alias=True, schema_generator=_Readable)
    definitions = schema["$defs"]
    for verb, kind in VERBS.items():
        step = definitions[kind.__name__]
        # A step is known by its verb, so it must be written even where the model has a default.
        step["required"] = sorted({verb, *step.get("required", ())})
        step["title"] = verb
        step["properties"] = {
            verb: step["properties"][verb],
            **{name: value for name, value in step["properties"].items() if name != verb},
        }
    ends = definitions["End"]["properties"]
    ends["end"] = {
        "description": ends["end"].pop("description"),
        "anyOf": [ends["end"], {"type": "null"}],
    }
    _for_editors(schema)
    return {
        "$schema": ADDRESS,
        "title": "Huifang survey / 回访问卷",
        **{name: value for name, value in schema.items() if name != "title"},
    }


def _for_editors(schema: Any) -> None:
    """Join docstrings' lines, drop what means nothing to an editor; `label: 110` is a text."""
    if isinstance(schema, dict):
        schema.pop("discriminator", None)
        if schema.get("default", ()) in (None, {"say": None, "goto": None}):
            del schema["default"]
        described = schema.get("description")
        if isinstance(described, str):
            schema["description"] = " ".join(described.replace("``", "`").split())
        if schema.get("type") == "string" and not {"pattern", "enum", "const"} & set(schema):
            schema["type"] = ["string", "number"]
        for value in schema.values():
            _for_editors(value)
    elif isinstance(schema, list):
        for value in schema:
            _for_editors(value)

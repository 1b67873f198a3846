"""The JSON Schema takes what the reader takes, refuses what it refuses, and explains everything."""

import io
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from ruamel.yaml import YAML

from flows.model import VERBS, Flow
from flows.schema import flow_schema
from flows.test_reader import GOOD

STEPS = {
    "say": "say: {zh: 您好, en: Hello}\nbarge_in: true",
    "play": "play: a.wav\ntext: 您好",
    "ask": "ask: 满意请按1\nid: a\nchoices: [{key: 1, label: 110}]\ntimeout: 5s\nagain: [请按1]",
    "number": "number: 几人\nid: n\ndigits: [1, 2]\nleast: 1\non_silence: {say: [一, 二], goto: x}",
    "record": "record: 请说\nid: r\nseconds: 20",
    "when": "when: answers.a.value\nthen: bye\nelse: [{say: 好}]",
    "set": "set: {n: 1}",
    "call": "call: p",
    "goto": "goto: a",
    "transfer": "transfer: 110\nsay: 请稍候",
    "text": "text: 谢谢",
    "book": "book: 明早请按1\nid: b\nslots: [{key: 1, label: 明早, days: 1, at: '09:00'}]",
    "end": "end:\nsay: 再见\nverdict: satisfied",
}
WRONG = [
    "say: [a]",
    "sya: a",
    "say: a\nask: b",
    "ask: a\nid: a",
    "ask: a\nid: A\nchoices: [{key: 1, label: a}]",
    "ask: a\nid: a\nchoices: []",
    "ask: a\nid: a\nchoices: [{key: 12, label: a}]",
    "ask: a\nid: a\nchoices: [{key: 1, label: a, verdict: happy}]",
    "ask: a\nid: a\nchoices: [{key: 1, label: a}]\ntimeout: soon",
    "ask: a\nid: a\nchoices: [{key: 1, label: a}]\nattempts: 6",
    "end: done",
    "book: a\nid: b\nslots: [{key: 1, label: a, at: '9'}]",
    "when: a\nthen: [{say: {zh: [a]}}]",
]


def loaded(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(io.StringIO(text))


def survey(step: str) -> dict[str, Any]:
    return {"flow": "a", "title": "a", "languages": ["zh"], "steps": [loaded(step)]}


def accepted(document: Any) -> tuple[bool, bool]:
    """Return whether (the schema, the model) takes `document`."""
    try:
        Flow.model_validate(document)
    except ValidationError:
        model = False
    else:
        model = True
    return Draft202012Validator(flow_schema()).is_valid(document), model


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(flow_schema())


def test_every_kind_of_step_is_tried() -> None:
    assert set(STEPS) == set(VERBS)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_what_the_reader_takes_the_schema_takes(step: str) -> None:
    assert accepted(survey(step)) == (True, True)


@pytest.mark.parametrize("step", WRONG)
def test_what_the_reader_refuses_the_schema_refuses(step: str) -> None:
    assert accepted(survey(step)) == (False, False)


def test_a_whole_survey_is_taken() -> None:
    document = loaded(GOOD)
    document["steps"][0]["notice"] = True  # YAML 1.2 knows true and false; the reader also "yes"
    assert accepted(document) == (True, True)
    assert accepted({**document, "step": []}) == (False, False)


def test_steps_are_told_apart_by_their_verb() -> None:
    steps = flow_schema()["$defs"]
    assert {verb for kind in VERBS.values() for verb in [steps[kind.__name__]["title"]]} == set(
        VERBS
    )
    for verb, kind in VERBS.items():
        assert verb in steps[kind.__name__]["required"]
        assert next(iter(steps[kind.__name__]["properties"])) == verb


def test_everything_is_described() -> None:
    schema = flow_schema()
    for name, definition in {"Flow": schema, **schema["$defs"]}.items():
        assert name in ("Disposition", "Verdict", "RespondentClass") or definition["description"]
        for setting, value in definition.get("properties", {}).items():
            assert value.get("description"), f"{name}.{setting}"

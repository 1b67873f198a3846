"""A text as one person would hear it: filled in with the example of every field."""

from collections.abc import Mapping
from typing import Any

from flows.check.subject import Subject
from flows.check.wording import bare
from flows.model import Ask
from flows.template import TemplateFault
from flows.template import text as compiled

_BLANKS: dict[str, Any] = {
    "text": "某某某某",
    "number": 3,
    "date": "2026-05-18",
    "datetime": "2026-05-18T09:30",
    "yes_no": True,
}
"""Stand-ins for fields without an example, by type."""


def spoken(
    subject: Subject, text: str, language: str, fields: Mapping[str, Any] | None = None
) -> str:
    """Return `text` filled in with examples, or with a case's `fields` where they are given.

    What cannot be filled in is left out.
    """
    if "{" not in text:
        return text
    try:
        return compiled(text, language)(scope(subject, fields))
    except TemplateFault:
        return bare(text)


def scope(subject: Subject, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what texts see: fields, answers and variables, all with examples.

    `given`: the fields of a case, instead of the examples; ``heard`` is what is asked back.
    """
    flow = subject.program.flow
    fields = {
        name: declared.example if declared.example is not None else _BLANKS[declared.type]
        for name, declared in flow.fields.items()
    }
    if given is not None:
        fields = {name: given.get(name) for name in flow.fields}
    answers: dict[str, dict[str, Any]] = {}
    variables: dict[str, Any] = {"language": flow.languages[0]}
    for node in subject.program.nodes.values():
        step = node.step
        if hasattr(step, "set"):
            variables.update(dict.fromkeys(step.set, ""))
        if node in subject.questions and step.id:
            first = step.choices[0] if isinstance(step, Ask) else None
            label = first.label if first else "1"
            answers[step.id] = {
                "value": "1",
                "label": label if isinstance(label, str) else next(iter(label.values()), ""),
                "verdict": first.verdict if first else None,
                "score": 1,
                "raw": "1",
            }
    heard = "某某" if given is None else given.get("heard", "某某")
    return {**fields, "answers": answers, "vars": variables, "heard": heard}

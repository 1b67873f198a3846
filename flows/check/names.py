"""Names: every step, part and aspect that is named exists, and none is named twice."""

from collections.abc import Iterator

from core.document import KeyPath
from core.document_faults import closest
from core.errors import Problem, problem
from flows.check.subject import REACTIONS, Subject
from flows.model import Ask, Book, Call, Goto, Number, Record, Transfer, When
from flows.program import Node

RESERVED = ("answers", "vars")
"""Names that texts and conditions use for something else than fields of the case."""


def check_names(subject: Subject) -> Iterator[Problem]:
    """Unknown and doubled names."""
    yield from _steps_twice(subject)
    names = list(subject.program.nodes)
    for path, name in _targets(subject):
        if name not in subject.program.nodes:
            yield problem(
                "flow-unknown-step",
                subject.file.place(path),
                step=name,
                closest=closest(name, [n for n in names if "." not in n] or names),
            )
    yield from _parts(subject)
    yield from _aspects(subject)
    flow = subject.program.flow
    if flow.language_field is not None and flow.language_field not in flow.fields:
        yield problem(
            "flow-unknown-field",
            subject.file.place(("language_field",)),
            field=flow.language_field,
            closest=closest(flow.language_field, list(flow.fields)),
        )
    for name in flow.fields:
        if name in RESERVED or not name.isidentifier():
            yield problem("flow-bad-field-name", subject.file.place(("fields", name)), field=name)
    for index, key in enumerate(flow.keys):
        if key.does == "goto" and key.goto is None:
            yield problem(
                "flow-key-leads-nowhere", subject.file.place(("keys", index)), press=key.key
            )
    for index, language in enumerate(flow.languages):
        if language in flow.languages[:index]:
            yield problem(
                "flow-language-twice",
                subject.file.place(("languages", index)),
                tongue=language,
            )


def _steps_twice(subject: Subject) -> Iterator[Problem]:
    seen: dict[str, Node] = {}
    for node in subject.program.nodes.values():
        name = node.step.id
        if name is None:
            continue
        if name in seen:
            yield problem(
                "flow-step-twice",
                subject.place(node, "id"),
                step=name,
                line=subject.place(seen[name]).line,
            )
        seen.setdefault(name, node)


def _targets(subject: Subject) -> Iterator[tuple[KeyPath, str]]:
    """Yield (path, name) of everything that leads to a step by its name."""
    flow = subject.program.flow
    for index, key in enumerate(flow.keys):
        if key.goto is not None:
            yield ("keys", index, "goto"), key.goto
    for reaction in REACTIONS:
        goto = getattr(flow.defaults, reaction).goto
        if goto is not None:
            yield ("defaults", reaction, "goto"), goto
    for node in subject.program.nodes.values():
        for setting, name in _targets_of(node):
            if subject.own(node, *setting):
                yield (*node.path, *setting), name


def _targets_of(node: Node) -> Iterator[tuple[KeyPath, str]]:
    step = node.step
    if isinstance(step, Goto):
        yield ("goto",), step.goto
    if isinstance(step, Transfer) and step.on_failure is not None:
        yield ("on_failure",), step.on_failure
    if isinstance(step, When):
        if isinstance(step.then, str):
            yield ("then",), step.then
        if isinstance(step.otherwise, str):
            yield ("else",), step.otherwise
    if isinstance(step, Ask):
        for index, choice in enumerate(step.choices):
            if choice.goto is not None:
                yield ("choices", index, "goto"), choice.goto
    if isinstance(step, Ask | Number | Book):
        for reaction in REACTIONS:
            goto = getattr(step, reaction).goto
            if goto is not None:
                yield (reaction, "goto"), goto


def _parts(subject: Subject) -> Iterator[Problem]:
    parts = subject.program.flow.parts
    for node in subject.program.nodes.values():
        if isinstance(node.step, Call) and node.step.call not in parts:
            yield problem(
                "flow-unknown-part",
                subject.place(node, "call"),
                part=node.step.call,
                closest=closest(node.step.call, list(parts)),
            )


def _aspects(subject: Subject) -> Iterator[Problem]:
    aspects = subject.program.flow.aspects
    rated: dict[str, bool] = {}
    for node in subject.program.nodes.values():
        step = node.step
        if not isinstance(step, Ask | Number | Record) or step.aspect is None:
            continue
        if step.aspect not in aspects:
            yield problem(
                "flow-unknown-aspect",
                subject.place(node, "aspect"),
                aspect=step.aspect,
                closest=closest(step.aspect, list(aspects)),
            )
        rates = not isinstance(step, Ask) or any(
            choice.verdict is not None or choice.score is not None for choice in step.choices
        )
        rated[step.aspect] = rated.get(step.aspect, False) or rates
        if not rates:
            yield problem(
                "flow-aspect-not-rated",
                subject.place(node, "aspect"),
                severity="warning",
                aspect=step.aspect,
            )
    for name in aspects:
        if name not in rated and subject.file.whole:
            yield problem(
                "flow-aspect-unused",
                subject.file.place(("aspects", name)),
                severity="warning",
                aspect=name,
            )

"""Answers can be told apart: one key, one phrase, one answer."""

from collections.abc import Iterator, Sequence

from core.document import KeyPath
from core.errors import Problem, problem
from flows.check.subject import Subject
from flows.declarations import GlobalKey
from flows.model import Ask, Book, Choice, Number, Record, Slot
from flows.phrases import normalised
from flows.program import Node

MOST_OPTIONS = 5
Answer = Choice | Slot | GlobalKey


def check_answers(subject: Subject) -> Iterator[Problem]:
    """Keys and phrases that belong to two answers, answers nobody can give, too many options."""
    yield from _global_keys(subject)
    keys = subject.program.flow.keys
    yield from _phrases(subject, [(("keys", index), key) for index, key in enumerate(keys)])
    for node in subject.questions:
        options = options_of(node)
        yield from _keys(subject, node, options)
        yield from _phrases(subject, options)
        yield from _values(subject, node)
        if len(options) > MOST_OPTIONS:
            yield problem(
                "flow-too-many-options",
                subject.place(node),
                step=node.name,
                found=len(options),
                limit=MOST_OPTIONS,
            )
        if isinstance(node.step, Number):
            yield from _number(subject, node, node.step)


def options_of(node: Node) -> list[tuple[KeyPath, Choice | Slot]]:
    """Return the answers that a question offers, with their places."""
    step = node.step
    if isinstance(step, Ask):
        return [((*node.path, "choices", i), choice) for i, choice in enumerate(step.choices)]
    if isinstance(step, Book):
        return [((*node.path, "slots", i), slot) for i, slot in enumerate(step.slots)]
    return []


def _global_keys(subject: Subject) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, key in enumerate(subject.program.flow.keys):
        place = subject.file.place(("keys", index, "key"))
        if key.key in seen:
            line = subject.file.place(("keys", seen[key.key])).line
            yield problem("flow-key-twice", place, press=key.key, line=line)
        seen.setdefault(key.key, index)


def _keys(
    subject: Subject, node: Node, options: list[tuple[KeyPath, Choice | Slot]]
) -> Iterator[Problem]:
    flow = subject.program.flow
    everywhere = {key.key for key in flow.keys}
    seen: dict[str, int] = {}
    for path, option in options:
        place = subject.file.place((*path, "key"))
        if option.key is None:
            if not all(map(subject.program.listens, subject.languages)):
                yield problem("flow-answer-without-key", place, answer=label_of(subject, option))
            continue
        if option.key in seen:
            yield problem("flow-key-twice", place, press=option.key, line=seen[option.key])
        seen.setdefault(option.key, place.line)
        if option.key in everywhere:
            yield problem("flow-key-taken", place, press=option.key)
    step = node.step
    if isinstance(step, Number | Record) and step.end_key in everywhere:
        yield problem("flow-key-taken", subject.place(node, "end_key"), press=step.end_key)


def _phrases(subject: Subject, options: Sequence[tuple[KeyPath, Answer]]) -> Iterator[Problem]:
    """Doubled phrases among `options`, and such as belong to a key of the survey, too."""
    everywhere = [(("keys", index), key) for index, key in enumerate(subject.program.flow.keys)]
    for language in subject.languages:
        owners: dict[str, tuple[KeyPath, Answer]] = {}
        told: list[tuple[KeyPath, Answer]] = [] if options == everywhere else [*everywhere]
        for path, answer in told:
            for _, phrase in said_in(path, answer, language, subject):
                owners.setdefault(normalised(phrase, language), (path, answer))
        for path, answer in options:
            for place, phrase in said_in(path, answer, language, subject):
                flat = normalised(phrase, language)
                if flat and owners.setdefault(flat, (path, answer))[0] != path:
                    yield problem(
                        "flow-phrase-twice",
                        subject.file.place(place),
                        phrase=phrase,
                        answer=label_of(subject, owners[flat][1]),
                    )


def said_in(
    path: KeyPath, answer: Answer, language: str, subject: Subject
) -> Iterator[tuple[KeyPath, str]]:
    """Yield every form of an answer in `language`, with its place."""
    label = answer.label
    if isinstance(label, dict):
        if language in label:
            yield (*path, "label", language), label[language]
    elif language == subject.languages[0] or isinstance(answer.phrases, list):
        yield (*path, "label"), label
    if isinstance(answer.phrases, dict):
        for index, phrase in enumerate(answer.phrases.get(language, [])):
            yield (*path, "phrases", language, index), phrase
    else:
        for index, phrase in enumerate(answer.phrases):
            yield (*path, "phrases", index), phrase


def _values(subject: Subject, node: Node) -> Iterator[Problem]:
    """Two answers that are stored alike cannot be told apart in the results."""
    if not isinstance(node.step, Ask):
        return
    seen: set[str] = set()
    for index, choice in enumerate(node.step.choices):
        value = choice.value or label_of(subject, choice)
        if value in seen:
            place = subject.place(node, "choices", index)
            yield problem("flow-value-twice", place, severity="warning", value=value)
        seen.add(value)


def label_of(subject: Subject, answer: Answer) -> str:
    """Return an answer's label in the survey's first language."""
    label = answer.label
    if isinstance(label, str):
        return label
    return label.get(subject.languages[0], next(iter(label.values()), ""))


def _number(subject: Subject, node: Node, step: Number) -> Iterator[Problem]:
    ranges = []
    if isinstance(step.digits, tuple):
        ranges.append(("digits", *step.digits))
    if step.least is not None and step.most is not None:
        ranges.append(("least", step.least, step.most))
    for setting, least, most in ranges:
        if least > most:
            place = subject.place(node, setting)
            yield problem("flow-range-reversed", place, least=least, most=most)
    longest = step.digits[1] if isinstance(step.digits, tuple) else step.digits
    if step.least is not None and step.least >= 10**longest:
        yield problem(
            "flow-range-too-long", subject.place(node, "least"), number=step.least, digits=longest
        )

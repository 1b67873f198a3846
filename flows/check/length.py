"""How long it takes: every prompt, the number of questions, and the longest way through."""

from collections.abc import Callable, Iterator

from core.errors import Problem, problem
from flows.check.examples import spoken
from flows.check.speaking import Measure, Sounds
from flows.check.subject import Subject, question_of
from flows.model import Ask, Book, Call, End, Number, Play, Record, Say, Transfer
from flows.program import EdgeKind, Node, Program

LONGEST_PROMPT = 20.0
LONGEST_CALL = 180.0
MOST_QUESTIONS = 5
TYPICAL_RECORDING = 20.0
"""Seconds people speak into an open answer, where its limit is longer."""

_ASIDE = (EdgeKind.HANG_UP, EdgeKind.REPEAT, EdgeKind.GLOBAL_KEY)


def check_prompts(subject: Subject, measure: Measure) -> Iterator[Problem]:
    """Prompts over 20 seconds."""
    for wording in subject.wordings:
        if wording.kind != "prompt":
            continue
        for language, text in wording.languages(subject.languages):
            seconds = measure(spoken(subject, text, language), language)
            if seconds > LONGEST_PROMPT:
                yield problem(
                    "flow-prompt-too-long",
                    subject.file.place(wording.place_of(language)),
                    seconds=f"{seconds:.0f}",
                    limit=f"{LONGEST_PROMPT:g}",
                )


def check_length(
    subject: Subject, measure: Measure, sounds: Sounds | None = None
) -> Iterator[Problem]:
    """More than 5 questions, or more than 180 seconds, on the longest way through."""
    nodes = subject.program.nodes
    asked = longest_way(subject.program, lambda node: float(isinstance(node.step, Ask | Number)))
    questions = [name for name in asked if isinstance(nodes[name].step, Ask | Number)]
    if len(questions) > MOST_QUESTIONS:
        yield problem(
            "flow-too-many-questions",
            subject.place(nodes[questions[MOST_QUESTIONS]]),
            found=len(questions),
            limit=MOST_QUESTIONS,
            steps=", ".join(questions),
        )
    for language in subject.languages:
        times = {
            name: seconds_of(subject, nodes[name], language, measure, sounds) for name in nodes
        }
        way = longest_way(subject.program, lambda node, t=times: t[node.name])  # type: ignore[misc]
        seconds = sum(times[name] for name in way)
        if seconds > LONGEST_CALL:
            yield problem(
                "flow-call-too-long",
                subject.file.place(("steps",)),
                seconds=f"{seconds:.0f}",
                limit=f"{LONGEST_CALL:g}",
                tongue=language,
                steps=" → ".join(way),
            )


def seconds_of(
    subject: Subject, node: Node, language: str, measure: Measure, sounds: Sounds | None = None
) -> float:
    """Return the seconds that a step takes: its prompt once, and the time to answer it."""
    step = node.step
    if isinstance(step, Play) and sounds is not None:
        name = step.play if isinstance(step.play, str) else step.play.get(language, "")
        file = subject.file.folder / name
        seconds = sounds(file) if file.is_file() else None
        if seconds is not None:
            return seconds
    words: str | dict[str, str] | None = None
    question = question_of(node)
    if question is not None:
        words = question[1]
    elif isinstance(step, Say | Transfer | End):
        words = step.say
    elif isinstance(step, Play):
        words = step.text
    text = words.get(language, "") if isinstance(words, dict) else words or ""
    seconds = measure(spoken(subject, text, language), language) if text else 0.0
    if isinstance(step, Ask | Book):
        return seconds + step.timeout / 2
    if isinstance(step, Number):
        most = step.digits[1] if isinstance(step.digits, tuple) else step.digits
        return seconds + step.timeout / 2 + most
    if isinstance(step, Record):
        return seconds + min(step.seconds, TYPICAL_RECORDING)
    return seconds


def longest_way(program: Program, weight: Callable[[Node], float]) -> list[str]:
    """Return the steps of the way through with the greatest weight, loops walked once."""
    best: dict[str, tuple[float, list[str]]] = {}
    order = _order(program)
    for name in order:
        node = program.nodes[name]
        ahead = [best[t] for t in _ahead(node, program) if t in best]
        total, way = max(ahead, key=lambda found: found[0], default=(0.0, []))
        if isinstance(node.step, Call) and program.parts.get(node.step.call) in best:
            inner = best[program.parts[node.step.call]]
            total, way = total + inner[0], [*inner[1], *way]
        best[name] = (weight(node) + total, [name, *way])
    return best[program.start][1] if program.start in best else []


def _ahead(node: Node, program: Program) -> list[str]:
    """Return the steps after `node`, those of a called part apart."""
    return [
        edge.target
        for edge in node.edges
        if edge.target in program.nodes
        and edge.kind is not EdgeKind.CALL
        and edge.kind not in _ASIDE
    ]


def _order(program: Program) -> list[str]:
    """Return the steps in such an order that what comes later on a way stands earlier.

    Depth first: an edge back to a step that is still being walked closes a loop and is left out,
    because its target is not in the order yet when its source is entered.
    """
    order: list[str] = []
    entered: set[str] = set()
    stack: list[tuple[str, list[str]]] = []

    def enter(name: str) -> None:
        entered.add(name)
        node = program.nodes[name]
        ahead = _ahead(node, program)
        if isinstance(node.step, Call) and node.step.call in program.parts:
            ahead.append(program.parts[node.step.call])
        stack.append((name, ahead))

    enter(program.start)
    while stack:
        name, ahead = stack[-1]
        target = ahead.pop() if ahead else None
        if target is None:
            order.append(name)
            stack.pop()
        elif target not in entered:
            enter(target)
    return order

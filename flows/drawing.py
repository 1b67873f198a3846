"""What a diagram of a survey shows: boxes and arrows, before anything is placed.

Left out for the reader's sake: repeats of the same question, and the ends by hang-up, giving up
and refusal that are the product's own. Keys that work everywhere start from one box of their own.
"""

from dataclasses import dataclass

from core.catalogue import entries, text
from flows.compiler import Question, answer_value, wording
from flows.model import (
    Ask,
    Book,
    Call,
    End,
    Goto,
    Number,
    Play,
    Record,
    Say,
    SendText,
    Set,
    Transfer,
    When,
)
from flows.program import Edge, EdgeKind, Node, Program
from flows.scope import scope_of
from flows.session import Session
from flows.simulator import examples
from flows.template import TemplateFault
from flows.template import text as template_text

EVERYWHERE = "keys"
"""Name of the box from which keys that work everywhere start."""
_QUIET = {EdgeKind.GLOBAL_KEY, EdgeKind.REPEAT}
_DASHED = {
    EdgeKind.SILENCE,
    EdgeKind.INVALID,
    EdgeKind.UNSURE,
    EdgeKind.HANG_UP,
    EdgeKind.GIVE_UP,
    EdgeKind.FAILURE,
    EdgeKind.CALL,
}


@dataclass(frozen=True)
class Box:
    """One step."""

    name: str
    words: str
    shape: str
    """``step``, ``question``, ``condition``, ``part`` or ``end``."""


@dataclass(frozen=True)
class Arrow:
    """One or more ways from a box to another."""

    source: str
    target: str
    label: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Drawing:
    """A survey as boxes and arrows."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def draw(program: Program, language: str = "zh") -> Drawing:
    """Return the boxes and arrows of `program`, words in `language`."""
    boxes = [_box(program, node, language) for node in program.nodes.values()]
    known = set(program.nodes)
    found: dict[tuple[str, str], list[tuple[str, bool]]] = {}
    """(source, target) -> words of each way, and whether it is one that an answer takes."""
    for key in program.flow.keys:
        if key.goto in known:
            words = f"{key.key} {wording(key.label, language, program.flow)}"
            found.setdefault((EVERYWHERE, str(key.goto)), []).append((words, False))
    if found:
        boxes.append(Box(EVERYWHERE, text("flow-graph-keys", language), "condition"))
    for node in program.nodes.values():
        for edge in node.edges:
            if edge.kind in _QUIET or edge.target == node.name or edge.target not in known:
                continue
            label = _label(program, node, edge, language)
            pair = (node.name, str(edge.target))
            found.setdefault(pair, []).append((label, edge.kind not in _DASHED))
    arrows = tuple(
        Arrow(
            source,
            target,
            _joined(program, source, [(answered, label) for label, answered in ways if label]),
            not any(solid for _, solid in ways),
        )
        for (source, target), ways in found.items()
    )
    return Drawing(tuple(boxes), arrows)


def _joined(program: Program, source: str, labels: list[tuple[bool, str]]) -> str:
    """Return the words of an arrow; none where every answer goes the same way."""
    step = program.nodes[source].step if source in program.nodes else None
    answers = step.choices if isinstance(step, Ask) else getattr(step, "slots", ())
    if len(answers) > 1 and sum(answered for answered, _ in labels) == len(answers):
        return ""
    return " / ".join(dict.fromkeys(words for _, words in labels))


def _label(program: Program, node: Node, edge: Edge, language: str) -> str:
    step = node.step
    if isinstance(step, Ask) and edge.kind is EdgeKind.CHOICE:
        for choice in step.choices:
            if answer_value(choice, program.flow) == edge.label:
                words = wording(choice.label, language, program.flow)
                return f"{choice.key} {words}" if choice.key else words
    if isinstance(step, Book) and edge.kind is EdgeKind.SLOT:
        slot = next(slot for slot in step.slots if slot.key == edge.label)
        return f"{slot.key} {wording(slot.label, language, program.flow)}"
    if edge.kind in (EdgeKind.NEXT, EdgeKind.RETURN):
        return ""
    return text(f"flow-graph-{edge.kind.value}", language)


def _box(program: Program, node: Node, language: str) -> Box:
    step, flow = node.step, program.flow
    shape = "step"
    words: str
    if isinstance(step, Ask | Number | Book):
        words, shape = wording(_question(step), language, flow), "question"
    elif isinstance(step, Say):
        words = wording(step.say, language, flow)
    elif isinstance(step, Play):
        words = f"♪ {wording(step.text or step.play, language, flow)}"
    elif isinstance(step, Record):
        words, shape = f"● {wording(step.record, language, flow)}", "question"
    elif isinstance(step, When):
        words, shape = step.when, "condition"
    elif isinstance(step, Set):
        words = "; ".join(f"{name} = {value}" for name, value in step.set.items())
    elif isinstance(step, Call):
        words, shape = f"→ {step.call}", "part"
    elif isinstance(step, Goto):
        words = f"→ {step.goto}"
    elif isinstance(step, Transfer):
        words = f"☎ {step.transfer}"
    elif isinstance(step, SendText):
        words = f"✉ {wording(step.text, language, flow)}"
    elif isinstance(step, End):
        words, shape = text(f"disposition-{step.end.value}", language), "end"
        if step.reason:
            known = f"follow-up-{step.reason}"
            words += f" ({text(known, language) if known in entries() else step.reason})"
    return Box(node.name, " ".join(_filled(program, words, language).split()), shape)


def _filled(program: Program, words: str, language: str) -> str:
    """Return a text as an example case would hear it."""
    session = Session(program.flow.flow, "", language, examples(program), program.start)
    try:
        return template_text(words, language)(scope_of(program, session))
    except TemplateFault:
        return words


def _question(step: Question) -> str | dict[str, str]:
    if isinstance(step, Ask):
        return step.ask
    return step.number if isinstance(step, Number) else step.book

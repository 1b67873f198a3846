"""Makes a survey walkable: names for all steps, nesting flattened, defaults merged, ways on.

Nothing is judged here: a name that leads nowhere stays as it was written, and the linter reports
it. What a step says itself always wins over the survey's `defaults`, one setting at a time (a
reaction counts as one setting: a step's own `on_silence` replaces the default one whole).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from flows.model import (
    Ask,
    Book,
    Call,
    Choice,
    End,
    Flow,
    Goto,
    Number,
    Reactions,
    Record,
    Step,
    Transfer,
    When,
)
from flows.program import Edge, EdgeKind, Node, Program

MAIN = "steps"
Path = tuple[str | int, ...]
Question = Ask | Number | Book


def compile_flow(
    flow: Flow,
    *,
    sha256: str = "",
    transfers: Collection[str] | None = None,
    hears: Collection[str] | None = None,
) -> Program:
    """Return the walkable form of `flow`; `sha256` is the hash of its source text(s).

    `transfers` names those to whom calls can be transferred (default: everybody), `hears` the
    languages in which answers can be heard (default: all).
    """
    placed = list(_placed(flow))
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for place in placed:
        wanted = place.step.id
        # A second step of the same name keeps the name of its place, so that the linter sees both.
        name = wanted if wanted and wanted not in taken else _place_name(place.path)
        names[place.path] = name
        taken.add(name)
    parts = {part: names[("parts", part, 0)] for part in flow.parts if ("parts", part, 0) in names}
    nodes: dict[str, Node] = {}
    for place in placed:
        after = names[place.after] if place.after else None
        step = _with_defaults(place.step, flow.defaults)
        node = Node(names[place.path], step, place.part, place.path, (), after)
        nodes[node.name] = replace(node, edges=tuple(_edges(node, flow, names, parts)))
    known = None if transfers is None else frozenset(transfers)
    heard = None if hears is None else frozenset(hears)
    return Program(flow, names[(MAIN, 0)], nodes, parts, sha256, known, heard)


@dataclass(frozen=True)
class _Place:
    step: Step
    part: str
    path: Path
    after: Path | None
    """Path of the step that follows when this one is done, nesting resolved."""


def _placed(flow: Flow) -> Iterator[_Place]:
    yield from _placed_list(flow.steps, MAIN, (MAIN,), None)
    for part, steps in flow.parts.items():
        yield from _placed_list(steps, part, ("parts", part), None)


def _placed_list(
    steps: Sequence[Step], part: str, path: Path, after: Path | None
) -> Iterator[_Place]:
    for index, step in enumerate(steps):
        here = (*path, index)
        follows = (*path, index + 1) if index + 1 < len(steps) else after
        yield _Place(step, part, here, follows)
        if isinstance(step, When):
            if isinstance(step.then, list):
                yield from _placed_list(step.then, part, (*here, "then"), follows)
            if isinstance(step.otherwise, list):
                yield from _placed_list(step.otherwise, part, (*here, "else"), follows)


def _place_name(path: Path) -> str:
    return ".".join(str(piece + 1) if isinstance(piece, int) else piece for piece in path)


def _with_defaults(step: Step, defaults: Reactions) -> Step:
    if not isinstance(step, Ask | Number | Book):
        return step
    unsaid = (defaults.model_fields_set & set(Reactions.model_fields)) - step.model_fields_set
    if not unsaid:
        return step
    return step.model_copy(update={name: getattr(defaults, name) for name in unsaid})


def _edges(node: Node, flow: Flow, names: dict[Path, str], parts: dict[str, str]) -> Iterator[Edge]:
    step = node.step

    def on(kind: EdgeKind, goto: str | None, label: str = "", *, waits: bool = False) -> Edge:
        target = goto or node.next
        return Edge(kind, target, label, waits, returns=target is None and node.part != MAIN)

    if isinstance(step, End):
        return
    if isinstance(step, Goto):
        yield Edge(EdgeKind.NEXT, step.goto)
    elif isinstance(step, When):
        for kind, branch, key in (
            (EdgeKind.THEN, step.then, "then"),
            (EdgeKind.ELSE, step.otherwise, "else"),
        ):
            if isinstance(branch, str):
                yield Edge(kind, branch)
            else:
                yield on(kind, names.get((*node.path, key, 0)))
    elif isinstance(step, Call):
        yield Edge(EdgeKind.CALL, parts.get(step.call, step.call), step.call)
        yield on(EdgeKind.NEXT, None)
    elif isinstance(step, Transfer):
        yield Edge(EdgeKind.NEXT, None, "taken", waits=True)
        yield on(EdgeKind.FAILURE, step.on_failure, waits=True)
    elif isinstance(step, Ask):
        for choice in step.choices:
            yield on(EdgeKind.CHOICE, choice.goto, answer_value(choice, flow), waits=True)
        yield from _reaction_edges(node, step, flow)
    elif isinstance(step, Book):
        for slot in step.slots:
            yield on(EdgeKind.SLOT, None, slot.key, waits=True)
        yield from _reaction_edges(node, step, flow)
    elif isinstance(step, Number):
        yield on(EdgeKind.NEXT, None, waits=True)
        yield from _reaction_edges(node, step, flow)
    else:
        kind = EdgeKind.NEXT if node.next or node.part == MAIN else EdgeKind.RETURN
        yield on(kind, None, waits=isinstance(step, Record))


def _reaction_edges(node: Node, step: Question, flow: Flow) -> Iterator[Edge]:
    for key in flow.keys:
        if key.does == "repeat":
            yield Edge(EdgeKind.REPEAT, node.name, key.key, waits=True)
        else:
            yield Edge(EdgeKind.GLOBAL_KEY, key.goto, key.key, waits=True)
    again = step.attempts > 1
    if again or step.on_silence.goto:
        yield Edge(EdgeKind.SILENCE, step.on_silence.goto or node.name, waits=True)
    if again or step.on_invalid.goto:
        yield Edge(EdgeKind.INVALID, step.on_invalid.goto or node.name, waits=True)
    if flow.speech.enabled and (again or step.on_unsure.goto):
        yield Edge(EdgeKind.UNSURE, step.on_unsure.goto or node.name, waits=True)
    # Where silence and wrong keys always lead on, nobody ever gives up here.
    gone = step.on_silence.goto and step.on_invalid.goto
    if not (gone and (step.on_unsure.goto or not flow.speech.enabled)):
        yield Edge(EdgeKind.GIVE_UP, step.on_give_up.goto, waits=True)
    yield Edge(EdgeKind.HANG_UP, step.on_hang_up.goto, waits=True)


def wording(words: str | dict[str, str], language: str, flow: Flow) -> str:
    """Return the wording in `language`, else in the survey's first language, else any."""
    if isinstance(words, str):
        return words
    found = words.get(language) or words.get(flow.languages[0])
    return found if found is not None else next(iter(words.values()), "")


def answer_value(choice: Choice, flow: Flow) -> str:
    """Return what is stored for a choice: its value, else its label in the first language."""
    return choice.value or wording(choice.label, flow.languages[0], flow)

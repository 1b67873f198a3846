"""Ways through the survey: which steps can be reached, and where a caller would be stuck."""

from collections.abc import Callable, Iterable, Iterator

from core.errors import Problem, problem
from flows.check.subject import Subject
from flows.model import Ask, Book, Call, End, Number, Play, Record, Say, Transfer
from flows.program import Edge, EdgeKind, Node, Program

MAIN = "steps"
_LEAVING = (EdgeKind.HANG_UP, EdgeKind.GIVE_UP, EdgeKind.GLOBAL_KEY, EdgeKind.REPEAT)
_NEEDS_PERSON = (Say, Play, Ask, Number, Record, Book, Transfer)


def check_ways(subject: Subject) -> Iterator[Problem]:
    """Unreachable steps, dead ends, loops, parts that call themselves, steps after a hang-up."""
    program = subject.program
    circles = set(_circles(program))
    for name in sorted(circles):
        node = program.nodes[name]
        step = node.step
        part = step.call if isinstance(step, Call) else ""
        yield problem("flow-part-calls-itself", subject.place(node), part=part)
    found = reached(program)
    yield from _unreachable(subject, found)
    yield from _dead_ends(subject, found)
    yield from _loops(subject, found)
    yield from _after_hang_up(subject, found)


def returning(
    program: Program,
    allowed: Callable[[Edge], bool] = lambda _: True,
    stops: Callable[[Node], bool] = lambda _: False,
) -> set[str]:
    """Return the parts that can come back to their `call`, over `allowed` edges only.

    Nobody is followed past a step that `stops`.
    """
    back: set[str] = set()
    while True:
        more = {
            part
            for part, start in program.parts.items()
            if part not in back
            and any(
                edge.returns and allowed(edge) and not stops(program.nodes[name])
                for name in _closure(program, [start], back, allowed, stops)
                for edge in program.nodes[name].edges
            )
        }
        if not more:
            return back
        back |= more


def reached(
    program: Program,
    starts: Iterable[str] | None = None,
    stops: Callable[[Node], bool] = lambda _: False,
) -> set[str]:
    """Return the names of all steps that can be reached (from the beginning, or `starts`)."""
    back = returning(program, stops=stops)
    return _closure(program, starts or [program.start], back, stops=stops)


def _closure(
    program: Program,
    starts: Iterable[str],
    back: set[str],
    allowed: Callable[[Edge], bool] = lambda _: True,
    stops: Callable[[Node], bool] = lambda _: False,
) -> set[str]:
    found: set[str] = set()
    ahead = list(starts)
    while ahead:
        name = ahead.pop()
        if name in found or name not in program.nodes:
            continue
        found.add(name)
        node = program.nodes[name]
        if stops(node):
            continue
        for edge in node.edges:
            if edge.target is not None and allowed(edge) and _passable(node, edge, program, back):
                ahead.append(edge.target)
    return found


def _passable(node: Node, edge: Edge, program: Program, back: set[str]) -> bool:
    """A step behind a `call` is reached only where the part comes back."""
    if isinstance(node.step, Call) and edge.kind is EdgeKind.NEXT:
        return node.step.call in back or node.step.call not in program.parts
    return True


def _unreachable(subject: Subject, found: set[str]) -> Iterator[Problem]:
    program = subject.program
    lost = [name for name in program.nodes if name not in found]
    called = {program.nodes[name].part for name in found}
    covered: set[str] = set()
    for part in program.flow.parts:
        if part not in called:
            covered |= {name for name in lost if program.nodes[name].part == part}
            place = subject.file.place(("parts", part))
            if part in program.flow.use:
                place = subject.file.place(("use", part))
            elif place.file != str(subject.file.file):
                continue  # a shared file may offer more than this survey calls
            yield problem("flow-part-unused", place, part=part)
    for name in lost:
        if name not in covered:
            # What follows only from here is not reported again.
            covered |= reached(program, [name])
            node = program.nodes[name]
            yield problem("flow-unreachable", subject.place(node), step=name)


def _dead_ends(subject: Subject, found: set[str]) -> Iterator[Problem]:
    program = subject.program
    for name in program.nodes:
        node = program.nodes[name]
        if name in found and any(_falls_off(node, edge) for edge in node.edges):
            yield problem("flow-dead-end", subject.place(node), step=name)
    stuck = found - _leading_out(program, found)
    if stuck:
        first = next(name for name in program.nodes if name in stuck)
        yield problem(
            "flow-no-way-out",
            subject.place(program.nodes[first]),
            steps=", ".join(name for name in program.nodes if name in stuck),
        )


def _falls_off(node: Node, edge: Edge) -> bool:
    if edge.target is not None or edge.returns:
        return False
    if isinstance(node.step, Transfer):
        return edge.kind is EdgeKind.FAILURE
    return edge.kind not in _LEAVING


def _leading_out(program: Program, found: set[str]) -> set[str]:
    """Return the steps from which the call comes to a proper end without anyone giving up."""
    out: set[str] = set()
    while True:
        more = {
            name
            for name in found - out
            if isinstance(program.nodes[name].step, End)
            or any(
                edge.target is None or edge.target in out or edge.target not in program.nodes
                for edge in program.nodes[name].edges
                if edge.kind not in _LEAVING
            )
        }
        if not more:
            return out
        out |= more


def _circles(program: Program) -> Iterator[str]:
    """Yield the `call` steps by which a part comes to call itself."""
    calls: dict[str, set[str]] = {}
    for node in program.nodes.values():
        if isinstance(node.step, Call):
            calls.setdefault(node.part, set()).add(node.step.call)
    for node in program.nodes.values():
        if isinstance(node.step, Call) and node.part != MAIN:
            ahead, seen = [node.step.call], set[str]()
            while ahead:
                part = ahead.pop()
                if part not in seen:
                    seen.add(part)
                    ahead += calls.get(part, ())
            if node.part in seen:
                yield node.name


def _loops(subject: Subject, found: set[str]) -> Iterator[Problem]:
    """Loops in which nobody is ever waited for: the call would run on for ever."""
    program = subject.program
    unwaited = returning(program, lambda edge: not edge.waits)
    covered: set[str] = set()
    for name in program.nodes:
        if name not in found or name in covered:
            continue
        ahead = {
            edge.target
            for edge in _running_on(program, name, unwaited)
            if edge.target in program.nodes
        }
        circle = _running_from(program, {t for t in ahead if t}, unwaited)
        if name in circle:
            members = [
                other
                for other in program.nodes
                if other in circle and name in _running_from(program, {other}, unwaited)
            ]
            covered |= set(members)
            yield problem(
                "flow-loop-never-waits",
                subject.place(program.nodes[name]),
                steps=" → ".join([*members, name]),
            )


def _running_on(program: Program, name: str, unwaited: set[str]) -> Iterator[Edge]:
    node = program.nodes[name]
    for edge in node.edges:
        if edge.waits or edge.kind is EdgeKind.CALL:
            continue
        if _passable(node, edge, program, unwaited):
            yield edge


def _running_from(program: Program, starts: set[str], unwaited: set[str]) -> set[str]:
    seen: set[str] = set()
    ahead = list(starts)
    while ahead:
        name = ahead.pop()
        if name not in seen and name in program.nodes:
            seen.add(name)
            ahead += [e.target for e in _running_on(program, name, unwaited) if e.target]
    return seen


def _after_hang_up(subject: Subject, found: set[str]) -> Iterator[Problem]:
    program = subject.program
    told: set[tuple[object, str]] = set()
    for name in program.nodes:
        node = program.nodes[name]
        for edge in node.edges:
            if edge.kind is not EdgeKind.HANG_UP or edge.target is None or name not in found:
                continue
            own = subject.own(node, "on_hang_up")
            path = (*node.path, "on_hang_up") if own else ("defaults", "on_hang_up")
            for after in sorted(reached(program, [edge.target])):
                if isinstance(program.nodes[after].step, _NEEDS_PERSON) and (
                    (path, after) not in told
                ):
                    told.add((path, after))
                    yield problem("flow-hang-up-needs-person", subject.file.place(path), step=after)

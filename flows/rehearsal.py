"""Runs the scenarios of a survey: what differs from what is expected, what nobody walked."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from core.errors import AuthorError
from flows.program import EdgeKind, Program
from flows.scenario import Scenario, ScenarioFile
from flows.simulator import Simulation, examples
from flows.turn import Walked

_SAME = {EdgeKind.RETURN: EdgeKind.NEXT}
"""The end of a part is walked by going on."""
_REACTIONS = frozenset(
    {EdgeKind.SILENCE, EdgeKind.INVALID, EdgeKind.UNSURE, EdgeKind.HANG_UP, EdgeKind.GIVE_UP}
)


@dataclass(frozen=True)
class Rehearsed:
    """One scenario, run."""

    name: str
    transcript: tuple[str, ...]
    differences: tuple[str, ...]
    """Lines that tell what was expected and what came; empty: it passed."""
    walked: tuple[Walked, ...]

    @property
    def passed(self) -> bool:
        """True where everything came as expected."""
        return not self.differences


@dataclass(frozen=True)
class Rehearsal:
    """All scenarios of a survey, run."""

    scenarios: tuple[Rehearsed, ...]
    unwalked: tuple[Walked, ...]
    """Ways on (step, kind, label) that no scenario took."""
    edges: int
    """Ways on in all."""

    @property
    def passed(self) -> bool:
        """True where every scenario passed."""
        return all(each.passed for each in self.scenarios)


def rehearse(program: Program, file: ScenarioFile) -> Rehearsal:
    """Run every scenario."""
    done = tuple(run(program, scenario) for scenario in file.scenarios)
    edges = edges_of(program)
    walked = {_edge(program, way) for each in done for way in each.walked}
    return Rehearsal(done, tuple(edge for edge in edges if edge not in walked), len(edges))


def edges_of(program: Program) -> tuple[Walked, ...]:
    """Return the ways that scenarios are to walk.

    What is the same everywhere counts once for the survey: a key that works everywhere, and
    hanging up, giving up, silence, wrong keys and unsure words where they lead nowhere else.
    """
    return tuple(
        dict.fromkeys(
            _edge(program, (node.name, edge.kind, _label(edge.kind, edge.label)))
            for node in program.nodes.values()
            for edge in node.edges
        )
    )


def _edge(program: Program, way: Walked) -> Walked:
    node, kind, label = way
    if kind in (EdgeKind.GLOBAL_KEY, EdgeKind.REPEAT):
        return "keys", kind, label
    if kind in _REACTIONS and not any(
        edge.kind is kind and edge.target not in (None, node) for edge in program.nodes[node].edges
    ):
        return "questions", kind, ""
    return node, _SAME.get(kind, kind), label


def _label(kind: EdgeKind, label: str) -> str:
    return "" if kind is EdgeKind.RETURN else label


def run(program: Program, scenario: Scenario) -> Rehearsed:
    """Run one scenario and compare."""
    fields = {**examples(program), **scenario.fields}
    try:
        simulation = Simulation(program, fields, scenario.language)
    except AuthorError as error:
        return Rehearsed(scenario.name, (), tuple(error.sentences()), ())
    unused = 0
    for given in scenario.inputs:
        if simulation.ended:
            unused += 1
        else:
            simulation.give(given.input())
    differences = list(_differences(simulation, scenario))
    if unused:
        differences.append(f"- inputs: {unused} left over after the end")
    return Rehearsed(
        scenario.name, tuple(simulation.transcript), tuple(differences), tuple(simulation.walked)
    )


def _differences(simulation: Simulation, scenario: Scenario) -> Iterable[str]:
    session, expect = simulation.current.session, scenario.expect
    came: dict[str, Any] = {
        "disposition": session.disposition.value if session.disposition else "still waiting",
        "verdict": session.verdict.value if session.verdict else "none",
        "reason": session.reason,
        "answers": {name: answer.value for name, answer in simulation.answers.items()},
    }
    wanted = {
        "disposition": expect.disposition.value if expect.disposition else None,
        "verdict": str(expect.verdict) if expect.verdict else None,
        "reason": expect.reason,
        "answers": expect.answers,
    }
    if not simulation.ended and expect.disposition is None:
        yield f"+ disposition: still waiting ({type(simulation.wait).__name__})"
    for name, want in wanted.items():
        if want is not None and want != came[name]:
            yield f"- {name}: {want}"
            yield f"+ {name}: {came[name]}"
    if expect.exact:
        if expect.transcript != simulation.transcript:
            yield from _unified(expect.transcript, simulation.transcript)
    elif missing := first_missing(expect.transcript, simulation.transcript):
        yield f"- transcript: {missing}"
        yield from (f"  {line}" for line in simulation.transcript)


def first_missing(expected: Iterable[str], lines: Iterable[str]) -> str | None:
    """Return the first expected line that does not come, in order, within `lines`."""
    rest = iter(lines)
    return next((want for want in expected if not any(want in line for line in rest)), None)


def _unified(expected: list[str], came: list[str]) -> Iterable[str]:
    lines = difflib.unified_diff(expected, came, "expected", "came", lineterm="", n=2)
    return list(lines)[2:]


def update(path: Path, rehearsal: Rehearsal) -> bool:
    """Write what came into the exact transcripts of a scenario file; comments stay.

    Only scenarios with ``exact: true`` are touched. Returns whether anything changed.
    """
    yaml = YAML()
    yaml.width = 4096
    yaml.allow_unicode = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(path.read_text("utf-8-sig"))
    changed = False
    for written, came in zip(document["scenarios"], rehearsal.scenarios, strict=True):
        expect = written.get("expect")
        if not expect or not expect.get("exact"):
            continue
        if list(expect.get("transcript", [])) != list(came.transcript):
            expect["transcript"] = list(came.transcript)
            changed = True
    if changed:
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(document, file)
    return changed

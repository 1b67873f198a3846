"""Engine: steps a second on one core, over conversations of every kind (target 20,000)."""

import json
import time
from pathlib import Path
from typing import Any

from flows.compiler import compile_flow
from flows.engine import start, step
from flows.exchange import HungUp, Input, Keys, Recorded, Silence, Speech
from flows.program import Program
from flows.reader import read
from flows.session import Session
from flows.simulator import examples

SURVEY = Path(__file__).parent.parent / "tests/golden/flows/visit.yaml"
TARGETS = {"steps_per_second": (">=", 20_000)}
PEOPLE: tuple[tuple[Input, ...], ...] = (
    (Keys("1"), Keys("4")),
    (Keys("3"), Recorded("a.wav", 5.0), Keys("2")),
    (Silence(), Keys("7"), Keys("1"), Keys("5")),
    (Speech("不满意", 0.6), Keys("1"), Silence(), Keys("1")),
    (Keys("1"), HungUp()),
)


def run(seconds: float = 3.0) -> dict[str, Any]:
    """Hold conversations for `seconds` of processor time; return steps a second of it.

    Alone, and with the session written to JSON and read back before every step.
    """
    survey = read(SURVEY)
    program = compile_flow(survey.flow, sha256=survey.sha256)
    return {
        "steps_per_second": round(_rate(program, seconds, written=False)),
        "steps_per_second_with_json": round(_rate(program, seconds, written=True)),
    }


def _rate(program: Program, seconds: float, *, written: bool) -> float:
    fields = examples(program)
    steps, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        for inputs in PEOPLE:
            current = start(program, fields=fields)
            for given in inputs:
                session = current.session
                if written:
                    session = Session.from_json(json.loads(json.dumps(session.to_json())), program)
                current = step(program, session, given)
            if not current.session.ended:
                raise RuntimeError(f"a conversation did not end: {inputs}")
            steps += len(inputs) + 1
    return steps / (time.process_time() - began)


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))

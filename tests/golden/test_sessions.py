"""A session survives being written to JSON and read back between any two steps, in any scenario."""

import json
from importlib import resources
from pathlib import Path

import pytest

from flows.compiler import compile_flow
from flows.engine import start, step, wait_of
from flows.program import Program
from flows.reader import read
from flows.scenario import read_scenarios, scenarios_beside
from flows.session import Session
from flows.simulator import examples

FOLDERS = (Path(__file__).parent / "flows", Path(str(resources.files("flows") / "library")))
SURVEYS = sorted(
    file for folder in FOLDERS for file in folder.glob("*.yaml") if file.name.count(".") == 1
)


def program(file: Path) -> Program:
    survey = read(file)
    return compile_flow(survey.flow, sha256=survey.sha256)


@pytest.mark.parametrize("file", SURVEYS, ids=lambda file: file.stem)
def test_every_scenario_goes_on_from_its_written_session(file: Path) -> None:
    here = program(file)
    anew = program(file)
    steps = 0
    for scenario in read_scenarios(scenarios_beside(file)).scenarios:
        fields = {**examples(here), **scenario.fields}
        at = start(here, fields=fields, language=scenario.language)
        for given in [None, *scenario.inputs]:
            if given is not None:
                written = json.loads(json.dumps(at.session.to_json()))
                going_on = step(anew, Session.from_json(written, anew), given.input())
                given_on = at.session
                at = step(here, given_on, given.input())
                assert given_on.to_json() == Session.from_json(written, here).to_json()
                assert (going_on.effects, going_on.wait) == (at.effects, at.wait), scenario.name
                steps += 1
            back = Session.from_json(json.loads(json.dumps(at.session.to_json())), here)
            assert back == at.session, scenario.name
            assert wait_of(here, back) == at.wait, scenario.name
    assert steps > 10

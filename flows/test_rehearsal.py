"""The scenario runner tells passing from failing, and names the branches nobody walked."""

from pathlib import Path

import pytest

from core.errors import AuthorError
from flows.compiler import compile_flow
from flows.program import EdgeKind, Program
from flows.reader import read
from flows.rehearsal import first_missing, rehearse, update
from flows.scenario import ScenarioFile, read_scenarios, scenarios_beside

SURVEY = Path(__file__).parent.parent / "tests/golden/flows/visit.yaml"


@pytest.fixture(scope="module")
def program() -> Program:
    survey = read(SURVEY)
    return compile_flow(survey.flow, sha256=survey.sha256)


def scenario(**expect: object) -> ScenarioFile:
    one = {"name": "满意", "inputs": [{"key": 1}, {"key": 4}], "expect": expect}
    return ScenarioFile.model_validate({"scenarios": [one]})


def test_a_scenario_passes_when_everything_comes_as_expected(program: Program) -> None:
    expected = scenario(disposition="completed", verdict="satisfied", transcript=["您对", "# comp"])
    assert rehearse(program, expected).passed


@pytest.mark.parametrize(
    ("expect", "line"),
    [
        ({"disposition": "partial"}, "+ disposition: completed"),
        ({"verdict": "none"}, "+ verdict: satisfied"),
        ({"answers": {"attitude": "satisfied"}}, "- answers: {'attitude': 'satisfied'}"),
        ({"transcript": ["# completed", "您对"]}, "- transcript: 您对"),
        ({"transcript": ["« 1"], "exact": True}, "+# completed satisfied survey_end"),
    ],
)
def test_what_differs_is_shown(program: Program, expect: dict[str, object], line: str) -> None:
    (done,) = rehearse(program, scenario(**expect)).scenarios
    assert not done.passed
    assert line in done.differences


def test_a_scenario_must_reach_the_end_and_use_all_its_inputs(program: Program) -> None:
    short = {"name": "a", "inputs": [{"key": 1}]}
    long = {"name": "b", "inputs": ["hang_up", "silence"]}
    file = ScenarioFile.model_validate({"scenarios": [short, long]})
    first, second = rehearse(program, file).scenarios
    assert first.differences == ("+ disposition: still waiting (WaitAnswer)",)
    assert second.differences == ("- inputs: 1 left over after the end",)


def test_branches_that_nobody_walked_are_named(program: Program) -> None:
    unwalked = rehearse(program, scenario()).unwalked
    assert ("attitude", EdgeKind.CHOICE, "later") in unwalked
    assert ("person", EdgeKind.FAILURE, "") in unwalked
    assert ("attitude", EdgeKind.CHOICE, "satisfied") not in unwalked


def test_exact_transcripts_are_refreshed_and_comments_stay(
    program: Program, tmp_path: Path
) -> None:
    file = tmp_path / "visit.scenarios.yaml"
    file.write_text(
        "# why\nscenarios:\n- name: 满意\n  inputs: [{key: 9}]\n"
        "  expect: {exact: true, transcript: []}\n",
        "utf-8",
    )
    assert update(file, rehearse(program, read_scenarios(file)))
    assert file.read_text("utf-8").startswith("# why\n")
    refreshed = rehearse(program, read_scenarios(file))
    assert refreshed.passed
    assert not update(file, refreshed)


def test_a_faulty_scenario_file_is_refused_with_its_places(tmp_path: Path) -> None:
    file = scenarios_beside(tmp_path / "visit.yaml")
    file.write_text("scenarios:\n- name: a\n  inputs: [{kee: 1}]\n", "utf-8")
    with pytest.raises(AuthorError) as refused:
        read_scenarios(file)
    assert [problem.place.line for problem in refused.value.problems] == [3]


def test_lines_are_looked_for_in_order() -> None:
    assert first_missing(["a", "c"], ["xa", "b", "cx"]) is None
    assert first_missing(["c", "a"], ["a", "b", "c"]) == "a"

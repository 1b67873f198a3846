"""Golden conversations: every scenario here comes out word for word, and walks every branch.

Refresh after a wanted change with ``huifang flow test tests/golden/flows/visit.yaml --update``.
"""

from pathlib import Path

import pytest

from flows.check import check_file
from flows.compiler import compile_flow
from flows.reader import read
from flows.rehearsal import rehearse
from flows.scenario import read_scenarios, scenarios_beside

SURVEYS = sorted(
    file for file in (Path(__file__).parent / "flows").glob("*.yaml") if file.name.count(".") == 1
)


@pytest.mark.parametrize("file", SURVEYS, ids=lambda file: file.stem)
def test_the_golden_surveys_are_without_fault(file: Path) -> None:
    assert check_file(file) == []


@pytest.mark.parametrize("file", SURVEYS, ids=lambda file: file.stem)
def test_conversations_come_out_word_for_word(file: Path) -> None:
    survey = read(file)
    done = rehearse(
        compile_flow(survey.flow, sha256=survey.sha256), read_scenarios(scenarios_beside(file))
    )
    assert {each.name: each.differences for each in done.scenarios if not each.passed} == {}
    assert done.unwalked == ()

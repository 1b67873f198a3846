"""The surveys that ship: checked, walked on every branch, and short when spoken."""

from importlib import resources
from pathlib import Path

import pytest

from core.respondent import RespondentClass
from core.verdict import Verdict
from flows.check.linter import check_file
from flows.compiler import compile_flow
from flows.model import Ask
from flows.phrases import match
from flows.program import Program
from flows.reader import read
from flows.rehearsal import rehearse
from flows.scenario import read_scenarios, scenarios_beside
from flows.scope import spoken_forms
from speech.synthesis import RATE, Synthesis, Voice

LIBRARY = Path(str(resources.files("flows").joinpath("library")))
SURVEYS = sorted(p for p in LIBRARY.glob("*.yaml") if not p.name.endswith(".scenarios.yaml"))
VOICES = {"zh": Voice("cmn"), "en": Voice("en-gb"), "ko": Voice("ko")}

each_survey = pytest.mark.parametrize("survey", SURVEYS, ids=lambda path: path.stem)


def program(survey: Path) -> Program:
    found = read(survey)
    return compile_flow(found.flow, sha256=found.sha256)


def test_the_library_serves_all_classes_all_five_aspects_and_other_languages() -> None:
    flows = [program(survey).flow for survey in SURVEYS]
    chinese = [flow for flow in flows if flow.languages[0] == "zh"]
    assert {one for flow in chinese for one in flow.respondents} == set(RespondentClass)
    emergency = next(flow for flow in flows if flow.flow == "emergency")
    five = {"出警速度", "处警态度", "处置结果", "单警装备", "警容风纪"}
    assert five <= set(map(str, emergency.aspects.values()))
    assert {"en", "ko"} <= {flow.languages[0] for flow in flows}


@each_survey
def test_nothing_is_wrong_with_it(survey: Path) -> None:
    assert [f"{p.place} {p.code} {p.sentence()}" for p in check_file(survey)] == []


@each_survey
def test_it_is_short_when_spoken_by_the_slowest_default_voice(survey: Path) -> None:
    synthesis = Synthesis()

    def measure(text: str, language: str) -> float:
        return len(synthesis.make(text, VOICES[language])) / RATE

    problems = check_file(survey, measure=measure)
    assert [f"{p.place} {p.code} {p.sentence()}" for p in problems] == []


@each_survey
def test_its_scenarios_come_out_as_expected_and_walk_every_branch(survey: Path) -> None:
    rehearsal = rehearse(program(survey), read_scenarios(scenarios_beside(survey)))
    assert [(one.name, one.differences) for one in rehearsal.scenarios if not one.passed] == []
    assert rehearsal.unwalked == ()
    assert rehearsal.edges > 10


PLAIN = {"zh": "满意", "en": "satisfied", "ko": "만족"}
DENIED = {
    "zh": (
        *("不满意", "很不满意", "不太满意", "不是很满意", "我不满意", "不怎么满意", "没有满意"),
        *("谈不上满意", "不能说满意", "满意个什么", "满意才怪", "本来满意后来不满意"),
    ),
    "en": (
        *("not satisfied", "I was not satisfied", "dissatisfied", "hardly satisfied"),
        *("not very satisfied", "satisfied? no", "unsatisfied", "yes not satisfied"),
    ),
    "ko": (
        *("불만족", "안 만족", "만족 하지 않습니다", "만족 못 합니다", "만족 아닙니다"),
        *("별로 만족 합니다", "네 불만족", "만족 인지 모르겠습니다", "만족 했지만 지금 은 불만족"),
    ),
}


@each_survey
def test_spoken_dissatisfaction_is_never_taken_for_satisfaction(survey: Path) -> None:
    rating = [
        ([spoken_forms(choice, language) for choice in step.choices], language)
        for step, language in _questions(survey)
        if any(choice.verdict is Verdict.SATISFIED for choice in step.choices)
        and any(choice.verdict is Verdict.BASICALLY_SATISFIED for choice in step.choices)
    ]
    assert rating
    for forms, language in rating:
        plain = match(PLAIN[language], forms, language)
        assert plain is not None
        assert (plain.answer, plain.whole) == (0, True)
        for said in DENIED[language]:
            heard = match(said, forms, language)
            taken = heard is not None and heard.whole
            assert not (taken and heard is not None and heard.answer == 0), said


def _questions(survey: Path) -> list[tuple[Ask, str]]:
    made = program(survey)
    return [
        (node.step, made.flow.languages[0])
        for node in made.nodes.values()
        if isinstance(node.step, Ask)
    ]

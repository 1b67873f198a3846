"""Every step gets a name, its place and its ways on; nothing unresolved makes it fail."""

from flows.compiler import compile_flow
from flows.model import Ask, Flow
from flows.program import Edge, EdgeKind, Program

SURVEY = {
    "flow": "visit",
    "title": "回访",
    "languages": ["zh"],
    "defaults": {"attempts": 2, "on_silence": {"say": "请按键。"}},
    "keys": [
        {"key": "9", "label": "拒绝", "does": "refuse"},
        {"key": "*", "label": "重听", "does": "repeat"},
    ],
    "steps": [
        {"say": "您好。"},
        {
            "ask": "满意请按1，不满意请按3。",
            "id": "attitude",
            "timeout": "5s",
            "on_silence": {"goto": "nowhere"},
            "choices": [
                {"key": 1, "label": "满意", "verdict": "satisfied"},
                {"key": 3, "label": "不满意", "verdict": "dissatisfied", "goto": "bye"},
            ],
        },
        {
            "when": "answers.attitude.verdict == 'satisfied'",
            "then": [{"say": "谢谢。"}, {"call": "why"}],
            "else": "bye",
        },
        {"call": "why"},
        {"end": "completed", "id": "bye"},
    ],
    "parts": {"why": [{"say": "一"}, {"say": "二"}]},
}


def program(**changes: object) -> Program:
    return compile_flow(Flow.model_validate({**SURVEY, **changes}), sha256="abc")


def test_steps_without_a_name_are_named_by_their_place() -> None:
    assert list(program().nodes) == [
        "steps.1",
        "attitude",
        "steps.3",
        "steps.3.then.1",
        "steps.3.then.2",
        "steps.4",
        "bye",
        "parts.why.1",
        "parts.why.2",
    ]
    assert program().nodes["steps.3.then.2"].path == ("steps", 2, "then", 1)
    assert program().nodes["parts.why.1"].part == "why"
    assert (program().start, program().sha256) == ("steps.1", "abc")


def test_the_end_of_a_branch_goes_on_behind_the_condition() -> None:
    assert program().nodes["steps.3.then.2"].next == "steps.4"
    assert program().nodes["steps.3"].edges == (
        Edge(EdgeKind.THEN, "steps.3.then.1"),
        Edge(EdgeKind.ELSE, "bye"),
    )


def test_a_part_is_called_and_returns() -> None:
    assert program().nodes["steps.4"].edges == (
        Edge(EdgeKind.CALL, "parts.why.1", "why"),
        Edge(EdgeKind.NEXT, "bye"),
    )
    assert program().nodes["parts.why.2"].edges == (Edge(EdgeKind.RETURN, None, returns=True),)


def test_what_a_question_says_wins_over_the_defaults() -> None:
    question = program().nodes["attitude"].step
    assert isinstance(question, Ask)
    assert (question.attempts, question.timeout) == (2, 5.0)
    assert question.on_silence.goto == "nowhere"
    assert question.on_silence.say is None


def test_a_question_shows_every_way_on() -> None:
    assert program().nodes["attitude"].edges == (
        Edge(EdgeKind.CHOICE, "steps.3", "满意", waits=True),
        Edge(EdgeKind.CHOICE, "bye", "不满意", waits=True),
        Edge(EdgeKind.GLOBAL_KEY, None, "9", waits=True),
        Edge(EdgeKind.REPEAT, "attitude", "*", waits=True),
        Edge(EdgeKind.SILENCE, "nowhere", waits=True),
        Edge(EdgeKind.INVALID, "attitude", waits=True),
        Edge(EdgeKind.GIVE_UP, None, waits=True),
        Edge(EdgeKind.HANG_UP, None, waits=True),
    )


def test_two_steps_of_one_name_both_stay_visible() -> None:
    doubled = program(steps=[{"say": "一", "id": "a"}, {"say": "二", "id": "a"}], parts={})
    assert list(doubled.nodes) == ["a", "steps.2"]
    assert doubled.nodes["a"].next == "steps.2"


def test_unknown_names_stay_as_they_were_written() -> None:
    lost = program(steps=[{"call": "gone"}, {"goto": "lost"}])
    assert lost.nodes["steps.1"].edges[0].target == "gone"
    assert lost.nodes["steps.2"].edges == (Edge(EdgeKind.NEXT, "lost"),)
    assert "gone" not in lost.parts

"""The rules of a conversation, one by one."""

import json
from typing import Any

import pytest

from core.disposition import Disposition
from core.errors import AuthorError
from core.verdict import Verdict
from flows.compiler import compile_flow
from flows.engine import Step, start, step, wait_of
from flows.exchange import (
    ALL_KEYS,
    EndCall,
    Finished,
    HungUp,
    Input,
    Keys,
    PlayFile,
    Recorded,
    SaveAnswer,
    SayText,
    Silence,
    Speech,
    TransferEnded,
    WaitAnswer,
    WaitRecording,
)
from flows.model import Flow
from flows.program import Program
from flows.session import Session

ATTITUDE: dict[str, Any] = {
    "ask": "满意请按1，不满意请按3。",
    "id": "attitude",
    "aspect": "attitude",
    "choices": [
        {"key": 1, "label": "满意", "verdict": "satisfied"},
        {"key": 3, "label": "不满意", "verdict": "dissatisfied"},
    ],
}
KEYS = [
    {"key": "9", "label": "拒绝", "does": "refuse"},
    {"key": "*", "label": "重听", "does": "repeat"},
]


def survey(*steps: dict[str, Any], **more: Any) -> Program:
    flow = {
        "flow": "visit",
        "title": "回访",
        "languages": ["zh", "en"],
        "aspects": {"attitude": "态度", "overall": "总体"},
        "keys": KEYS,
        "steps": list(steps),
    }
    return compile_flow(Flow.model_validate({**flow, **more}), sha256="abc")


def hold(program: Program, *inputs: Input, language: str | None = None, **fields: Any) -> Step:
    done = start(program, fields=fields, language=language)
    for given in inputs:
        done = step(program, done.session, given)
    return done


def said(done: Step) -> list[str]:
    return [effect.text for effect in done.effects if isinstance(effect, SayText)]


def ended(done: Step) -> tuple[Disposition | None, Verdict | None, str]:
    end = done.effects[-1]
    assert isinstance(end, EndCall)
    assert isinstance(done.wait, Finished)
    return end.disposition, end.verdict, end.reason


# ------------------------------------------------------------------------------------ prompts


def test_prompts_run_on_until_something_is_waited_for() -> None:
    done = hold(survey({"say": "一"}, {"play": "a.wav", "text": "二"}, ATTITUDE, {"say": "三"}))
    assert [type(effect) for effect in done.effects] == [SayText, PlayFile, SayText]
    assert isinstance(done.wait, WaitAnswer)
    assert (done.wait.step, done.wait.keys) == ("attitude", "139*")


def test_global_keys_cut_every_prompt_and_all_keys_where_a_question_may_be_interrupted() -> None:
    skippable = {"say": "二", "barge_in": True}
    patient = {**ATTITUDE, "barge_in": False}
    first, second, question = hold(survey({"say": "一"}, skippable, ATTITUDE)).effects
    assert isinstance(first, SayText)
    assert isinstance(second, SayText)
    assert isinstance(question, SayText)
    assert (first.interrupted_by, first.skipped_by) == ("9*", "")
    assert (second.interrupted_by, second.skipped_by) == ("9*", "012345678#")
    assert question.interrupted_by == ALL_KEYS
    (question,) = hold(survey(patient)).effects
    assert isinstance(question, SayText)
    assert question.interrupted_by == "9*"


def test_the_last_words_are_not_cut_short() -> None:
    done = hold(survey(ATTITUDE, {"say": "再见"}), Keys("1"))
    assert [e.interrupted_by for e in done.effects if isinstance(e, SayText)] == [""]


# ---------------------------------------------------------------------------------- reactions


def test_attempts_count_silence_and_wrong_keys_together() -> None:
    done = hold(survey(ATTITUDE), Silence(), Keys("7"), Silence())
    assert ended(done) == (Disposition.BROKE_OFF, None, "gave_up")
    assert len(said(done)) == 1


def test_giving_up_after_an_answer_is_partial_and_keeps_the_verdict() -> None:
    second = {**ATTITUDE, "id": "overall", "attempts": 1}
    done = hold(survey(ATTITUDE, second), Keys("3"), Silence())
    assert ended(done) == (Disposition.PARTIAL, Verdict.DISSATISFIED, "gave_up")


def test_a_reaction_may_lead_on_at_once_and_giving_up_may_lead_elsewhere() -> None:
    program = survey(
        {**ATTITUDE, "on_silence": {"goto": "bye"}, "attempts": 1, "on_give_up": {"goto": "no"}},
        {"end": "refused", "id": "bye"},
        {"end": "partial", "id": "no"},
    )
    assert ended(hold(program, Silence()))[0] is Disposition.REFUSED
    assert ended(hold(program, Keys("5")))[0] is Disposition.PARTIAL


def test_asking_to_repeat_is_no_failure_but_has_an_end() -> None:
    program = survey({**ATTITUDE, "attempts": 1})
    done = hold(program, Keys("*"), Keys("*"), Keys("*"))
    assert said(done) == [ATTITUDE["ask"]]
    answered = step(program, done.session, Keys("1"))
    assert answered.effects[0].tries == 4  # type: ignore[union-attr]
    assert ended(step(program, done.session, Keys("*")))[2] == "gave_up"


def test_refusing_ends_as_refused() -> None:
    assert ended(hold(survey(ATTITUDE), Keys("9"))) == (Disposition.REFUSED, None, "refused")


# ------------------------------------------------------------------------------------- speech

SPEECH = {"speech": {"enabled": True}}


@pytest.mark.parametrize(
    ("words", "verdict"), [("满意", Verdict.SATISFIED), ("嗯，不满意。", Verdict.DISSATISFIED)]
)
def test_a_whole_phrase_heard_surely_is_taken(words: str, verdict: Verdict) -> None:
    done = hold(survey(ATTITUDE, **SPEECH), Speech(words, 0.9))
    assert ended(done)[:2] == (Disposition.COMPLETED, verdict)


@pytest.mark.parametrize("words", ["不太满意", "不是满意", "没有满意", "满意才怪不", "不好说"])
def test_satisfied_is_never_heard_out_of_a_denial(words: str) -> None:
    done = hold(survey(ATTITUDE, **SPEECH), Speech(words, 1.0))
    assert done.session.answers == {}
    assert done.session.pending is None
    assert said(done)[0] == "抱歉，没有听清您的回答。"


def test_what_is_likely_is_asked_back() -> None:
    program = survey(ATTITUDE, **SPEECH)
    asked = hold(program, Speech("不满意", 0.6))
    assert said(asked) == ["您是说“不满意”，对吗？对请按1，不对请按2。"]
    assert isinstance(asked.wait, WaitAnswer)
    assert asked.wait.keys == "129*"
    for yes in (Keys("1"), Speech("对", 0.9)):
        answer = step(program, asked.session, yes).effects[0]
        assert isinstance(answer, SaveAnswer)
        assert (answer.value, answer.raw, answer.confidence) == ("不满意", "不满意", 0.6)
    for no in (Keys("2"), Speech("不对", 0.6), Silence(), Speech("对", 0.6)):
        assert said(step(program, asked.session, no))[0] == "抱歉，没有听清您的回答。"


def test_words_that_stay_unclear_make_the_verdict_unsure() -> None:
    done = hold(survey(ATTITUDE, **SPEECH), Speech("嗯这个", 1), Silence(), Silence())
    assert ended(done) == (Disposition.PARTIAL, Verdict.UNSURE, "gave_up")
    assert done.session.answers["attitude"]["raw"] == "嗯这个"
    gone = hold(survey(ATTITUDE, **SPEECH), Speech("嗯这个", 1), HungUp())
    assert ended(gone) == (Disposition.PARTIAL, Verdict.UNSURE, "hung_up")


def test_unclear_words_never_hide_dissatisfaction() -> None:
    second = {**ATTITUDE, "id": "overall", "aspect": "overall", "attempts": 1}
    program = survey(ATTITUDE, second, **SPEECH)
    done = hold(program, Keys("3"), Speech("满意", 0.6), HungUp())
    assert ended(done)[1] is Verdict.DISSATISFIED
    assert ended(hold(program, Keys("1"), Speech("满意", 0.6), HungUp()))[1] is Verdict.UNSURE


def test_a_key_wins_after_unclear_words() -> None:
    done = hold(survey(ATTITUDE, **SPEECH), Speech("呃", 0.2), Keys("1"))
    assert ended(done)[:2] == (Disposition.COMPLETED, Verdict.SATISFIED)


# ------------------------------------------------------------------------------------ hang-up


@pytest.mark.parametrize(
    ("inputs", "disposition"),
    [
        ((), Disposition.BROKE_OFF),
        ((Keys("1"),), Disposition.PARTIAL),
        ((Keys("1"), Keys("1")), Disposition.COMPLETED),
    ],
)
def test_a_hang_up_is_what_was_answered(
    inputs: tuple[Input, ...], disposition: Disposition
) -> None:
    program = survey(
        ATTITUDE,
        {**ATTITUDE, "id": "speed"},
        {"record": "还有什么意见？", "id": "words"},
        {"say": "再见"},
    )
    done = hold(program, *inputs, HungUp())
    assert ended(done)[0] is disposition
    assert said(done) == []
    again = step(program, done.session, HungUp())
    assert (again.session, again.effects) == (done.session, ())


def test_a_hang_up_may_lead_to_steps_that_need_nobody() -> None:
    program = survey(
        {**ATTITUDE, "on_hang_up": {"goto": "gone"}},
        {"end": "completed"},
        {"set": {"left": "1 + 1"}, "id": "gone"},
        {"end": "partial", "reason": "left", "say": "再见"},
    )
    done = hold(program, HungUp())
    assert ended(done) == (Disposition.PARTIAL, None, "left")
    assert said(done) == []
    assert done.session.vars == {"left": 2}


def test_a_recording_cut_by_the_hang_up_is_kept() -> None:
    program = survey(ATTITUDE, {"record": "请说", "id": "why"})
    done = hold(program, Keys("3"), Recorded("a.wav", 3.0, "hang_up"))
    assert done.session.answers["why"]["value"] == "a.wav"
    assert ended(done) == (Disposition.COMPLETED, Verdict.DISSATISFIED, "hung_up")


# ------------------------------------------------------------------------- verdicts and ends


def test_an_explicit_verdict_wins_then_overall_then_the_worst() -> None:
    overall = {**ATTITUDE, "id": "all", "aspect": "overall"}
    both = (Keys("3"), Keys("1"))
    assert ended(hold(survey(ATTITUDE, overall), *both))[1] is Verdict.SATISFIED
    assert ended(hold(survey(ATTITUDE, {**ATTITUDE, "id": "b"}), *both))[1] is Verdict.DISSATISFIED
    explicit = {"end": "completed", "verdict": "unsure"}
    assert ended(hold(survey(ATTITUDE, explicit), Keys("1")))[1] is Verdict.UNSURE


def test_a_transfer_that_is_taken_ends_and_one_that_fails_goes_on() -> None:
    program = survey({"transfer": "agents"}, {"end": "partial", "reason": "asked_for_person"})
    assert ended(hold(program, TransferEnded(True)))[2] == "transferred"
    assert ended(hold(program, TransferEnded(False)))[2] == "asked_for_person"


@pytest.mark.parametrize("last", [TransferEnded(True), HungUp()])
def test_asking_for_a_person_leaves_questions_open(last: Input) -> None:
    person = {"key": "0", "label": "人工", "does": "goto", "goto": "person"}
    program = survey(
        ATTITUDE,
        {**ATTITUDE, "id": "b"},
        {"end": "completed"},
        {"transfer": "agents", "id": "person"},
        keys=[person],
    )
    done = hold(program, Keys("1"), Keys("0"), last)
    assert ended(done)[:2] == (Disposition.PARTIAL, Verdict.SATISFIED)


@pytest.mark.parametrize(
    ("digits", "taken"), [("3", True), ("10", True), ("0", False), ("11", False), ("*1", False)]
)
def test_numbers_have_a_length_and_a_range(digits: str, taken: bool) -> None:
    question = {"number": "请打分", "id": "score", "digits": [1, 2], "least": 1, "most": 10}
    done = hold(survey(question), Keys(digits))
    assert ("score" in done.session.answers) is taken


def test_a_digit_that_may_begin_a_number_is_no_global_key() -> None:
    question = {"number": "请打分", "id": "score", "least": 1, "most": 9}
    waiting = hold(survey(question)).wait
    assert isinstance(waiting, WaitAnswer)
    assert waiting.keys == "*"
    assert hold(survey(question), Keys("9")).session.answers["score"]["value"] == "9"


# ------------------------------------------------------------------------ parts and language


def test_parts_return_and_a_goto_leaves_them() -> None:
    program = survey(
        {"call": "a"},
        {"say": "回来"},
        ATTITUDE,
        {"say": "完", "id": "out"},
        parts={"a": [{"say": "甲"}, {"call": "b"}], "b": [{"say": "乙"}]},
    )
    assert said(hold(program))[:3] == ["甲", "乙", "回来"]
    leaving = survey(
        {"call": "a"}, ATTITUDE, {"say": "完", "id": "out"}, parts={"a": [{"goto": "out"}]}
    )
    assert said(hold(leaving)) == ["完"]


def test_the_language_is_chosen_by_the_case_and_switched_by_the_person() -> None:
    hello = {"say": {"zh": "您好", "en": "Hello"}}
    choose = {
        "ask": {"zh": "中文请按1", "en": "English press 2"},
        "id": "language",
        "choices": [
            {"key": 1, "value": "zh", "label": "中文"},
            {"key": 2, "value": "en", "label": "English"},
        ],
    }
    assert said(hold(survey(hello, ATTITUDE), language="en-GB"))[0] == "Hello"
    assert said(hold(survey(hello, ATTITUDE), language="fr"))[0] == "您好"
    assert said(hold(survey(choose, hello), Keys("2"))) == ["Hello"]
    assert said(hold(survey({"set": {"language": "'en'"}}, hello))) == ["Hello"]


# ------------------------------------------------------------------------- faults and sessions


def test_loops_that_never_wait_end_politely() -> None:
    done = hold(survey({"set": {"a": "1"}, "id": "loop"}, {"goto": "loop"}))
    assert ended(done) == (Disposition.FAILED, None, "runaway")
    assert len(said(done)) == 1


def test_endless_turns_end_politely() -> None:
    program = survey({**ATTITUDE, "id": "a"}, {"goto": "a"})
    done = hold(program, *[Keys("1")] * 501)
    assert ended(done)[::2] == (Disposition.FAILED, "runaway")


def test_a_value_that_does_not_fit_ends_politely_with_its_step() -> None:
    done = hold(survey({"set": {"a": "vars.b + 1", "b": "1"}}))
    assert ended(done) == (Disposition.FAILED, None, "survey_error:steps.1")


def test_undeclared_names_are_refused_before_anything_is_said() -> None:
    program = survey({"say": "{{ nobody }}"}, {"when": "answers.lost.value", "then": []})
    with pytest.raises(AuthorError) as refused:
        start(program, fields={})
    values = [dict(problem.values) for problem in refused.value.problems]
    assert values == [
        {"step": "steps.1", "name": "nobody"},
        {"step": "steps.2", "name": "answers.lost.value"},
    ]


def test_a_required_field_must_be_there() -> None:
    program = survey({"say": "{{ name }}"}, fields={"name": {}})
    assert said(hold(program, name="张三")) == ["张三"]
    with pytest.raises(AuthorError, match="flow-field-missing"):
        start(program, fields={})


def test_inputs_that_do_not_fit_change_nothing_but_the_count_of_turns() -> None:
    program = survey(ATTITUDE)
    done = hold(program, TransferEnded(True))
    assert (done.effects, done.session.tries, done.session.turns) == ((), 1, 1)
    assert isinstance(hold(survey({"record": "说", "id": "a"}), Keys("1")).wait, WaitRecording)


def test_a_session_goes_through_json_and_belongs_to_its_survey() -> None:
    program = survey(ATTITUDE, **SPEECH)
    session = hold(program, Speech("不满意", 0.6)).session
    stored = json.loads(json.dumps(session.to_json()))
    assert Session.from_json(stored, program) == session
    assert wait_of(program, session) == hold(program, Speech("不满意", 0.6)).wait
    other = compile_flow(program.flow, sha256="def")
    with pytest.raises(AuthorError, match="flow-session-of-another"):
        Session.from_json(stored, other)
    with pytest.raises(AuthorError, match="flow-session-of-another"):
        step(other, session, Keys("1"))


def test_a_step_never_changes_the_session_it_was_given() -> None:
    program = survey(ATTITUDE, {**ATTITUDE, "id": "b"})
    before = hold(program).session
    kept = json.dumps(before.to_json())
    step(program, before, Keys("1"))
    assert json.dumps(before.to_json()) == kept

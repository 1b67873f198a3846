"""Answers by voice, in every language: taken, asked back, or left to a person."""

from typing import Any

import pytest

from core.disposition import Disposition
from core.verdict import Verdict
from flows.compiler import compile_flow
from flows.engine import Step
from flows.exchange import Keys, SaveAnswer, Speech, WaitAnswer
from flows.model import Flow
from flows.program import Program
from flows.test_engine import ended, hold, said

WORDS: dict[str, dict[str, Any]] = {
    "zh": {"good": "满意", "bad": "不满意", "refuse": "拒绝", "again": "重听", "one": "按一"},
    "en": {
        "good": "satisfied",
        "bad": "dissatisfied",
        "refuse": "refuse",
        "again": "repeat",
        "one": "press one",
    },
    "ko": {"good": "만족", "bad": "불만족", "refuse": "거부", "again": "다시", "one": "일 번"},
}
YES = {"zh": "对", "en": "yes", "ko": "네"}
NO = {"zh": "不对", "en": "no", "ko": "아니요"}
NINE = {"zh": "九", "en": "nine", "ko": "구 번"}
DENIED = {"zh": "不是很满意", "en": "hardly satisfied", "ko": "안 만족"}
each_language = pytest.mark.parametrize("code", sorted(WORDS))


def survey(code: str, *steps: dict[str, Any], **more: Any) -> Program:
    words = WORDS[code]
    rating = {
        "ask": "?",
        "id": "overall",
        "aspect": "overall",
        "choices": [
            {"key": 1, "label": words["good"], "verdict": "satisfied"},
            {"key": 3, "label": words["bad"], "verdict": "dissatisfied"},
        ],
    }
    return compile_flow(
        Flow.model_validate(
            {
                "flow": "voice",
                "title": "voice",
                "languages": [code],
                "aspects": {"overall": "overall"},
                "speech": {"enabled": True},
                "keys": [
                    {"key": "9", "label": words["refuse"], "does": "refuse"},
                    {"key": "*", "label": words["again"], "does": "repeat"},
                ],
                "steps": list(steps) or [rating],
                **more,
            }
        ),
        sha256="abc",
    )


SCORE = {"number": "?", "id": "score", "digits": [1, 2], "least": 0, "most": 20}


def answers(done: Step) -> list[tuple[str, str]]:
    return [(e.kind, e.value) for e in done.effects if isinstance(e, SaveAnswer)]


@each_language
def test_sure_words_are_taken_and_so_are_words_for_keys(code: str) -> None:
    for words, verdict in (
        (WORDS[code]["good"], Verdict.SATISFIED),
        (WORDS[code]["bad"], Verdict.DISSATISFIED),
        (WORDS[code]["one"], Verdict.SATISFIED),
    ):
        done = hold(survey(code), Speech(words, 0.9))
        assert ended(done)[:2] == (Disposition.COMPLETED, verdict)
    assert ended(hold(survey(code), Speech(NINE[code], 0.9)))[0] is Disposition.REFUSED


@each_language
def test_less_sure_words_are_asked_back_in_the_language_of_the_call(code: str) -> None:
    asked = hold(survey(code), Speech(WORDS[code]["bad"], 0.6))
    assert WORDS[code]["bad"] in said(asked)[0]
    assert isinstance(asked.wait, WaitAnswer)
    assert {YES[code], NO[code], WORDS[code]["bad"]} <= set(asked.wait.phrases)
    program = survey(code)
    yes = hold(program, Speech(WORDS[code]["bad"], 0.6), Speech(YES[code], 0.9))
    assert ended(yes)[1] is Verdict.DISSATISFIED
    by_number = hold(program, Speech(WORDS[code]["bad"], 0.6), Speech(WORDS[code]["one"], 0.9))
    assert ended(by_number)[1] is Verdict.DISSATISFIED  # 1 is yes now, not the first answer
    no = hold(program, Speech(WORDS[code]["bad"], 0.6), Speech(NO[code], 0.9))
    assert no.session.answers == {}
    assert no.session.pending is None


@each_language
def test_still_unsure_ends_with_a_person(code: str) -> None:
    program = survey(code)
    asked = [Speech(WORDS[code]["good"], 0.6), Speech(YES[code], 0.6)]
    done = hold(program, *asked, *asked, *asked)
    assert ended(done) == (Disposition.PARTIAL, Verdict.UNSURE, "gave_up")


@each_language
def test_a_denial_is_never_the_answer_within_it(code: str) -> None:
    done = hold(survey(code), Speech(DENIED[code], 1.0))
    assert done.session.answers == {}
    assert done.session.pending is None


@each_language
def test_a_spoken_wish_to_refuse_is_asked_back_where_it_is_not_sure(code: str) -> None:
    program = survey(code)
    asked = hold(program, Speech(WORDS[code]["refuse"], 0.6))
    assert WORDS[code]["refuse"] in said(asked)[0]
    for yes in (Keys("1"), Speech(YES[code], 0.9)):
        done = hold(program, Speech(WORDS[code]["refuse"], 0.6), yes)
        assert ended(done)[0] is Disposition.REFUSED
    assert hold(program, Speech(WORDS[code]["refuse"], 0.6), Keys("2")).session.pending is None
    again = hold(program, Speech(WORDS[code]["again"], 0.6))
    assert again.session.pending is None  # unsure puts the question again anyway


@each_language
def test_numbers_are_asked_back_and_taken(code: str) -> None:
    ten = {"zh": "十二", "en": "twelve", "ko": "십 이"}[code]
    program = survey(code, SCORE)
    waiting = hold(program).wait
    assert isinstance(waiting, WaitAnswer)
    assert ten.replace(" ", "") in {phrase.replace(" ", "") for phrase in waiting.phrases}
    assert answers(hold(program, Speech(ten, 0.9))) == [("number", "12")]
    asked = hold(program, Speech(ten, 0.6))
    assert asked.session.pending is not None
    assert answers(hold(program, Speech(ten, 0.6), Speech(YES[code], 0.9))) == [("number", "12")]
    assert answers(hold(program, Speech(ten, 0.6), Speech(ten, 0.9))) == [("number", "12")]


@each_language
def test_one_is_not_taken_for_a_number_where_it_may_mean_yes(code: str) -> None:
    one, twelve = {"zh": ("一", "十二"), "en": ("one", "twelve"), "ko": ("일", "십이")}[code]
    program = survey(code, SCORE)
    assert answers(hold(program, Speech(twelve, 0.6), Speech(one, 0.95))) == []
    assert answers(hold(program, Speech(one, 0.6), Speech(one, 0.95))) == [("number", "1")]
    # One Korean syllable alone is too short to be sure of: it is asked back.
    taken = [] if code == "ko" else [("number", "1")]
    assert answers(hold(program, Speech(one, 0.95))) == taken


@each_language
def test_a_key_is_said_with_its_frame_where_digits_are_asked(code: str) -> None:
    small = survey(code, {**SCORE, "digits": 1, "most": 5})
    nine = {"zh": "九", "en": "nine", "ko": "구"}[code]
    framed = {"zh": "按九", "en": "press nine", "ko": "구 번"}[code]
    assert hold(small, Speech(nine, 0.95)).session.disposition is None
    assert ended(hold(small, Speech(framed, 0.95)))[0] is Disposition.REFUSED


@each_language
def test_the_recogniser_hears_denials_too(code: str) -> None:
    waiting = hold(survey(code)).wait
    assert isinstance(waiting, WaitAnswer)
    assert {"zh": "不是满意", "en": "hardly satisfied", "ko": "만족 못 합니다"}[
        code
    ] in waiting.phrases
    silent = survey(code, speech={"enabled": False})
    waiting = hold(silent).wait
    assert isinstance(waiting, WaitAnswer)
    assert (waiting.phrases, waiting.listen) == ((), False)

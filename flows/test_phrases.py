"""Never 满意 out of 不满意."""

import pytest

from flows.phrases import Heard, match

ANSWERS = [["满意", "很满意", "好"], ["基本满意", "一般"], ["不满意", "不好", "差"]]
ENGLISH = [["satisfied", "yes"], ["dissatisfied", "not satisfied", "no"]]


@pytest.mark.parametrize(
    ("words", "answer"),
    [("满意", 0), ("嗯，满意。", 0), ("我觉得基本满意吧", 1), ("不 满 意", 2), ("不满意的", 2)],
)
def test_a_whole_utterance_is_taken(words: str, answer: int) -> None:
    assert match(words, ANSWERS) == Heard(answer, True)


@pytest.mark.parametrize(("words", "answer"), [("这次挺满意", 0), ("总的来说不满意", 2)])
def test_a_phrase_within_a_sentence_is_only_likely(words: str, answer: int) -> None:
    assert match(words, ANSWERS) == Heard(answer, False)


@pytest.mark.parametrize(
    "words",
    ["不太满意", "不是很满意", "没有不满意", "谈不上满意", "满意但是不好", "说不上好", "", "天气"],
)
def test_denials_and_contradictions_are_no_answer(words: str) -> None:
    assert match(words, ANSWERS) is None


def test_english_negations() -> None:
    assert match("Dissatisfied!", ENGLISH) == Heard(1, True)
    assert match("I am not satisfied", ENGLISH) == Heard(1, False)
    assert match("hardly satisfied", ENGLISH) is None
    assert match("unsatisfied", ENGLISH) is None


def test_a_phrase_of_two_answers_is_none() -> None:
    assert match("好", [["好"], ["好"]]) is None

"""Never 满意 out of 不满意: whole utterances decide, in every language."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from flows.language import language, languages
from flows.phrases import Heard, match

ANSWERS = {
    "zh": [
        ["满意", "很满意", "好", "没有不满意"],
        ["基本满意", "一般"],
        ["不满意", "不太满意", "不好", "差"],
    ],
    "en": [
        ["satisfied", "very satisfied", "good"],
        ["basically satisfied", "it was all right"],
        ["dissatisfied", "not satisfied", "not good", "bad"],
    ],
    "ko": [
        ["만족", "만족합니다", "좋습니다"],
        ["보통", "보통입니다"],
        ["불만족", "만족하지 않습니다", "안 좋습니다"],
    ],
}
CODES = sorted(ANSWERS)
codes = some.sampled_from(CODES)


def heard(words: str, code: str) -> Heard | None:
    return match(words, ANSWERS[code], code)


@pytest.mark.parametrize(
    ("words", "answer", "code"),
    [
        ("满意", 0, "zh"),
        ("嗯，满意。", 0, "zh"),
        ("我觉得基本满意吧", 1, "zh"),
        ("不 满 意", 2, "zh"),
        ("不满意的", 2, "zh"),
        ("对，不满意", 2, "zh"),
        ("Dissatisfied!", 2, "en"),
        ("well I was satisfied thank you", 0, "en"),
        ("Yes, satisfied.", 0, "en"),
        ("만족 합니다", 0, "ko"),
        ("네 만족 합니다", 0, "ko"),
        ("음 만족이요", 0, "ko"),
        ("불만족 입니다", 2, "ko"),
        ("만족 하지 않습니다", 2, "ko"),
    ],
)
def test_a_whole_utterance_is_taken(words: str, answer: int, code: str) -> None:
    assert heard(words, code) == Heard(answer, True)


@pytest.mark.parametrize(
    ("words", "answer", "code"),
    [
        ("这次挺满意", 0, "zh"),
        ("总的来说不满意", 2, "zh"),
        ("the officer was not satisfied", 2, "en"),
        ("this time satisfied", 0, "en"),
        ("이번 에는 만족", 0, "ko"),
    ],
)
def test_a_phrase_within_a_sentence_is_only_likely(words: str, answer: int, code: str) -> None:
    assert heard(words, code) == Heard(answer, False)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("不是很满意", "zh"),
        ("没有很满意", "zh"),
        ("谈不上满意", "zh"),
        ("满意但是不好", "zh"),
        ("说不上好", "zh"),
        ("满意不满意", "zh"),
        ("满意吗", "zh"),
        ("天气", "zh"),
        ("", "zh"),
        ("hardly satisfied", "en"),
        ("unsatisfied", "en"),
        ("satisfied but it was bad", "en"),
        ("I don't know if satisfied", "en"),
        ("안 만족", "ko"),
        ("만족 못 합니다", "ko"),
        ("만족 아닙니다", "ko"),
        ("만족 인지 모르겠습니다", "ko"),
        ("만족 불만족", "ko"),
    ],
)
def test_denials_and_contradictions_are_no_answer(words: str, code: str) -> None:
    assert heard(words, code) is None


def test_a_phrase_of_two_answers_is_none() -> None:
    assert match("好", [["好"], ["好"]], "zh") is None


def test_consent_before_an_answer_is_kept_apart_where_it_is_an_answer_itself() -> None:
    assert match("네 아니요", [["네"], ["아니요"]], "ko") is None
    assert match("아니요", [["네"], ["아니요"]], "ko") == Heard(1, True)


def test_a_language_without_a_file_is_understood_word_for_word_only() -> None:
    answers = [["contento"], ["descontento"]]
    assert match("Contento", answers, "es") == Heard(0, True)
    assert match("estoy contento", answers, "es") is None


# ------------------------------------------------------------------------------- properties


def _phrases(code: str) -> list[tuple[str, int]]:
    return [(p, i) for i, phrases in enumerate(ANSWERS[code]) for p in phrases]


@given(codes, some.data())
def test_a_negated_phrase_is_never_its_answer(code: str, data: some.DataObject) -> None:
    tongue = language(code)
    phrase, answer = data.draw(some.sampled_from(_phrases(code)))
    no = data.draw(some.sampled_from(tongue.negations))
    around = data.draw(some.sampled_from(["", *tongue.fillers]))
    got = heard(f"{around} {no} {phrase}", code)
    if got is not None:
        # 不 + 满意 is itself a phrase of the other answer: only what holds the negation counts.
        whole = " ".join(tongue.cut(f"{no} {phrase}"))
        inside = " ".join(tongue.cut(phrase))
        own = [" ".join(tongue.cut(p)) for p in ANSWERS[code][got.answer]]
        assert any(p in whole and p not in inside for p in own), (got, answer)


@given(codes, some.data())
def test_doubt_beside_a_phrase_is_never_an_answer(code: str, data: some.DataObject) -> None:
    tongue = language(code)
    phrase, _ = data.draw(some.sampled_from(_phrases(code)))
    doubt = data.draw(some.sampled_from(tongue.doubt))
    after = f"{phrase} {doubt}"
    known = {tongue.cut(p) for p, _ in _phrases(code)}
    assume(not any(_ends(tongue.cut(after), p) for p in known))
    assert heard(after, code) is None


def _ends(units: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    return units[-len(phrase) :] == phrase


WORDS = {
    "zh": "民警昨天来过现场他们问了情况挺快服务下次办事窗口人",
    "en": "officer came yesterday they asked quick service window people next time".split(),  # noqa: SIM905
    "ko": "경찰 어제 왔다 사람 창구 서비스 다음 시간 현장 오늘".split(),  # noqa: SIM905
}


@given(codes, some.data())
def test_a_longer_utterance_is_never_taken_at_once(code: str, data: some.DataObject) -> None:
    phrase, answer = data.draw(some.sampled_from(_phrases(code)))
    words = some.lists(some.sampled_from(WORDS[code]), max_size=4)
    before, after = data.draw(words), data.draw(words)
    said = " ".join([*before, phrase, *after])
    assume(before or after)
    got = heard(said, code)
    assert got is None or got == Heard(answer, False)


@given(codes, some.data())
def test_two_answers_at_once_are_none(code: str, data: some.DataObject) -> None:
    (first, one), (second, two) = data.draw(
        some.tuples(some.sampled_from(_phrases(code)), some.sampled_from(_phrases(code)))
    )
    assume(one != two)
    got = heard(f"{first} {WORDS[code][0]} {second}", code)
    assert got is None


@given(codes, some.data())
def test_fillers_and_endings_change_nothing(code: str, data: some.DataObject) -> None:
    tongue = language(code)
    phrase, answer = data.draw(some.sampled_from(_phrases(code)))
    before = data.draw(some.lists(some.sampled_from(tongue.fillers), max_size=2))
    after = data.draw(some.lists(some.sampled_from(tongue.trailers), max_size=1))
    got = heard(" ".join([*before, phrase, *after]), code)
    assert got is not None
    assert got.answer == answer


def test_every_language_with_a_file_is_tried_here() -> None:
    assert sorted(languages()) == CODES

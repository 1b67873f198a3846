"""Spoken numbers: whole utterances only, digit by digit or as one number; never guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from flows.language import languages
from flows.spoken_number import key_phrases, number_phrases, spoken_number, worded

CODES = sorted(languages())


@pytest.mark.parametrize(
    ("words", "digits", "code"),
    [
        ("五", "5", "zh"),
        ("嗯，五分。", "5", "zh"),
        ("幺 三 八", "138", "zh"),
        ("两零", "20", "zh"),
        ("〇〇七", "007", "zh"),
        ("一零零", "100", "zh"),
        ("十", "10", "zh"),
        ("二十三", "23", "zh"),
        ("四十", "40", "zh"),
        ("一百", "100", "zh"),
        ("一百零五分", "105", "zh"),
        ("我打十分", "10", "zh"),
        ("5", "5", "zh"),
        ("1 0", "10", "zh"),
        ("three", "3", "en"),
        ("One oh four", "104", "en"),
        ("double five one", "551", "en"),
        ("ten", "10", "en"),
        ("fifteen", "15", "en"),
        ("twenty three points", "23", "en"),
        ("one hundred and five", "105", "en"),
        ("5", "5", "en"),
        ("오", "5", "ko"),
        ("공 일 공", "010", "ko"),
        ("십", "10", "ko"),
        ("이십삼 점", "23", "ko"),
        ("열 하나", "11", "ko"),
        ("다섯 점이요", "5", "ko"),
        ("팔 점 입니다", "8", "ko"),
        ("백", "100", "ko"),
        ("백이", "102", "ko"),
    ],
)
def test_numbers(words: str, digits: str, code: str) -> None:
    assert spoken_number(words, code) == digits


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("", "zh"),
        ("满意", "zh"),
        ("大概五", "zh"),
        ("五六个人吧可能", "zh"),
        ("不是五", "zh"),
        ("一百五", "zh"),
        ("百", "zh"),
        ("十百", "zh"),
        ("about five", "en"),
        ("not five", "en"),
        ("fifteen five", "en"),
        ("double", "en"),
        ("hundred", "en"),
        ("오 아니", "ko"),
        ("안 오", "ko"),
        ("십 이요", "ko"),  # ten, politely, or twelve
        ("만족", "ko"),
        ("five", "tlh"),
        ("五" * 70, "zh"),
    ],
)
def test_what_is_no_number_or_more_than_one(words: str, code: str) -> None:
    assert spoken_number(words, code) is None


@pytest.mark.parametrize("code", CODES)
def test_every_number_below_a_thousand_is_heard_as_it_is_said(code: str) -> None:
    for number in range(1000):
        said = worded(number, code)
        assert said is not None
        assert spoken_number(said, code) == str(number), said


@given(some.sampled_from(CODES), some.text("0123456789", min_size=1, max_size=12), some.randoms())
def test_digits_one_by_one(code: str, figures: str, chance: object) -> None:
    from random import Random

    assert isinstance(chance, Random)
    names = languages()[code].numbers.digits
    said = " ".join(chance.choice(names[figure]) for figure in figures)
    assert spoken_number(said, code) == figures


@given(some.sampled_from(CODES), some.integers(0, 999), some.data())
def test_a_denied_number_is_none(code: str, number: int, data: some.DataObject) -> None:
    tongue = languages()[code]
    no = data.draw(some.sampled_from([*tongue.negations, *tongue.doubt]))
    said = worded(number, code)
    assert said is not None
    between = " " if tongue.spaced else ""
    heard = spoken_number(no + between + said, code)
    assert heard is None or no in tongue.numbers.before


def test_the_recogniser_is_told_every_number_that_counts() -> None:
    told = number_phrases("zh", 0, 20)
    assert {"零", "幺", "两", "十", "十五", "二十"} <= set(told)
    assert "二十一" not in told
    assert "九十九" not in number_phrases("zh", 0, 99999)
    assert number_phrases("tlh", 0, 9) == ()


def test_words_that_stand_for_keys() -> None:
    assert {"一", "幺", "按一"} <= set(key_phrases("zh", "1"))
    assert {"one", "press one"} <= set(key_phrases("en", "1"))
    assert {"일", "일번", "일번 누르기"} <= set(key_phrases("ko", "1"))
    assert "星号键" in key_phrases("zh", "*")
    framed = key_phrases("zh", "9", framed=True)
    assert "九" not in framed
    assert "按九" in framed

"""Spoken numbers: whole utterances only, digit by digit."""

import pytest

from flows.spoken_number import spoken_number


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("五", "5"),
        ("嗯，五分。", "5"),
        ("幺 三 八", "138"),
        ("两零", "20"),
        ("一零零", "100"),
        ("十", "10"),
        ("二十三", "23"),
        ("四十", "40"),
        ("5", "5"),
        ("1 0", "10"),
        ("three", "3"),
        ("One oh four", "104"),
        ("ten", "10"),
    ],
)
def test_numbers(words: str, digits: str) -> None:
    assert spoken_number(words) == digits


@pytest.mark.parametrize(
    "words", ["", "满意", "大概五", "五六个人吧可能", "不是五", "一百", "about five", "fifteen"]
)
def test_what_is_no_number(words: str) -> None:
    assert spoken_number(words) is None

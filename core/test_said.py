"""Figures in words, in the three languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.said import digits, number, said_amount, said_date, said_day, said_name, said_time
from core.said_words import value_words


@pytest.mark.parametrize(
    ("value", "zh", "ko", "en"),
    [
        (0, "零", "영", "zero"),
        (10, "十", "십", "ten"),
        (14, "十四", "십사", "fourteen"),
        (105, "一百零五", "백오", "one hundred five"),
        (110, "一百一十", "백십", "one hundred ten"),
        (1010, "一千零一十", "천십", "one thousand ten"),
        (10001, "一万零一", "만일", "ten thousand one"),
        (110000, "十一万", "십일만", "one hundred ten thousand"),
        (100010000, "一亿零一万", "일억만", "one hundred million ten thousand"),
        ("-2.50", "负二点五零", "마이너스 이 점 오 영", "minus two point five zero"),
        ("1,200", "一千二百", "천이백", "one thousand two hundred"),
        ("soon", "soon", "soon", "soon"),
    ],
)
def test_numbers(value: object, zh: str, ko: str, en: str) -> None:
    assert [number(value, each) for each in ("zh", "ko", "en")] == [zh, ko, en]


def test_digits_one_by_one() -> None:
    said = [digits("A110-7", each) for each in ("zh", "ko", "en")]
    assert said == ["A幺幺零七", "A일일공칠", "A one one zero seven"]


def test_dates_and_times() -> None:
    assert said_date("2026-06-05") == "二〇二六年六月五日"
    assert said_date("2026/06/05", "ko") == "이천이십육년 유월 오일"
    assert said_day("2026-10-20", "ko") == "시월 이십일"
    assert said_date("2026-06-05", "en") == "June 5, 2026"
    said = [said_time("14:02", each) for each in ("zh", "ko", "en")]
    assert said == ["下午两点零二分", "오후 두 시 이 분", "2:02 p.m."]
    assert said_time("00:30") == "凌晨零点半"
    assert said_time("12:00", "ko") == "오후 열두 시"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1234.5", "一千二百三十四元五角"),
        (2, "两元"),
        ("0.05", "五分"),
        ("10.05", "十元零五分"),
        ("¥1,000", "一千元"),
        (0, "零元"),
    ],
)
def test_amounts(value: object, said: str) -> None:
    assert said_amount(value) == said


@pytest.mark.parametrize("value", ["much", "-1", "1e99", "NaN"])
def test_what_is_no_amount_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        said_amount(value)


def test_names_with_a_reading_of_their_own() -> None:
    names = ["单雄信", "尉迟恭", "王任之", "单"]
    assert [said_name(name) for name in names] == ["善雄信", "玉迟恭", "王任之", "单"]
    assert said_name("单", "en") == "单"


_FIGURE = {c: i for i, c in enumerate("零一二三四五六七八九")}
_UNIT = {"十": 10, "百": 100, "千": 1000}


def understood(words: str) -> int:
    """Read a Chinese number, the other way round."""
    total = part = figure = 0
    for c in words:
        if c in _FIGURE:
            figure = _FIGURE[c]
        elif c in _UNIT:
            part += (figure or 1) * _UNIT[c]
            figure = 0
        else:
            part += figure
            total = (total + part) * 10**8 if c == "亿" else total + part * 10**4
            part = figure = 0
    return total + part + figure


@given(st.integers(0, 10**12 - 1))
def test_a_chinese_number_means_what_it_was(whole: int) -> None:
    words = number(whole)
    assert understood(words) == whole
    assert "零零" not in words
    assert whole == 0 or not words.endswith("零")


@given(st.integers(0, 10**7), st.dates(), st.times())
def test_the_recorded_words_say_every_value(whole: int, day: object, at: object) -> None:
    known = sorted(value_words("zh"), key=len, reverse=True)
    for words in (number(whole), said_date(day), said_time(at), digits(whole), said_amount(whole)):
        rest = words.replace("〇", "零")
        while rest:
            head = next((each for each in known if rest.startswith(each)), "")
            assert head, (words, rest)
            rest = rest[len(head) :]

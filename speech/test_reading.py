"""Raw figures are read as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.reading import read_out


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("您2026-03-05来过", "您二〇二六年三月五日来过"),
        ("2026-03-05 14:05", "二〇二六年三月五日下午两点零五分"),
        ("2026/3/5T09:30:00+08:00", "二〇二六年三月五日上午九点半"),
        ("2026-13-45", "二零二六幺三四五"),  # no date: figure by figure
        ("2026年3月5日", "二〇二六年三月五日"),
        ("拨打110报警", "拨打幺幺零报警"),
        ("拨打12345", "拨打幺二三四五"),
        ("110元", "一百一十元"),
        ("110个人", "一百一十个人"),
        ("案件A3301-20260123", "案件A三三零幺二零二六零幺二三"),
        ("电话13800138000", "电话幺三八零零幺三八零零零"),
        ("共12345人", "共一万二千三百四十五人"),
        ("1,234.50元", "一千二百三十四元五角"),
        ("¥20", "二十元"),
        ("35.6%", "百分之三十五点六"),
        ("等2个小时，2月2日", "等两个小时，二月二日"),
        ("下午2:05", "下午两点零五分"),
        ("晚上20:30", "晚上八点半"),
        ("满意请按1，不满意请按3。", "满意请按一，不满意请按三。"),
        ("没有数字", "没有数字"),
    ],
)
def test_chinese(raw: str, read: str) -> None:
    assert read_out(raw, "zh") == read == read_out(raw, "zh-CN")


def test_other_languages() -> None:
    assert read_out("on 2026-03-05 14:05, no 20260123", "en") == (
        "on March 5, 2026 2:05 p.m., no two zero two six zero one two three"
    )
    assert read_out("press 1", "en") == "press 1"
    assert read_out("2026-06-05 14:00", "ko") == "이천이십육년 유월 오일 오후 두 시"
    assert read_out("오후 2:05", "ko") == "오후 두 시 오 분"
    assert read_out("110", "ru") == "110"


@given(st.text("0123456789年月日:.,-/%元 aA案次", max_size=40))
def test_nothing_breaks_it_and_words_stay(text: str) -> None:
    for language in ("zh", "en", "ko"):
        read = read_out(text, language)
        assert read.count("案") == text.count("案")
        assert read_out("", language) == ""

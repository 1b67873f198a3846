"""Raw figures in a text, written as a voice must read them: dates, times, amounts, numbers.

Authors have filters for this ({{ day|spoken_day }}); this is for what they leave raw, so that a
case's `2026-03-05` is never read as a subtraction and 110 never as a hundred and ten. What is
already in words stays as it is.
"""

import re
from collections.abc import Callable

from core import said

_DATE = r"(?<![\d-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\d-])"
_TIME = r"(?<![\d:])([01]?\d|2[0-3])[:：]([0-5]\d)(?:[:：][0-5]\d)?(?![\d:])"
_MOMENT = re.compile(rf"{_DATE}(?:[T ]*{_TIME}(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?")
_CLOCK = re.compile(rf"(?:(上午|下午|晚上|中午|凌晨|早上|傍晚|오전|오후)\s*)?({_TIME})")
_SERIAL = re.compile(
    r"(?<![A-Za-z0-9.,])(?=[A-Za-z-]*(?:\d[A-Za-z-]*){5})[A-Za-z0-9][A-Za-z0-9-]*"
    r"(?![A-Za-z0-9-]|[.,]\d|\s*(?:元|人|个|位|次|件|名|万|亿|米|公里|户|条|点|년|명|건|원))"
)
"""Five digits or more with letters and dashes: case, licence and telephone numbers."""

_ZH_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)年(?!内|来|以|间|多|前|后)")
_ZH_MONEY = re.compile(r"[¥￥]\s*(\d[\d,]*(?:\.\d{1,2})?)元?|(?<![\d.])(\d[\d,]*(?:\.\d{1,2})?)元")
_ZH_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*[%％]")
_ZH_SERVICE = re.compile(
    r"(?<![\d.])(11[0249]|12[02]|12[13]\d{2}|95\d{3}|96\d{3,4}|100\d{2})"
    r"(?![\d.]|\s*(?:元|块|个|位|人|次|件|分|秒|天|年|月|日|号楼|米|公里|千|万|%|％))"
)
"""110, 119, 120, 122, 12345, 95xxx ...: numbers that one calls."""
_ZH_COUNTED = re.compile(r"(?<![\d.])2(?=个|位|次|名|件|条|点|块|家|种|天|遍|分钟|小时|年)")
_NUMBER = re.compile(r"(?<![\dA-Za-z.])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\dA-Za-z])")
_ZH_NUMBER = re.compile(r"(?<![\dA-Za-z.])\d+(?:\.\d+)?(?![\dA-Za-z])")


def read_out(text: str, language: str) -> str:
    """Return `text` with raw figures in the words of `language` (zh, ko, en; a region is left)."""
    tongue = language.partition("-")[0]
    if tongue not in ("zh", "en", "ko") or not any(c.isdigit() for c in text):
        return text
    text = _MOMENT.sub(lambda found: _moment(found, tongue), text)
    if tongue == "zh":
        text = _ZH_MONEY.sub(lambda m: said.said_amount(m[1] or m[2]), text)
        text = _ZH_YEAR.sub(lambda m: said.said_year(int(m[1])), text)
        text = _ZH_PERCENT.sub(lambda m: f"百分之{said.number(m[1])}", text)
        text = _ZH_SERVICE.sub(lambda m: said.digits(m[1]), text)
    if tongue != "en":
        text = _CLOCK.sub(lambda found: _clock(found, tongue), text)
    text = _SERIAL.sub(lambda m: said.digits(m[0], tongue), text)
    text = _NUMBER.sub(lambda m: said.number(m[0], tongue), text)
    if tongue == "zh":
        text = _ZH_COUNTED.sub("两", text)
        text = _ZH_NUMBER.sub(lambda m: said.number(m[0]), text)
    return text


def _moment(found: re.Match[str], language: str) -> str:
    year, _, month, day, hour, minute = found.groups()
    say: Callable[[object, str], str] = said.said_date
    try:
        words = say(f"{year}-{int(month):02}-{int(day):02}", language)
    except ValueError:
        return found[0]  # 2026-13-45 is no date, whatever it is
    if hour is None:
        return words
    gap = "" if language == "zh" else " "
    return words + gap + said.said_time(f"{int(hour):02}:{minute}", language)


def _clock(found: re.Match[str], language: str) -> str:
    part, _, hour, minute = found.groups()
    words = said.said_time(f"{int(hour):02}:{minute}", language)
    if not part:
        return words
    return part + words[2:]  # the author says which part of the day it is

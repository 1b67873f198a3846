"""How dates, times and digits are said aloud: pure functions, the filters of survey texts.

Chinese digits of telephone and case numbers are read one by one, 1 as 幺 (110 is 幺幺零); years
digit by digit with 一 (二〇二六年), so that a voice reads them as people do.
"""

import re
from datetime import date, datetime, time

_ZH = "零一二三四五六七八九"
_EN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def digits(value: object, language: str = "zh") -> str:
    """Say every digit by itself: 110 -> 幺幺零, ``one one zero``; letters stay, dashes go."""
    kept = [c for c in str(value) if c.isalnum()]
    if language == "zh":
        return "".join("幺" if c == "1" else _ZH[int(c)] if c in "0123456789" else c for c in kept)
    return " ".join(_EN[int(c)] if c in "0123456789" else c for c in kept)


def number(value: object, language: str = "zh") -> str:
    """Say a whole number below 10,000 in words (Chinese); other values and languages stay."""
    whole = str(value)
    if language != "zh" or not re.fullmatch(r"\d{1,4}", whole):
        return whole
    count = int(whole)
    if count < 10:
        return _ZH[count]
    said, gap = "", False
    for power, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        figure = count // power % 10
        if not figure:
            gap = bool(said)
            continue
        said += ("零" if gap else "") + _ZH[figure] + unit
        gap = False
    return said[1:] if said.startswith("一十") else said


def said_date(value: object, language: str = "zh") -> str:
    """Say a date: 2026-03-05 -> 二〇二六年三月五日, ``March 5, 2026``. Raises ValueError."""
    day = _moment(value).date()
    if language != "zh":
        return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"
    year = "".join("〇一二三四五六七八九"[int(c)] for c in str(day.year))
    return f"{year}年{number(day.month)}月{number(day.day)}日"


def said_day(value: object, language: str = "zh") -> str:
    """Say a date without its year: 三月五日, ``March 5``. Raises ValueError."""
    day = _moment(value).date()
    if language != "zh":
        return f"{_MONTHS[day.month - 1]} {day.day}"
    return f"{number(day.month)}月{number(day.day)}日"


def said_time(value: object, language: str = "zh") -> str:
    """Say a time of day: 14:05 -> 下午两点零五分, ``2:05 p.m.``. Raises ValueError."""
    at = _time(value)
    hour = at.hour % 12 or 12
    if language != "zh":
        return f"{hour}:{at.minute:02d} {'a.m.' if at.hour < 12 else 'p.m.'}"
    names = ((6, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
    part = next(name for until, name in names if at.hour < until)
    if at.hour == 0:
        hour = 0
    clock = "两" if hour == 2 else number(hour)
    if at.minute == 0:
        return f"{part}{clock}点"
    if at.minute == 30:
        return f"{part}{clock}点半"
    zero = "零" if at.minute < 10 else ""
    return f"{part}{clock}点{zero}{number(at.minute)}分"


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    return datetime.fromisoformat(str(value).strip().replace("/", "-"))


def _time(value: object) -> time:
    if isinstance(value, time):
        return value
    written = str(value).strip()
    if isinstance(value, datetime) or "-" in written or "/" in written:
        return _moment(value).time()
    return time.fromisoformat(written.zfill(5) if len(written) == 4 else written)

"""How numbers, dates, times and names are said aloud, in Chinese, English and Korean. Pure.

Chinese digits of telephone and case numbers are read one by one, 1 as 幺 (110 is 幺幺零); years
digit by digit with 一 (二〇二六年), so that a voice reads them as people do. Korean hours are
native numbers (두 시), everything else Sino-Korean; the sixth and tenth month are 유월 and 시월.
"""

import re
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

_ZH = "零一二三四五六七八九"
_KO = "영일이삼사오육칠팔구"
_EN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_EN_TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_EN_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_KO_HOURS = ["열두", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉", "열", "열한"]
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
_SURNAMES = {
    "尉迟": "玉迟",
    "万俟": "莫奇",
    "单于": "蝉于",
    "长孙": "掌孙",
    "单": "善",
    "仇": "求",
    "解": "谢",
    "曾": "增",
    "查": "渣",
    "任": "人",
    "区": "欧",
    "朴": "瓢",
    "缪": "妙",
    "冼": "显",
    "覃": "秦",
    "翟": "宅",
    "华": "画",
    "燕": "烟",
    "折": "舌",
    "种": "虫",
    "员": "运",
    "召": "少",
    "繁": "婆",
    "黑": "贺",
    "逄": "旁",
    "隗": "伟",
}
"""Surnames that are read otherwise than the character mostly is, by one that is always read so."""
_LARGEST = 10**12


def digits(value: object, language: str = "zh") -> str:
    """Say every digit by itself: 110 -> 幺幺零, ``one one zero``; letters stay, dashes go."""
    kept = [c for c in str(value) if c.isalnum()]
    if language == "zh":
        return "".join("幺" if c == "1" else _ZH[int(c)] if c in "0123456789" else c for c in kept)
    if language == "ko":
        return "".join("공" if c == "0" else _KO[int(c)] if c in "123456789" else c for c in kept)
    return " ".join(_EN[int(c)] if c in "0123456789" else c for c in kept)


def number(value: object, language: str = "zh") -> str:
    """Say a number below a million millions in words; what is no such number stays as it is."""
    written = str(value).strip().replace(",", "")
    if not re.fullmatch(r"-?\d{1,12}(\.\d+)?", written) or language not in _WHOLE:
        return str(value)
    whole, _, fraction = written.removeprefix("-").partition(".")
    minus, point, gap = _SIGNS[language]
    said = _WHOLE[language](int(whole))
    if fraction:
        figures = {"zh": _ZH, "ko": _KO}.get(language, _EN)
        said = gap.join([said, point, *(figures[int(c)] for c in fraction)])
    return (minus + gap if written.startswith("-") else "") + said


def count(value: object, language: str = "zh") -> str:
    """Say a number before a measure word: 2 is 两."""
    return "两" if language == "zh" and str(value) == "2" else number(value, language)


def said_amount(value: object, language: str = "zh") -> str:
    """Say an amount of yuan: 1234.5 -> 一千二百三十四元五角. Raises ValueError."""
    try:
        fen = int((Decimal(str(value).replace(",", "").strip("¥￥元 ")) * 100).quantize(Decimal(1)))
    except (InvalidOperation, ValueError, OverflowError):
        raise ValueError(f"{value!r} is no amount") from None
    if not 0 <= fen < _LARGEST:
        raise ValueError(f"{value!r} is no amount")
    yuan, rest = divmod(fen, 100)
    if language != "zh":
        unit = "위안" if language == "ko" else "yuan"
        said = number(yuan, language) + " " + unit
        return said + (
            f" {number(rest, language)} {'펀' if language == 'ko' else 'fen'}" if rest else ""
        )
    jiao, single = divmod(rest, 10)
    said = f"{count(yuan)}元" if yuan or not rest else ""
    if jiao:
        said += f"{_ZH[jiao]}角"
    elif single and yuan:
        said += "零"
    return said + (f"{_ZH[single]}分" if single else "")


def said_date(value: object, language: str = "zh") -> str:
    """Say a date: 2026-03-05 -> 二〇二六年三月五日, ``March 5, 2026``. Raises ValueError."""
    day = _moment(value).date()
    if language == "zh":
        return f"{said_year(day.year)}{said_day(day)}"
    if language == "ko":
        return f"{number(day.year, 'ko')}년 {said_day(day, 'ko')}"
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def said_year(year: int) -> str:
    """Say a year as Chinese does, digit by digit: 2026 -> 二〇二六年."""
    return "".join("〇一二三四五六七八九"[int(c)] for c in str(year)) + "年"


def said_day(value: object, language: str = "zh") -> str:
    """Say a date without its year: 三月五日, ``March 5``, 삼월 오일. Raises ValueError."""
    day = _moment(value).date()
    if language == "zh":
        return f"{number(day.month)}月{number(day.day)}日"
    if language == "ko":
        month = {6: "유", 10: "시"}.get(day.month) or number(day.month, "ko")
        return f"{month}월 {number(day.day, 'ko')}일"
    return f"{_MONTHS[day.month - 1]} {day.day}"


def said_time(value: object, language: str = "zh") -> str:
    """Say a time of day: 14:05 -> 下午两点零五分, ``2:05 p.m.``, 오후 두 시 오 분.

    Raises ValueError.
    """
    at = _time(value)
    hour = at.hour % 12 or 12
    if language == "ko":
        minute = (
            "" if not at.minute else " 반" if at.minute == 30 else f" {number(at.minute, 'ko')} 분"
        )
        return f"{'오전' if at.hour < 12 else '오후'} {_KO_HOURS[at.hour % 12]} 시{minute}"
    if language != "zh":
        return f"{hour}:{at.minute:02d} {'a.m.' if at.hour < 12 else 'p.m.'}"
    names = ((6, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
    part = next(name for until, name in names if at.hour < until)
    clock = count(0 if at.hour == 0 else hour)
    if at.minute == 0:
        return f"{part}{clock}点"
    if at.minute == 30:
        return f"{part}{clock}点半"
    zero = "零" if at.minute < 10 else ""
    return f"{part}{clock}点{zero}{number(at.minute)}分"


def said_name(value: object, language: str = "zh") -> str:
    """Say a person's name: a surname with a reading of its own is written as it is read (单雄信
    -> 善雄信). Other languages stay."""
    name = str(value).strip()
    if language == "zh":
        for surname, read in _SURNAMES.items():
            if name.startswith(surname) and len(name) > len(surname):
                return read + name[len(surname) :]
    return name


def _zh_whole(whole: int) -> str:
    if whole == 0:
        return _ZH[0]
    said, gap = "", False
    for power, unit in ((10**8, "亿"), (10**4, "万"), (1, "")):
        part = whole // power % 10**4
        if not part:
            gap = bool(said)
            continue
        said += ("零" if said and (gap or part < 1000) else "") + _zh_below_10000(part) + unit
        gap = False
    return said[1:] if said.startswith("一十") else said


def _zh_below_10000(part: int) -> str:
    said, gap = "", False
    for power, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        figure = part // power % 10
        if not figure:
            gap = bool(said)
            continue
        said += ("零" if gap else "") + _ZH[figure] + unit
        gap = False
    return said


def _ko_whole(whole: int) -> str:
    if whole == 0:
        return _KO[0]
    said = ""
    for power, unit in ((10**8, "억"), (10**4, "만"), (1, "")):
        part = whole // power % 10**4
        if not part:
            continue
        words = "".join(
            ("" if part // ten % 10 == 1 and name else _KO[part // ten % 10]) + name
            for ten, name in ((1000, "천"), (100, "백"), (10, "십"), (1, ""))
            if part // ten % 10
        )
        said += ("" if words == "일" and unit == "만" else words) + unit
    return said


def _en_whole(whole: int) -> str:
    if whole < 10:
        return _EN[whole]
    if whole < 20:
        return _EN_TEENS[whole - 10]
    if whole < 100:
        tens, one = divmod(whole, 10)
        return _EN_TENS[tens - 2] + (f" {_EN[one]}" if one else "")
    for power, unit in (
        (10**9, "billion"),
        (10**6, "million"),
        (1000, "thousand"),
        (100, "hundred"),
    ):
        if whole >= power:
            many, rest = divmod(whole, power)
            return f"{_en_whole(many)} {unit}" + (f" {_en_whole(rest)}" if rest else "")
    raise AssertionError(whole)


_WHOLE = {"zh": _zh_whole, "ko": _ko_whole, "en": _en_whole}
_SIGNS = {"zh": ("负", "点", ""), "ko": ("마이너스", "점", " "), "en": ("minus", "point", " ")}
"""The words for minus and the decimal point, and what stands between words."""


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

"""The words that spoken values are made of: what a studio records so that it can say them all."""

from core import said

_ZH = "零 幺 一 二 三 四 五 六 七 八 九 两 十 百 千 万 亿 点 分 半 年 元 角 百分之 负"
_ZH_PARTS = "凌晨 上午 中午 下午 晚上"
_KO = "공 영 일 이 삼 사 오 육 칠 팔 구 십 백 천 만 억 점 년 월 유월 시월 시 분 반 오전 오후 위안"
_KO_HOURS = "한 두 세 네 다섯 여섯 일곱 여덟 아홉 열 열한 열두"
_EN = "hundred thousand million point minus yuan fen"


def value_words(language: str) -> tuple[str, ...]:
    """Return the words for digits, numbers, dates, times and amounts in `language`.

    English has no dates and times here: a voice says those. Empty for other languages.
    """
    if language == "zh":
        months = [f"{said.number(month)}月" for month in range(1, 13)]
        days = [f"{said.number(day)}日" for day in range(1, 32)]
        hours = [f"{said.count(hour)}点" for hour in range(13)]
        return tuple(dict.fromkeys([*_ZH.split(), *_ZH_PARTS.split(), *months, *days, *hours]))
    if language == "ko":
        return tuple(dict.fromkeys([*_KO.split(), *_KO_HOURS.split()]))
    if language == "en":
        small = [said.number(each, "en") for each in (*range(20), *range(20, 100, 10))]
        return (*small, *_EN.split())
    return ()

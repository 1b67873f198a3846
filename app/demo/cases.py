"""Sixty made-up cases for the demonstration, written as a case platform would export them.

The end of a number decides who answers it (`ivr.people.directory`): every behaviour is there, and
those who speak are asked in their language. The numbers never leave this machine.
"""

import csv
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr.people.directory import BY_ENDING, LANGUAGE, behaviour_of
from ivr.people.speaking import Speaker

NUMBER = 60
HEADINGS = (
    "警情编号",
    "报警人",
    "联系电话",
    "报警时间",
    "处警单位",
    "处警民警",
    "警号",
    "警种",
    "报警类别",
    "语言",
)
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
_UNITS = ("市局/城关分局/城关派出所", "市局/城关分局/东街派出所", "市局/河西分局/河西派出所")


def numbers() -> list[str]:
    """Return sixty mobile numbers in which every ending of the table comes at least twice."""
    endings = list(BY_ENDING)
    return [
        f"139000{index:02d}{endings[index % len(endings)].rjust(3, '1')}" for index in range(NUMBER)
    ]


def rows(now: datetime, zone: str) -> list[tuple[str, ...]]:
    """Return the table, its headings first; cases were accepted on the day before `now`."""
    local = now.astimezone(ZoneInfo(zone)) - timedelta(days=1)
    table: list[tuple[str, ...]] = [HEADINGS]
    for index, number in enumerate(numbers()):
        accepted = local.replace(hour=8, minute=0) + timedelta(minutes=11 * index)
        table.append(
            (
                f"J{accepted:%Y%m%d}{index + 1:04d}",
                f"{_SURNAMES[index % len(_SURNAMES)]}某",
                f"{number[:3]}-{number[3:7]}-{number[7:]}" if index % 3 else f"+86 {number}",
                f"{accepted:%Y-%m-%d %H:%M:%S}",
                _UNITS[index % len(_UNITS)],
                f"{_SURNAMES[-1 - index % 9]}警官",
                f"03{index % 9:04d}",
                "治安",
                "110警情",
                LANGUAGE if isinstance(behaviour_of(number), Speaker) else "",
            )
        )
    return table


def write(file: Path, now: datetime, zone: str) -> None:
    """Write the table as CSV."""
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows(rows(now, zone))

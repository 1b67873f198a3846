"""Made-up cases for the demonstration, written as a case platform would export them.

The end of a number decides who answers it (`ivr.people.directory`) and who writes back there
(`ivr.people.writing`): every behaviour is there, and those who speak are asked in their language.
The numbers never leave this machine. Each station has its way of reaching people.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from core.plan import SMS, VOICE
from ivr.people.directory import BY_ENDING, LANGUAGE, behaviour_of
from ivr.people.speaking import Speaker

CALLED = 60
"""People who are called, and nothing else."""
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
PHONE_THEN_TEXT = "phone_then_text"
"""A plan of the demonstration's settings: one call, then a survey by text message."""
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"


@dataclass(frozen=True)
class Way:
    """How the people of some stations are reached: a batch of its own."""

    plan: str
    """Of the batch: one that is shipped, or of the demonstration's settings."""
    units: tuple[str, ...]
    endings: tuple[str, ...]
    """How the numbers end, one a person."""
    priority: int = 1
    """Lower is called first: who is to be reached by two channels, one after the other."""


WAYS = (
    Way(
        VOICE,
        ("市局/城关分局/城关派出所", "市局/城关分局/东街派出所", "市局/河西分局/河西派出所"),
        tuple(list(BY_ENDING)[index % len(BY_ENDING)] for index in range(CALLED)),
    ),
    Way(
        SMS,
        ("市局/河西分局/北郊派出所",),
        ("11", "1", "2", "2", "3", "5", "6", "7", "8", "9", "40", "60"),
    ),
    # 8 and 90 cannot be reached by phone and write back; 7 and 9 do neither; 1 answers.
    Way(PHONE_THEN_TEXT, ("市局/城关分局/南关派出所",), ("8", "8", "90", "7", "9", "1"), 0),
    # 70 does not write back and answers the phone; 7 and 9 do neither; 1 and 2 write back.
    Way("sms_then_voice", ("市局/河西分局/沿江派出所",), ("70", "70", "7", "9", "1", "2"), 0),
)


@dataclass(frozen=True)
class Party:
    """One person of the demonstration."""

    number: str
    """A mobile number as people write it."""
    way: Way
    unit: str


def parties(ways: Iterable[Way] = WAYS) -> tuple[Party, ...]:
    """Return everybody; among those who are called every ending of the table comes twice."""
    found: list[Party] = []
    for way in ways:
        for index, ending in enumerate(way.endings):
            number = f"139000{len(found):02d}{ending.rjust(3, '1')}"
            found.append(Party(number, way, way.units[index % len(way.units)]))
    return tuple(found)


def rows(
    now: datetime, zone: str, everybody: Iterable[Party] | None = None
) -> list[tuple[str, ...]]:
    """Return the table, its headings first; cases were accepted on the day before `now`."""
    local = now.astimezone(ZoneInfo(zone)) - timedelta(days=1)
    table: list[tuple[str, ...]] = [HEADINGS]
    for index, party in enumerate(parties() if everybody is None else everybody):
        number, speaks = party.number, isinstance(behaviour_of(party.number), Speaker)
        accepted = local.replace(hour=8, minute=0) + timedelta(minutes=7 * index)
        table.append(
            (
                f"J{accepted:%Y%m%d}{index + 1:04d}",
                f"{_SURNAMES[index % len(_SURNAMES)]}某",
                f"{number[:3]}-{number[3:7]}-{number[7:]}" if index % 3 else f"+86 {number}",
                f"{accepted:%Y-%m-%d %H:%M:%S}",
                party.unit,
                f"{_SURNAMES[-1 - index % 9]}警官",
                f"03{index % 9:04d}",
                "治安",
                "110警情",
                LANGUAGE if speaks else "",
            )
        )
    return table


def write(file: Path, now: datetime, zone: str, everybody: Iterable[Party]) -> None:
    """Write the table as CSV."""
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows(rows(now, zone, everybody))

"""Results as CSV, JSON and XLSX: the same facts, numbers masked unless asked for."""

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import update

from reports.results import FIELDS, Shape, export_results
from storage.results import PAGE, ResultFilter, results
from storage.schema import Answer, Attempt, Unit


async def _attempts(world: Any) -> None:
    city = await world.add(Unit(name="甲市"))
    station = await world.add(Unit(name="甲市/东所", parent_id=city.id))
    batch = await world.batch(name="三月")
    for number, unit in enumerate((city, station, None)):
        case = await world.case(unit_id=unit.id if unit else None, case_number=f"=J{number}")
        party = await world.party(case, f"+861380013800{number}")
        callback = await world.callback(batch, case, party)
        attempt = await world.attempt(
            callback, world.now + timedelta(days=number), "completed" if unit else "busy"
        )
        at = attempt.claimed_at
        async with world.database.write() as session:
            await session.execute(
                update(Attempt)
                .where(Attempt.id == attempt.id)
                .values(dialed_at=at, answered_at=at + timedelta(seconds=8), sip_status=200)
            )
        if unit:
            await world.add(
                Answer(
                    attempt_id=attempt.id,
                    position=1,
                    step="s1",
                    kind="key",
                    value="1",
                    label="满意",
                    aspect="出警速度",
                    verdict="satisfied",
                    answered_at=at,
                )
            )


async def test_filters_choose_attempts(world: Any) -> None:
    await _attempts(world)
    day = timedelta(days=1)

    async def numbers(**wanted: Any) -> list[str]:
        return [r.case_number async for r in results(world.database, ResultFilter(**wanted))]

    assert await numbers() == ["=J0", "=J1", "=J2"]
    assert await numbers(unit="甲市") == ["=J0", "=J1"]
    assert await numbers(unit="甲市/东所") == ["=J1"]
    assert await numbers(unit="甲") == []
    assert await numbers(since=world.now + day) == ["=J1", "=J2"]
    assert await numbers(until=world.now + day) == ["=J0"]
    assert await numbers(batch="四月") == []
    assert await numbers(respondent_class="counter") == []


async def test_durations_and_answers(world: Any) -> None:
    await _attempts(world)
    first = await anext(aiter(results(world.database)))
    assert (first.ring_seconds, first.talk_seconds, first.sip_status) == (8.0, 52.0, 200)
    assert first.aspects == {"出警速度": "satisfied"}


@pytest.mark.parametrize("kind", ["csv", "json", "xlsx"])
@pytest.mark.parametrize("show", [False, True])
async def test_every_format_holds_every_attempt(
    world: Any, tmp_path: Path, kind: str, show: bool
) -> None:
    await _attempts(world)
    path = tmp_path / "out" / f"results.{kind}"
    shape = Shape(show_numbers=show)
    assert await export_results(world.database, path, kind, shape=shape) == 3
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    number = "13800138000" if show else "138****8000"
    if kind == "json":
        first = json.loads(path.read_text("utf-8"))[0]
        assert (first["case_number"], first["number"]) == ("=J0", number)
        assert first["aspects"] == {"出警速度": "satisfied"}
        assert set(FIELDS) <= set(first)
        return
    if kind == "csv":
        head, row, *_ = csv.reader(path.read_text("utf-8-sig").splitlines())
    else:
        book = openpyxl.load_workbook(path)
        sheet = book.worksheets[0]
        lines = [[cell.value for cell in line] for line in sheet.iter_rows()]
        head, row = lines[0], lines[1]
    shown = dict(zip(head, row, strict=True))
    assert shown["案件编号"] == "'=J0"  # no spreadsheet runs it
    assert shown["号码"] == number
    assert (shown["出警速度"], shown["通话结果"]) == ("满意", "完成")
    assert shown["回答"] == "s1=满意"


async def test_pages_join_without_gap(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await _attempts(world)
    assert PAGE > 1
    monkeypatch.setattr("storage.results.PAGE", 1)
    assert len([r async for r in results(world.database)]) == 3

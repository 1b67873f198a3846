"""What becomes of every fact and row of an export."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.clock import SystemClock
from storage.database import Database
from storage.importing.importer import import_file
from storage.importing.mapping import Mapping, load_mapping, parse_mapping
from storage.schema import (
    Case,
    CaseTag,
    Import,
    Officer,
    Party,
    PartyNumber,
    Unit,
)
from tests.case_export import (
    MAPPINGS,
    counts,
    everything,
    export_csv,
    export_row,
    import_export,
)


@pytest.fixture
def police() -> Mapping:
    return load_mapping(MAPPINGS / "police.yaml")


async def test_every_fact_lands_in_its_table(
    database: Database, tmp_path: Path, police: Mapping
) -> None:
    row = export_row(
        标签="家暴、酒后",
        联系电话="１３８００１３８０００、0575-85123456转801",
        结案时间="2026/3/3 8:05",
    )
    report = await import_export(database, export_csv(tmp_path / "c.csv", row), police)
    assert counts(report) == (1, 0, 0, 0)
    assert report.unmapped_headings == ("备注",)
    async with database.read() as session:
        case = (await session.scalars(select(Case))).one()
        assert (case.source, case.case_number) == ("接警平台", "J1")
        assert case.respondent_class == "emergency"
        assert case.key_incident
        assert case.accepted_at == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
        assert case.closed_at == datetime(2026, 3, 3, 0, 5, tzinfo=UTC)
        assert case.fields == {"category": "110警情"}
        assert set(await session.scalars(select(CaseTag.tag))) == {"家暴", "酒后"}
        numbers = await session.scalars(select(PartyNumber).order_by(PartyNumber.position))
        assert [(n.e164, n.extension, n.kind) for n in numbers] == [
            ("+8613800138000", "", "mobile"),
            ("+8657585123456", "801", "landline"),
        ]
        officer = (await session.scalars(select(Officer))).one()
        assert (officer.name, officer.badge_number) == ("李强", "012345")
        assert officer.unit_id == case.unit_id


async def test_importing_twice_changes_nothing(
    database: Database, tmp_path: Path, police: Mapping
) -> None:
    rows = [
        export_row(),
        export_row(报警人="张伟", 联系电话="13900139000"),
        export_row(警情编号="J2", 标签="酒后"),
        export_row(警情编号="J3", 联系电话="110"),
    ]
    path = export_csv(tmp_path / "c.csv", *rows)
    assert counts(await import_export(database, path, police)) == (2, 0, 1, 1)
    before = await everything(database)
    assert counts(await import_export(database, path, police)) == (0, 3, 0, 1)
    assert await everything(database) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"报警人": "张伟", "联系电话": "13900139000"},
        {"联系电话": "13900139000"},
        {"标签": "家暴"},
        {"结案时间": "2026-03-05 10:00"},
    ],
)
async def test_new_facts_supplement_a_known_case(
    database: Database, tmp_path: Path, police: Mapping, changes: dict[str, str]
) -> None:
    await import_export(database, export_csv(tmp_path / "a.csv", export_row()), police)
    later = export_csv(tmp_path / "b.csv", export_row(**changes))
    assert counts(await import_export(database, later, police)) == (0, 0, 1, 0)
    assert counts(await import_export(database, later, police)) == (0, 1, 0, 0)


async def test_one_person_with_many_cases_is_one_party(
    database: Database, tmp_path: Path, police: Mapping
) -> None:
    rows = [export_row(警情编号=f"J{n}", 联系电话="13800138000") for n in range(5)]
    rows.append(export_row(警情编号="J9", 报警人="别人", 联系电话="13800138000"))
    await import_export(database, export_csv(tmp_path / "a.csv", *rows[:2]), police)
    await import_export(database, export_csv(tmp_path / "b.csv", *rows[2:]), police)
    async with database.read() as session:
        assert sorted(await session.scalars(select(Party.name))) == ["别人", "王芳"]


async def test_units_become_a_tree(sqlite: Database, tmp_path: Path) -> None:
    mapping = parse_mapping(
        "source: s\ncolumns: {case_number: 编号, numbers: 电话}\nrespondent_class: counter\n"
        "unit_levels: [市局, [分局, 县局], 派出所]\n",
        "m.yaml",
    )
    path = tmp_path / "c.csv"
    path.write_text(
        "编号,电话,市局,分局,派出所\n1,13800138000,甲市,乙分局,丙所\n2,13800138000,甲市,乙分局,\n",
        "utf-8",
    )
    assert counts(await import_export(sqlite, path, mapping)) == (2, 0, 0, 0)
    async with sqlite.read() as session:
        units = {unit.id: unit for unit in await session.scalars(select(Unit))}
    tree = {u.name: units[u.parent_id].name if u.parent_id else None for u in units.values()}
    assert tree == {"甲市": None, "甲市/乙分局": "甲市", "甲市/乙分局/丙所": "甲市/乙分局"}


async def test_a_stop_half_way_leaves_whole_chunks_and_importing_again_finishes(
    database: Database, tmp_path: Path, police: Mapping
) -> None:
    path = export_csv(tmp_path / "c.csv", *(export_row(警情编号=f"J{n}") for n in range(25)))

    class Crash(Exception):
        pass

    def stop(rows: int, _part: float) -> None:
        if rows >= 20:
            raise Crash

    with pytest.raises(Crash):
        await import_file(database, path, police, clock=SystemClock(), progress=stop, chunk=10)
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Case)) == 20
        unfinished = (await session.scalars(select(Import))).one()
        assert (unfinished.accepted, unfinished.finished_at) == (20, None)
    assert counts(await import_export(database, path, police)) == (5, 20, 0, 0)


async def test_any_order_and_chunking_gives_the_same_cases(
    sqlite: Database, tmp_path: Path, police: Mapping
) -> None:
    rows = [
        export_row(
            警情编号=f"J{n % 7}",
            报警人=f"人{n % 5}",
            联系电话=f"1390013900{n % 5}",
            标签=f"t{n % 3}",
        )
        for n in range(60)
    ]
    await import_file(
        sqlite, export_csv(tmp_path / "a.csv", *rows), police, clock=SystemClock(), chunk=4
    )
    random.Random(4).shuffle(rows)  # noqa: S311 - a fixed order
    again = await import_file(
        sqlite, export_csv(tmp_path / "b.csv", *rows), police, clock=SystemClock(), chunk=9
    )
    assert counts(again) == (0, 60, 0, 0)

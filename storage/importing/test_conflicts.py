"""Exports that contradict each other: what changes, and both values are kept."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from storage.database import Database
from storage.importing.mapping import Mapping, load_mapping
from storage.schema import (
    Branch,
    Case,
    ImportConflict,
    Officer,
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


async def _handled(database: Database) -> list[tuple[str, str, str]]:
    async with database.read() as session:
        query = (
            select(Unit.name, Officer.name, Branch.name)
            .select_from(Case)
            .join(Unit)
            .join(Officer, Officer.id == Case.officer_id)
            .join(Branch, Branch.id == Case.branch_id)
        )
        return [(unit, who, branch) for unit, who, branch in await session.execute(query)]


async def test_facts_that_were_missing_are_filled_in(
    database: Database, tmp_path: Path, police: Mapping
) -> None:
    await import_export(
        database, export_csv(tmp_path / "a.csv", export_row(处警民警="", 警号="")), police
    )
    report = await import_export(database, export_csv(tmp_path / "b.csv", export_row()), police)
    assert counts(report) == (0, 0, 1, 0)
    assert (report.changed, report.differing) == ({}, {})
    assert await _handled(database) == [("城关派出所", "李强", "治安")]


async def test_a_later_export_changes_officer_and_unit_and_both_values_are_kept(
    database: Database, tmp_path: Path, police: Mapping
) -> None:
    first = export_csv(tmp_path / "a.csv", export_row(结案时间="2026-03-04 10:00:00"))
    await import_export(database, first, police)
    moved = export_row(
        处警单位="东关派出所",
        处警民警="赵敏",
        警号="067890",
        警种="刑侦",
        结案时间="2026-03-03 10:00:00",
    )
    second = export_csv(
        tmp_path / "b.csv", moved, export_row(报警人="张伟"), export_row(处警民警="孙亮")
    )
    report = await import_export(database, second, police)
    assert counts(report) == (0, 1, 2, 0)
    assert report.changed == {"unit": 1, "officer": 1, "closed_at": 1}
    assert report.differing == {"branch": 1}
    assert await _handled(database) == [("东关派出所", "赵敏", "治安")]
    async with database.read() as session:
        kept = list(await session.scalars(select(ImportConflict).order_by(ImportConflict.id)))
        assert (await session.scalar(select(Case.closed_at))) == datetime(2026, 3, 3, 2, tzinfo=UTC)
    assert [(one.fact, one.old, one.new, one.taken) for one in kept] == [
        ("unit", "城关派出所", "东关派出所", True),
        ("officer", "012345 李强", "067890 赵敏", True),
        ("branch", "治安", "刑侦", False),
        ("closed_at", "2026-03-04 02:00:00+00:00", "2026-03-03 02:00:00+00:00", True),
    ]
    before = await everything(database)
    for known in (second, first):  # neither again, nor the older one after the newer one
        report = await import_export(database, known, police)
        assert (report.supplemented, report.changed, report.differing) == (0, {}, {})
        assert await everything(database) == before

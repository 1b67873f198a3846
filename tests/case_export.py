"""An export of a case platform to import, and what came of it."""

import csv
from pathlib import Path

from sqlalchemy import select

from core.clock import SystemClock
from storage.database import Database
from storage.importing.importer import ImportReport, import_file
from storage.importing.mapping import Mapping
from storage.schema import Base, Import

MAPPINGS = Path(__file__).parents[1] / "storage" / "importing" / "mappings"
HEAD = ["警情编号", "报警人", "联系电话", "报警时间", "结案时间", "处警单位", "处警民警", "警号"]
HEAD += ["警种", "报警类别", "标签", "备注"]
ROW = ["J1", "王芳", "13800138000", "2026-03-02 09:00:00", "", "城关派出所", "李强", "012345"]
ROW += ["治安", "110警情", "", ""]


def export_row(**changes: str) -> list[str]:
    return [changes.get(name, value) for name, value in zip(HEAD, ROW, strict=True)]


def export_csv(path: Path, *rows: list[str], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([HEAD, *rows])
    return path


async def import_export(database: Database, path: Path, mapping: Mapping) -> ImportReport:
    return await import_file(database, path, mapping, clock=SystemClock())


async def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table but the log of imports."""
    async with database.read() as session:
        return {
            name: sorted((tuple(row) for row in await session.execute(select(table))), key=repr)
            for name, table in Base.metadata.tables.items()
            if name != Import.__tablename__
        }


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.accepted, report.duplicate, report.supplemented, report.rejected

"""Files as case platforms write them: encodings, quotation marks, workbooks, rejects."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import func, select

from core.errors import AuthorError
from storage.database import Database
from storage.importing.mapping import Mapping, load_mapping
from storage.schema import (
    Case,
    Import,
    Party,
    PartyNumber,
)
from tests.case_export import (
    HEAD,
    MAPPINGS,
    counts,
    export_csv,
    export_row,
    import_export,
)


@pytest.fixture
def police() -> Mapping:
    return load_mapping(MAPPINGS / "police.yaml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_encodings_and_delimiters(
    sqlite: Database, tmp_path: Path, police: Mapping, encoding: str, delimiter: str
) -> None:
    path = export_csv(tmp_path / "c.csv", export_row(), encoding=encoding, delimiter=delimiter)
    assert counts(await import_export(sqlite, path, police)) == (1, 0, 0, 0)
    async with sqlite.read() as session:
        assert await session.scalar(select(Party.name)) == "王芳"


async def test_rejects_can_be_mended_and_imported_again(
    database: Database, tmp_path: Path, police: Mapping
) -> None:
    bad = [
        (export_row(警情编号=""), "row-case-number-missing"),
        (export_row(警情编号="J2", 联系电话=""), "row-number-missing"),
        (export_row(警情编号="J3", 联系电话="1.38E+10"), "row-number-rounded"),
        (export_row(警情编号="J4", 报警时间="上周"), "row-date-unreadable"),
        (export_row(警情编号="J5", 联系电话="+86110"), "number-service"),
        ([*export_row(警情编号="J6"), "多", "余"], "row-columns"),
    ]
    path = export_csv(tmp_path / "c.csv", export_row(), *(row for row, _ in bad))
    report = await import_export(database, path, police)
    assert counts(report) == (1, 0, 0, 6)
    assert report.reasons == {code: 1 for _, code in bad}
    rejects = Path(report.rejects_file)
    assert rejects.stat().st_mode & 0o777 == 0o600
    assert rejects.read_bytes().startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(rejects.read_text("utf-8-sig").splitlines())
    assert head == ["退回原因", "reject reason", *HEAD]
    assert len(rows) == 6
    assert all(row[0] and row[1] for row in rows)
    assert rows[4][2 + HEAD.index("联系电话")] == "'+86110"  # no spreadsheet runs it
    assert rows[5][-2:] == ["多", "余"]
    mended = tmp_path / "mended.csv"
    with mended.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for number, row in enumerate(rows):
            fixed = [*row[:2], *export_row(警情编号=f"M{number}", 联系电话="'+86 13800138000")]
            writer.writerow(fixed)
    again = await import_export(database, mended, police)
    assert counts(again) == (6, 0, 0, 0)
    assert again.rejects_file == ""


async def test_a_line_that_does_not_decode_is_one_reject(
    sqlite: Database, tmp_path: Path, police: Mapping
) -> None:
    lines = [",".join(HEAD), *(",".join(export_row(警情编号=f"J{n}")) for n in range(4))]
    raw = [line.encode() for line in lines]
    raw[2] = raw[2].replace("王芳".encode(), b"\xd6\xd0\xff")
    path = tmp_path / "c.csv"
    path.write_bytes(b"\r\n".join(raw))
    report = await import_export(sqlite, path, police)
    assert counts(report) == (3, 0, 0, 1)
    assert report.reasons == {"row-encoding": 1}


async def test_an_open_quotation_mark_costs_its_own_line_only(
    sqlite: Database, tmp_path: Path, police: Mapping
) -> None:
    lines = [",".join(HEAD), *(",".join(export_row(警情编号=f"J{n}")) for n in range(50))]
    lines[3] = lines[3].replace("王芳", '"王芳')
    path = tmp_path / "c.csv"
    path.write_text("\n".join(lines), "utf-8")
    report = await import_export(sqlite, path, police)
    assert counts(report) == (49, 0, 0, 1)
    assert report.reasons == {"row-quote-open": 1}


@pytest.mark.parametrize("column", ["报警人", "备注"])
@pytest.mark.parametrize("second", [None, 7, 49])
async def test_no_row_vanishes_into_an_open_quotation_mark(
    sqlite: Database, tmp_path: Path, police: Mapping, column: str, second: int | None
) -> None:
    rows = [export_row(警情编号=f"J{n}", 备注="y") for n in range(50)]
    place = HEAD.index(column)
    for number in (3, second):
        if number is not None:
            rows[number][place] = '"' + rows[number][place]
    path = tmp_path / "c.csv"
    path.write_text("\n".join(",".join(row) for row in [HEAD, *rows]), "utf-8")
    report = await import_export(sqlite, path, police)
    wrong = 1 if second is None else 2
    assert counts(report) == (50 - wrong, 0, 0, wrong)
    assert report.reasons == {"row-quote-open": wrong}


async def test_a_quotation_mark_inside_a_cell_is_read_as_excel_does(
    sqlite: Database, tmp_path: Path, police: Mapping
) -> None:
    lines = [
        ",".join(HEAD),
        ",".join(export_row(报警人='"王"芳')),
        ",".join(export_row(警情编号="J2", 备注='5"寸')),
    ]
    path = tmp_path / "c.csv"
    path.write_text("\n".join(lines), "utf-8")
    assert counts(await import_export(sqlite, path, police)) == (2, 0, 0, 0)


async def test_cells_with_line_breaks_and_a_title_above_the_headings(
    sqlite: Database, tmp_path: Path, police: Mapping
) -> None:
    path = tmp_path / "c.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["三月警情明细表"])
        writer.writerow([])
        writer.writerow(HEAD)
        writer.writerow(export_row(联系电话="13800138000\n13900139000", 备注="两行\n备注"))
        writer.writerow([])
    assert counts(await import_export(sqlite, path, police)) == (1, 0, 0, 0)
    async with sqlite.read() as session:
        assert await session.scalar(select(func.count()).select_from(PartyNumber)) == 2


async def test_a_line_without_end_is_cut_and_told(
    sqlite: Database, tmp_path: Path, police: Mapping
) -> None:
    path = export_csv(tmp_path / "c.csv", export_row(备注="x" * 700_000), export_row(警情编号="J2"))
    report = await import_export(sqlite, path, police)
    assert counts(report) == (1, 0, 0, 1)
    assert set(report.reasons) == {"row-too-long"}


async def test_workbooks_with_numbers_and_dates_as_excel_keeps_them(
    database: Database, tmp_path: Path, police: Mapping
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEAD)
    head = dict(zip(HEAD, range(len(HEAD)), strict=True))

    def line(**values: object) -> list[object]:
        row: list[object] = list(export_row())
        for name, value in values.items():
            row[head[name]] = value
        return row

    when = datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001 - as Excel keeps it
    sheet.append(line(警情编号=202603020001, 联系电话=13800138000.0, 报警时间=when))
    sheet.append(line(警情编号="J2", 联系电话=13800138000, 报警时间=46083.375))
    sheet.append(line(警情编号="J3", 联系电话="1.3800138E+10", 警号=12345.0))
    sheet.append(line(警情编号=20260302000000012345))
    path = tmp_path / "c.xlsx"
    book.save(path)
    report = await import_export(database, path, police)
    assert counts(report) == (3, 0, 0, 1)
    assert report.reasons == {"row-number-rounded": 1}
    async with database.read() as session:
        cases = list(await session.scalars(select(Case).order_by(Case.id)))
        assert [case.case_number for case in cases] == ["202603020001", "J2", "J3"]
        assert {case.accepted_at for case in cases} == {datetime(2026, 3, 2, 1, 0, tzinfo=UTC)}
        assert set(await session.scalars(select(PartyNumber.e164))) == {"+8613800138000"}


async def test_a_file_without_our_headings_is_refused_and_nothing_changed(
    sqlite: Database, tmp_path: Path, police: Mapping
) -> None:
    path = tmp_path / "c.csv"
    path.write_text("甲,乙\n1,2\n", "utf-8")
    with pytest.raises(AuthorError) as caught:
        await import_export(sqlite, path, police)
    assert caught.value.problems[0].code == "import-headings"
    assert "甲、乙" in caught.value.sentences("zh")[0]
    async with sqlite.read() as session:
        assert await session.scalar(select(func.count()).select_from(Import)) == 0


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 no workbook", b"\xff\xfea\x00,\x00", b"\xd0\xcf\x11\xe0"]
)
async def test_absurd_files_are_refused(
    sqlite: Database, tmp_path: Path, police: Mapping, content: bytes
) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(content)
    with pytest.raises(AuthorError):
        await import_export(sqlite, path, police)

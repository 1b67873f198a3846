"""What a case platform exports, and what becomes of every row of it."""

import csv
import random
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import func, select

from core.clock import SystemClock
from core.errors import AuthorError
from storage.database import Database
from storage.importing.importer import ImportReport, import_file
from storage.importing.mapping import Mapping, load_mapping, parse_mapping
from storage.schema import (
    Base,
    Branch,
    Case,
    CaseTag,
    Import,
    ImportConflict,
    Officer,
    Party,
    PartyNumber,
    Unit,
)

MAPPINGS = Path(__file__).parent / "mappings"
HEAD = ["警情编号", "报警人", "联系电话", "报警时间", "结案时间", "处警单位", "处警民警", "警号"]
HEAD += ["警种", "报警类别", "标签", "备注"]
ROW = ["J1", "王芳", "13800138000", "2026-03-02 09:00:00", "", "城关派出所", "李强", "012345"]
ROW += ["治安", "110警情", "", ""]


@pytest.fixture
def police() -> Mapping:
    return load_mapping(MAPPINGS / "police.yaml")


def _row(**changes: str) -> list[str]:
    return [changes.get(name, value) for name, value in zip(HEAD, ROW, strict=True)]


def _csv(path: Path, *rows: list[str], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([HEAD, *rows])
    return path


async def _import(database: Database, path: Path, mapping: Mapping) -> ImportReport:
    return await import_file(database, path, mapping, clock=SystemClock())


async def _everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table but the log of imports."""
    async with database.read() as session:
        return {
            name: sorted((tuple(row) for row in await session.execute(select(table))), key=repr)
            for name, table in Base.metadata.tables.items()
            if name != Import.__tablename__
        }


def _counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.accepted, report.duplicate, report.supplemented, report.rejected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_encodings_and_delimiters(
    sqlite: Database, tmp_path: Path, police: Mapping, encoding: str, delimiter: str
) -> None:
    path = _csv(tmp_path / "c.csv", _row(), encoding=encoding, delimiter=delimiter)
    assert _counts(await _import(sqlite, path, police)) == (1, 0, 0, 0)
    async with sqlite.read() as session:
        assert await session.scalar(select(Party.name)) == "王芳"


async def test_every_fact_lands_in_its_table(
    database: Database, tmp_path: Path, police: Mapping
) -> None:
    row = _row(
        标签="家暴、酒后",
        联系电话="１３８００１３８０００、0575-85123456转801",
        结案时间="2026/3/3 8:05",
    )
    report = await _import(database, _csv(tmp_path / "c.csv", row), police)
    assert _counts(report) == (1, 0, 0, 0)
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
        _row(),
        _row(报警人="张伟", 联系电话="13900139000"),
        _row(警情编号="J2", 标签="酒后"),
        _row(警情编号="J3", 联系电话="110"),
    ]
    path = _csv(tmp_path / "c.csv", *rows)
    assert _counts(await _import(database, path, police)) == (2, 0, 1, 1)
    before = await _everything(database)
    assert _counts(await _import(database, path, police)) == (0, 3, 0, 1)
    assert await _everything(database) == before


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
    await _import(database, _csv(tmp_path / "a.csv", _row()), police)
    later = _csv(tmp_path / "b.csv", _row(**changes))
    assert _counts(await _import(database, later, police)) == (0, 0, 1, 0)
    assert _counts(await _import(database, later, police)) == (0, 1, 0, 0)


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
    await _import(database, _csv(tmp_path / "a.csv", _row(处警民警="", 警号="")), police)
    report = await _import(database, _csv(tmp_path / "b.csv", _row()), police)
    assert _counts(report) == (0, 0, 1, 0)
    assert (report.changed, report.differing) == ({}, {})
    assert await _handled(database) == [("城关派出所", "李强", "治安")]


async def test_a_later_export_changes_officer_and_unit_and_both_values_are_kept(
    database: Database, tmp_path: Path, police: Mapping
) -> None:
    first = _csv(tmp_path / "a.csv", _row(结案时间="2026-03-04 10:00:00"))
    await _import(database, first, police)
    moved = _row(
        处警单位="东关派出所",
        处警民警="赵敏",
        警号="067890",
        警种="刑侦",
        结案时间="2026-03-03 10:00:00",
    )
    second = _csv(tmp_path / "b.csv", moved, _row(报警人="张伟"), _row(处警民警="孙亮"))
    report = await _import(database, second, police)
    assert _counts(report) == (0, 1, 2, 0)
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
    before = await _everything(database)
    for known in (second, first):  # neither again, nor the older one after the newer one
        report = await _import(database, known, police)
        assert (report.supplemented, report.changed, report.differing) == (0, {}, {})
        assert await _everything(database) == before


async def test_one_person_with_many_cases_is_one_party(
    database: Database, tmp_path: Path, police: Mapping
) -> None:
    rows = [_row(警情编号=f"J{n}", 联系电话="13800138000") for n in range(5)]
    rows.append(_row(警情编号="J9", 报警人="别人", 联系电话="13800138000"))
    await _import(database, _csv(tmp_path / "a.csv", *rows[:2]), police)
    await _import(database, _csv(tmp_path / "b.csv", *rows[2:]), police)
    async with database.read() as session:
        assert sorted(await session.scalars(select(Party.name))) == ["别人", "王芳"]


async def test_rejects_can_be_mended_and_imported_again(
    database: Database, tmp_path: Path, police: Mapping
) -> None:
    bad = [
        (_row(警情编号=""), "row-case-number-missing"),
        (_row(警情编号="J2", 联系电话=""), "row-number-missing"),
        (_row(警情编号="J3", 联系电话="1.38E+10"), "row-number-rounded"),
        (_row(警情编号="J4", 报警时间="上周"), "row-date-unreadable"),
        (_row(警情编号="J5", 联系电话="+86110"), "number-service"),
        ([*_row(警情编号="J6"), "多", "余"], "row-columns"),
    ]
    path = _csv(tmp_path / "c.csv", _row(), *(row for row, _ in bad))
    report = await _import(database, path, police)
    assert _counts(report) == (1, 0, 0, 6)
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
            fixed = [*row[:2], *_row(警情编号=f"M{number}", 联系电话="'+86 13800138000")]
            writer.writerow(fixed)
    again = await _import(database, mended, police)
    assert _counts(again) == (6, 0, 0, 0)
    assert again.rejects_file == ""


async def test_a_line_that_does_not_decode_is_one_reject(
    sqlite: Database, tmp_path: Path, police: Mapping
) -> None:
    lines = [",".join(HEAD), *(",".join(_row(警情编号=f"J{n}")) for n in range(4))]
    raw = [line.encode() for line in lines]
    raw[2] = raw[2].replace("王芳".encode(), b"\xd6\xd0\xff")
    path = tmp_path / "c.csv"
    path.write_bytes(b"\r\n".join(raw))
    report = await _import(sqlite, path, police)
    assert _counts(report) == (3, 0, 0, 1)
    assert report.reasons == {"row-encoding": 1}


async def test_an_open_quotation_mark_costs_its_own_line_only(
    sqlite: Database, tmp_path: Path, police: Mapping
) -> None:
    lines = [",".join(HEAD), *(",".join(_row(警情编号=f"J{n}")) for n in range(50))]
    lines[3] = lines[3].replace("王芳", '"王芳')
    path = tmp_path / "c.csv"
    path.write_text("\n".join(lines), "utf-8")
    report = await _import(sqlite, path, police)
    assert _counts(report) == (49, 0, 0, 1)
    assert report.reasons == {"row-quote-open": 1}


@pytest.mark.parametrize("column", ["报警人", "备注"])
@pytest.mark.parametrize("second", [None, 7, 49])
async def test_no_row_vanishes_into_an_open_quotation_mark(
    sqlite: Database, tmp_path: Path, police: Mapping, column: str, second: int | None
) -> None:
    rows = [_row(警情编号=f"J{n}", 备注="y") for n in range(50)]
    place = HEAD.index(column)
    for number in (3, second):
        if number is not None:
            rows[number][place] = '"' + rows[number][place]
    path = tmp_path / "c.csv"
    path.write_text("\n".join(",".join(row) for row in [HEAD, *rows]), "utf-8")
    report = await _import(sqlite, path, police)
    wrong = 1 if second is None else 2
    assert _counts(report) == (50 - wrong, 0, 0, wrong)
    assert report.reasons == {"row-quote-open": wrong}


async def test_a_quotation_mark_inside_a_cell_is_read_as_excel_does(
    sqlite: Database, tmp_path: Path, police: Mapping
) -> None:
    lines = [
        ",".join(HEAD),
        ",".join(_row(报警人='"王"芳')),
        ",".join(_row(警情编号="J2", 备注='5"寸')),
    ]
    path = tmp_path / "c.csv"
    path.write_text("\n".join(lines), "utf-8")
    assert _counts(await _import(sqlite, path, police)) == (2, 0, 0, 0)


async def test_cells_with_line_breaks_and_a_title_above_the_headings(
    sqlite: Database, tmp_path: Path, police: Mapping
) -> None:
    path = tmp_path / "c.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["三月警情明细表"])
        writer.writerow([])
        writer.writerow(HEAD)
        writer.writerow(_row(联系电话="13800138000\n13900139000", 备注="两行\n备注"))
        writer.writerow([])
    assert _counts(await _import(sqlite, path, police)) == (1, 0, 0, 0)
    async with sqlite.read() as session:
        assert await session.scalar(select(func.count()).select_from(PartyNumber)) == 2


async def test_a_line_without_end_is_cut_and_told(
    sqlite: Database, tmp_path: Path, police: Mapping
) -> None:
    path = _csv(tmp_path / "c.csv", _row(备注="x" * 700_000), _row(警情编号="J2"))
    report = await _import(sqlite, path, police)
    assert _counts(report) == (1, 0, 0, 1)
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
        row: list[object] = list(_row())
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
    report = await _import(database, path, police)
    assert _counts(report) == (3, 0, 0, 1)
    assert report.reasons == {"row-number-rounded": 1}
    async with database.read() as session:
        cases = list(await session.scalars(select(Case).order_by(Case.id)))
        assert [case.case_number for case in cases] == ["202603020001", "J2", "J3"]
        assert {case.accepted_at for case in cases} == {datetime(2026, 3, 2, 1, 0, tzinfo=UTC)}
        assert set(await session.scalars(select(PartyNumber.e164))) == {"+8613800138000"}


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
    assert _counts(await _import(sqlite, path, mapping)) == (2, 0, 0, 0)
    async with sqlite.read() as session:
        units = {unit.id: unit for unit in await session.scalars(select(Unit))}
    tree = {u.name: units[u.parent_id].name if u.parent_id else None for u in units.values()}
    assert tree == {"甲市": None, "甲市/乙分局": "甲市", "甲市/乙分局/丙所": "甲市/乙分局"}


async def test_a_stop_half_way_leaves_whole_chunks_and_importing_again_finishes(
    database: Database, tmp_path: Path, police: Mapping
) -> None:
    path = _csv(tmp_path / "c.csv", *(_row(警情编号=f"J{n}") for n in range(25)))

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
    assert _counts(await _import(database, path, police)) == (5, 20, 0, 0)


async def test_any_order_and_chunking_gives_the_same_cases(
    sqlite: Database, tmp_path: Path, police: Mapping
) -> None:
    rows = [
        _row(
            警情编号=f"J{n % 7}",
            报警人=f"人{n % 5}",
            联系电话=f"1390013900{n % 5}",
            标签=f"t{n % 3}",
        )
        for n in range(60)
    ]
    await import_file(sqlite, _csv(tmp_path / "a.csv", *rows), police, clock=SystemClock(), chunk=4)
    random.Random(4).shuffle(rows)  # noqa: S311 - a fixed order
    again = await import_file(
        sqlite, _csv(tmp_path / "b.csv", *rows), police, clock=SystemClock(), chunk=9
    )
    assert _counts(again) == (0, 60, 0, 0)


async def test_a_file_without_our_headings_is_refused_and_nothing_changed(
    sqlite: Database, tmp_path: Path, police: Mapping
) -> None:
    path = tmp_path / "c.csv"
    path.write_text("甲,乙\n1,2\n", "utf-8")
    with pytest.raises(AuthorError) as caught:
        await _import(sqlite, path, police)
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
        await _import(sqlite, path, police)

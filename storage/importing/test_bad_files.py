"""Files that are none: each refused with its place and the reason, and nothing is half done."""

import asyncio
import csv
import io
import json
import sqlite3
import sys
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.clock import SystemClock
from core.errors import AuthorError, TransientError
from storage.database import Database
from storage.importing.importer import import_file, rejects_path
from storage.importing.shipped import find_mapping
from storage.schema import Case, Import

HEAD = "警情编号,报警人,联系电话\r\n"
ROW = "J1,王芳,13800138000\r\n"


def _archive(**parts: bytes) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return raw.getvalue()


def _forged(content: bytes, size: int) -> bytes:
    """Return an archive whose directory says that its part unpacks to `size` bytes."""
    raw = bytearray(content)
    directory = raw.rindex(b"PK\x01\x02")
    raw[directory + 24 : directory + 28] = size.to_bytes(4, "little")
    return bytes(raw)


def _workbook(sheet: str, texts: str = "") -> bytes:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    one = '<Relationship Id="a" Type="{}" Target="{}"/>'
    relations = f'<Relationships xmlns="r">{one}</Relationships>'
    return _archive(
        **{
            "_rels/.rels": relations.format(f"{kind}/officeDocument", "xl/workbook.xml").encode(),
            "xl/_rels/workbook.xml.rels": relations.format(
                f"{kind}/worksheet", "worksheets/sheet1.xml"
            ).encode(),
            "xl/workbook.xml": b'<workbook xmlns:r="r"><sheet r:id="a"/></workbook>',
            "xl/worksheets/sheet1.xml": (texts + sheet).encode(),
        },
    )


LAUGHS = '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
BAD = {
    "empty": (b"", "import-empty"),
    "blank": (b" \r\n\r\n", "import-empty"),
    "only headings": (HEAD.encode(), "import-no-rows"),
    "other headings": ("甲,乙\n1,2\n".encode(), "import-headings"),
    "a needed column is missing": ("警情编号,报警人\nJ1,王芳\n".encode(), "import-headings"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "import-binary"),
    ".xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "import-old-excel"),
    "UTF-16": ((HEAD + ROW).encode("utf-16"), "import-utf16"),
    "UTF-16 without mark": (("a,b\n" * 50).encode("utf-16-le"), "import-utf16"),
    "an archive of something else": (_archive(a=b"b"), "import-unreadable"),
    "half a workbook": (_workbook("<worksheet/>")[:200], "import-unreadable"),
    "a zip bomb": (_forged(_archive(a=b"b"), 3 * 1024**3), "import-too-large"),
    "entities": (_workbook("<worksheet/>", LAUGHS), "import-unreadable"),
    "a workbook without rows": (
        _workbook("<worksheet><sheetData/></worksheet>"),
        "import-headings",
    ),
    "XML that ends too early": (
        _workbook('<worksheet><sheetData><row r="1">'),
        "import-unreadable",
    ),
    "a text that is not there": (
        _workbook('<worksheet><row><c t="s"><v>7</v></c></row></worksheet>'),
        "import-unreadable",
    ),
}


async def _kept(database: Database) -> tuple[int | None, int | None]:
    async with database.read() as session:
        cases = await session.scalar(select(func.count()).select_from(Case))
        return cases, await session.scalar(select(func.count()).select_from(Import))


@pytest.mark.parametrize("kind", BAD)
async def test_what_is_no_file_of_cases_is_refused(
    sqlite: Database, tmp_path: Path, kind: str
) -> None:
    content, code = BAD[kind]
    path = tmp_path / "cases.csv"
    path.write_bytes(content)
    with pytest.raises(AuthorError) as refused:
        await import_file(sqlite, path, find_mapping("police"), clock=SystemClock())
    assert [(p.code, p.place.file) for p in refused.value.problems] == [(code, str(path))]
    assert all(refused.value.sentences(language) for language in ("zh", "en"))
    assert await _kept(sqlite) == (0, 0)
    assert not rejects_path(path).exists()


async def test_a_file_that_cannot_be_opened_is_refused(sqlite: Database, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name in ("missing.csv", "folder.csv"):
        with pytest.raises(AuthorError, match="import-unreadable"):
            await import_file(sqlite, tmp_path / name, find_mapping("police"), clock=SystemClock())
    assert await _kept(sqlite) == (0, 0)


async def test_a_mapping_for_other_headings_is_refused(sqlite: Database, tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(HEAD + ROW, "utf-8")
    with pytest.raises(AuthorError, match="import-headings") as refused:
        await import_file(sqlite, path, find_mapping("generic"), clock=SystemClock())
    assert "警情编号" in refused.value.sentences("zh")[0]
    assert await _kept(sqlite) == (0, 0)


async def test_a_locked_database_is_told_and_nothing_changed(
    sqlite: Database, tmp_path: Path
) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(HEAD + ROW, "utf-8")
    impatient = Database(f"sqlite:///{sqlite.path}", busy_seconds=0.1)
    other = sqlite3.connect(str(sqlite.path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TransientError, match="database-locked"):
        await import_file(impatient, path, find_mapping("police"), clock=SystemClock())
    other.execute("ROLLBACK")
    other.close()
    assert await _kept(sqlite) == (0, 0)
    report = await import_file(impatient, path, find_mapping("police"), clock=SystemClock())
    assert report.accepted == 1
    await impatient.close()


_FULL = """
import asyncio, json, resource, sys
from pathlib import Path
from core.clock import SystemClock
from core.errors import PermanentError
from storage.database import Database
from storage.importing.importer import import_file
from storage.importing.shipped import find_mapping

async def main():
    database = Database(sys.argv[1])
    try:
        async with database.read():
            pass
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
        await import_file(
            database, Path(sys.argv[2]), find_mapping("police"), clock=SystemClock(), chunk=100
        )
    except PermanentError as error:
        print(json.dumps([[p.code, p.place.file] for p in error.problems]))
    finally:
        await database.close()

asyncio.run(main())
"""


async def test_a_full_disk_while_rejects_are_written_stops_and_importing_again_finishes(
    sqlite: Database, tmp_path: Path
) -> None:
    path = tmp_path / "cases.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["警情编号", "报警人", "联系电话"])
        for number in range(300):
            writer.writerow([f"J{number}", "王芳", f"1380013{number:04d}"])
            writer.writerow([f"K{number}", "无" * 5000, "110"])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _FULL, f"sqlite:///{sqlite.path}", str(path)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    target = rejects_path(path)
    assert json.loads(out) == [["import-rejects-unwritable", str(target)]]
    assert list(tmp_path.glob("*.rejects*")) == []
    cases, _ = await _kept(sqlite)
    assert cases is not None
    assert 0 < cases < 300
    assert cases % 50 == 0  # whole chunks
    report = await import_file(sqlite, path, find_mapping("police"), clock=SystemClock())
    assert (report.accepted, report.duplicate, report.rejected) == (300 - cases, cases, 300)
    assert target.exists()

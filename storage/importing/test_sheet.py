"""Rows of a sheet: read by the short way and by the parser, they are the same."""

import zipfile
from pathlib import Path

import pytest

from storage.importing.sheet import rows
from storage.importing.workbook import NotAWorkbookError, Workbook

PLAIN = (
    '<row r="{n}" spans="1:3"><c r="A{n}" t="inlineStr"><is><t>甲{n}</t></is></c>'
    '<c r="C{n}"><v>{n}</v></c><c r="D{n}" s="1" /></row>'
)
OTHERS = {
    "an entity": '<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>&lt;{n}</t></is></c></row>',
    "a prefix": '<x:row r="{n}"><x:c r="A{n}"><x:v>{n}</x:v></x:c></x:row>',
    "a formula": '<row r="{n}"><c r="B{n}"><f>1+1</f><v>2</v></c></row>',
    "an empty row": '<row r="{n}"/>',
    "a comment": '<!-- <row r="9"><c r="A9"><v>9</v></c></row> --><row r="{n}"></row>',
    "a comment behind an empty row": '<row r="{n}"/><!-- </row><row r="9"></row> -->',
    "CDATA": '<row r="{n}"><c r="A{n}"><v><![CDATA[</row>]]></v></c></row>',
    "parts of a text": '<row r="{n}"><c r="A{n}" t="inlineStr"><is><r><t>a</t></r></is></c></row>',
    "no numbers": "<row><c><v>{n}</v></c><c><v>1</v></c></row>",
    "blanks between": '\n <row r="{n}">\n <c r="B{n}"><v>{n}</v></c>\n </row>\n ',
}


def _read(path: Path, body: str, encoding: str = "utf-8") -> list[tuple[int, list[str]]]:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("sheet.xml", body.encode(encoding))
    book = Workbook(zipfile.ZipFile(path), sheet="sheet.xml")
    try:
        return list(rows(book))
    finally:
        book.close()


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("count", [3, 2000])
def test_plain_rows_and_others_by_turns(tmp_path: Path, name: str, count: int) -> None:
    shapes = [PLAIN, OTHERS[name], PLAIN, PLAIN]
    body = "".join(shapes[n % 4].replace("{n}", str(n)) for n in range(1, count))
    path = tmp_path / "book.xlsx"
    read = _read(path, f"<worksheet><sheetData>{body}</sheetData></worksheet>")
    # Behind `<row  r` nothing is plain: expat reads it all.
    assert read == _read(
        path, f"<worksheet><sheetData >{body}</sheetData></worksheet>".replace("<row r", "<row  r")
    )
    assert [number for number, _ in read] == list(range(1, count))
    assert read[1] == (2, ["甲2", "", "2"])


def test_rows_inside_a_comment_do_not_count(tmp_path: Path) -> None:
    body = f"<w><!-- <sheetData>{PLAIN} --><sheetData><!-- </row>{PLAIN} --></sheetData></w>"
    assert _read(tmp_path / "book.xlsx", body.replace("{n}", "1")) == []


@pytest.mark.parametrize("tail", ["", "</sheetData>", "<row", "</w>", "</sheetData></w>x"])
def test_a_sheet_that_ends_too_early_is_refused(tmp_path: Path, tail: str) -> None:
    with pytest.raises(NotAWorkbookError):
        _read(tmp_path / "book.xlsx", f"<w><sheetData>{PLAIN.replace('{n}', '1')}{tail}")


def test_another_encoding_is_left_to_the_parser(tmp_path: Path) -> None:
    body = PLAIN.replace("{n}", "1").replace("甲", "é")
    body = f'<?xml version="1.0" encoding="iso-8859-1"?><w><sheetData>{body}</sheetData></w>'
    assert _read(tmp_path / "book.xlsx", body, "latin-1") == [(1, ["é1", "", "1"])]

"""Whatever stands in one line of a file, the lines around it are read as they are."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.importing.facts import Facts, Reader, Refusal
from storage.importing.mapping import parse_mapping
from storage.importing.table import open_table
from storage.importing.text_rows import encoding_of, read_text

MAPPING = parse_mapping(
    "source: s\ncolumns: {case_number: [编号, case], numbers: [电话, phone], party_name: 姓名,"
    " accepted_at: 时间}\n"
    "respondent_class: counter\n",
    "m.yaml",
)
HEAD = "编号,姓名,电话,时间\n".encode()


def _good(number: int) -> bytes:
    return f"G{number},王芳,13800138000,2026-03-02\n".encode()


def _read(content: bytes) -> tuple[list[str], int]:
    """Return the case numbers that were read, and how many rows were refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.csv"
        path.write_bytes(content)
        table = open_table(path, MAPPING)
        reader = Reader(table, MAPPING)
        found = [reader.read(row) for row, _ in table.rows]
    numbers = [facts.case_number for facts in found if isinstance(facts, Facts)]
    return numbers, sum(isinstance(one, Refusal) for one in found)


_line = st.one_of(
    st.binary(max_size=60),
    st.text(alphabet='ab",;\t \r\0王1', max_size=40).map(str.encode),
).map(lambda line: line.replace(b"\n", b""))


@given(_line, st.integers(0, 4))
def test_a_bad_line_costs_itself_only(line: bytes, place: int) -> None:
    rows = [_good(number) for number in range(4)]
    rows.insert(place, line + b"\n")
    numbers, refused = _read(HEAD + b"".join(rows))
    assert [n for n in numbers if n.startswith("G")] == ["G0", "G1", "G2", "G3"]
    assert len(numbers) - 4 + refused <= 1 + line.count(b"\r")


@given(st.binary(max_size=400))
def test_no_content_stops_the_reading(content: bytes) -> None:
    numbers, _ = _read(b"case,phone\nG0,13800138000\n" + content)
    assert numbers[0] == "G0"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_one_broken_line_does_not_change_the_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "c.csv"
    good = "王芳，城关派出所\n".encode(encoding)
    path.write_bytes(good * 5 + b"\xff\xfe\x80\n" + good * 5)
    assert encoding_of(path) == ("utf-8-sig" if encoding == "utf-8" else encoding)
    faults = [row.fault for row, _ in read_text(path)]
    assert faults == [""] * 5 + ["row-encoding"] + [""] * 5
